/* SPDX-License-Identifier: MIT
 *
 * The engine's log by way of the parent: see log_relay.h.
 */
#include "daemon/log_relay.h"

#include "daemon/log.h"
#include "linux/call_names.h"
#include "linux/descriptors.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>

#define LOG_RELAY_PATIENCE_MS 100
#define LOG_RELAY_LINES       256 /* in one go */

enum log_relay_kind { LOG_RELAY_LINE = 1, LOG_RELAY_FORBIDDEN };

/* Only as much of the text is sent as there is. */
struct log_relay_message {
    uint32_t kind;  /* enum log_relay_kind */
    int32_t number; /* priority, or call */
    char text[LOG_LINE_BYTES];
};

#define LOG_RELAY_HEAD_BYTES offsetof(struct log_relay_message, text)

int log_relay_pair(int pair[static 2])
{
    return descriptors_pair(pair);
}

void log_relay_send(int relay, int priority, const char *line)
{
    struct pollfd room = {.fd = relay, .events = POLLOUT};
    struct log_relay_message message = {.kind = LOG_RELAY_LINE, .number = priority};
    size_t length = strnlen(line, sizeof message.text - 1);
    int before = errno;

    memcpy(message.text, line, length);
    length += LOG_RELAY_HEAD_BYTES;
    if (send(relay, &message, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN &&
        poll(&room, 1, LOG_RELAY_PATIENCE_MS) == 1)
        (void)!send(relay, &message, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    errno = before;
}

void log_relay_forbidden(int relay, int call)
{
    struct log_relay_message message;

    message.kind = LOG_RELAY_FORBIDDEN;
    message.number = call;
    (void)!send(relay, &message, LOG_RELAY_HEAD_BYTES, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void log_relay_say_forbidden(int call)
{
    char name[CALL_NAME_BYTES];

    call_name(name, call);
    log_error(
        "the engine made the system call %s, which it may not, and was ended for that: either somebody has "
        "taken "
        "it over, or voled or a library of this system needs a call that is not foreseen. Please report it; "
        "--no-sandbox shows whether all works otherwise",
        name);
}

void log_relay_take(int relay)
{
    struct log_relay_message message;

    for (unsigned i = 0; i < LOG_RELAY_LINES; i++) {
        ssize_t length = recv(relay, &message, sizeof message - 1, MSG_DONTWAIT);

        if (length < (ssize_t)LOG_RELAY_HEAD_BYTES)
            return;
        *((char *)&message + length) = '\0';
        if (message.kind == LOG_RELAY_FORBIDDEN)
            log_relay_say_forbidden(message.number);
        else if (message.number == LOG_ERR || message.number == LOG_INFO || message.number == LOG_DEBUG)
            log_relayed(message.number, message.text);
    }
}
