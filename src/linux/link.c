/* SPDX-License-Identifier: MIT
 *
 * Requests about network interfaces.
 */
#include "linux/link.h"

#include "linux/kernel_constants.h"
#include "linux/link_message.h"
#include "linux/netlink_request.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int link_open(void)
{
    return netlink_open(0, 0);
}

static int link_read_answer(const struct nlmsghdr *message, void *argument)
{
    return message->nlmsg_type == RTM_NEWLINK ? link_message_parse(message, argument, NULL) : 0;
}

static struct ifinfomsg *link_request_init(struct netlink_request *request, uint16_t type, uint32_t index)
{
    struct ifinfomsg *link = netlink_request_init(request, type, 0, sizeof(*link));

    link->ifi_family = AF_UNSPEC;
    link->ifi_index = (int)index;
    return link;
}

static int link_ask(int netlink, struct netlink_request *request, struct link_state *state)
{
    memset(state, 0, sizeof(*state));
    int result = netlink_request_do(netlink, request, link_read_answer, state);
    if (result < 0)
        return result;
    return state->index != 0 ? 0 : -ENODEV;
}

int link_query(int netlink, uint32_t index, struct link_state *state)
{
    struct netlink_request request;

    (void)link_request_init(&request, RTM_GETLINK, index);
    return link_ask(netlink, &request, state);
}

int link_find(int netlink, const char *name, struct link_state *state)
{
    struct netlink_request request;

    if (strlen(name) >= IFNAMSIZ)
        return -ENODEV;
    (void)link_request_init(&request, RTM_GETLINK, 0);
    netlink_put_text(request.header, IFLA_IFNAME, name);
    return link_ask(netlink, &request, state);
}

static int link_set_number(int netlink, uint32_t index, uint16_t attribute, uint32_t value)
{
    struct netlink_request request;

    (void)link_request_init(&request, RTM_NEWLINK, index);
    netlink_put_u32(request.header, attribute, value);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

static int link_set_flag(int netlink, uint32_t index, unsigned flag, bool on)
{
    struct netlink_request request;
    struct ifinfomsg *link = link_request_init(&request, RTM_NEWLINK, index);

    link->ifi_flags = on ? flag : 0;
    link->ifi_change = flag;
    return netlink_request_do(netlink, &request, NULL, NULL);
}

int link_set_mtu(int netlink, uint32_t index, uint32_t mtu)
{
    return link_set_number(netlink, index, IFLA_MTU, mtu);
}

int link_set_up(int netlink, uint32_t index, bool up)
{
    return link_set_flag(netlink, index, IFF_UP, up);
}

int link_delete(int netlink, uint32_t index)
{
    struct netlink_request request;

    (void)link_request_init(&request, RTM_DELLINK, index);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

/* Keeps the stack from giving the device a link-local address by itself. */
static void link_put_no_address_generation(struct netlink_request *request)
{
    struct nlattr *families = netlink_nest_begin(request->header, IFLA_AF_SPEC);
    struct nlattr *ipv6 = netlink_nest_begin(request->header, AF_INET6);

    netlink_put_u8(request->header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    netlink_nest_end(request->header, ipv6);
    netlink_nest_end(request->header, families);
}

static int link_set_no_address_generation(int netlink, uint32_t index)
{
    struct netlink_request request;

    (void)link_request_init(&request, RTM_NEWLINK, index);
    link_put_no_address_generation(&request);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

/* The TUN never asks the stack to wait, so a queueing discipline would be work and memory for nothing; with
 * several queues, one for each of the 256 that there could be. */
static int link_set_no_queueing(int netlink, uint32_t index)
{
    struct netlink_request request;
    struct tcmsg *discipline =
        netlink_request_init(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*discipline));

    discipline->tcm_family = AF_UNSPEC;
    discipline->tcm_ifindex = (int)index;
    discipline->tcm_parent = TC_H_ROOT;
    netlink_put_text(request.header, TCA_KIND, "noqueue");
    return netlink_request_do(netlink, &request, NULL, NULL);
}

/* All properties in one request, which is what the kernels we know take. */
static int link_set_all(int netlink, uint32_t index, bool set_mtu)
{
    struct netlink_request request;
    struct ifinfomsg *link = link_request_init(&request, RTM_NEWLINK, index);

    link->ifi_change = IFF_MULTICAST;
    if (set_mtu)
        netlink_put_u32(request.header, IFLA_MTU, VOLE_DEFAULT_MTU);
    netlink_put_u32(request.header, IFLA_TXQLEN, LINK_QUEUE_LENGTH);
    netlink_put_u32(request.header, LINK_ATTRIBUTE_GSO_MAX_SIZE, LINK_GSO_BYTES);
    netlink_put_u32(request.header, LINK_ATTRIBUTE_GSO_IPV4_MAX_SIZE, LINK_GSO_BYTES);
    link_put_no_address_generation(&request);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

/* One request each: the kernel refuses a request as a whole for one attribute it does not like. */
static int link_set_each(int netlink, uint32_t index, bool set_mtu)
{
    int first_error = 0;

    if (set_mtu)
        first_error = link_set_mtu(netlink, index, VOLE_DEFAULT_MTU);
    int result = link_set_flag(netlink, index, IFF_MULTICAST, false);
    if (first_error == 0)
        first_error = result;
    result = link_set_number(netlink, index, IFLA_TXQLEN, LINK_QUEUE_LENGTH);
    if (first_error == 0)
        first_error = result;
    (void)!link_set_no_address_generation(netlink, index);
    (void)!link_set_number(netlink, index, LINK_ATTRIBUTE_GSO_MAX_SIZE, LINK_GSO_BYTES);
    (void)!link_set_number(netlink, index, LINK_ATTRIBUTE_GSO_IPV4_MAX_SIZE, LINK_GSO_BYTES);
    return first_error;
}

int link_make_like_wireguard(int netlink, uint32_t index, bool set_mtu)
{
    int error = link_set_all(netlink, index, set_mtu);

    if (error < 0)
        error = link_set_each(netlink, index, set_mtu);
    (void)!link_set_no_queueing(netlink, index);
    return error;
}

static void link_write_sysctl(const char *name, const char *value)
{
    char path[sizeof("/proc/sys/net/ipv4/conf//send_redirects") + IFNAMSIZ];

    (void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/send_redirects", name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, value, strlen(value));
    (void)close(fd);
}

void link_redirects_off(const char *name)
{
    link_write_sysctl("all", "0");
    link_write_sysctl(name, "0");
}
