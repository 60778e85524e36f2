/* SPDX-License-Identifier: MIT
 *
 * Each function below is one question; they are asked in the order of the list at the end. Of a peer that the
 * file has twice the parser speaks already.
 */
#include "cli/check_file.h"

#include "config/address.h"
#include "config/key.h"

#include <stdlib.h>
#include <string.h>

#define IPV6_MTU 1280

bool check_hooks_mention(const struct file *file, const char *word)
{
    for (size_t hook = 0; hook < FILE_HOOK_COUNT; hook++) {
        for (size_t i = 0; i < file->hooks[hook].count; i++) {
            if (strcasestr(file->hooks[hook].items[i].text, word) != NULL)
                return true;
        }
    }
    return false;
}

bool check_table_is_auto(const struct file *file)
{
    return file->table.text == NULL || strcmp(file->table.text, "auto") == 0;
}

static bool table_is_off(const struct file *file)
{
    return file->table.text != NULL && strcmp(file->table.text, "off") == 0;
}

static bool is_host(const struct vole_prefix *prefix)
{
    return prefix->length == (prefix->address.family == 4 ? 32 : 128);
}

/* ---- keys ---- */

static void check_private_key(struct check_findings *findings, const struct file *file)
{
    bool none = !file->has_private_key || key_is_zero(file->private_key);

    if (none && !check_hooks_mention(file, "private-key"))
        check_findings_warn(findings, file->private_key_place, "no-private-key",
                            "the interface has no private key, so no handshake can succeed: add PrivateKey "
                            "or PrivateKeyFile; `vole genkey' makes one");
}

static void check_peer_keys(struct check_findings *findings, const struct file *file)
{
    bool has_own = file->has_private_key && !key_is_zero(file->private_key);
    uint8_t own[KEY_BYTES] = {0};

    if (has_own)
        key_public(own, file->private_key);
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        if (key_is_low_order(peer->public_key))
            check_findings_warn(findings, peer->public_key_place, "low-order-key",
                                "%s, so no handshake with this peer can succeed: ask for the real one, "
                                "which `vole pubkey' prints there",
                                key_is_zero(peer->public_key) ? "the public key is all zero"
                                                              : "no private key belongs to this public key");
        else if (has_own && memcmp(own, peer->public_key, KEY_BYTES) == 0)
            check_findings_warn(findings, peer->public_key_place, "own-key",
                                "this is the public key of the interface itself, so the peer will be left "
                                "out: write the other end's key");
    }
}

static void check_preshared_keys(struct check_findings *findings, const struct file *file)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        if (peer->has_preshared_key && key_is_zero(peer->preshared_key))
            check_findings_warn(findings,
                                peer->preshared_key_file.text != NULL ? peer->preshared_key_file.place
                                                                      : peer->preshared_key_place,
                                "zero-preshared-key",
                                "the preshared key is all zero, which means none: make one with `vole "
                                "genpsk', or leave it out");
    }
}

/* ---- peers and what they own ---- */

struct allowed {
    struct vole_prefix network; /* masked */
    const struct file_peer *peer;
    struct file_place place;
};

static int compare_allowed(const void *one, const void *other)
{
    const struct allowed *a = one;
    const struct allowed *b = other;
    int order = memcmp(&a->network.address, &b->network.address, sizeof(a->network.address));

    if (order != 0)
        return order;
    if (a->network.length != b->network.length)
        return a->network.length < b->network.length ? -1 : 1;
    return a->place.line != b->place.line ? (a->place.line < b->place.line ? -1 : 1)
                                          : (a->place.column < b->place.column ? -1 : 1);
}

static bool same_network(const struct allowed *a, const struct allowed *b)
{
    return a->network.length == b->network.length &&
           memcmp(&a->network.address, &b->network.address, sizeof(a->network.address)) == 0;
}

static void report_theft(struct check_findings *findings, const struct allowed *from,
                         const struct allowed *to)
{
    char network[ADDRESS_PREFIX_TEXT_BYTES];
    char loser[CHECK_PEER_BYTES];
    char winner[CHECK_PEER_BYTES];

    address_write_prefix(network, &to->network);
    check_peer_name(loser, from->peer);
    check_peer_name(winner, to->peer);
    check_findings_warn(findings, to->place, "duplicate-allowed-ip",
                        "%s is given to %s in line %u already, and %s here takes it away: only the last one "
                        "gets its packets, so take it out of one of the two",
                        network, loser, from->place.line, winner);
}

static void check_duplicate_allowed_ips(struct check_findings *findings, const struct file *file)
{
    struct allowed *all;
    size_t count = 0;

    for (size_t i = 0; i < file->peer_count; i++)
        count += file->peers[i].allowed_ip_count;
    all = calloc(count + 1, sizeof(*all));
    if (all == NULL) {
        findings->incomplete = true;
        return;
    }
    count = 0;
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        for (size_t j = 0; j < peer->allowed_ip_count; j++) {
            if (peer->allowed_ips[j].remove)
                continue;
            all[count] = (struct allowed){
                .network = peer->allowed_ips[j].prefix, .peer = peer, .place = peer->allowed_ips[j].place};
            (void)address_clear_host_bits(&all[count++].network);
        }
    }
    qsort(all, count, sizeof(*all), compare_allowed);
    for (size_t i = 1; i < count; i++) {
        if (same_network(&all[i - 1], &all[i]) &&
            memcmp(all[i - 1].peer->public_key, all[i].peer->public_key, KEY_BYTES) != 0)
            report_theft(findings, &all[i - 1], &all[i]);
    }
    free(all);
}

static void check_own_addresses(struct check_findings *findings, const struct file *file,
                                const struct file_peer *peer)
{
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        const struct vole_prefix *prefix = &peer->allowed_ips[i].prefix;

        for (size_t j = 0; j < file->address_count && is_host(prefix); j++) {
            char text[ADDRESS_TEXT_BYTES];

            if (memcmp(&prefix->address, &file->addresses[j].prefix.address, sizeof(prefix->address)) != 0)
                continue;
            address_write(text, &prefix->address);
            check_findings_warn(findings, peer->allowed_ips[i].place, "own-address",
                                "%s is this interface's own Address (line %u), which no peer can have as "
                                "well: write the peer's address",
                                text, file->addresses[j].place.line);
        }
    }
}

static void check_allowed_ips(struct check_findings *findings, const struct file *file)
{
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        if (peer->allowed_ip_count == 0)
            check_findings_warn(findings, peer->place, "no-allowed-ips",
                                "this peer has no allowed IPs, so nothing can be sent to it or taken from "
                                "it: add AllowedIPs");
        check_own_addresses(findings, file, peer);
    }
}

/* ---- endpoints ---- */

/* The narrowest allowed IP, of any peer, that the address is in. NULL: none. */
static const struct file_allowed_ip *find_allowed(const struct file *file, const struct vole_address *address)
{
    const struct file_allowed_ip *found = NULL;

    for (size_t i = 0; i < file->peer_count; i++) {
        for (size_t j = 0; j < file->peers[i].allowed_ip_count; j++) {
            const struct file_allowed_ip *one = &file->peers[i].allowed_ips[j];

            if (!one->remove && address_is_within(address, &one->prefix) &&
                (found == NULL || one->prefix.length > found->prefix.length))
                found = one;
        }
    }
    return found;
}

/* With a default route of its own, `up` keeps the tunnel's datagrams out of the tunnel; but narrower networks
 * are routed in the main table, where these are looked up as well. */
static void check_endpoints(struct check_findings *findings, const struct file *file)
{
    for (size_t i = 0; check_table_is_auto(file) && i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];
        const struct file_allowed_ip *around;
        struct vole_address address;
        char network[ADDRESS_PREFIX_TEXT_BYTES];

        if (!peer->has_endpoint ||
            address_read(&address, peer->endpoints[0].host, strlen(peer->endpoints[0].host)) != 0)
            continue;
        around = find_allowed(file, &address);
        if (around == NULL || around->prefix.length == 0)
            continue;
        address_write_prefix(network, &around->prefix);
        check_findings_warn(findings, peer->endpoints[0].place, "endpoint-in-allowed-ips",
                            "the endpoint is within the allowed IPs %s (line %u), so the tunnel's own "
                            "datagrams would be routed into the tunnel: leave it out of AllowedIPs, or see "
                            "that a narrower route leads to it",
                            network, around->place.line);
    }
}

/* Answers find a host behind a NAT only as long as its own datagrams keep the way open. */
static void check_reachability(struct check_findings *findings, const struct file *file)
{
    if (file->has_listen_port && file->listen_port != 0)
        return;
    for (size_t i = 0; i < file->peer_count; i++) {
        const struct file_peer *peer = &file->peers[i];

        if (peer->endpoint_count == 0)
            check_findings_warn(findings, peer->place, "unreachable-peer",
                                "neither side can begin: the peer has no Endpoint, and the interface has no "
                                "ListenPort, so its port is another one each time: add one of them");
        else if (!peer->has_persistent_keepalive)
            check_findings_warn(findings, peer->endpoints[0].place, "no-keepalive",
                                "without ListenPort this is a client, which is often behind a NAT, where it "
                                "cannot be reached after some idle time: add PersistentKeepalive = 25, or = "
                                "off if the peer never begins");
    }
}

/* ---- families and sizes ---- */

/* Whether one family's public addresses are all within the allowed IPs: by /0, or by its halves, or for IPv6
 * by 2000::/3, which is all that is in use. place: of one that says so. */
static bool takes_everything(const struct file *file, uint8_t family, struct file_place *place)
{
    const struct vole_address low = {.family = family, .bytes = {0x20}};
    const struct vole_address high = {.family = family, .bytes = {0xa0}};
    uint8_t longest = family == 6 ? 3 : 1;
    bool has_low = false;
    bool has_high = family == 6;

    for (size_t i = 0; i < file->peer_count; i++) {
        for (size_t j = 0; j < file->peers[i].allowed_ip_count; j++) {
            const struct file_allowed_ip *one = &file->peers[i].allowed_ips[j];

            if (one->prefix.length > longest || one->prefix.address.family != family)
                continue;
            *place = one->place;
            has_low = has_low || address_is_within(&low, &one->prefix);
            has_high = has_high || address_is_within(&high, &one->prefix);
        }
    }
    return has_low && has_high;
}

static void check_leak(struct check_findings *findings, const struct file *file)
{
    struct file_place place = {0};
    struct file_place ignored;

    if (!table_is_off(file) && takes_everything(file, 4, &place) && !takes_everything(file, 6, &ignored))
        check_findings_warn(findings, place, "ipv6-leak",
                            "all of IPv4 goes through the tunnel, but IPv6 goes beside it: add ::/0 to "
                            "AllowedIPs");
}

static void check_small_mtu(struct check_findings *findings, const struct file *file)
{
    bool has_ipv6 = false;

    for (size_t i = 0; i < file->address_count; i++)
        has_ipv6 = has_ipv6 || file->addresses[i].prefix.address.family == 6;
    if (has_ipv6 && file->mtu != 0 && file->mtu < IPV6_MTU)
        check_findings_warn(findings, file->mtu_place, "mtu-too-small",
                            "IPv6 needs an MTU of %d or more, so the interface's IPv6 addresses will not "
                            "work: write a larger MTU, or leave it out",
                            IPV6_MTU);
}

void check_file(struct check_findings *findings, const struct file *file, bool keys_unknown)
{
    if (!keys_unknown) {
        check_private_key(findings, file);
        check_preshared_keys(findings, file);
    }
    check_peer_keys(findings, file);
    check_duplicate_allowed_ips(findings, file);
    check_allowed_ips(findings, file);
    check_endpoints(findings, file);
    check_reachability(findings, file);
    check_leak(findings, file);
    check_small_mtu(findings, file);
}
