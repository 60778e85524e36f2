/* SPDX-License-Identifier: MIT
 *
 * The text of one host's configuration file, of those that `genconf` makes.
 */
#ifndef CLI_GENCONF_FILE_H
#define CLI_GENCONF_FILE_H

#include "cli/genconf_plan.h"

#include <stddef.h>
#include <stdio.h>

/* plan: complete. The text holds keys, as does the stream's buffer then. */
void genconf_file_write(FILE *stream, const struct genconf_plan *plan, size_t host);

#endif
