/* SPDX-License-Identifier: MIT
 *
 * What voled tells its operator: "LEVEL: (NAME) text", one line each, on stderr, and on syslog once it runs
 * in the background.
 *
 * Rules for callers: nothing at the rate of packets; peers by their short key (config/key.h), never a secret
 * and never a piece of somebody's input that might be one; an error says what happened, where, and what to
 * do. Bytes that could disturb a terminal are shown as '?'.
 *
 * State is one per process, set up before threads start; afterwards any thread may log, each line is one
 * write. Nothing here fails.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include "vole.h"

enum log_level {
    LOG_LEVEL_SILENT,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_NOTICE, /* "info", the default */
    LOG_LEVEL_VERBOSE /* also "debug" */
};

#define LOG_LINE_BYTES 512 /* longer lines are cut */

/* The level a word names; unknown, empty or NULL: info. */
enum log_level log_level_read(const char *word);

/* Says from now on which interface is spoken about (copied), and from which level on. */
void log_start(const char *name, enum log_level level);

/* From now on to syslog; also_stderr keeps stderr as well. */
void log_to_syslog(bool also_stderr);
/* The same by way of the process at the other end (log_relay.h). */
void log_to_relay(int relay, bool also_stderr);
/* Passes on a whole line of the process at the other end; it is made harmless. */
void log_relayed(int priority, char *line);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
