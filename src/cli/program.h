/* SPDX-License-Identifier: MIT
 *
 * The name that the program was called by. Called as "wg" (`ln -s vole wg`) it stands in for that tool: the
 * commands are wg's and no others, the output is wg's, and what vole adds (names, warnings about running
 * interfaces, further views) stays away, as scripts that were written for wg expect.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <stdbool.h>

/* First of all in main(); called is arguments[0], which may be NULL. */
void program_start(const char *called);
/* Only the last component of the name counts. */
bool program_is_wg(void);
/* Whether --json was given: the result is to be JSON, by json_output.h. main() finds it out before a command
 * runs. */
bool program_wants_json(void);
void program_want_json(void);
/* "vole" or "wg", for usages and messages. */
const char *program_name(void);

#endif
