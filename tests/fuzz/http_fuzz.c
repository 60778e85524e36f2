/* SPDX-License-Identifier: MIT
 *
 * What anybody sends to vole explain and vole metrics: the servers as they are (cli/http_server.c over
 * libmicrohttpd), whose one connection is a socket pair. The page is given to who knows its path and comes by
 * its own name, metrics under their path only, both only for GET and HEAD; every answer is one of a few, and
 * carries nothing of what was asked.
 *
 * Input: a byte, whose lowest bit chooses the server and whose others say in how large pieces the rest
 * arrives.
 */
#include "target.h"

#include "cli/explain_server.h"
#include "cli/http_server.h"
#include "cli/metrics_server.h"
#include "cli/metrics_text.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOKEN "/2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a/"
#define PORT  8080
#define PAGE  "<title>the page</title>"
#define MOST  8192

static struct target_input input;
static size_t piece;
static int client, server; /* the ends of the connection */
static bool added, shut;
static unsigned rounds;
static struct MHD_Daemon *running;
static unsigned pages; /* that were made */
static char answer_bytes[MOST];
static size_t answer_length;

/* ---- in the place of the network and of what asks interfaces ---- */

struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback accept,
                                           void *accept_context, MHD_AccessHandlerCallback handler,
                                           void *context, ...);
struct MHD_Daemon *__real_MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback accept,
                                           void *accept_context, MHD_AccessHandlerCallback handler,
                                           void *context, ...);
int __real_select(int count, fd_set *reading, fd_set *writing, fd_set *excepting, struct timeval *timeout);
const union MHD_DaemonInfo *__wrap_MHD_get_daemon_info(struct MHD_Daemon *daemon,
                                                       enum MHD_DaemonInfoType type, ...);
int __wrap_select(int count, fd_set *reading, fd_set *writing, fd_set *excepting, struct timeval *timeout);
void __wrap_process_end_when_asked(void);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags);
bool __wrap_metrics_text_print(FILE *stream);
void __wrap_give_up(enum give_up what);

ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags)
{
    (void)flags;
    memset(bytes, 0x2a, length);
    return (ssize_t)length;
}

/* The next input wants to be read, too. */
void __wrap_give_up(enum give_up what)
{
    (void)what;
}

void __wrap_process_end_when_asked(void)
{
}

bool __wrap_metrics_text_print(FILE *stream)
{
    pages++;
    fputs("metric 1\n", stream);
    return true;
}

static char *make_page(void *context, bool fresh, size_t *length)
{
    char *page = strdup(PAGE);

    (void)context;
    (void)fresh;
    pages++;
    *length = strlen(PAGE);
    return page;
}

static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void say_nothing(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

/* The server's options as http_server.c has them, but for the socket it would listen on. */
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback accept,
                                           void *accept_context, MHD_AccessHandlerCallback handler,
                                           void *context, ...)
{
    (void)flags;
    (void)port;
    running = __real_MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, accept, accept_context, handler, context,
                                      MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
                                      MHD_OPTION_CONNECTION_LIMIT, 16u, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
                                      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
                                      MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
    target_hold(running != NULL, "there is a server");
    return running;
}

const union MHD_DaemonInfo *__wrap_MHD_get_daemon_info(struct MHD_Daemon *daemon,
                                                       enum MHD_DaemonInfoType type, ...)
{
    static const union MHD_DaemonInfo info = {.port = PORT};

    (void)daemon;
    target_hold(type == MHD_DAEMON_INFO_BIND_PORT, "it is asked for the port");
    return &info;
}

static void hear(void)
{
    ssize_t length;

    while (answer_length < MOST &&
           (length = recv(client, answer_bytes + answer_length, MOST - answer_length, MSG_DONTWAIT)) > 0)
        answer_length += (size_t)length;
}

/* The client's turn: a piece more, or its end; and the server's end when nothing happens any more. */
int __wrap_select(int count, fd_set *reading, fd_set *writing, fd_set *excepting, struct timeval *timeout)
{
    struct timeval now = {0};
    const uint8_t *bytes;
    size_t length;
    int ready;

    (void)timeout;
    if (!added) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

        added = true;
        target_hold(MHD_add_connection(running, server, (struct sockaddr *)&address, sizeof address) ==
                        MHD_YES,
                    "a connection is taken");
        FD_ZERO(reading);
        FD_ZERO(writing);
        FD_ZERO(excepting);
        return 0;
    }
    hear();
    if (input.left > 0) {
        bytes = target_take(&input, piece, &length);
        if (send(client, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) < (ssize_t)length)
            input.left = 0;
    } else if (!shut) {
        shut = true;
        (void)shutdown(client, SHUT_WR);
    }
    ready = __real_select(count, reading, writing, excepting, &now);
    if ((ready == 0 && shut) || ++rounds > 4096) {
        errno = EBADF;
        return -1;
    }
    return ready;
}

/* ---- what was answered ---- */

static bool contains(const char *bytes, size_t length, const char *text)
{
    return bytes != NULL && memmem(bytes, length, text, strlen(text)) != NULL;
}

/* One answer after the other; returns how many gave what there is to give. */
static unsigned check_answers(bool explain)
{
    const char *at = answer_bytes;
    const char *end = answer_bytes + answer_length;
    unsigned given = 0;

    for (const char *c = at; c < end; c++)
        target_hold((*c >= ' ' && *c <= '~') || *c == '\r' || *c == '\n', "an answer is plain text");
    for (const char *next; at < end && (next = memmem(at, (size_t)(end - at), "HTTP/1.", 7)) != NULL;
         at = next + 1) {
        int status = end - next > 12 ? atoi(next + 9) : 0;

        target_hold(answer_length == MOST || status == 100 || status == 200 || status == 404 ||
                        status == 405 || status == 421 || (status >= 400 && status < 600),
                    "an answer is one of a few");
        given += status == 200;
    }
    if (given > 0 && explain)
        target_hold(contains(answer_bytes, answer_length, "X-Frame-Options: DENY") &&
                        contains(answer_bytes, answer_length, "Content-Security-Policy: "),
                    "a page comes with its protection");
    return given;
}

static void check_given(const char *request, size_t length, bool explain, unsigned given)
{
    target_hold(given == 0 || pages > 0, "what is given was made");
    if (pages == 0)
        return;
    target_hold(contains(request, length, "GET") || contains(request, length, "HEAD"),
                "only GET and HEAD are asked");
    if (explain)
        target_hold(contains(request, length, TOKEN) && (contains(request, length, "127.0.0.1:8080") ||
                                                         contains(request, length, "localhost:8080")),
                    "a page is for who knows its path and name");
    else
        target_hold(contains(request, length, "/metrics"), "metrics are under their path");
}

static FILE *nowhere;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    nowhere = fopen("/dev/null", "w");
    target_hold(nowhere != NULL, "there is a null device");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct vole_endpoint here = {.address = {.family = 4, .bytes = {127, 0, 0, 1}},
                                              .port = PORT};
    FILE *before = stderr, *output_before = stdout;
    uint8_t first;
    int pair[2];

    input = (struct target_input){bytes, length};
    first = target_byte(&input);
    piece = (size_t)(first >> 1) * 32 + 1;
    if (length == 0 || input.left / piece > 512)
        return 0;
    target_hold(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0,
                "there are sockets");
    client = pair[0];
    server = pair[1];
    added = shut = false;
    rounds = pages = 0;
    answer_length = 0;
    stderr = stdout = nowhere; /* where it listens, and that it ends */
    if ((first & 1) != 0)
        (void)!explain_server_run(&here, false, true, make_page, NULL);
    else
        (void)!metrics_server_run(&here);
    stderr = before;
    stdout = output_before;
    hear();
    close(client);
    check_given((const char *)bytes, length, (first & 1) != 0, check_answers((first & 1) != 0));
    return 0;
}
