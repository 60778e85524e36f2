/* SPDX-License-Identifier: MIT
 *
 * Each child writes one message, in one piece, and all of them fit into the pipe: they never wait for their
 * parent, who reads once, in the end.
 */
#include "cli/endpoint_lookup.h"

#include "cli/endpoint_search.h"
#include "cli/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS       20000
#define ADDRESSES_MAX  16 /* of one name */
#define PIPE_BYTES_MIN 65536

struct found {
    uint32_t name; /* its index */
    uint32_t count;
    struct vole_endpoint endpoints[ADDRESSES_MAX];
    bool has_route[ADDRESSES_MAX];
};

_Static_assert(sizeof(struct found) <= PIPE_BUF, "a message is written in one piece");
_Static_assert(sizeof(struct found) * ENDPOINT_LOOKUP_NAMES_MAX <= PIPE_BYTES_MIN, "all fit into a pipe");

/* ---- the child ---- */

/* Connecting a UDP socket sends nothing: it only asks for the route. */
static bool has_route(const struct vole_endpoint *endpoint, uint32_t mark)
{
    bool is4 = endpoint->address.family == 4;
    int descriptor = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    struct sockaddr_in6 address6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = endpoint->scope};
    int result;

    if (descriptor < 0)
        return false;
    memcpy(&address4.sin_addr, endpoint->address.bytes, sizeof(address4.sin_addr));
    memcpy(&address6.sin6_addr, endpoint->address.bytes, sizeof(address6.sin6_addr));
    if (mark != 0)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
    if (is4)
        result = connect(descriptor, (const struct sockaddr *)&address4, sizeof(address4));
    else
        result = connect(descriptor, (const struct sockaddr *)&address6, sizeof(address6));
    (void)close(descriptor);
    return result == 0;
}

static void look_up(int results, const struct file_endpoint *name, size_t index, uint32_t mark)
{
    struct found found;

    memset(&found, 0, sizeof(found));
    found.name = (uint32_t)index;
    found.count = (uint32_t)resolve_all(found.endpoints, ADDRESSES_MAX, name);
    endpoint_search_alternate(found.endpoints, found.count);
    for (size_t i = 0; i < found.count; i++)
        found.has_route[i] = has_route(&found.endpoints[i], mark);
    _exit(write(results, &found, sizeof(found)) == (ssize_t)sizeof(found) ? 0 : 1);
}

/* Takes signals as a program does, not as its parent. */
static void be_child(pid_t parent)
{
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(1);
}

/* ---- the parent ---- */

/* A lookup that could not be started for every name goes on with the others. */
int endpoint_lookup_start(struct endpoint_lookup *lookup, const struct file_endpoint *names, size_t count,
                          uint32_t mark, int64_t now_ms)
{
    pid_t parent = getpid();
    int error = 0;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -errno;
    memset(lookup, 0, sizeof(*lookup));
    for (size_t i = 0; i < count && i < ENDPOINT_LOOKUP_NAMES_MAX && error == 0; i++) {
        pid_t child = fork();

        if (child == 0) {
            be_child(parent);
            look_up(ends[1], &names[i], i, mark);
        }
        if (child > 0)
            lookup->children[lookup->count++] = child;
        else
            error = -errno;
    }
    (void)close(ends[1]);
    if (lookup->count == 0) {
        (void)close(ends[0]);
        return error;
    }
    lookup->results = ends[0];
    lookup->until_ms = now_ms + LIMIT_MS;
    return 0;
}

bool endpoint_lookup_runs(const struct endpoint_lookup *lookup)
{
    return lookup->count != 0;
}

bool endpoint_lookup_is_over(const struct endpoint_lookup *lookup, int64_t now_ms)
{
    struct pollfd ended = {.fd = lookup->results};

    return now_ms >= lookup->until_ms ||
           (poll(&ended, 1, 0) == 1 && (ended.revents & (POLLHUP | POLLERR)) != 0);
}

/* The endpoints of the messages, in the names' order, that have a route, or all. */
static size_t collect(const struct found *found, size_t messages, bool with_route,
                      struct vole_endpoint *endpoints, size_t capacity)
{
    size_t count = 0;

    for (size_t name = 0; name < ENDPOINT_LOOKUP_NAMES_MAX; name++) {
        for (size_t i = 0; i < messages; i++) {
            for (size_t j = 0; found[i].name == name && j < found[i].count && count < capacity; j++) {
                if (found[i].has_route[j] || !with_route)
                    endpoints[count++] = found[i].endpoints[j];
            }
        }
    }
    return count;
}

/* The first name, of so many, of which there is no message with an address. */
static size_t first_unknown(const struct found *found, size_t messages, size_t names)
{
    for (size_t name = 0; name < names; name++) {
        bool known = false;

        for (size_t i = 0; i < messages; i++)
            known = known || (found[i].name == name && found[i].count > 0);
        if (!known)
            return name;
    }
    return SIZE_MAX;
}

size_t endpoint_lookup_end(struct endpoint_lookup *lookup, struct vole_endpoint *endpoints, size_t capacity,
                           size_t *unknown)
{
    struct found found[ENDPOINT_LOOKUP_NAMES_MAX];
    size_t messages = 0;
    size_t count;

    for (size_t i = 0; i < lookup->count; i++) {
        (void)kill(lookup->children[i], SIGKILL);
        while (waitpid(lookup->children[i], NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    while (messages < ENDPOINT_LOOKUP_NAMES_MAX &&
           read(lookup->results, &found[messages], sizeof(found[0])) == (ssize_t)sizeof(found[0]))
        messages++;
    (void)close(lookup->results);
    *unknown = first_unknown(found, messages, lookup->count);
    memset(lookup, 0, sizeof(*lookup));
    count = collect(found, messages, true, endpoints, capacity);
    return count > 0 ? count : collect(found, messages, false, endpoints, capacity);
}
