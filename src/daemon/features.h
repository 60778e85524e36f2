/* SPDX-License-Identifier: MIT
 *
 * What of the system's optional features is in use, in words: for the line at start and for get=vole.1.
 * Control only.
 */
#ifndef DAEMON_FEATURES_H
#define DAEMON_FEATURES_H

#include "vole.h"

struct engine;

struct feature {
    const char *name;   /* one word, stable */
    char value[24];     /* "on", "off" or a number */
    const char *remark; /* why it is off, or what the number means, or NULL; may be in text */
    char text[64];
};

/* The feature of this number, from 0 on; false: there are no more. */
VOLE_MUST_CHECK bool features_get(const struct engine *engine, unsigned number, struct feature *feature);

/* One line for the log. */
void features_log(const struct engine *engine);

#endif
