/* SPDX-License-Identifier: MIT
 *
 * Hosts have the addresses 1, 2, ... of each network, in the order in which they were named.
 */
#include "cli/genconf_plan.h"

#include "config/address.h"
#include "config/array.h"
#include "config/file_quote.h"
#include "config/file_value.h"
#include "config/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY "vole genconf: "

const char *const genconf_topology_names[GENCONF_TOPOLOGY_COUNT] = {
    [GENCONF_PAIR] = "pair", [GENCONF_MESH] = "mesh", [GENCONF_HUB] = "hub", [GENCONF_GATEWAY] = "gateway"};

void genconf_plan_init(struct genconf_plan *plan)
{
    memset(plan, 0, sizeof(*plan));
}

void genconf_plan_free(struct genconf_plan *plan)
{
    if (plan->hosts != NULL)
        key_wipe(plan->hosts, plan->host_capacity * sizeof(*plan->hosts));
    if (plan->preshared_keys != NULL)
        key_wipe(plan->preshared_keys, plan->host_count * plan->host_count * VOLE_KEY_BYTES);
    free(plan->hosts);
    free(plan->preshared_keys);
    genconf_plan_init(plan);
}

/* ---- what somebody wrote ---- */

static bool refuse(const char *word, const char *advice)
{
    char quote[FILE_QUOTE_BYTES];

    file_quote(quote, word, strlen(word));
    fprintf(stderr, SAY "`%s': %s\n", quote, advice);
    return false;
}

bool genconf_set_topology(struct genconf_plan *plan, const char *word)
{
    for (int i = 0; i < GENCONF_TOPOLOGY_COUNT; i++) {
        if (strcmp(word, genconf_topology_names[i]) == 0) {
            plan->topology = (enum genconf_topology)i;
            return true;
        }
    }
    return refuse(word, "a topology is pair, mesh, hub or gateway");
}

bool genconf_add_network(struct genconf_plan *plan, const char *word)
{
    struct vole_prefix network;

    if (address_read_prefix(&network, word, strlen(word)) != 0)
        return refuse(word, "a network is written like 10.9.0.0/24 or fd00:9::/64");
    if (network.length == 0 || network.length > (network.address.family == 4 ? 30 : 126))
        return refuse(word, "there is no room for two hosts in it, or it is everything: 10.9.0.0/24 has room "
                            "for 254, fd00:9::/64 for all");
    if (address_clear_host_bits(&network))
        return refuse(word,
                      "this is an address in a network: write the network, with zeros behind its length");
    for (size_t i = 0; i < plan->network_count; i++) {
        if (plan->networks[i].address.family == network.address.family)
            return refuse(word, "there is a network of this family already");
    }
    plan->networks[plan->network_count++] = network;
    return true;
}

/* "host", "host:port", an IPv6 address with or without brackets. False: it cannot be one. */
static bool endpoint_read(struct genconf_host *host, const char *word)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]%";
    char problem[FILE_PROBLEM_BYTES];
    struct file_endpoint parts;
    struct vole_address address;
    size_t length = strlen(word);
    bool valid;

    if (length == 0 || length > 255 || strspn(word, allowed) != length)
        return false;
    if (address_read(&address, word, length) == 0 && address.family == 6)
        (void)snprintf(host->endpoint, sizeof(host->endpoint), "[%s]:%d", word, GENCONF_PORT);
    else if (strchr(word, ':') == NULL || word[length - 1] == ']')
        (void)snprintf(host->endpoint, sizeof(host->endpoint), "%s:%d", word, GENCONF_PORT);
    else
        (void)snprintf(host->endpoint, sizeof(host->endpoint), "%s", word);
    if (!file_value_endpoint(&parts, host->endpoint, problem))
        return false;
    valid = parts.host[0] != '\0' && file_value_port(&host->port, parts.port, problem) && host->port != 0;
    free(parts.host);
    free(parts.port);
    return valid;
}

bool genconf_add_host(struct genconf_plan *plan, const char *word)
{
    const char *end = strchrnul(word, '=');
    struct genconf_host *hosts;
    struct genconf_host *host;

    if (plan->host_count == GENCONF_MAX_HOSTS)
        return refuse(word, "these are too many hosts: 1000 at most");
    hosts = array_grow(plan->hosts, &plan->host_capacity, plan->host_count, sizeof(*hosts));
    if (hosts == NULL)
        return refuse(word, "not enough memory");
    plan->hosts = hosts;
    host = &hosts[plan->host_count];
    memset(host, 0, sizeof(*host));
    if (!file_value_name(word, (size_t)(end - word)) || word[0] == '.' || word[0] == '-')
        return refuse(word, "a host's name is 1 to 63 of a-z A-Z 0-9 _ . - and does not begin with one of "
                            "the last two; behind it =HOST or =HOST:PORT, where it is reached");
    memcpy(host->name, word, (size_t)(end - word));
    for (size_t i = 0; i < plan->host_count; i++) {
        if (strcasecmp(hosts[i].name, host->name) == 0)
            return refuse(word, "there is a host of this name already");
    }
    if (*end == '=' && !endpoint_read(host, end + 1))
        return refuse(word, "behind = belongs where the host is reached: gate.example, 192.0.2.1:51820 or "
                            "[2001:db8::1]:51820");
    plan->host_count++;
    return true;
}

/* ---- whether it fits together ---- */

bool genconf_are_peers(const struct genconf_plan *plan, size_t one, size_t other)
{
    bool has_middle = plan->topology == GENCONF_HUB || plan->topology == GENCONF_GATEWAY;

    return one != other && (!has_middle || one == 0 || other == 0);
}

static bool check_reachable(const struct genconf_plan *plan)
{
    const struct genconf_host *hosts = plan->hosts;

    if (plan->topology == GENCONF_HUB || plan->topology == GENCONF_GATEWAY) {
        if (hosts[0].port != 0)
            return true;
        fprintf(stderr, SAY "the first host, %s, is the %s, which all others call: write %s=HOST[:PORT]\n",
                hosts[0].name, genconf_topology_names[plan->topology], hosts[0].name);
        return false;
    }
    for (size_t i = 0; i < plan->host_count; i++) {
        for (size_t j = i + 1; j < plan->host_count; j++) {
            if (hosts[i].port != 0 || hosts[j].port != 0)
                continue;
            fprintf(stderr,
                    SAY "%s and %s cannot reach each other, as neither has an endpoint: write "
                        "NAME=HOST[:PORT] for one of them, or let a third be their hub\n",
                    hosts[i].name, hosts[j].name);
            return false;
        }
    }
    return true;
}

static bool check_room(const struct genconf_plan *plan)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    for (size_t i = 0; i < plan->network_count; i++) {
        const struct vole_prefix *network = &plan->networks[i];
        unsigned bits = (network->address.family == 4 ? 32u : 128u) - network->length;

        if (bits >= 16 || plan->host_count + 2 <= (size_t)1 << bits)
            continue;
        address_write_prefix(text, network);
        fprintf(stderr, SAY "%s has no room for %zu hosts\n", text, plan->host_count);
        return false;
    }
    return true;
}

/* ---- making ---- */

/* Where nobody else is, in all likelihood: RFC 4193, and a part of 10.0.0.0/8. */
static void make_networks(struct genconf_plan *plan)
{
    uint8_t random[KEY_BYTES];
    struct vole_prefix *networks = plan->networks;
    bool small = plan->host_count + 2 <= 256;

    key_generate_preshared(random);
    networks[0] =
        (struct vole_prefix){.address = {.family = 4, .bytes = {10, random[0]}}, .length = small ? 24 : 16};
    if (small)
        networks[0].address.bytes[2] = random[1];
    networks[1] = (struct vole_prefix){.address = {.family = 6, .bytes = {0xfd}}, .length = 64};
    memcpy(networks[1].address.bytes + 1, random + 2, 7);
    plan->network_count = 2;
}

static bool make_keys(struct genconf_plan *plan)
{
    size_t count = plan->host_count;

    plan->preshared_keys = calloc(count * count, VOLE_KEY_BYTES);
    if (plan->preshared_keys == NULL) {
        fprintf(stderr, SAY "not enough memory\n");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        key_generate_private(plan->hosts[i].private_key);
        key_public(plan->hosts[i].public_key, plan->hosts[i].private_key);
        for (size_t j = i + 1; j < count; j++) {
            if (genconf_are_peers(plan, i, j))
                key_generate_preshared(plan->preshared_keys[i * count + j]);
        }
    }
    return true;
}

bool genconf_complete(struct genconf_plan *plan)
{
    if (plan->host_count < 2) {
        fprintf(stderr, SAY "a tunnel has two ends at least: name the hosts\n");
        return false;
    }
    if (plan->topology == GENCONF_PAIR && plan->host_count != 2) {
        fprintf(stderr, SAY "a pair is two hosts; for more, say --topology mesh, hub or gateway\n");
        return false;
    }
    if (plan->network_count == 0)
        make_networks(plan);
    return check_reachable(plan) && check_room(plan) && make_keys(plan);
}

/* ---- asking a complete plan ---- */

const uint8_t *genconf_preshared_key(const struct genconf_plan *plan, size_t one, size_t other)
{
    size_t low = one < other ? one : other;
    size_t high = one < other ? other : one;

    return plan->preshared_keys[low * plan->host_count + high];
}

struct vole_prefix genconf_address(const struct genconf_plan *plan, size_t host, size_t network)
{
    struct vole_prefix prefix = plan->networks[network];
    uint8_t *end = prefix.address.bytes + (prefix.address.family == 4 ? 4 : 16);
    size_t number = host + 1;

    /* The bits behind the length are zero, so nothing is carried. */
    end[-1] = (uint8_t)(end[-1] | (number & 0xff));
    end[-2] = (uint8_t)(end[-2] | (number >> 8));
    return prefix;
}
