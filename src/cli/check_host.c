/* SPDX-License-Identifier: MIT
 *
 * A host is taken for one that forwards if it listens on a port of its own and either two peers without
 * endpoint call it, so a hub, or a peer owns a network that is not the tunnel's, so a way between networks.
 * In a mesh all peers but one have endpoints, and nobody forwards.
 */
#include "cli/check_host.h"

#include "cli/check_file.h"
#include "cli/forward_chain.h"
#include "config/address.h"
#include "linux/link.h"
#include "linux/route.h"
#include "linux/routing_table.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OVERHEAD_IPV4 60 /* IP, UDP, and a data message around a packet */
#define OVERHEAD_IPV6 80
#define LOOPBACK      1 /* its index, in every network namespace */

/* ---- MTU ---- */

/* 0: there is no way, it is not known, or it is not the outer way: a running tunnel may route its own
 * endpoint to itself for whoever asks without the tunnel's mark. */
static uint32_t way_mtu(int netlink, const struct vole_address *address, const char *name)
{
    struct link_state link;
    uint32_t interface;
    uint32_t mtu;

    if (route_query_mtu(netlink, address, &interface, &mtu) != 0 || interface == LOOPBACK ||
        link_query(netlink, interface, &link) != 0 || strcmp(link.name, name) == 0)
        return 0;
    return mtu != 0 ? mtu : link.mtu;
}

static void check_mtu(struct check_findings *findings, const struct file *file, const char *name, int netlink)
{
    for (size_t i = 0; file->mtu != 0 && i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];
        struct vole_address address;
        char text[ADDRESS_TEXT_BYTES];
        uint32_t overhead;
        uint32_t mtu;

        if (!peer->has_endpoint ||
            address_read(&address, peer->endpoints[0].host, strlen(peer->endpoints[0].host)) != 0)
            continue;
        overhead = address.family == 4 ? OVERHEAD_IPV4 : OVERHEAD_IPV6;
        mtu = way_mtu(netlink, &address, name);
        if (mtu <= overhead || file->mtu <= mtu - overhead)
            continue;
        address_write(text, &address);
        check_findings_warn(findings, file->mtu_place, "mtu-too-large",
                            "the way to %s takes datagrams of %u bytes, which leaves %u for a packet in the "
                            "tunnel: write MTU = %u or less, or leave it out and it will be found out",
                            text, mtu, mtu - overhead, mtu - OVERHEAD_IPV6);
        return;
    }
}

/* ---- forwarding ---- */

static bool is_in_tunnel(const struct file *file, const struct vole_prefix *prefix)
{
    for (size_t i = 0; i < file->address_count; i++) {
        if (prefix->length >= file->addresses[i].prefix.length &&
            address_is_within(&prefix->address, &file->addresses[i].prefix))
            return true;
    }
    return false;
}

static bool is_network(const struct vole_prefix *prefix)
{
    return prefix->length != 0 && prefix->length < (prefix->address.family == 4 ? 32 : 128);
}

static bool forwards(const struct file *file)
{
    size_t callers = 0;
    bool has_network = false;

    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        if (peer->endpoint_count == 0)
            callers++;
        for (size_t j = 0; j < peer->allowed_ip_count; j++) {
            const struct vole_prefix *prefix = &peer->allowed_ips[j].prefix;

            has_network = has_network || (is_network(prefix) && !is_in_tunnel(file, prefix));
        }
    }
    return file->has_listen_port && file->listen_port != 0 && (callers > 1 || has_network);
}

static bool has_family(const struct file *file, uint8_t family)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        for (size_t j = 0; j < file->peers[i].allowed_ip_count; j++) {
            if (file->peers[i].allowed_ips[j].prefix.address.family == family)
                return true;
        }
    }
    return false;
}

static bool reads_zero(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    char digit = '\0';

    if (descriptor < 0)
        return false;
    if (read(descriptor, &digit, 1) != 1)
        digit = '\0';
    (void)close(descriptor);
    return digit == '0';
}

static void check_forwarding(struct check_findings *findings, const struct file *file)
{
    static const struct {
        uint8_t family;
        const char *path;
        const char *name;
    } switches[] = {
        {4, "/proc/sys/net/ipv4/ip_forward", "net.ipv4.ip_forward"},
        {6, "/proc/sys/net/ipv6/conf/all/forwarding", "net.ipv6.conf.all.forwarding"},
    };

    if (check_hooks_mention(file, "ip_forward") || check_hooks_mention(file, "forwarding"))
        return;
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (has_family(file, switches[i].family) && reads_zero(switches[i].path))
            check_findings_warn(findings, file->listen_port_place, "forwarding-off",
                                "peers are to reach each other or further networks through this host, but "
                                "it does not forward: set %s = 1, in /etc/sysctl.d for good",
                                switches[i].name);
    }
}

static void check_forward_chain(struct check_findings *findings, const struct file *file, const char *name)
{
    char chain[FORWARD_CHAIN_BYTES];

    if (name[0] == '\0' || check_hooks_mention(file, "forward") || !forward_chain_is_closed(chain, name))
        return;
    check_findings_warn(findings, file->listen_port_place, "forward-closed",
                        "peers are to reach each other or further networks through this host, but its "
                        "firewall drops what it would forward for %s (%s): let %s pass there",
                        name, chain, name);
}

/* ---- the way back ---- */

/* With Table = off the routes are somebody else's; while the interface is up they can be looked at. */
static void check_return_routes(struct check_findings *findings, const struct file *file, const char *name,
                                int netlink)
{
    struct link_state link;

    if (file->table.text == NULL || strcmp(file->table.text, "off") != 0 || name[0] == '\0' ||
        link_find(netlink, name, &link) != 0 || !link.up)
        return;
    for (size_t i = 0; i < file->peer_count; i++) {
        for (size_t j = 0; j < file->peers[i].allowed_ip_count; j++) {
            const struct file_allowed_ip *one = &file->peers[i].allowed_ips[j];
            struct vole_prefix network = one->prefix;
            char text[ADDRESS_PREFIX_TEXT_BYTES];

            (void)address_clear_host_bits(&network);
            if (one->remove || network.length == 0 ||
                routing_table_covers(netlink, link.index, &network) != 0)
                continue;
            address_write_prefix(text, &network);
            check_findings_warn(findings, one->place, "no-return-route",
                                "with Table = off nothing routes %s into %s, so answers to it take another "
                                "way: ip route add %s dev %s, as PostUp for good",
                                text, name, text, name);
        }
    }
}

void check_host(struct check_findings *findings, const struct file *file, const char *name)
{
    int netlink = link_open();

    if (netlink >= 0) {
        check_mtu(findings, file, name, netlink);
        check_return_routes(findings, file, name, netlink);
        (void)close(netlink);
    }
    if (forwards(file)) {
        check_forwarding(findings, file);
        check_forward_chain(findings, file, name);
    }
}
