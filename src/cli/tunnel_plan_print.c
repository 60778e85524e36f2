/* SPDX-License-Identifier: MIT
 *
 * A plan for people: one line for each thing that differs, with + for what comes, - for what goes and ~ for
 * what changes; ! marks what needs more than `apply`. Secret keys are never shown, only that they change.
 */
#include "cli/tunnel_plan.h"

#include "cli/peer_names.h"
#include "config/address.h"
#include "config/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "laptop (AbCd…wXyZ)", or the key alone. */
#define LABEL_BYTES (FILE_NAME_BYTES + KEY_SHORT_BYTES + 4)

static void write_label(char label[static LABEL_BYTES], const struct peer_names *names, const uint8_t *key)
{
    char text[KEY_SHORT_BYTES];
    const char *name = peer_names_of(names, key);

    key_to_short(text, key);
    if (name != NULL)
        (void)snprintf(label, LABEL_BYTES, "%s (%s)", name, text);
    else
        (void)snprintf(label, LABEL_BYTES, "%s", text);
}

/* ---- the interface ---- */

static void print_key(const struct tunnel_plan *plan)
{
    static const char none[] = "none";
    uint8_t key[VOLE_KEY_BYTES];
    char from[KEY_SHORT_BYTES];
    char to[KEY_SHORT_BYTES];

    if (!plan->difference.has_private_key)
        return;
    key_public(key, plan->difference.private_key);
    key_to_short(to, key);
    key_to_short(from, plan->running.device.public_key);
    printf("~ private key: its public key is %s, and will be %s\n",
           plan->running.device.has_private_key ? from : none,
           key_is_zero(plan->difference.private_key) ? none : to);
}

static void print_device(const struct tunnel_plan *plan)
{
    const struct model_device *device = &plan->running.device;
    const struct change *difference = &plan->difference;

    print_key(plan);
    if (difference->has_listen_port)
        printf("~ listen port: %u → %u\n", device->listen_port, difference->listen_port);
    if (difference->has_fwmark)
        printf("~ fwmark: 0x%" PRIx32 " → 0x%" PRIx32 "\n", device->fwmark, difference->fwmark);
    if (plan->goal.mtu != 0 && plan->goal.mtu != plan->running.mtu)
        printf("~ MTU: %" PRIu32 " → %" PRIu32 "\n", plan->running.mtu, plan->goal.mtu);
    if (plan->goal.up && !plan->running.up)
        puts("~ link: down → up");
}

static void print_addresses(const struct tunnel_plan *plan)
{
    const struct interface_address_list *running = &plan->running.addresses;
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    for (size_t i = 0; i < running->count; i++) {
        address_write_prefix(text, &running->addresses[i]);
        if (!tunnel_goal_has_address(&plan->goal, &running->addresses[i]))
            printf("- address %s\n", text);
    }
    for (size_t i = 0; i < plan->goal.address_count; i++) {
        address_write_prefix(text, &plan->goal.addresses[i]);
        if (!tunnel_state_has_address(running, &plan->goal.addresses[i]))
            printf("+ address %s\n", text);
    }
}

static void print_route(char sign, const struct tunnel_goal_route *route)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    address_write_prefix(text, &route->network);
    printf("%c route %s", sign, text);
    if (route->table != ROUTING_TABLE_MAIN)
        printf(" table %" PRIu32, route->table);
    putchar('\n');
}

static void print_routes(const struct tunnel_plan *plan)
{
    for (size_t i = 0; i < plan->goal.gone.count; i++)
        print_route('-', &plan->goal.gone.items[i]);
    for (size_t i = 0; i < plan->goal.routes.count; i++) {
        const struct tunnel_goal_route *route = &plan->goal.routes.items[i];

        if (!tunnel_state_has_route(&plan->running.routes, route->table, &route->network))
            print_route('+', route);
    }
}

static void print_words(const char *what, const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return;
    if (*from == '\0')
        printf("+ %s %s\n", what, to);
    else if (*to == '\0')
        printf("- %s %s\n", what, from);
    else
        printf("~ %s: %s → %s\n", what, from, to);
}

/* ---- peers ---- */

static void print_preshared_key(const struct tunnel_plan_peer *peer)
{
    bool had = peer->running != NULL && !key_is_zero(peer->running->preshared_key);

    if (!peer->change->has_preshared_key)
        return;
    if (key_is_zero(peer->change->preshared_key))
        puts("    - preshared key");
    else
        puts(had ? "    ~ preshared key" : "    + preshared key");
}

static void print_values(const struct tunnel_plan_peer *peer)
{
    const struct change_peer *change = peer->change;
    char from[ADDRESS_ENDPOINT_TEXT_BYTES] = "";
    char to[ADDRESS_ENDPOINT_TEXT_BYTES];

    print_preshared_key(peer);
    if (change->has_endpoint) {
        if (peer->running != NULL)
            address_write_endpoint(from, &peer->running->endpoint);
        address_write_endpoint(to, &change->endpoint);
        if (*from != '\0')
            printf("    ~ endpoint: %s → %s\n", from, to);
        else
            printf("    + endpoint %s\n", to);
    }
    if (change->has_persistent_keepalive) {
        unsigned before = peer->running != NULL ? peer->running->persistent_keepalive_s : 0;
        unsigned after = change->persistent_keepalive_s;

        if (before != 0 && after != 0)
            printf("    ~ keepalive: %u s → %u s\n", before, after);
        else
            printf("    %c keepalive %u s\n", after != 0 ? '+' : '-', after != 0 ? after : before);
    }
}

static void print_move(const struct allowed_ip_move *move, const struct peer_names *names)
{
    char network[ADDRESS_PREFIX_TEXT_BYTES];
    char other[LABEL_BYTES];

    address_write_prefix(network, &move->network);
    printf("    %c allowed IP %s", move->gained ? '+' : '-', network);
    if (move->other != NULL) {
        write_label(other, names, move->other);
        printf(", %s %s", move->gained ? "taken from" : "given to", other);
    }
    putchar('\n');
}

static void print_peer(const struct tunnel_plan_peer *peer, const struct peer_names *names)
{
    bool removed = peer->change != NULL && peer->change->remove;
    char label[LABEL_BYTES];

    write_label(label, names, peer->public_key);
    printf("%c peer %s\n", removed ? '-' : peer->running == NULL ? '+' : '~', label);
    if (peer->change != NULL && !removed)
        print_values(peer);
    for (size_t i = 0; i < peer->move_count; i++)
        print_move(&peer->moves[i], names);
}

/* ---- hooks ---- */

/* Without their text: there are secrets in some. */
static void print_hooks(const struct tunnel *tunnel)
{
    static const char *const names[FILE_HOOK_COUNT] = {"PreUp", "PostUp", "PreDown", "PostDown"};

    for (size_t i = 0; i < FILE_HOOK_COUNT; i++) {
        const struct file_texts *hooks = &tunnel->file.hooks[i];

        for (size_t k = 0; k < hooks->count; k++)
            printf("! %s in line %u does not run\n", names[i], hooks->items[k].place.line);
    }
}

void tunnel_plan_print(const struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    struct peer_names names = {0};

    if (!tunnel_plan_differs(plan))
        return;
    peer_names_add_file(&names, &tunnel->file);
    peer_names_load(&names, tunnel->name);
    printf("interface %s\n", tunnel->name);
    for (size_t i = 0; i < plan->restart_count; i++)
        printf("! needs `vole down' and `vole up': %s\n", plan->restart[i]);
    print_device(plan);
    print_addresses(plan);
    print_routes(plan);
    if (plan->goal.has_dns) {
        print_words("DNS", plan->running.dns.servers, plan->goal.dns.servers);
        print_words("search domains", plan->running.dns.domains, plan->goal.dns.domains);
    }
    for (size_t i = 0; i < plan->peer_count; i++)
        print_peer(&plan->peers[i], &names);
    print_hooks(tunnel);
    peer_names_free(&names);
}
