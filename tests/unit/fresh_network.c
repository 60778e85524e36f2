/* SPDX-License-Identifier: MIT
 *
 * Making and furnishing a network namespace.
 */
#include "fresh_network.h"

#include "linux/link.h"
#include "linux/netlink_request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void fresh_network_fail(const char *what)
{
    fprintf(stderr, "fresh_network: %s: %s\n", what, strerror(errno));
    exit(1);
}

static bool fresh_network_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(fd);
    return done;
}

/* Root inside is whoever we are outside. */
static bool fresh_network_become_root(unsigned user, unsigned group)
{
    char map[64];

    (void)snprintf(map, sizeof(map), "0 %u 1", user);
    if (!fresh_network_write("/proc/self/uid_map", map) ||
        !fresh_network_write("/proc/self/setgroups", "deny"))
        return false;
    (void)snprintf(map, sizeof(map), "0 %u 1", group);
    return fresh_network_write("/proc/self/gid_map", map);
}

bool fresh_network_enter(bool needs_tun)
{
    unsigned user = (unsigned)geteuid();
    unsigned group = (unsigned)getegid();

    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) < 0) {
            fprintf(stderr, "skipped: no permission to make a network namespace: %s\n", strerror(errno));
            return false;
        }
        if (!fresh_network_become_root(user, group)) {
            fprintf(stderr, "skipped: no permission to be root in a user namespace: %s\n", strerror(errno));
            return false;
        }
    }
    int tun = needs_tun ? open("/dev/net/tun", O_RDWR | O_CLOEXEC) : -1;
    if (needs_tun && tun < 0) {
        fprintf(stderr, "skipped: /dev/net/tun cannot be opened: %s\n", strerror(errno));
        return false;
    }
    if (tun >= 0)
        (void)close(tun);
    fresh_network_up("lo");
    return true;
}

void fresh_network_leave_for_new(void)
{
    if (unshare(CLONE_NEWNET) < 0)
        fresh_network_fail("new namespace");
    fresh_network_up("lo");
}

static int fresh_network_socket(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        fresh_network_fail("socket");
    return fd;
}

static void fresh_network_set_up(const char *interface, bool up)
{
    struct ifreq request = {0};
    int fd = fresh_network_socket(AF_INET);

    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", interface);
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        fresh_network_fail(interface);
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        fresh_network_fail(interface);
    (void)close(fd);
}

void fresh_network_up(const char *interface)
{
    fresh_network_set_up(interface, true);
}

void fresh_network_down(const char *interface)
{
    fresh_network_set_up(interface, false);
}

void fresh_network_delete(const char *interface)
{
    int netlink = link_open();

    if (netlink < 0 || link_delete(netlink, fresh_network_index(interface)) < 0)
        fresh_network_fail(interface);
    (void)close(netlink);
}

uint32_t fresh_network_index(const char *interface)
{
    uint32_t index = if_nametoindex(interface);

    if (index == 0)
        fresh_network_fail(interface);
    return index;
}

static int fresh_network_read_route_type(const struct nlmsghdr *message, void *argument)
{
    const struct rtmsg *route = netlink_message_payload(message);

    *(unsigned char *)argument = route->rtm_type;
    return 0;
}

/* IPv6 addresses can be used only when a work queue of the kernel has looked at them: await their route. */
static void fresh_network_await_address(int netlink, const struct vole_address *address)
{
    uint8_t bytes = address->family == 4 ? 4 : 16;
    unsigned char type = RTN_UNSPEC;

    while (type != RTN_LOCAL) {
        struct netlink_request request;
        struct rtmsg *route = netlink_request_init(&request, RTM_GETROUTE, 0, sizeof(*route));

        route->rtm_family = address->family == 4 ? AF_INET : AF_INET6;
        route->rtm_dst_len = (uint8_t)(bytes * 8);
        netlink_put(request.header, RTA_DST, bytes, address->bytes);
        if (netlink_request_do(netlink, &request, fresh_network_read_route_type, &type) < 0)
            type = RTN_UNSPEC;
        (void)usleep(1000);
    }
}

void fresh_network_add_address(const char *interface, const char *text, unsigned prefix_length)
{
    struct vole_address address = fresh_network_address(text);
    uint8_t bytes = address.family == 4 ? 4 : 16;
    struct netlink_request request;
    int netlink = link_open();
    struct ifaddrmsg *header =
        netlink_request_init(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*header));

    header->ifa_family = address.family == 4 ? AF_INET : AF_INET6;
    header->ifa_prefixlen = (uint8_t)prefix_length;
    header->ifa_flags = IFA_F_NODAD;
    header->ifa_index = fresh_network_index(interface);
    netlink_put(request.header, IFA_LOCAL, bytes, address.bytes);
    netlink_put(request.header, IFA_ADDRESS, bytes, address.bytes);
    if (netlink < 0 || netlink_request_do(netlink, &request, NULL, NULL) < 0)
        fresh_network_fail(text);
    /* The route of a link-local address is the interface's, which such a question does not name. */
    if (strncmp(text, "fe80:", 5) != 0)
        fresh_network_await_address(netlink, &address);
    (void)close(netlink);
}

bool fresh_network_has_address(const char *interface, int family)
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all) < 0)
        fresh_network_fail("getifaddrs");
    for (struct ifaddrs *one = all; one; one = one->ifa_next)
        if (one->ifa_addr && one->ifa_addr->sa_family == family && strcmp(one->ifa_name, interface) == 0)
            found = true;
    freeifaddrs(all);
    return found;
}

struct vole_address fresh_network_address(const char *text)
{
    struct vole_address address = {.family = strchr(text, ':') ? 6 : 4};

    if (inet_pton(address.family == 6 ? AF_INET6 : AF_INET, text, address.bytes) != 1)
        fresh_network_fail(text);
    return address;
}

struct vole_endpoint fresh_network_endpoint(const char *text, uint16_t port)
{
    return (struct vole_endpoint){.address = fresh_network_address(text), .port = port};
}
