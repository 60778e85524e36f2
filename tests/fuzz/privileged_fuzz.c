/* SPDX-License-Identifier: MIT
 *
 * The privileged parent and an engine that somebody has taken over (daemon/privileged.h): whatever messages
 * and descriptors it sends, each request has one answer, no descriptor stays open, only UDP sockets are
 * marked, only the port opened last is shared, and what is passed to the system's log is harmless text. The
 * calls that need rights are replaced; sockets and descriptors are real.
 *
 * Input: commands. 0 a request (16 bytes), 1 a message of any length, each with descriptors as the next byte
 * says; 2 a message for the log; the rest of the low bits: a byte that decides how the replaced calls go.
 */
#include "target.h"

#include "daemon/background.h"
#include "daemon/log.h"
#include "daemon/privileged.h"
#include "daemon/requests.h"
#include "linux/descriptors.h"
#include "linux/link.h"
#include "linux/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TUN          900 /* no descriptor; only given to the functions below */
#define MOST_FDS     64
#define MOST_ANSWERS 64

static struct privileged parent;
static uint8_t fates[256]; /* how the replaced calls go, one after the other */
static unsigned fate_count, fate_next;
static int spare; /* a descriptor to make copies of */
static uint16_t port;

static uint8_t fate(void)
{
    return fate_count == 0 ? 0 : fates[fate_next++ % fate_count];
}

/* ---- in the place of what needs rights ---- */

int __wrap_udp_open(struct udp_sockets *sockets, uint16_t wanted, uint32_t mark,
                    const struct udp_wishes *wishes);
int __wrap_udp_set_mark(int fd, uint32_t mark);
int __wrap_place_open(struct place *place);
int __wrap_namespace_of_tun(int tun);
bool __wrap_namespace_same(int one, int other);
int __wrap_namespace_run(int network, int (*function)(void *argument), void *argument);
int __wrap_namespace_tun_link(int tun, int network, char name[static IFNAMSIZ], uint32_t *index);
int __wrap_link_make_like_wireguard(int netlink, uint32_t index, bool set_mtu);
void __wrap_link_redirects_off(const char *name);
unsigned __wrap_processors_usable(void);
void __wrap_background_release_output(const struct options *options);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_kill(pid_t pid, int number);
void __wrap_syslog(int priority, const char *format, ...);

int __wrap_udp_open(struct udp_sockets *sockets, uint16_t wanted, uint32_t mark,
                    const struct udp_wishes *wishes)
{
    uint8_t how = fate();

    (void)mark;
    target_hold(!wishes->join_port || (wanted != 0 && wanted == port), "only the port opened last is shared");
    memset(sockets, 0, sizeof *sockets);
    sockets->v4 = sockets->v6 = -1;
    if ((how & 3) == 3)
        return -EADDRINUSE;
    if ((how & 1) == 0)
        sockets->v4 = dup(spare);
    if ((how & 2) == 0)
        sockets->v6 = dup(spare);
    sockets->port = wanted != 0 ? wanted : (uint16_t)(1024 + how);
    port = sockets->port;
    return 0;
}

int __wrap_udp_set_mark(int fd, uint32_t mark)
{
    int protocol = 0;
    socklen_t length = sizeof protocol;

    (void)mark;
    target_hold(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == IPPROTO_UDP,
                "only UDP sockets are marked");
    return (fate() & 7) == 7 ? -EPERM : 0;
}

int __wrap_place_open(struct place *place)
{
    uint8_t how = fate();

    place_init(place);
    if ((how & 7) == 7)
        return -EMFILE;
    place->monitor = dup(spare);
    place->link = dup(spare);
    place->icmp.v4 = (how & 1) != 0 ? dup(spare) : -1;
    place->icmp.v6 = (how & 2) != 0 ? dup(spare) : -1;
    return 0;
}

int __wrap_namespace_of_tun(int tun)
{
    uint8_t how = fate();

    target_hold(tun == TUN, "it is the TUN that is asked for");
    return (how & 7) == 7 ? -EBADFD : (how & 7) == 6 ? -ENOTTY : dup(spare);
}

bool __wrap_namespace_same(int one, int other)
{
    target_hold(one >= 0 && other >= 0, "namespaces are compared that are there");
    return (fate() & 1) == 0;
}

int __wrap_namespace_run(int network, int (*function)(void *argument), void *argument)
{
    target_hold(network >= 0, "there is a namespace to be in");
    return (fate() & 7) == 7 ? -EPERM : function(argument);
}

int __wrap_namespace_tun_link(int tun, int network, char name[static IFNAMSIZ], uint32_t *index)
{
    uint8_t how = fate();

    target_hold(tun == TUN && network >= 0, "it is the TUN that is looked for");
    memset(name, 0, IFNAMSIZ);
    memcpy(name, "wg0", 3);
    *index = 7;
    return (how & 7) == 7 ? -ENODEV : 0;
}

int __wrap_link_make_like_wireguard(int netlink, uint32_t index, bool set_mtu)
{
    target_hold(netlink >= 0 && index == 7 && !set_mtu, "it is our interface that is prepared");
    return (fate() & 7) == 7 ? -EPERM : 0;
}

void __wrap_link_redirects_off(const char *name)
{
    target_hold(strcmp(name, "wg0") == 0, "it is our interface whose redirects are off");
}

unsigned __wrap_processors_usable(void)
{
    return fate();
}

void __wrap_background_release_output(const struct options *options)
{
    target_hold(options == parent.options, "the options are ours");
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    (void)options;
    target_hold(pid == parent.engine_pid, "it is the engine that is waited for");
    if (parent.engine >= 0)
        return 0;
    if (status != NULL)
        *status = fate();
    return pid;
}

int __wrap_kill(pid_t pid, int number)
{
    (void)number;
    target_hold(pid == parent.engine_pid, "it is the engine that is killed");
    return 0;
}

/* A line without anything that a terminal obeys: control characters, also those that UTF-8 has above 127. */
static void check_harmless(const char *line)
{
    const unsigned char *at = (const unsigned char *)line;

    target_hold(strlen(line) < LOG_LINE_BYTES, "a line is not too long");
    for (; *at != '\0'; at++) {
        target_hold(*at >= ' ' && *at != 0x7f, "there is no control character in a line");
        target_hold(at[0] != 0xc2 || at[1] < 0x80 || at[1] > 0x9f, "nor one of those above 127");
    }
}

void __wrap_syslog(int priority, const char *format, ...)
{
    char line[2 * LOG_LINE_BYTES];
    va_list arguments;

    target_hold(priority >= 3 && priority <= 7, "a line has a level of ours");
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    check_harmless(line);
}

/* ---- the engine ---- */

static int descriptors[4]; /* a UDP socket, a TCP socket, a pipe, a file */

static bool send_message(int to, const void *bytes, size_t length, uint8_t with)
{
    union {
        struct cmsghdr header;
        unsigned char bytes[CMSG_SPACE(32 * sizeof(int))];
    } control;
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
    size_t count = with & 31;
    int fds[32];

    for (size_t i = 0; i < count; i++)
        fds[i] = descriptors[(with >> 5) % 4 == 3 ? i % 4 : (with >> 5) % 4];
    memset(&control, 0, sizeof control);
    if (count > 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    }
    return sendmsg(to, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Returns how many whole requests were sent before anything else. */
static unsigned play(struct target_input *input, int to_parent, int to_log)
{
    unsigned requests = 0;
    bool sane = true;

    while (input->left > 0) {
        uint8_t command = target_byte(input);
        uint8_t with = 0;
        size_t length = 0;
        struct request request;
        const uint8_t *bytes;

        if (command % 4 == 3 && fate_count < sizeof fates)
            fates[fate_count++] = command >> 2;
        if (command % 4 == 3)
            continue;
        if (command % 4 == 0) {
            with = target_byte(input);
            target_fill(input, &request, sizeof request);
            request.kind = request.kind % 8;
            sane = send_message(to_parent, &request, sizeof request, with) && sane &&
                   (with & 31) <= REQUEST_DESCRIPTORS;
            requests += sane;
            continue;
        }
        if (command % 4 == 1)
            with = target_byte(input);
        bytes =
            target_take(input, command % 4 == 1 ? target_byte(input) : target_number(input) % 700u, &length);
        (void)send_message(command % 4 == 1 ? to_parent : to_log, bytes, length, with);
        sane = sane && command % 4 != 1;
    }
    return requests;
}

static unsigned count_answers(int engine)
{
    struct request_answer answer;
    int fds[REQUEST_DESCRIPTORS];
    size_t count = REQUEST_DESCRIPTORS;
    unsigned answers = 0, ends = 0;
    ssize_t length;

    /* What the parent did not read makes itself felt as a reset before what it sent. */
    while (ends < 2) {
        count = REQUEST_DESCRIPTORS;
        length = descriptors_receive(engine, &answer, sizeof answer, fds, &count);
        ends += length <= 0;
        if (length <= 0)
            continue;
        target_hold(length == (ssize_t)sizeof answer, "an answer is whole");
        target_hold(answer.error <= 0, "an error is a negative errno");
        target_hold(answer.error == 0 || count == 0, "no descriptor comes with an error");
        for (size_t i = 0; i < count; i++)
            close(fds[i]);
        answers++;
    }
    return answers;
}

static unsigned count_open(void)
{
    unsigned open = 0;

    for (int fd = 0; fd < MOST_FDS; fd++)
        open += fcntl(fd, F_GETFD) >= 0;
    return open;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    int ends[2];

    (void)count;
    (void)arguments;
    log_start("fuzz", LOG_LEVEL_VERBOSE);
    log_to_syslog(false);
    target_hold(pipe2(ends, O_CLOEXEC) == 0, "there are pipes");
    spare = ends[0];
    descriptors[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    descriptors[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    descriptors[2] = ends[1];
    descriptors[3] = open("/dev/null", O_RDWR | O_CLOEXEC);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    static struct options options;
    struct unix_socket_watch watch = {.fd = -1};
    unsigned before = count_open(), requests, answers;
    int pair[2], log[2];

    fate_count = fate_next = 0;
    port = 0;
    target_hold(descriptors_pair(pair) == 0 && descriptors_pair(log) == 0, "there are sockets");
    parent = (struct privileged){.engine = pair[0],
                                 .engine_pid = 12345,
                                 .tun = TUN,
                                 .home = descriptors[3],
                                 .log = log[0],
                                 .signals = -1,
                                 .options = &options,
                                 .socket_watch = &watch,
                                 .background = length % 2 == 0};
    requests = play(&input, pair[1], log[1]);
    (void)shutdown(pair[1], SHUT_WR);
    close(log[1]);
    (void)!privileged_run(&parent);
    answers = count_answers(pair[1]);
    target_hold(answers >= requests, "each request has an answer");
    close(pair[1]);
    close(log[0]);
    target_hold(count_open() == before, "no descriptor stays open");
    return 0;
}
