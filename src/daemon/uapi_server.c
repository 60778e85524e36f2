/* SPDX-License-Identifier: MIT
 *
 * The configuration socket's server: see uapi_server.h.
 */
#include "daemon/uapi_server.h"

#include "config/key.h"
#include "config/uapi_vole.h"
#include "daemon/log.h"
#include "linux/unix_socket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define UAPI_CHUNK_BYTES (32u << 10) /* read or written by one system call */
#define UAPI_ROUND_BYTES (1u << 20)  /* of one client before others get their turn */
#define UAPI_EVENTS      16
#define UAPI_ERRNO_BYTES 32 /* room for "errno=N" and the blank line */

static_assert(UAPI_CHUNK_BYTES >= UAPI_VOLE_DROPS_BYTES + UAPI_ERRNO_BYTES, "a reply's steps fit");

enum uapi_client_state {
    UAPI_READING,   /* the request is not whole */
    UAPI_REQUESTED, /* a whole request waits */
    UAPI_DUMPING,   /* the dump goes on */
    UAPI_FINISHING  /* all of the reply is in the text */
};

struct uapi_client {
    int fd;
    enum uapi_client_state state;
    bool ended;           /* the client sends no more */
    bool wants_to_write;  /* what epoll was told */
    uint64_t last_active; /* round */
    struct uapi_request request;
    struct uapi_dump dump;
    struct uapi_text text; /* its bytes exist while there is a reply */
    size_t sent;           /* of the text */
};

/* What one step of a client came to. */
enum uapi_step {
    UAPI_AGAIN,     /* something was done, there may be more */
    UAPI_WAIT_READ, /* nothing to be done until the client sends */
    UAPI_WAIT_WRITE,
    UAPI_CLOSE
};

/* ---- replies ---- */

static void uapi_client_free_text(struct uapi_client *client)
{
    if (client->text.bytes == NULL)
        return;
    client->text.capacity = UAPI_CHUNK_BYTES;
    uapi_text_wipe(&client->text);
    free(client->text.bytes);
    memset(&client->text, 0, sizeof client->text);
    client->sent = 0;
}

static bool uapi_client_make_text(struct uapi_client *client)
{
    client->text.bytes = malloc(UAPI_CHUNK_BYTES);
    if (client->text.bytes == NULL)
        return false;
    client->text.capacity = UAPI_CHUNK_BYTES;
    client->text.length = 0;
    client->sent = 0;
    return true;
}

/* Ends the reply with the errno line, negative after set, positive after get (uapi §5). */
static enum uapi_step uapi_client_finish(struct uapi_client *client, int error)
{
    int number = client->request.operation == UAPI_SET ? error : -error;

    if (!uapi_write_errno(&client->text, number))
        return UAPI_CLOSE;
    client->state = UAPI_FINISHING;
    return UAPI_AGAIN;
}

static enum uapi_step uapi_client_set(struct uapi_server *server, struct uapi_client *client)
{
    const struct uapi_request *request = &client->request;
    const struct uapi_operations *operations = &server->operations;
    const char *lines = request->bytes + request->body;
    size_t length = request->body_end - request->body;
    int error = request->operation == UAPI_SET ? operations->set(operations->context, lines, length)
                                               : operations->set_vole(operations->context, lines, length);

    if (error == 0 && (request->error == -ENOMEM || request->error == -E2BIG))
        log_error("a configuration request was refused: it is longer than %u MiB, or than the memory there "
                  "is for requests. Nothing of it was applied; split it",
                  UAPI_REQUEST_BYTES >> 20);
    return uapi_client_finish(client, error < 0 ? error : request->error);
}

/* Without memory for an answer: the shortest, if there is room for it on the socket. */
static void uapi_client_say_no_memory(const struct uapi_client *client)
{
    char bytes[UAPI_ERRNO_BYTES];
    struct uapi_text text = {.bytes = bytes, .capacity = sizeof bytes};

    if (uapi_write_errno(&text, client->request.operation == UAPI_SET ? -ENOMEM : ENOMEM))
        (void)!send(client->fd, text.bytes, text.length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The request is whole: does what it says. */
static enum uapi_step uapi_client_begin(struct uapi_server *server, struct uapi_client *client)
{
    const struct uapi_request *request = &client->request;

    if (!uapi_client_make_text(client)) {
        uapi_client_say_no_memory(client);
        return UAPI_CLOSE;
    }
    server->operations.prepare(server->operations.context);
    if (request->operation == UAPI_SET || request->operation == UAPI_SET_VOLE)
        return uapi_client_set(server, client);
    if (request->error < 0)
        return uapi_client_finish(client, request->error);
    server->operations.dump_begin(server->operations.context, &client->dump,
                                  request->operation == UAPI_GET_VOLE);
    client->state = UAPI_DUMPING;
    return UAPI_AGAIN;
}

static enum uapi_step uapi_client_send(struct uapi_client *client, size_t *allowance)
{
    ssize_t sent = send(client->fd, client->text.bytes + client->sent, client->text.length - client->sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && errno == EINTR)
        return UAPI_AGAIN;
    if (sent < 0)
        return errno == EAGAIN ? UAPI_WAIT_WRITE : UAPI_CLOSE;
    client->sent += (size_t)sent;
    *allowance -= (size_t)sent < *allowance ? (size_t)sent : *allowance;
    return UAPI_AGAIN;
}

static enum uapi_step uapi_client_progress(struct uapi_client *client, enum uapi_progress progress)
{
    client->state = progress == UAPI_COMPLETE ? UAPI_REQUESTED : UAPI_READING;
    return progress == UAPI_REFUSED ? UAPI_CLOSE : UAPI_AGAIN;
}

/* Everything of the text was sent: more of the dump, its end, or the next request. */
static enum uapi_step uapi_client_refill(struct uapi_server *server, struct uapi_client *client)
{
    if (client->state == UAPI_FINISHING) {
        uapi_client_free_text(client);
        return uapi_client_progress(client, uapi_request_next(&client->request));
    }
    client->text.length = 0;
    client->sent = 0;
    client->text.capacity = UAPI_CHUNK_BYTES - UAPI_ERRNO_BYTES; /* the end must fit behind any step */
    if (!server->operations.dump_more(&client->dump, &client->text))
        return client->text.length > 0 ? UAPI_AGAIN : UAPI_CLOSE;
    client->text.capacity = UAPI_CHUNK_BYTES;
    server->operations.dump_end(&client->dump);
    return uapi_client_finish(client, 0);
}

/* ---- requests ---- */

static enum uapi_step uapi_client_read(struct uapi_client *client, size_t *allowance)
{
    static char chunk[UAPI_CHUNK_BYTES];
    enum uapi_progress progress;
    ssize_t length;

    if (client->ended)
        return UAPI_CLOSE;
    length = recv(client->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR)
        return UAPI_AGAIN;
    if (length < 0)
        return errno == EAGAIN ? UAPI_WAIT_READ : UAPI_CLOSE;
    if (length == 0) {
        client->ended = true;
        return uapi_client_progress(client, uapi_request_end(&client->request));
    }
    *allowance -= (size_t)length < *allowance ? (size_t)length : *allowance;
    progress = uapi_request_feed(&client->request, chunk, (size_t)length);
    key_wipe(chunk, (size_t)length);
    return uapi_client_progress(client, progress);
}

/* ---- clients ---- */

static enum uapi_step uapi_client_step(struct uapi_server *server, struct uapi_client *client,
                                       size_t *allowance)
{
    if (client->state == UAPI_READING)
        return uapi_client_read(client, allowance);
    if (client->state == UAPI_REQUESTED) {
        /* Requests sent in advance cost a turn each, however small. */
        *allowance -= *allowance < UAPI_CHUNK_BYTES ? *allowance : UAPI_CHUNK_BYTES;
        return uapi_client_begin(server, client);
    }
    if (client->sent < client->text.length)
        return uapi_client_send(client, allowance);
    return uapi_client_refill(server, client);
}

static int uapi_client_watch(const struct uapi_server *server, struct uapi_client *client, int operation,
                             bool to_write)
{
    struct epoll_event event = {.events = to_write ? EPOLLOUT : EPOLLIN, .data = {.ptr = client}};

    client->wants_to_write = to_write;
    return epoll_ctl(server->epoll, operation, client->fd, &event) < 0 ? -errno : 0;
}

static void uapi_client_close(struct uapi_server *server, struct uapi_client *client)
{
    for (unsigned i = 0; i < server->count; i++)
        if (server->clients[i] == client) {
            server->clients[i] = server->clients[--server->count];
            break;
        }
    if (client->state == UAPI_DUMPING)
        server->operations.dump_end(&client->dump);
    uapi_client_free_text(client);
    uapi_request_fini(&client->request);
    close(client->fd);
    free(client);
}

/* Steps until it has to wait for the client or has had its share; then epoll will call again. */
static void uapi_client_serve(struct uapi_server *server, struct uapi_client *client)
{
    size_t allowance = UAPI_ROUND_BYTES;
    enum uapi_step step = UAPI_AGAIN;
    bool to_write;

    client->last_active = ++server->rounds;
    while (step == UAPI_AGAIN && allowance > 0)
        step = uapi_client_step(server, client, &allowance);
    if (step == UAPI_CLOSE) {
        uapi_client_close(server, client);
        return;
    }
    to_write = step == UAPI_WAIT_WRITE || (step == UAPI_AGAIN && client->state != UAPI_READING);
    if (to_write != client->wants_to_write && uapi_client_watch(server, client, EPOLL_CTL_MOD, to_write) < 0)
        uapi_client_close(server, client);
}

static void uapi_server_close_quietest(struct uapi_server *server)
{
    struct uapi_client *quietest = server->clients[0];

    for (unsigned i = 1; i < server->count; i++)
        if (server->clients[i]->last_active < quietest->last_active)
            quietest = server->clients[i];
    uapi_client_close(server, quietest);
}

static void uapi_server_add(struct uapi_server *server, int fd)
{
    struct uapi_client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        close(fd);
        return;
    }
    if (server->count >= server->most)
        uapi_server_close_quietest(server);
    client->fd = fd;
    client->last_active = ++server->rounds;
    uapi_request_init(&client->request, &server->budget);
    server->clients[server->count++] = client;
    if (uapi_client_watch(server, client, EPOLL_CTL_ADD, false) < 0)
        uapi_client_close(server, client);
}

/* Something to be closed when descriptors run out; -1 if they have already. */
static int uapi_server_make_spare(void)
{
    int spare = eventfd(0, EFD_CLOEXEC);

    return spare < 0 ? -1 : spare;
}

/* Nobody but us has a descriptor to give up: who came is sent away, or would be announced again and again. */
static void uapi_server_refuse(struct uapi_server *server)
{
    int fd;

    if (server->spare >= 0)
        close(server->spare);
    fd = unix_socket_accept(server->listener);
    if (fd >= 0)
        close(fd);
    server->spare = uapi_server_make_spare();
}

/* One new connection. Without a free descriptor the quietest client gives up its own. */
static int uapi_server_accept(struct uapi_server *server)
{
    int fd = unix_socket_accept(server->listener);
    bool scarce = fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM || fd == -ENOBUFS;

    if (fd >= 0)
        uapi_server_add(server, fd);
    else if (scarce && server->count > 0)
        uapi_server_close_quietest(server);
    else if (scarce)
        uapi_server_refuse(server);
    else if (fd != -EAGAIN && fd != -EINTR)
        return fd;
    return 0;
}

/* ---- the server ---- */

int uapi_server_init(struct uapi_server *server, int listener, const struct uapi_operations *operations)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};

    memset(server, 0, sizeof *server);
    server->listener = listener;
    server->operations = *operations;
    server->budget = UAPI_BUDGET_BYTES;
    server->most = UAPI_CLIENTS;
    server->spare = uapi_server_make_spare();
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0)
        return -errno;
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, listener, &event) < 0 ? -errno : 0;
}

void uapi_server_limit(struct uapi_server *server, unsigned clients, size_t bytes)
{
    server->most = clients < UAPI_CLIENTS ? clients : UAPI_CLIENTS;
    server->budget = bytes;
}

void uapi_server_fini(struct uapi_server *server)
{
    while (server->count > 0)
        uapi_client_close(server, server->clients[server->count - 1]);
    if (server->epoll >= 0) { /* it was initialised */
        close(server->epoll);
        if (server->spare >= 0)
            close(server->spare);
    }
    server->epoll = -1;
    server->spare = -1;
}

int uapi_server_serve(struct uapi_server *server)
{
    struct epoll_event events[UAPI_EVENTS];
    bool waiting = false;
    int count = epoll_wait(server->epoll, events, UAPI_EVENTS, 0);

    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL)
            waiting = true;
        else
            uapi_client_serve(server, events[i].data.ptr);
    }
    /* Last, because it may close a client of this round. */
    return waiting ? uapi_server_accept(server) : 0;
}
