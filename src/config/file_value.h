/* SPDX-License-Identifier: MIT
 *
 * Single values as people write them, for configuration files and for the words of `set` alike: white space
 * is gone already. What is wrong is said in one line, which quotes the text, tells how to write it, and has
 * no place. It is "" if there is nothing to be said; with a result of true it is a warning.
 *
 * Any thread may call; there is no state. Spec: config §1.2.
 */
#ifndef CONFIG_FILE_VALUE_H
#define CONFIG_FILE_VALUE_H

#include "config/file.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number or the name of a UDP service. */
VOLE_MUST_CHECK bool file_value_port(uint16_t *port, const char *text,
                                     char problem[static FILE_PROBLEM_BYTES]);
/* "off", decimal or 0x and hexadecimal. */
VOLE_MUST_CHECK bool file_value_fwmark(uint32_t *fwmark, const char *text,
                                       char problem[static FILE_PROBLEM_BYTES]);
/* "off" or seconds. */
VOLE_MUST_CHECK bool file_value_keepalive(uint16_t *seconds, const char *text,
                                          char problem[static FILE_PROBLEM_BYTES]);
/* One "[+|-]ip[/length]"; sign: '+', '-' or 0. */
VOLE_MUST_CHECK bool file_value_allowed_ip(struct vole_prefix *prefix, char *sign, const char *text,
                                           char problem[static FILE_PROBLEM_BYTES]);
/* "host:port" or "[host]:port" cut in two; both are freed by the caller with free(). */
VOLE_MUST_CHECK bool file_value_endpoint(struct file_endpoint *endpoint, const char *text,
                                         char problem[static FILE_PROBLEM_BYTES]);
/* 1 to 63 of [A-Za-z0-9._-]. */
VOLE_MUST_CHECK bool file_value_name(const char *name, size_t length);

#endif
