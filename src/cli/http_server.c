/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd in its single-threaded form: we wait for its descriptors, it does what is to be done. By
 * select(), as they are few, and with epoll it does not see the end of a connection that ended early.
 * What anybody may send is bounded by its limits below.
 */
#include "cli/http_server.h"

#include "config/address.h"
#include "linux/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

#define CONNECTIONS      16u
#define OF_ONE_CLIENT    8u
#define IDLE_S           10u
#define CONNECTION_BYTES ((size_t)16384) /* a request's line and headers */

/* ---- requests ---- */

void http_server_say(struct http_answer *answer, unsigned status, char *text)
{
    *answer =
        (struct http_answer){.status = status, .type = "text/plain", .text = text, .length = strlen(text)};
}

const char *http_server_argument(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool add_headers(struct MHD_Response *response, const struct http_answer *answer)
{
    bool success = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type) == MHD_YES;

    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        success = success && MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES;
    for (const struct http_header *header = answer->headers; header != NULL && header->name != NULL; header++)
        success = success && MHD_add_response_header(response, header->name, header->value) == MHD_YES;
    return success;
}

static enum MHD_Result give(struct MHD_Connection *connection, const struct http_answer *answer)
{
    enum MHD_ResponseMemoryMode mode = answer->to_be_freed ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT;
    struct MHD_Response *response = MHD_create_response_from_buffer(answer->length, answer->text, mode);
    enum MHD_Result result = MHD_NO;

    if (response == NULL) {
        if (answer->to_be_freed)
            free(answer->text);
        return MHD_NO;
    }
    if (add_headers(response, answer))
        result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Called when the headers are there, then for each piece of a body, which is thrown away, then at the end. */
static enum MHD_Result take_request(void *context, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *body,
                                    size_t *body_length, void **state)
{
    static char begun, other_method[] = "only GET and HEAD\n";
    const struct http_server *server = context;
    struct http_request request = {.path = path, .host = "", .connection = connection};
    struct http_answer answer = {.status = MHD_HTTP_OK};
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);

    (void)version;
    (void)body;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        http_server_say(&answer, MHD_HTTP_METHOD_NOT_ALLOWED, other_method);
        return give(connection, &answer);
    }
    if (*state == NULL) {
        *state = &begun;
        return MHD_YES;
    }
    if (*body_length != 0) {
        *body_length = 0;
        return MHD_YES;
    }
    if (host != NULL)
        request.host = host;
    server->answer(server->context, &request, &answer);
    return give(connection, &answer);
}

/* "%00" must not end a path. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

/* What clients do wrong is not said: anybody could fill the log. */
static void say_nothing(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

/* ---- the server ---- */

static void fill_address(struct sockaddr_storage *storage, const struct vole_endpoint *listen)
{
    struct sockaddr_in *four = (struct sockaddr_in *)storage;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)storage;

    memset(storage, 0, sizeof(*storage));
    if (listen->address.family == 4) {
        four->sin_family = AF_INET;
        four->sin_port = htons(listen->port);
        memcpy(&four->sin_addr, listen->address.bytes, sizeof(four->sin_addr));
    } else {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(listen->port);
        six->sin6_scope_id = listen->scope;
        memcpy(&six->sin6_addr, listen->address.bytes, sizeof(six->sin6_addr));
    }
}

static void say_where(struct MHD_Daemon *daemon, const struct http_server *server)
{
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    struct vole_endpoint bound = server->listen;
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    if (port != NULL)
        bound.port = port->port;
    address_write_endpoint(text, &bound);
    server->listening(server->context, &bound, text);
}

/* Waits for what the server waits for, but not longer than it wants to, and lets it do what is to be done. */
static bool serve_once(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG left_ms = 0;
    bool limited = MHD_get_timeout(daemon, &left_ms) == MHD_YES;
    struct timeval timeout = {.tv_sec = (time_t)(left_ms / 1000),
                              .tv_usec = (suseconds_t)(left_ms % 1000) * 1000};
    fd_set reading, writing, excepting;
    int highest = -1;

    FD_ZERO(&reading);
    FD_ZERO(&writing);
    FD_ZERO(&excepting);
    if (MHD_get_fdset(daemon, &reading, &writing, &excepting, &highest) != MHD_YES)
        return false;
    if (select(highest + 1, &reading, &writing, &excepting, limited ? &timeout : NULL) < 0)
        return errno == EINTR;
    return MHD_run_from_select(daemon, &reading, &writing, &excepting) == MHD_YES;
}

/* Ends at once when it is asked to, also in the middle of an answer: nothing would be left half done but
 * that, and its reader sees that it is cut. */
static int serve(struct MHD_Daemon *daemon, const struct http_server *server)
{
    while (serve_once(daemon))
        ;
    fprintf(stderr, "%s: the server failed\n", server->command);
    return 1;
}

int http_server_run(const struct http_server *server)
{
    unsigned flags = server->listen.address.family == 6 ? (unsigned)MHD_USE_IPv6 : (unsigned)MHD_NO_FLAG;
    struct sockaddr_storage address;
    struct http_server own = *server; /* the library wants what it may change */
    struct MHD_Daemon *daemon;
    int status;

    fill_address(&address, &server->listen);
    errno = 0;
    daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, take_request, &own, MHD_OPTION_EXTERNAL_LOGGER, say_nothing,
                         NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
                         CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, OF_ONE_CLIENT,
                         MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         CONNECTION_BYTES, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
    if (daemon == NULL) {
        char text[ADDRESS_ENDPOINT_TEXT_BYTES];

        address_write_endpoint(text, &server->listen);
        fprintf(stderr, "%s: cannot listen on %s%s%s\n", server->command, text, errno != 0 ? ": " : "",
                errno != 0 ? strerror(errno) : "");
        return 1;
    }
    process_end_when_asked(); /* before anybody hears where it is, and may send it a signal */
    if (server->listening != NULL)
        say_where(daemon, server);
    give_up(server->gives_up);
    status = serve(daemon, server);
    MHD_stop_daemon(daemon);
    return status;
}
