/* SPDX-License-Identifier: MIT
 *
 * Making and furnishing a network namespace mostly with ioctl(), apart from the code under test.
 */
#include "fresh_network.h"

#include "linux/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ipv6.h>
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

bool fresh_network_enter(void)
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
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (tun < 0) {
        fprintf(stderr, "skipped: /dev/net/tun cannot be opened: %s\n", strerror(errno));
        return false;
    }
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

void fresh_network_add_address(const char *interface, const char *address, unsigned prefix_length)
{
    struct ifreq request = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct in6_ifreq v6 = {.ifr6_prefixlen = prefix_length};
    int fd = fresh_network_socket(strchr(address, ':') ? AF_INET6 : AF_INET);

    (void)snprintf(request.ifr_name, IFNAMSIZ, "%s", interface);
    if (strchr(address, ':')) {
        v6.ifr6_ifindex = (int)fresh_network_index(interface);
        if (inet_pton(AF_INET6, address, &v6.ifr6_addr) != 1 || ioctl(fd, SIOCSIFADDR, &v6) < 0)
            fresh_network_fail(address);
    } else {
        if (inet_pton(AF_INET, address, &v4.sin_addr) != 1)
            fresh_network_fail(address);
        memcpy(&request.ifr_addr, &v4, sizeof(v4));
        if (ioctl(fd, SIOCSIFADDR, &request) < 0)
            fresh_network_fail(address);
        v4.sin_addr.s_addr = htonl((uint32_t)(UINT64_C(0xffffffff00000000) >> prefix_length));
        memcpy(&request.ifr_netmask, &v4, sizeof(v4));
        if (ioctl(fd, SIOCSIFNETMASK, &request) < 0)
            fresh_network_fail(address);
    }
    (void)close(fd);
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
