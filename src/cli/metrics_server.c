/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd in its single-threaded form: we wait for its descriptors, it does what is to be done. By
 * select(), as they are few, and with epoll it does not see the end of a connection that ended early.
 * What anybody may send is bounded by its limits below.
 */
#include "cli/metrics_server.h"

#include "cli/metrics_text.h"
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

static char other_method[] = "only GET and HEAD\n";
static char other_path[] = "the metrics are at /metrics\n";
static char unreadable[] = "the interfaces cannot be asked\n";

/* text is not changed; the library takes it so. */
static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_NO;

    if (response == NULL)
        return MHD_NO;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain") == MHD_YES &&
        (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_metrics(struct MHD_Connection *connection)
{
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    bool success;

    if (stream == NULL)
        return MHD_NO;
    success = metrics_text_print(stream);
    if (fclose(stream) != 0 || !success) {
        free(text);
        return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, unreadable);
    }
    response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, METRICS_TEXT_TYPE) == MHD_YES)
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* Called when the headers are there, then for each piece of a body, which is thrown away, then at the end. */
static enum MHD_Result take_request(void *context, struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, const char *body,
                                    size_t *body_length, void **state)
{
    static char begun;

    (void)context;
    (void)version;
    (void)body;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, other_method);
    if (*state == NULL) {
        *state = &begun;
        return MHD_YES;
    }
    if (*body_length != 0) {
        *body_length = 0;
        return MHD_YES;
    }
    if (strcmp(path, "/metrics") != 0)
        return answer_text(connection, MHD_HTTP_NOT_FOUND, other_path);
    return answer_metrics(connection);
}

/* ---- the server ---- */

/* Paths are compared as they were sent: "%00" must not end one. */
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

static void say_where(struct MHD_Daemon *daemon, const struct vole_endpoint *listen)
{
    const union MHD_DaemonInfo *port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    struct vole_endpoint bound = *listen;
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    if (port != NULL)
        bound.port = port->port;
    address_write_endpoint(text, &bound);
    fprintf(stderr, "vole metrics: serving http://%s/metrics\n", text);
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

/* Ends at once when it is asked to, also while a daemon is slow to answer: nothing here would be left half
 * done but an answer, whose reader sees that it is cut. */
static int serve(struct MHD_Daemon *daemon)
{
    process_end_when_asked();
    while (serve_once(daemon))
        ;
    fputs("vole metrics: the server failed\n", stderr);
    return 1;
}

int metrics_server_run(const struct vole_endpoint *listen)
{
    unsigned flags = listen->address.family == 6 ? (unsigned)MHD_USE_IPv6 : (unsigned)MHD_NO_FLAG;
    struct sockaddr_storage address;
    struct MHD_Daemon *daemon;
    int status;

    fill_address(&address, listen);
    errno = 0;
    daemon =
        MHD_start_daemon(flags, 0, NULL, NULL, take_request, NULL, MHD_OPTION_EXTERNAL_LOGGER, say_nothing,
                         NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
                         CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT, OF_ONE_CLIENT,
                         MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         CONNECTION_BYTES, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
    if (daemon == NULL) {
        char text[ADDRESS_ENDPOINT_TEXT_BYTES];

        address_write_endpoint(text, listen);
        fprintf(stderr, "vole metrics: cannot listen on %s%s%s\n", text, errno != 0 ? ": " : "",
                errno != 0 ? strerror(errno) : "");
        return 1;
    }
    say_where(daemon, listen);
    status = serve(daemon);
    MHD_stop_daemon(daemon);
    return status;
}
