/* SPDX-License-Identifier: MIT
 *
 * Links: a TUN that looks like the kernel's device (routing §5), what the monitor tells (uapi §8), and
 * asking for routes (routing §9).
 */
#include "fresh_network.h"
#include "linux/link.h"
#include "linux/link_monitor.h"
#include "linux/netlink_request.h"
#include "linux/route.h"
#include "linux/tun.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct tun tun;
    int netlink;
    uint32_t index;
};

static int make_device(void **state)
{
    static struct fixture fixture;
    struct tun_wishes wishes = {.vnet_header = true, .tso = true, .uso = true};

    fixture.netlink = link_open();
    if (fixture.netlink < 0 || tun_create(&fixture.tun, "vole0", &wishes) < 0)
        return -1;
    fixture.index = fresh_network_index("vole0");
    *state = &fixture;
    return 0;
}

static int remove_device(void **state)
{
    struct fixture *fixture = *state;

    tun_close(&fixture->tun);
    (void)close(fixture->netlink);
    return 0;
}

static struct ifreq ask(unsigned long request)
{
    struct ifreq answer = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    (void)snprintf(answer.ifr_name, IFNAMSIZ, "vole0");
    assert_int_equal(ioctl(fd, request, &answer), 0);
    (void)close(fd);
    return answer;
}

static void looks_like_the_kernels_device(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(link_make_like_wireguard(fixture->netlink, fixture->index, true), 0);
    assert_int_equal(ask(SIOCGIFMTU).ifr_mtu, 1420);
    assert_int_equal(ask(SIOCGIFTXQLEN).ifr_qlen, 1000);
    assert_false(ask(SIOCGIFFLAGS).ifr_flags & IFF_MULTICAST);
    assert_true(ask(SIOCGIFFLAGS).ifr_flags & IFF_POINTOPOINT);
    assert_true(ask(SIOCGIFFLAGS).ifr_flags & IFF_NOARP);
    assert_false(ask(SIOCGIFFLAGS).ifr_flags & IFF_UP);
}

static void gets_no_link_local_address_when_it_comes_up(void **state)
{
    struct fixture *fixture = *state;
    struct tun other;
    struct tun_wishes wishes = {0};

    /* The test sees such addresses at all: an untouched TUN gets one. */
    assert_int_equal(tun_create(&other, "plain0", &wishes), 0);
    fresh_network_up("plain0");
    assert_true(fresh_network_has_address("plain0", AF_INET6));
    tun_close(&other);
    assert_int_equal(link_make_like_wireguard(fixture->netlink, fixture->index, true), 0);
    fresh_network_up("vole0");
    assert_false(fresh_network_has_address("vole0", AF_INET6));
}

static void leaves_the_mtu_of_an_adopted_device_alone(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(link_set_mtu(fixture->netlink, fixture->index, 1280), 0);
    assert_int_equal(link_make_like_wireguard(fixture->netlink, fixture->index, false), 0);
    assert_int_equal(ask(SIOCGIFMTU).ifr_mtu, 1280);
}

/* Below IPv6's least MTU the device has no IPv6 settings, so a request that has one among others is refused
 * as a whole. */
static void a_setting_that_is_refused_keeps_no_other_from_being_made(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(link_set_mtu(fixture->netlink, fixture->index, 1000), 0);
    assert_int_equal(link_make_like_wireguard(fixture->netlink, fixture->index, false), 0);
    assert_int_equal(ask(SIOCGIFMTU).ifr_mtu, 1000);
    assert_int_equal(ask(SIOCGIFTXQLEN).ifr_qlen, 1000);
    assert_false(ask(SIOCGIFFLAGS).ifr_flags & IFF_MULTICAST);
}

static void limits_superpackets_to_one_send(void **state)
{
    struct fixture *fixture = *state;
    char line[4096];
    bool found = false;

    assert_int_equal(link_make_like_wireguard(fixture->netlink, fixture->index, true), 0);
    FILE *output = popen("ip -d link show vole0 2>/dev/null", "r");
    if (!output)
        skip();
    while (fgets(line, sizeof(line), output))
        found = found || strstr(line, "gso_max_size 61000 ");
    if (pclose(output) != 0)
        skip();
    assert_true(found);
}

static char redirects(const char *name)
{
    char path[128];
    char value = '?';

    (void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/send_redirects", name);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, &value, 1), 1);
    (void)close(fd);
    return value;
}

static void switches_redirects_off(void **state)
{
    (void)state;
    int fd = open("/proc/sys/net/ipv4/conf/all/send_redirects", O_WRONLY);
    if (fd < 0)
        skip();
    (void)close(fd);
    link_redirects_off("vole0");
    assert_int_equal(redirects("vole0"), '0');
    assert_int_equal(redirects("all"), '0');
    link_redirects_off("no_such_device"); /* may not fail */
}

static void asks_about_links(void **state)
{
    struct fixture *fixture = *state;
    struct link_state link;

    assert_int_equal(link_query(fixture->netlink, fixture->index, &link), 0);
    assert_string_equal(link.name, "vole0");
    assert_int_equal(link.index, fixture->index);
    assert_int_equal(link.mtu, 1500);
    assert_false(link.up);
    assert_int_equal(link_set_up(fixture->netlink, fixture->index, true), 0);
    assert_int_equal(link_find(fixture->netlink, "vole0", &link), 0);
    assert_int_equal(link.index, fixture->index);
    assert_true(link.up);
    assert_int_equal(link_query(fixture->netlink, 4711, &link), -ENODEV);
    assert_int_equal(link_find(fixture->netlink, "none", &link), -ENODEV);
}

/* The last event of each kind, and how many. */
struct seen {
    unsigned count[LINK_RESYNCHRONISE + 1];
    struct link_state last[LINK_RESYNCHRONISE + 1];
    uint32_t only; /* index of the interface looked at */
};

static void see(void *context, const struct link_event *event)
{
    struct seen *seen = context;

    if (event->state.index != 0 && event->state.index != seen->only)
        return;
    seen->count[event->kind]++;
    seen->last[event->kind] = event->state;
}

static struct seen read_events(int monitor, uint32_t only)
{
    struct seen seen = {.only = only};

    assert_int_equal(link_monitor_read(monitor, see, &seen), 0);
    return seen;
}

static void the_monitor_tells_up_down_mtu_and_deletion(void **state)
{
    struct fixture *fixture = *state;
    int monitor = link_monitor_open(false);
    struct seen seen;

    assert_true(monitor >= 0);
    seen = read_events(monitor, fixture->index);
    assert_int_equal(seen.count[LINK_CHANGED], 0);
    fresh_network_up("vole0");
    seen = read_events(monitor, fixture->index);
    assert_true(seen.count[LINK_CHANGED] > 0);
    assert_true(seen.last[LINK_CHANGED].up);
    assert_int_equal(link_set_mtu(fixture->netlink, fixture->index, 1300), 0);
    seen = read_events(monitor, fixture->index);
    assert_int_equal(seen.last[LINK_CHANGED].mtu, 1300);
    fresh_network_down("vole0");
    seen = read_events(monitor, fixture->index);
    assert_false(seen.last[LINK_CHANGED].up);
    assert_int_equal(seen.count[LINK_ADDRESSES_CHANGED] + seen.count[LINK_ROUTES_CHANGED], 0);
    fresh_network_delete("vole0");
    seen = read_events(monitor, fixture->index);
    assert_int_equal(seen.count[LINK_DELETED], 1);
    assert_int_equal(seen.count[LINK_MOVED], 0);
    assert_string_equal(seen.last[LINK_DELETED].name, "vole0");
    (void)close(monitor);
}

static void the_monitor_tells_addresses_and_routes_if_wished(void **state)
{
    struct fixture *fixture = *state;
    int monitor = link_monitor_open(true);

    assert_true(monitor >= 0);
    fresh_network_up("vole0");
    fresh_network_add_address("vole0", "10.7.0.1", 24);
    struct seen seen = read_events(monitor, fixture->index);
    assert_true(seen.count[LINK_ADDRESSES_CHANGED] > 0);
    assert_true(seen.count[LINK_ROUTES_CHANGED] > 0);
    (void)close(monitor);
}

static void lost_notifications_ask_for_resynchronisation(void **state)
{
    struct fixture *fixture = *state;
    int monitor = link_monitor_open(false);
    int least = 0;

    assert_true(monitor >= 0);
    assert_int_equal(setsockopt(monitor, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
    for (uint32_t mtu = 1300; mtu < 1400; mtu++)
        assert_int_equal(link_set_mtu(fixture->netlink, fixture->index, mtu), 0);
    struct seen seen = read_events(monitor, fixture->index);
    assert_true(seen.count[LINK_RESYNCHRONISE] > 0);
    (void)close(monitor);
}

static void routes_tell_the_outgoing_interface(void **state)
{
    struct fixture *fixture = *state;
    struct vole_address none = {0};
    struct vole_address inside = fresh_network_address("10.7.0.9");
    struct vole_address inside6 = fresh_network_address("fd00:7::9");
    struct vole_address local = fresh_network_address("127.0.0.1");
    struct vole_address outside = fresh_network_address("192.0.2.1");
    struct vole_address outside6 = fresh_network_address("2001:db8::1");
    struct vole_address source = fresh_network_address("10.7.0.1");
    struct vole_address foreign = fresh_network_address("10.99.0.1");
    uint32_t interface;

    fresh_network_up("vole0");
    fresh_network_add_address("vole0", "10.7.0.1", 24);
    fresh_network_add_address("vole0", "fd00:7::1", 64);
    assert_int_equal(route_query(fixture->netlink, &inside, &none, 0, &interface), 0);
    assert_int_equal(interface, fixture->index);
    assert_int_equal(route_query(fixture->netlink, &inside, &source, 7, &interface), 0);
    assert_int_equal(interface, fixture->index);
    assert_int_equal(route_query(fixture->netlink, &inside6, &none, 0, &interface), 0);
    assert_int_equal(interface, fixture->index);
    assert_int_equal(route_query(fixture->netlink, &local, &none, 0, &interface), 0);
    assert_int_equal(interface, fresh_network_index("lo"));
    assert_int_equal(route_query(fixture->netlink, &outside, &none, 0, &interface), -ENETUNREACH);
    assert_int_equal(route_query(fixture->netlink, &outside6, &none, 0, &interface), -ENETUNREACH);
    assert_true(route_query(fixture->netlink, &inside, &foreign, 0, &interface) < 0);
    assert_int_equal(route_query(fixture->netlink, &inside, &inside6, 0, &interface), -EINVAL);
}

static void forbid(int netlink, const struct vole_address *destination)
{
    struct netlink_request request;
    uint8_t bytes = destination->family == 4 ? 4 : 16;
    struct rtmsg *route =
        netlink_request_init(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*route));

    route->rtm_family = destination->family == 4 ? AF_INET : AF_INET6;
    route->rtm_dst_len = (uint8_t)(bytes * 8);
    route->rtm_table = RT_TABLE_MAIN;
    route->rtm_protocol = RTPROT_STATIC;
    route->rtm_type = RTN_UNREACHABLE;
    netlink_put(request.header, RTA_DST, bytes, destination->bytes);
    assert_int_equal(netlink_request_do(netlink, &request, NULL, NULL), 0);
}

static void a_forbidden_way_is_no_route(void **state)
{
    struct fixture *fixture = *state;
    struct vole_address none = {0};
    struct vole_address v4 = fresh_network_address("198.51.100.1");
    struct vole_address v6 = fresh_network_address("2001:db8:1::1");
    uint32_t interface;

    forbid(fixture->netlink, &v4);
    forbid(fixture->netlink, &v6);
    assert_int_equal(route_query(fixture->netlink, &v4, &none, 0, &interface), -EHOSTUNREACH);
    assert_int_equal(route_query(fixture->netlink, &v6, &none, 0, &interface), -EHOSTUNREACH);
}

#define LINK_TEST(function) cmocka_unit_test_setup_teardown(function, make_device, remove_device)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(looks_like_the_kernels_device),
        LINK_TEST(gets_no_link_local_address_when_it_comes_up),
        LINK_TEST(leaves_the_mtu_of_an_adopted_device_alone),
        LINK_TEST(a_setting_that_is_refused_keeps_no_other_from_being_made),
        LINK_TEST(limits_superpackets_to_one_send),
        LINK_TEST(switches_redirects_off),
        LINK_TEST(asks_about_links),
        LINK_TEST(the_monitor_tells_up_down_mtu_and_deletion),
        LINK_TEST(the_monitor_tells_addresses_and_routes_if_wished),
        LINK_TEST(lost_notifications_ask_for_resynchronisation),
        LINK_TEST(routes_tell_the_outgoing_interface),
        LINK_TEST(a_forbidden_way_is_no_route),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
