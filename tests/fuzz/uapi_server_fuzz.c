/* SPDX-License-Identifier: MIT
 *
 * The configuration socket's server (daemon/uapi_server.h) and clients with bad manners: many, slow, silent,
 * gone in the middle, with requests sent in advance. The sockets are real, what requests mean is not. Nobody
 * is waited for; what a client reads are whole replies, line for line, until its end; when all clients are
 * gone, so is all that was theirs.
 *
 * Input: steps of two bytes, what to do and to whom, some with more: see step().
 */
#include "target.h"

#include "daemon/uapi_server.h"
#include "linux/unix_socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_CLIENTS 80
#define MOST_ROUNDS  1000
#define READ_BYTES   16384

struct client {
    int fd; /* -1: none */
    char line[64];
    size_t length;      /* of the line so far */
    bool after_errno;   /* the line before was the errno line */
    size_t next, lines; /* of the reply: the line that comes, and how many there are */
};

static int listener;
static struct sockaddr_un address;
static struct client clients[MOST_CLIENTS];
static unsigned dumps; /* that go on */
static unsigned dump_lines;

/* ---- what requests mean ---- */

static void prepare(void *context)
{
    (void)context;
}

static int set(void *context, const char *lines, size_t length)
{
    (void)context;
    target_hold(length == 0 || lines != NULL, "a set has its lines");
    return length > 0 && memchr(lines, '!', length) != NULL ? -EINVAL : 0;
}

static void dump_begin(void *context, struct uapi_dump *dump, bool vole)
{
    (void)context;
    memset(dump, 0, sizeof *dump);
    dump->vole = vole;
    dump->feature = dump_lines;
    dumps++;
}

static bool dump_more(struct uapi_dump *dump, struct uapi_text *text)
{
    while (dump->allowed_ips_written < dump->feature) {
        if (!uapi_write_line(text, "key=%zu of %u\n", dump->allowed_ips_written, dump->feature))
            return false;
        dump->allowed_ips_written++;
    }
    return true;
}

static void dump_end(struct uapi_dump *dump)
{
    (void)dump;
    target_hold(dumps > 0, "a dump ends once");
    dumps--;
}

/* ---- clients ---- */

static void client_connect(struct client *client)
{
    if (client->fd >= 0)
        return;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    target_hold(client->fd >= 0, "there are sockets");
    client->length = client->next = client->lines = 0;
    client->after_errno = false;
    if (connect(client->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return;
    close(client->fd);
    client->fd = -1;
}

/* A whole line. */
static void client_take_line(struct client *client)
{
    size_t number;
    unsigned lines;

    target_hold(client->length > 0 || client->after_errno, "a reply ends behind its errno");
    target_hold(client->length == 0 || !client->after_errno, "nothing of a reply is behind its errno");
    client->after_errno = strncmp(client->line, "errno=", 6) == 0;
    if (sscanf(client->line, "key=%zu of %u", &number, &lines) == 2) {
        target_hold(number == client->next, "no line is missing, and none comes twice");
        client->next++;
        client->lines = lines;
    } else if (client->after_errno) {
        target_hold(client->next == client->lines, "a reply has all its lines");
        client->next = client->lines = 0;
    } else {
        target_hold(client->length == 0, "a reply has no other lines");
    }
}

static void client_take(struct client *client, char character)
{
    if (character == '\n') {
        client->line[client->length] = '\0';
        client_take_line(client);
        client->length = 0;
        return;
    }
    target_hold(character >= ' ' && character <= '~', "a reply is plain text");
    target_hold(client->length < sizeof client->line - 1, "a line is as long as it was");
    client->line[client->length++] = character;
}

static void client_read(struct client *client, size_t most)
{
    static char bytes[READ_BYTES];
    ssize_t length;

    if (client->fd < 0)
        return;
    length = recv(client->fd, bytes, most < sizeof bytes ? most : sizeof bytes, MSG_DONTWAIT);
    for (ssize_t i = 0; i < length; i++)
        client_take(client, bytes[i]);
}

static void client_send(const struct client *client, const void *bytes, size_t length)
{
    if (client->fd >= 0 && length > 0)
        (void)!send(client->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void client_close(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

/* ---- steps ---- */

static void serve(struct uapi_server *server)
{
    target_hold(uapi_server_serve(server) == 0, "the server goes on");
    target_hold(server->count <= UAPI_CLIENTS, "there are not too many clients");
}

static void step(struct uapi_server *server, struct target_input *input)
{
    static const char *const canned[] = {
        "get=1\n\n",    "get=vole.1\n\n", "set=1\nkey=value\n\n",        "set=1\n!\n\n",
        "get=1\nx\n\n", "set=vole.1\n",   "get=1\n\nget=1\n\nset=1\n\n", "nonsense\n"};
    uint8_t what = target_byte(input), who = target_byte(input);
    struct client *client = &clients[who % MOST_CLIENTS];
    const uint8_t *bytes;
    size_t length;

    switch (what % 8) {
    case 0:
        for (unsigned i = 0; i <= what / 8u; i++)
            client_connect(&clients[(who + i) % MOST_CLIENTS]);
        break;
    case 1:
        bytes = target_take(input, what / 8u, &length);
        client_send(client, bytes, length);
        break;
    case 2:
        client_read(client, (size_t)(what / 8u) * 128 + 1);
        break;
    case 3:
        if (client->fd >= 0)
            (void)shutdown(client->fd, SHUT_WR);
        break;
    case 4:
        client_close(client);
        break;
    case 5:
        dump_lines = (unsigned)who * who / 8;
        break;
    case 6:
        client_send(client, canned[what / 8u % 8], strlen(canned[what / 8u % 8]));
        break;
    default:
        for (unsigned i = 0; i <= who % 4u; i++)
            serve(server);
    }
}

/* Everybody reads for a while, then goes; then there is nothing left. */
static void end(struct uapi_server *server)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};

    for (unsigned round = 0; round < 12; round++) {
        serve(server);
        for (unsigned i = 0; i < MOST_CLIENTS; i++)
            client_read(&clients[i], READ_BYTES);
    }
    for (unsigned i = 0; i < MOST_CLIENTS; i++)
        client_close(&clients[i]);
    for (unsigned round = 0; server->count > 0 || poll(&waiting, 1, 0) > 0; round++) {
        target_hold(round < MOST_ROUNDS, "who is gone is let go");
        serve(server);
    }
    target_hold(dumps == 0, "all dumps have ended");
    target_hold(server->budget == UAPI_BUDGET_BYTES, "what requests borrowed is back");
}

static void remove_socket(void)
{
    (void)unlink(address.sun_path);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    const char *place = getenv("TMPDIR");

    (void)count;
    (void)arguments;
    address.sun_family = AF_UNIX;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/vole-uapi-%d.sock",
                   place != NULL ? place : "/tmp", (int)getpid());
    listener = unix_socket_listen(address.sun_path);
    target_hold(listener >= 0, "there is a socket to listen on");
    for (unsigned i = 0; i < MOST_CLIENTS; i++)
        clients[i].fd = -1;
    return atexit(remove_socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct uapi_operations operations = {.prepare = prepare,
                                                      .set = set,
                                                      .set_vole = set,
                                                      .dump_begin = dump_begin,
                                                      .dump_more = dump_more,
                                                      .dump_end = dump_end};
    struct target_input input = {bytes, length};
    struct uapi_server server;
    int before = dup(listener);

    close(before);
    dump_lines = 3;
    target_hold(uapi_server_init(&server, listener, &operations) == 0, "there is a server");
    for (unsigned steps = 0; input.left > 0 && steps < MOST_ROUNDS; steps++)
        step(&server, &input);
    end(&server);
    uapi_server_fini(&server);
    length = (size_t)dup(listener);
    close((int)length);
    target_hold((int)length == before, "no descriptor stays open");
    return 0;
}
