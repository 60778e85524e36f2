/* SPDX-License-Identifier: MIT
 *
 * The log: see log.h.
 */
#include "daemon/log.h"

#include "daemon/log_relay.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LOG_NAME_BYTES 16

static struct {
    char name[LOG_NAME_BYTES];
    enum log_level level;
    bool to_stderr;
    bool to_syslog;
    int relay; /* to who has the system's log; -1: this process */
} log_state = {.level = LOG_LEVEL_NOTICE, .to_stderr = true, .relay = -1};

enum log_level log_level_read(const char *word)
{
    if (word == NULL)
        return LOG_LEVEL_NOTICE;
    if (strcmp(word, "verbose") == 0 || strcmp(word, "debug") == 0)
        return LOG_LEVEL_VERBOSE;
    if (strcmp(word, "error") == 0)
        return LOG_LEVEL_ERROR;
    if (strcmp(word, "silent") == 0)
        return LOG_LEVEL_SILENT;
    return LOG_LEVEL_NOTICE;
}

void log_start(const char *name, enum log_level level)
{
    (void)snprintf(log_state.name, sizeof log_state.name, "%s", name);
    log_state.level = level;
}

void log_to_syslog(bool also_stderr)
{
    log_state.to_stderr = also_stderr;
    log_state.to_syslog = true;
    openlog("voled", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_to_relay(int relay, bool also_stderr)
{
    log_state.to_stderr = also_stderr;
    log_state.to_syslog = true;
    log_state.relay = relay;
}

/* Control characters out; bytes above 127 stay, they are text in UTF-8. */
static void log_make_harmless(char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
}

__attribute__((format(printf, 4, 0))) static void log_write(enum log_level level, const char *word,
                                                            int priority, const char *format,
                                                            va_list arguments)
{
    char line[LOG_LINE_BYTES];
    size_t used;

    if (level > log_state.level)
        return;
    (void)snprintf(line, sizeof line - 1, "%s: (%s) ", word, log_state.name);
    used = strlen(line);
    (void)vsnprintf(line + used, sizeof line - 1 - used, format, arguments);
    used = strlen(line);
    log_make_harmless(line, used);
    if (log_state.to_syslog && log_state.relay >= 0)
        log_relay_send(log_state.relay, priority, line);
    else if (log_state.to_syslog)
        syslog(priority, "%s", line);
    if (!log_state.to_stderr)
        return;
    line[used] = '\n';
    /* Nobody to tell if that fails. */
    if (write(STDERR_FILENO, line, used + 1) < 0)
        return;
}

void log_relayed(int priority, char *line)
{
    log_make_harmless(line, strlen(line));
    if (log_state.to_syslog)
        syslog(priority, "%s", line);
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_write(LOG_LEVEL_ERROR, "ERROR", LOG_ERR, format, arguments);
    va_end(arguments);
}

void log_notice(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_write(LOG_LEVEL_NOTICE, "INFO", LOG_INFO, format, arguments);
    va_end(arguments);
}

void log_verbose(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_write(LOG_LEVEL_VERBOSE, "DEBUG", LOG_DEBUG, format, arguments);
    va_end(arguments);
}
