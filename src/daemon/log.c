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

/* How many bytes the character of UTF-8 has that begins here; 0: there is none, or one that a terminal obeys:
 * control characters, also those from U+0080 on. The text ends with a zero. */
static size_t log_character(const unsigned char *text)
{
    size_t length = text[0] < 0xc2 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

    if (length == 1)
        return text[0] >= ' ' && text[0] < 0x7f ? 1 : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    /* U+0080 to U+009F; and what is written longer than it need be, which may be any of these. */
    if ((text[0] == 0xc2 && text[1] < 0xa0) || (text[0] == 0xe0 && text[1] < 0xa0) ||
        (text[0] == 0xf0 && text[1] < 0x90))
        return 0;
    return length;
}

/* Everything else becomes a question mark. */
static void log_make_harmless(char *line)
{
    size_t length;

    for (; *line != '\0'; line += length) {
        length = log_character((const unsigned char *)line);
        if (length > 0)
            continue;
        *line = '?';
        length = 1;
    }
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
    log_make_harmless(line);
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
    log_make_harmless(line);
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
