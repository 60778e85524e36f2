/* SPDX-License-Identifier: MIT
 *
 * Hosts in the middle pass packets on, so their files turn that on; a gateway also lends the others its
 * address. A host that others cannot call has no port of its own, and keeps its ways open instead.
 */
#include "cli/genconf_file.h"

#include "config/address.h"
#include "config/key.h"

#include <string.h>

#define KEEPALIVE_S 25

static void write_key(FILE *stream, const char *name, const uint8_t key[static VOLE_KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    fprintf(stream, "%s = %s\n", name, text);
    key_wipe(text, sizeof(text));
}

static void write_prefix(FILE *stream, const struct vole_prefix *prefix, const char *between)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    address_write_prefix(text, prefix);
    fprintf(stream, "%s%s", between, text);
}

/* ---- the one in the middle ---- */

static void write_forwarding(FILE *stream, const struct genconf_plan *plan)
{
    for (size_t i = 0; i < plan->network_count; i++) {
        if (plan->networks[i].address.family == 4)
            fputs("PostUp = echo 1 > /proc/sys/net/ipv4/ip_forward\n", stream);
        else
            fputs(
                "# If this host gets its own IPv6 route from a router's announcements, its outer interface\n"
                "# also needs net.ipv6.conf.INTERFACE.accept_ra = 2.\n"
                "PostUp = echo 1 > /proc/sys/net/ipv6/conf/all/forwarding\n",
                stream);
    }
}

/* What leaves for elsewhere has this host's address. Hooks are bash, with "%i" replaced. */
static void write_masquerade(FILE *stream, const struct genconf_plan *plan)
{
    fputs("PostUp = nft 'table inet vole-%i { chain postrouting { type nat hook postrouting priority 100; ",
          stream);
    for (size_t i = 0; i < plan->network_count; i++) {
        write_prefix(stream, &plan->networks[i],
                     plan->networks[i].address.family == 4 ? "ip saddr " : "ip6 saddr ");
        fputs(" oifname != \"%i\" masquerade; ", stream);
    }
    fputs("}; }'\nPostDown = nft delete table inet vole-%i\n", stream);
}

/* ---- sections ---- */

static void write_interface(FILE *stream, const struct genconf_plan *plan, size_t host)
{
    const struct genconf_host *own = &plan->hosts[host];

    fputs("[Interface]\n", stream);
    write_key(stream, "PrivateKey", own->private_key);
    fputs("Address = ", stream);
    for (size_t i = 0; i < plan->network_count; i++) {
        struct vole_prefix address = genconf_address(plan, host, i);

        write_prefix(stream, &address, i == 0 ? "" : ", ");
    }
    fputc('\n', stream);
    if (own->port != 0)
        fprintf(stream, "ListenPort = %u\n", own->port);
    if (host == 0 && (plan->topology == GENCONF_HUB || plan->topology == GENCONF_GATEWAY))
        write_forwarding(stream, plan);
    if (host == 0 && plan->topology == GENCONF_GATEWAY)
        write_masquerade(stream, plan);
}

static void write_allowed_ips(FILE *stream, const struct genconf_plan *plan, size_t host, size_t peer)
{
    fputs("AllowedIPs = ", stream);
    if (plan->topology == GENCONF_GATEWAY && host != 0) {
        fputs("0.0.0.0/0, ::/0\n", stream);
        return;
    }
    for (size_t i = 0; i < plan->network_count; i++) {
        struct vole_prefix allowed = genconf_address(plan, peer, i);

        allowed.length = allowed.address.family == 4 ? 32 : 128;
        if (plan->topology == GENCONF_HUB && host != 0)
            allowed = plan->networks[i];
        write_prefix(stream, &allowed, i == 0 ? "" : ", ");
    }
    fputc('\n', stream);
}

static void write_peer(FILE *stream, const struct genconf_plan *plan, size_t host, size_t peer)
{
    const struct genconf_host *other = &plan->hosts[peer];

    fprintf(stream, "\n[Peer]\n# Name = %s\n", other->name);
    write_key(stream, "PublicKey", other->public_key);
    write_key(stream, "PresharedKey", genconf_preshared_key(plan, host, peer));
    write_allowed_ips(stream, plan, host, peer);
    if (other->port != 0)
        fprintf(stream, "Endpoint = %s\n", other->endpoint);
    if (plan->hosts[host].port == 0)
        fprintf(stream, "PersistentKeepalive = %d\n", KEEPALIVE_S);
}

void genconf_file_write(FILE *stream, const struct genconf_plan *plan, size_t host)
{
    fprintf(stream, "# %s, one of %zu hosts (%s)\n", plan->hosts[host].name, plan->host_count,
            genconf_topology_names[plan->topology]);
    write_interface(stream, plan, host);
    for (size_t peer = 0; peer < plan->host_count; peer++) {
        if (genconf_are_peers(plan, host, peer))
            write_peer(stream, plan, host, peer);
    }
}
