/* SPDX-License-Identifier: MIT
 *
 * What the kernel answers over netlink, with anything in its messages: every question about links, addresses,
 * routes, rules and WireGuard is asked, and the answer comes from the input. No byte behind a message is
 * read, lists hold what they say, prefixes fit their family, names end; a WireGuard reading tells the device
 * first.
 *
 * Input: a byte for the question; then per datagram a byte of flags and two for the length, and its bytes.
 * Flags: 1 its messages have the sequence of the question, 2 it is from another process, 4 the kernel lost
 * something, 8 the receive is interrupted first.
 */
#include "target.h"

#include "linux/interface_address.h"
#include "linux/link.h"
#include "linux/link_monitor.h"
#include "linux/netlink_request.h"
#include "linux/route.h"
#include "linux/routing_rule.h"
#include "linux/routing_table.h"
#include "linux/wireguard_netlink.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NETLINK      1000 /* no descriptor; only given to the functions below */
#define HEADER_BYTES sizeof(struct nlmsghdr)

static struct target_input input;
static uint32_t sequence;
static bool tempting;    /* what is behind a message looks like attributes */
static uint64_t outcome; /* of all that was understood */

static void note(const void *bytes, size_t length)
{
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < length; i++)
        outcome = (outcome ^ byte[i]) * 0x100000001b3ull;
}

/* ---- in the place of the kernel ---- */

int __wrap_netlink_open(uint32_t groups, int extra_flags);
int __wrap_netlink_open_protocol(int protocol, uint32_t groups, int extra_flags);
int __wrap_close(int fd);
int __real_close(int fd);
ssize_t __wrap_sendto(int socket, const void *bytes, size_t length, int flags, const struct sockaddr *to,
                      socklen_t to_length);
ssize_t __wrap_recvfrom(int socket, void *bytes, size_t room, int flags, struct sockaddr *from,
                        socklen_t *from_length);

int __wrap_netlink_open(uint32_t groups, int extra_flags)
{
    (void)groups;
    (void)extra_flags;
    return NETLINK;
}

int __wrap_netlink_open_protocol(int protocol, uint32_t groups, int extra_flags)
{
    (void)protocol;
    return __wrap_netlink_open(groups, extra_flags);
}

int __wrap_close(int fd)
{
    return fd == NETLINK ? 0 : __real_close(fd);
}

ssize_t __wrap_sendto(int socket, const void *bytes, size_t length, int flags, const struct sockaddr *to,
                      socklen_t to_length)
{
    struct nlmsghdr header;

    (void)flags;
    (void)to;
    (void)to_length;
    target_hold(socket == NETLINK && length >= HEADER_BYTES, "a question is a message");
    memcpy(&header, bytes, sizeof header);
    target_hold(header.nlmsg_len == length, "a question is as long as it says");
    sequence = header.nlmsg_seq;
    return (ssize_t)length;
}

/* Where the walk would find messages. */
static void put_sequence(uint8_t *bytes, size_t length)
{
    size_t at = 0;

    while (length - at >= HEADER_BYTES) {
        struct nlmsghdr header;
        size_t step;

        memcpy(&header, bytes + at, sizeof header);
        header.nlmsg_seq = sequence;
        memcpy(bytes + at, &header, sizeof header);
        step = NLMSG_ALIGN((size_t)header.nlmsg_len);
        if (step < HEADER_BYTES || step > length - at)
            return;
        at += step;
    }
}

static void fill_behind(uint8_t *bytes, size_t room)
{
    memset(bytes, 0, room);
    for (size_t i = 0; tempting && i + 8 <= room; i += 8) {
        const uint8_t attribute[8] = {8, 0, (uint8_t)(i / 8 % 24), 0, 7, 0, 0, 0};

        memcpy(bytes + i, attribute, sizeof attribute);
    }
}

ssize_t __wrap_recvfrom(int socket, void *bytes, size_t room, int flags, struct sockaddr *from,
                        socklen_t *from_length)
{
    struct sockaddr_nl sender = {.nl_family = AF_NETLINK};
    const uint8_t *datagram;
    uint8_t kind;
    size_t length;

    target_hold(socket == NETLINK && *from_length == sizeof sender, "an answer is received from somebody");
    errno = EAGAIN;
    if (input.left == 0)
        return -1;
    kind = target_byte(&input);
    errno = (kind & 8) != 0 ? EINTR : ENOBUFS;
    if ((kind & 12) != 0)
        return -1;
    sender.nl_pid = (kind & 2) != 0 ? 77 : 0;
    memcpy(from, &sender, sizeof sender);
    datagram = target_take(&input, target_number(&input), &length);
    if (length > room && (flags & MSG_TRUNC) == 0)
        length = room;
    fill_behind(bytes, room);
    if (length > 0)
        memcpy(bytes, datagram, length < room ? length : room);
    if ((kind & 1) != 0)
        put_sequence(bytes, length < room ? length : room);
    return (ssize_t)length;
}

/* ---- what must be true of what was understood ---- */

static void check_prefix(const struct vole_prefix *prefix)
{
    note(prefix, sizeof *prefix);
    target_hold(prefix->address.family == 4 || prefix->address.family == 6, "a prefix has a family");
    target_hold(prefix->length <= (prefix->address.family == 4 ? 32 : 128), "a prefix fits its family");
}

static void check_name(const char name[static IFNAMSIZ])
{
    note(name, strnlen(name, IFNAMSIZ));
    target_hold(memchr(name, '\0', IFNAMSIZ) != NULL, "a name ends");
}

static void note_event(void *context, const struct link_event *event)
{
    (void)context;
    note(&event->kind, sizeof event->kind);
    note(&event->state.index, sizeof event->state.index);
    note(&event->state.mtu, sizeof event->state.mtu);
    target_hold(event->kind <= LINK_RESYNCHRONISE, "an event is known");
    check_name(event->state.name);
}

/* ---- WireGuard ---- */

struct told {
    bool device, peer;
    uint8_t latest[VOLE_KEY_BYTES];
};

static int tell_again(void *context)
{
    *(struct told *)context = (struct told){.device = false};
    return 0;
}

static int tell_device(void *context, const struct wireguard_device *device)
{
    struct told *told = context;

    target_hold(!told->device, "a device is told once");
    told->device = true;
    note(&device->index, sizeof device->index);
    note(device->private_key, sizeof device->private_key);
    note(device->public_key, sizeof device->public_key);
    note(&device->listen_port, sizeof device->listen_port);
    note(&device->fwmark, sizeof device->fwmark);
    check_name(device->name);
    return 0;
}

static int tell_peer(void *context, const struct wireguard_peer *peer)
{
    struct told *told = context;

    note(peer->public_key, sizeof peer->public_key);
    note(&peer->endpoint, sizeof peer->endpoint);
    note(&peer->sent_bytes, sizeof peer->sent_bytes);
    target_hold(told->device, "the device is told first");
    target_hold(!told->peer || memcmp(told->latest, peer->public_key, VOLE_KEY_BYTES) != 0,
                "a peer is told once");
    told->peer = true;
    memcpy(told->latest, peer->public_key, VOLE_KEY_BYTES);
    target_hold(peer->latest_handshake_s >= 0 && peer->latest_handshake_ns < 1000000000, "a time is one");
    target_hold(peer->endpoint.address.family == 0 || peer->endpoint.address.family == 4 ||
                    peer->endpoint.address.family == 6,
                "an endpoint has a family");
    return 0;
}

static int tell_allowed_ip(void *context, const struct vole_prefix *prefix)
{
    const struct told *told = context;

    target_hold(told->peer, "an allowed IP is a peer's");
    check_prefix(prefix);
    return 0;
}

static int tell_name(void *context, const char *name)
{
    (void)context;
    note(name, strlen(name));
    target_hold(name[0] != '\0' && strlen(name) < IFNAMSIZ, "a name is one");
    return 0;
}

/* An answer that is good but for what is to be said about a family or an interface. */
struct canned {
    uint8_t flags, low, high;
    struct nlmsghdr header;
    int32_t error;
    struct nlmsghdr question;
} __attribute__((packed));

static void answer_canned(const void *bytes, size_t length)
{
    struct target_input before = input;
    struct wireguard_reader reader = {.restart = tell_again,
                                      .device = tell_device,
                                      .peer = tell_peer,
                                      .allowed_ip = tell_allowed_ip,
                                      .context = &(struct told){.device = false}};

    input = (struct target_input){bytes, length};
    (void)!wireguard_netlink_get("wg0", &reader);
    input = before;
}

/* The number of the family is kept from one question to the next: it is to be known, or not. */
static void prepare_family(bool known)
{
    static const struct canned none = {.flags = 1,
                                       .low = sizeof none - 3,
                                       .header = {.nlmsg_len = sizeof none - 3, .nlmsg_type = NLMSG_ERROR},
                                       .error = -ENOENT};
    static const struct {
        uint8_t flags, low, high;
        struct nlmsghdr header;
        struct genlmsghdr generic;
        struct nlattr attribute;
        uint16_t family, padding;
        struct canned end;
    } __attribute__((packed))
    good = {.flags = 1,
            .low = 28,
            .header = {.nlmsg_len = 28, .nlmsg_type = GENL_ID_CTRL},
            .attribute = {.nla_len = 6, .nla_type = CTRL_ATTR_FAMILY_ID},
            .family = 30,
            .end = {.flags = 1,
                    .low = sizeof good.end - 3,
                    .header = {.nlmsg_len = sizeof good.end - 3, .nlmsg_type = NLMSG_ERROR}}};

    answer_canned(&none, sizeof none);
    if (known)
        answer_canned(&good, sizeof good);
}

static int ask_wireguard(bool known)
{
    struct told told = {.device = false};
    struct wireguard_reader reader = {.context = &told,
                                      .restart = tell_again,
                                      .device = tell_device,
                                      .peer = tell_peer,
                                      .allowed_ip = tell_allowed_ip};
    int result;

    prepare_family(known);
    result = wireguard_netlink_get("wg0", &reader);

    target_hold(result != 0 || told.device, "a reading that is good told the device");
    return result;
}

/* ---- the questions ---- */

static int ask_links(uint8_t question)
{
    struct link_state state;
    int result;

    if (question == 0)
        return link_monitor_read(NETLINK, note_event, NULL);
    result = question == 1 ? link_query(NETLINK, 7, &state) : link_find(NETLINK, "wg0", &state);
    check_name(state.name);
    note(&state.mtu, sizeof state.mtu);
    target_hold(result != 0 || state.index != 0, "a link that was found has an index");
    return result;
}

static int ask_routes(uint8_t question)
{
    struct vole_prefix network = {.address = {.family = 4, .bytes = {10, 1, 2, 0}}, .length = 24};
    struct routing_table_list list = {0};
    uint32_t interface = 0, mtu = 0;
    int result = 0;

    switch (question) {
    case 3:
    case 4:
    case 5:
        result = question == 3   ? route_query(NETLINK, &network.address, &network.address, 5, &interface)
                 : question == 4 ? route_query_mtu(NETLINK, &network.address, &interface, &mtu)
                                 : routing_table_default(NETLINK, &interface, &mtu);
        note(&interface, sizeof interface);
        note(&mtu, sizeof mtu);
        return result;
    case 6:
        result = routing_table_is_empty(NETLINK, 1000);
        break;
    case 7:
        result = routing_table_covers(NETLINK, 7, &network);
        break;
    default:
        result =
            question == 8 ? routing_table_read(NETLINK, 7, &list) : routing_table_read_all(NETLINK, 7, &list);
        for (size_t i = 0; i < list.count; i++)
            check_prefix(&list.entries[i].network);
        result += routing_table_list_covers(&list, &network);
        routing_table_list_free(&list);
        return result;
    }
    target_hold(result <= 1, "an answer is yes, no or an error");
    return result;
}

static int ask_rules(uint8_t question)
{
    struct routing_rule_list list = {0};
    uint32_t priority = 0;
    int result;

    if (question == 10) {
        result = routing_rule_place(NETLINK, 4, &priority);
        note(&priority, sizeof priority);
        target_hold(result != 0 || priority > 1, "there is room in front of a place");
        return result;
    }
    result = routing_rule_read(NETLINK, 6, &list);
    for (size_t i = 0; i < list.count; i++) {
        note(&list.rules[i].priority, sizeof list.rules[i].priority);
        note(&list.rules[i].mark, sizeof list.rules[i].mark);
        target_hold((list.rules[i].kind == ROUTING_RULE_MARK) == (list.rules[i].mark != 0),
                    "a rule is of a kind");
    }
    routing_rule_list_free(&list);
    return result;
}

static int ask_addresses(void)
{
    struct interface_address_list list = {0};
    int result = interface_address_read(NETLINK, 7, &list);

    for (size_t i = 0; i < list.count; i++)
        check_prefix(&list.addresses[i]);
    interface_address_list_free(&list);
    return result;
}

static int ask(uint8_t question)
{
    switch (question) {
    case 0:
    case 1:
    case 2:
        return ask_links(question);
    case 10:
    case 11:
        return ask_rules(question);
    case 12:
        return ask_addresses();
    case 13:
        return wireguard_netlink_list(tell_name, NULL);
    case 14:
    case 15:
        return ask_wireguard(question == 15);
    default:
        return ask_routes(question);
    }
}

static uint64_t run(const uint8_t *bytes, size_t length, bool tempted)
{
    int result;

    tempting = tempted;
    outcome = 0xcbf29ce484222325ull;
    input = (struct target_input){bytes, length};
    result = ask(target_byte(&input) % 16);
    note(&result, sizeof result);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    target_hold(run(bytes, length, false) == run(bytes, length, true),
                "what is behind a message does not matter");
    return 0;
}
