/* SPDX-License-Identifier: MIT
 *
 * A plan for programs (docs/json.md). What does not differ is null or an empty list; that a secret key
 * differs is told, but not what it is.
 */
#include "cli/tunnel_plan.h"

#include "cli/json_output.h"
#include "cli/peer_names.h"
#include "config/address.h"
#include "config/key.h"

#include <stdio.h>
#include <string.h>

static void print_key(struct json_output *output, const char *name, const uint8_t *key)
{
    if (key == NULL || key_is_zero(key))
        json_output_text(output, name, NULL);
    else
        json_output_key(output, name, key);
}

/* null: it does not differ. */
static void print_numbers(struct json_output *output, const char *name, bool differs, uint32_t from,
                          uint32_t to)
{
    if (!differs) {
        json_output_text(output, name, NULL);
        return;
    }
    json_output_object(output, name);
    json_output_number_or_null(output, "from", from);
    json_output_number_or_null(output, "to", to);
    json_output_end(output);
}

/* ---- the interface ---- */

static void print_device(struct json_output *output, const struct tunnel_plan *plan)
{
    const struct model_device *device = &plan->running.device;
    const struct change *difference = &plan->difference;
    uint8_t key[VOLE_KEY_BYTES] = {0};

    if (difference->has_private_key) {
        if (!key_is_zero(difference->private_key))
            key_public(key, difference->private_key);
        json_output_object(output, "public_key");
        print_key(output, "from", device->has_private_key ? device->public_key : NULL);
        print_key(output, "to", key);
        json_output_end(output);
    } else {
        json_output_text(output, "public_key", NULL);
    }
    print_numbers(output, "listen_port", difference->has_listen_port, device->listen_port,
                  difference->listen_port);
    print_numbers(output, "fwmark", difference->has_fwmark, device->fwmark, difference->fwmark);
    print_numbers(output, "mtu", plan->goal.mtu != 0 && plan->goal.mtu != plan->running.mtu,
                  plan->running.mtu, plan->goal.mtu);
    json_output_boolean(output, "is_down", plan->goal.up && !plan->running.up);
}

static void print_prefix(struct json_output *output, const char *name, const struct vole_prefix *prefix)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    address_write_prefix(text, prefix);
    json_output_text(output, name, text);
}

static void print_addresses(struct json_output *output, const struct tunnel_plan *plan)
{
    const struct interface_address_list *running = &plan->running.addresses;

    json_output_object(output, "addresses");
    json_output_list(output, "added");
    for (size_t i = 0; i < plan->goal.address_count; i++) {
        if (!tunnel_state_has_address(running, &plan->goal.addresses[i]))
            print_prefix(output, NULL, &plan->goal.addresses[i]);
    }
    json_output_end(output);
    json_output_list(output, "removed");
    for (size_t i = 0; i < running->count; i++) {
        if (!tunnel_goal_has_address(&plan->goal, &running->addresses[i]))
            print_prefix(output, NULL, &running->addresses[i]);
    }
    json_output_end(output);
    json_output_end(output);
}

static void print_route(struct json_output *output, const struct tunnel_goal_route *route)
{
    json_output_object(output, NULL);
    print_prefix(output, "network", &route->network);
    json_output_number(output, "table", route->table);
    json_output_end(output);
}

static void print_routes(struct json_output *output, const struct tunnel_plan *plan)
{
    json_output_object(output, "routes");
    json_output_list(output, "added");
    for (size_t i = 0; i < plan->goal.routes.count; i++) {
        const struct tunnel_goal_route *route = &plan->goal.routes.items[i];

        if (!tunnel_state_has_route(&plan->running.routes, route->table, &route->network))
            print_route(output, route);
    }
    json_output_end(output);
    json_output_list(output, "removed");
    for (size_t i = 0; i < plan->goal.gone.count; i++)
        print_route(output, &plan->goal.gone.items[i]);
    json_output_end(output);
    json_output_end(output);
}

/* The words of a text as a list. Longer ones than any address or domain are cut. */
static void print_words(struct json_output *output, const char *name, const char *text)
{
    json_output_list(output, name);
    while (*text != '\0') {
        char word[256];
        size_t length = strcspn(text, " ");

        (void)snprintf(word, sizeof(word), "%.*s", (int)length, text);
        json_output_text(output, NULL, word);
        text += length + (text[length] == ' ');
    }
    json_output_end(output);
}

static void print_dns_state(struct json_output *output, const char *name, const struct dns_state *state)
{
    json_output_object(output, name);
    print_words(output, "servers", state->servers);
    print_words(output, "domains", state->domains);
    json_output_end(output);
}

static void print_dns(struct json_output *output, const struct tunnel_plan *plan)
{
    const struct dns_state *from = &plan->running.dns;
    const struct dns_state *to = &plan->goal.dns;

    if (!plan->goal.has_dns ||
        (strcmp(from->servers, to->servers) == 0 && strcmp(from->domains, to->domains) == 0)) {
        json_output_text(output, "dns", NULL);
        return;
    }
    json_output_object(output, "dns");
    print_dns_state(output, "from", from);
    print_dns_state(output, "to", to);
    json_output_end(output);
}

/* ---- peers ---- */

static const char *preshared_key_change(const struct tunnel_plan_peer *peer)
{
    if (!peer->change->has_preshared_key)
        return NULL;
    if (key_is_zero(peer->change->preshared_key))
        return "removed";
    return peer->running != NULL && !key_is_zero(peer->running->preshared_key) ? "changed" : "set";
}

static void print_endpoint(struct json_output *output, const struct tunnel_plan_peer *peer)
{
    char from[ADDRESS_ENDPOINT_TEXT_BYTES] = "";
    char to[ADDRESS_ENDPOINT_TEXT_BYTES];

    if (peer->running != NULL)
        address_write_endpoint(from, &peer->running->endpoint);
    address_write_endpoint(to, &peer->change->endpoint);
    json_output_object(output, "endpoint");
    json_output_text(output, "from", *from != '\0' ? from : NULL);
    json_output_text(output, "to", to);
    json_output_end(output);
}

static void print_moves(struct json_output *output, const struct tunnel_plan_peer *peer, bool gained)
{
    json_output_list(output, gained ? "added" : "removed");
    for (size_t i = 0; i < peer->move_count; i++) {
        if (peer->moves[i].gained != gained)
            continue;
        json_output_object(output, NULL);
        print_prefix(output, "network", &peer->moves[i].network);
        print_key(output, gained ? "taken_from" : "given_to", peer->moves[i].other);
        json_output_end(output);
    }
    json_output_end(output);
}

static void print_peer(struct json_output *output, const struct tunnel_plan_peer *peer,
                       const struct peer_names *names)
{
    bool removed = peer->change != NULL && peer->change->remove;
    bool values = peer->change != NULL && !removed;

    json_output_object(output, NULL);
    json_output_key(output, "public_key", peer->public_key);
    json_output_text(output, "name", peer_names_of(names, peer->public_key));
    json_output_text(output, "change", removed ? "removed" : peer->running == NULL ? "added" : "changed");
    json_output_text(output, "preshared_key", values ? preshared_key_change(peer) : NULL);
    if (values && peer->change->has_endpoint)
        print_endpoint(output, peer);
    else
        json_output_text(output, "endpoint", NULL);
    print_numbers(output, "persistent_keepalive", values && peer->change->has_persistent_keepalive,
                  peer->running != NULL ? peer->running->persistent_keepalive_s : 0,
                  values ? peer->change->persistent_keepalive_s : 0);
    json_output_object(output, "allowed_ips");
    print_moves(output, peer, true);
    print_moves(output, peer, false);
    json_output_end(output);
    json_output_end(output);
}

static void print_peers(struct json_output *output, const struct tunnel_plan *plan,
                        const struct tunnel *tunnel)
{
    struct peer_names names = {0};

    peer_names_add_file(&names, &tunnel->file);
    peer_names_load(&names, tunnel->name);
    json_output_list(output, "peers");
    for (size_t i = 0; i < plan->peer_count; i++)
        print_peer(output, &plan->peers[i], &names);
    json_output_end(output);
    peer_names_free(&names);
}

/* ---- all of it ---- */

static void print_hooks(struct json_output *output, const struct tunnel *tunnel)
{
    static const char *const names[FILE_HOOK_COUNT] = {"PreUp", "PostUp", "PreDown", "PostDown"};

    json_output_list(output, "hooks_not_run");
    for (size_t i = 0; i < FILE_HOOK_COUNT; i++) {
        const struct file_texts *hooks = &tunnel->file.hooks[i];

        for (size_t k = 0; k < hooks->count; k++) {
            json_output_object(output, NULL);
            json_output_text(output, "hook", names[i]);
            json_output_number(output, "line", hooks->items[k].place.line);
            json_output_end(output);
        }
    }
    json_output_end(output);
}

bool tunnel_plan_print_json(const struct tunnel_plan *plan, const struct tunnel *tunnel)
{
    struct json_output output;

    json_output_begin(&output);
    json_output_text(&output, "interface", tunnel->name);
    json_output_text(&output, "file", tunnel->path);
    json_output_boolean(&output, "differs", tunnel_plan_differs(plan));
    json_output_list(&output, "needs_restart");
    for (size_t i = 0; i < plan->restart_count; i++)
        json_output_text(&output, NULL, plan->restart[i]);
    json_output_end(&output);
    print_device(&output, plan);
    print_addresses(&output, plan);
    print_routes(&output, plan);
    print_dns(&output, plan);
    print_peers(&output, plan, tunnel);
    print_hooks(&output, tunnel);
    return json_output_finish(&output, 0) == 0;
}
