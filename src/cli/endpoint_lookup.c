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
#include <time.h>
#include <unistd.h>

#define LIMIT_MS       20000
#define ADDRESSES_MAX  16 /* of one name */
#define PIPE_BYTES_MIN 65536
#define REFUSAL_MS     400 /* in which ICMP comes back from most of the world */

struct found {
    uint32_t name; /* its index */
    uint32_t count;
    struct vole_endpoint endpoints[ADDRESSES_MAX];
    bool is_open[ADDRESSES_MAX];
};

_Static_assert(sizeof(struct found) <= PIPE_BUF, "a message is written in one piece");
_Static_assert(sizeof(struct found) * ENDPOINT_LOOKUP_NAMES_MAX <= PIPE_BYTES_MIN, "all fit into a pipe");

/* ---- the child ---- */

/* A socket connected to the endpoint, which sends nothing yet: it only asks for the route. Negative: there is
 * none. */
static int connect_to(const struct vole_endpoint *endpoint, uint32_t mark)
{
    const int on = 1;
    bool is4 = endpoint->address.family == 4;
    int descriptor = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    struct sockaddr_in6 address6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = endpoint->scope};
    int result;

    if (descriptor < 0)
        return -errno;
    memcpy(&address4.sin_addr, endpoint->address.bytes, sizeof(address4.sin_addr));
    memcpy(&address6.sin6_addr, endpoint->address.bytes, sizeof(address6.sin6_addr));
    if (mark != 0)
        (void)setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
    (void)setsockopt(descriptor, is4 ? IPPROTO_IP : IPPROTO_IPV6, is4 ? IP_RECVERR : IPV6_RECVERR, &on,
                     sizeof(on));
    if (is4)
        result = connect(descriptor, (const struct sockaddr *)&address4, sizeof(address4));
    else
        result = connect(descriptor, (const struct sockaddr *)&address6, sizeof(address6));
    if (result == 0)
        return descriptor;
    (void)close(descriptor);
    return -ENETUNREACH;
}

/* Knocks at all of them at once with an empty datagram, which WireGuard never answers, and takes note of
 * those from which, or from the way to which, ICMP says that nothing gets there. Silence is no refusal. */
static void knock(struct found *found, const int *descriptors)
{
    const struct timespec while_ms = {.tv_nsec = REFUSAL_MS * 1000000L};

    for (size_t i = 0; i < found->count; i++) {
        if (found->is_open[i])
            (void)!send(descriptors[i], "", 0, MSG_NOSIGNAL);
    }
    (void)nanosleep(&while_ms, NULL);
    for (size_t i = 0; i < found->count; i++) {
        int error = 0;
        socklen_t length = sizeof(error);

        if (found->is_open[i] && getsockopt(descriptors[i], SOL_SOCKET, SO_ERROR, &error, &length) == 0)
            found->is_open[i] = error == 0;
    }
}

/* Never returns. */
static void look_up(int results, const struct file_endpoint *name, size_t index, bool only, uint32_t mark)
{
    struct found found;
    int descriptors[ADDRESSES_MAX];

    memset(&found, 0, sizeof(found));
    found.name = (uint32_t)index;
    found.count = (uint32_t)resolve_all(found.endpoints, ADDRESSES_MAX, name);
    endpoint_search_alternate(found.endpoints, found.count);
    for (size_t i = 0; i < found.count; i++) {
        descriptors[i] = connect_to(&found.endpoints[i], mark);
        found.is_open[i] = descriptors[i] >= 0;
    }
    if (found.count > 1 || (found.count == 1 && !only))
        knock(&found, descriptors);
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
            look_up(ends[1], &names[i], i, count == 1, mark);
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

/* The endpoints of the messages, in the names' order, that are open, or all. */
static size_t collect(const struct found *found, size_t messages, bool only_open,
                      struct vole_endpoint *endpoints, size_t capacity)
{
    size_t count = 0;

    for (size_t name = 0; name < ENDPOINT_LOOKUP_NAMES_MAX; name++) {
        for (size_t i = 0; i < messages; i++) {
            for (size_t j = 0; found[i].name == name && j < found[i].count && count < capacity; j++) {
                if (found[i].is_open[j] || !only_open)
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
