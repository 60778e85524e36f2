/* SPDX-License-Identifier: MIT
 *
 * The commands of vole, one file each. main.c picks one by its name and hands it the rest of the command
 * line: arguments[0] is the command's own name, arguments[count] is NULL.
 *
 * A command prints its result on stdout through stdio and what went wrong on stderr, and returns the
 * program's exit status: 0, or 1 for any error. It does not flush stdout: output_finish() does, once, and
 * turns an output that could not be written into status 1. Spec: config §2.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>

int command_addconf(int count, char **arguments);
int command_check(int count, char **arguments);
int command_genconf(int count, char **arguments);
int command_apply(int count, char **arguments);
int command_confirm(int count, char **arguments);
int command_explain(int count, char **arguments);
int command_down(int count, char **arguments);
int command_clock(int count, char **arguments);
int command_genkey(int count, char **arguments);
int command_genpsk(int count, char **arguments);
int command_plan(int count, char **arguments);
int command_metrics(int count, char **arguments);
int command_pubkey(int count, char **arguments);
int command_qr(int count, char **arguments);
int command_save(int count, char **arguments);
int command_set(int count, char **arguments);
int command_setconf(int count, char **arguments);
int command_show(int count, char **arguments);
int command_showconf(int count, char **arguments);
int command_strip(int count, char **arguments);
int command_syncconf(int count, char **arguments);
int command_top(int count, char **arguments);
int command_up(int count, char **arguments);
int command_watch(int count, char **arguments);

/* Whether the one argument asks for help: -h, --help, help. */
bool command_wants_help(int count, char **arguments);
/* For commands without arguments but --json. True: go on. False: *status is what to return, and the usage was
 * printed, on stdout if it was asked for, else on stderr. */
bool command_takes_nothing(int count, char **arguments, int *status);
/* Whether each word with a dash in front is one of these options, separated by spaces, where "=" behind one
 * tells that the next word is its value; -h and --help are left to the command. False: the first that is not
 * was named on stderr. */
bool command_knows_options(const char *options, int count, char **arguments);

#endif
