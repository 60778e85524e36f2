/* SPDX-License-Identifier: MIT
 *
 * Nodes, walks and verdicts become JSON. Peers are their names, nodes their numbers in the family's list.
 */
#include "explain/routing_values.h"

#include "config/address.h"
#include "explain/value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PEERS_LISTED 200 /* of a reader's own table; the tries hold them all */

static struct vole_address read_address(const char *text)
{
    struct vole_address address;
    int error = address_read(&address, text, strlen(text));

    assert(error == 0);
    (void)error;
    return address;
}

static void put_peer(json_t *parent, const char *name, const struct routing_view *view, size_t peer)
{
    value_text(parent, name, peer == ROUTING_NOBODY ? NULL : view->world->table->peers[peer].name);
}

static void put_node(json_t *parent, const char *name, size_t node)
{
    value_put(parent, name, node == ROUTING_TRIE_NONE ? json_null() : json_integer((json_int_t)node));
}

/* The first length bits as people write them out: IPv4 as "00001010.0000", IPv6 as "fd00:0000:..." up to the
 * digit that holds the last bit. */
static void put_digits(json_t *parent, const char *name, const struct vole_address *address, unsigned length)
{
    static const char digits[] = "0123456789abcdef";
    char text[64];
    size_t used = 0;

    if (address->family == 4) {
        for (unsigned i = 0; i < length; i++) {
            if (i > 0 && i % 8 == 0)
                text[used++] = '.';
            text[used++] = routing_trie_bit(address, i) ? '1' : '0';
        }
    } else {
        for (unsigned i = 0; i < (length + 3) / 4; i++) {
            if (i > 0 && i % 4 == 0)
                text[used++] = ':';
            text[used++] = digits[i % 2 == 0 ? address->bytes[i / 2] >> 4 : address->bytes[i / 2] & 15];
        }
    }
    text[used] = '\0';
    value_text(parent, name, text);
}

static void put_reason(json_t *parent, const struct routing_answer *answer)
{
    static const char *const outcomes[] = {
        [VOLE_SENT] = "sent",           [VOLE_STAGED] = "staged",       [VOLE_DELIVERED] = "delivered",
        [VOLE_KEEPALIVE] = "keepalive", [VOLE_HANDSHAKE] = "handshake", [VOLE_COOKIE] = "cookie",
        [VOLE_DROPPED] = "dropped"};
    bool dropped = answer->outcome == VOLE_DROPPED;

    value_text(parent, "outcome", outcomes[answer->outcome]);
    value_text(parent, "reason", dropped ? vole_drop_name(answer->reason) : NULL);
    value_text(parent, "text", dropped ? vole_drop_text(answer->reason) : NULL);
    value_text(parent, "advice", dropped ? vole_drop_advice(answer->reason) : NULL);
}

/* ---- the walk ---- */

static void put_steps(json_t *parent, const struct routing_view *view, const struct walk_record *record)
{
    const struct routing_trie *trie = &view->tries[record->address.family == 4 ? 0 : 1];
    unsigned bits = record->address.family == 4 ? 32 : 128;
    json_t *steps = value_list(parent, "steps");
    size_t best = ROUTING_NOBODY;

    for (size_t i = 0; i < record->step_count; i++) {
        const struct walk_step *step = &record->steps[i];
        size_t peer = routing_world_position(view->world, step->peer);
        unsigned length = step->prefix.length;
        bool goes_on = i + 1 < record->step_count;
        json_t *item = value_object(steps, NULL);

        put_node(item, "node", routing_trie_find(trie, &step->prefix));
        value_prefix(item, "prefix", &step->prefix);
        value_number(item, "length", length);
        put_digits(item, "digits", &step->prefix.address, length);
        value_truth(item, "contains", step->contains);
        value_number(item, "equal",
                     routing_trie_common_bits(&step->prefix.address, &record->address, length));
        put_peer(item, "peer", view, peer);
        best = peer == ROUTING_NOBODY ? best : peer;
        put_peer(item, "best", view, best);
        if (!step->contains || length == bits)
            continue;
        value_number(item, "bit", length + 1); /* people count from 1 */
        value_text(item, "next", routing_trie_bit(&record->address, length) ? "1" : "0");
        put_node(item, "below",
                 goes_on ? routing_trie_find(trie, &record->steps[i + 1].prefix) : ROUTING_TRIE_NONE);
        value_truth(item, "ends", !goes_on);
    }
}

/* The prefix that won. */
static void put_prefix(json_t *parent, const struct walk_record *record)
{
    const struct walk_step *won = NULL;

    for (size_t i = 0; i < record->step_count; i++)
        if (record->steps[i].peer != NULL)
            won = &record->steps[i];
    if (won != NULL)
        value_prefix(parent, "prefix", &won->prefix);
    else
        value_text(parent, "prefix", NULL);
}

static void put_icmp(json_t *parent, const struct routing_answer *answer)
{
    json_t *icmp;
    bool v4 = answer->packet[0] >> 4 == 4;

    if (answer->icmp_length == 0) {
        value_text(parent, "icmp", NULL);
        return;
    }
    icmp = value_object(parent, "icmp");
    value_text(icmp, "protocol", v4 ? "ICMP" : "ICMPv6");
    value_number(icmp, "type", answer->icmp[0]);
    value_number(icmp, "code", answer->icmp[1]);
    value_text(icmp, "says", v4 ? "host unreachable" : "address unreachable");
    value_number(icmp, "length", answer->icmp_length);
    value_bytes(icmp, "bytes", answer->icmp, answer->icmp_length);
}

json_t *routing_values_walk(struct routing_view *view, const struct routing_question *destination)
{
    struct vole_address address = read_address(destination->address);
    json_t *walk = value_new_object();
    struct routing_answer answer;

    routing_world_send(view->world, &address, &answer);
    value_text(walk, "name", destination->name);
    value_text(walk, "why", destination->why);
    value_address(walk, "destination", &address);
    value_number(walk, "family", address.family);
    value_bytes(walk, "bytes", address.bytes, address.family == 4 ? 4 : 16);
    put_digits(walk, "digits", &address, address.family == 4 ? 32 : 128);
    put_steps(walk, view, &answer.walk);
    value_number(walk, "compared", answer.walk.step_count);
    put_peer(walk, "winner", view, answer.winner);
    put_prefix(walk, &answer.walk);
    put_reason(walk, &answer);
    value_bytes(walk, "packet", answer.packet, answer.packet_length);
    value_number(walk, "packet_length", answer.packet_length);
    if (answer.datagram != SIZE_MAX) {
        const struct cast_datagram *datagram = &view->world->cast.wire[answer.datagram];

        value_bytes(walk, "datagram", datagram->bytes, datagram->length);
        value_number(walk, "datagram_length", datagram->length);
        if (view->world->table->kind == ROUTING_TABLE_EXAMPLE)
            value_endpoint(walk, "to", &datagram->to); /* others' are made up */
    }
    put_icmp(walk, &answer);
    return walk;
}

/* ---- the filter ---- */

json_t *routing_values_claim(struct routing_view *view, size_t sender, const char *source)
{
    struct vole_address claimed = read_address(source);
    json_t *claim = value_new_object();
    struct routing_answer answer;
    const struct cast_datagram *datagram;
    size_t sent;

    routing_world_receive(view->world, sender, &claimed, &answer);
    sent = view->world->cast.wire_count;
    datagram = &view->world->cast.wire[answer.datagram];
    put_peer(claim, "sender", view, sender);
    value_address(claim, "source", &claimed);
    value_bytes(claim, "packet", answer.packet, answer.packet_length);
    value_bytes(claim, "datagram", datagram->bytes, datagram->length);
    put_peer(claim, "owner", view, answer.winner);
    put_prefix(claim, &answer.walk);
    put_reason(claim, &answer);
    value_truth(claim, "delivered", answer.outcome == VOLE_DELIVERED);
    value_number(claim, "answers", sent - answer.datagram - 1); /* what the server sent upon it */
    return claim;
}

static void put_inbound(json_t *parent, struct routing_view *view, const struct routing_question *sources)
{
    const struct routing_world *world = view->world;
    json_t *inbound = value_object(parent, "inbound");
    json_t *list = value_list(inbound, "sources"), *senders = value_list(inbound, "senders");

    for (const struct routing_question *source = sources; source->name != NULL; source++) {
        json_t *item = value_object(list, NULL);

        value_text(item, "address", source->address);
        value_text(item, "why", source->why);
    }
    for (size_t i = 0; i < world->member_count; i++) {
        json_t *sender = value_object(senders, NULL), *claims;

        put_peer(sender, "name", view, world->first_member + i);
        claims = value_list(sender, "claims");
        for (const struct routing_question *source = sources; source->name != NULL; source++)
            value_put(claims, NULL, routing_values_claim(view, world->first_member + i, source->address));
    }
}

/* ---- the table ---- */

/* Two spaces for each node above: for the page without its drawings. */
static void put_indent(json_t *parent, const struct routing_trie *trie, size_t node)
{
    int depth = 0;

    while ((node = trie->nodes[node].parent) != ROUTING_TRIE_NONE)
        depth++;
    value_format(parent, "indent", "%*s", 2 * depth, "");
}

static void put_trie(json_t *parent, const char *name, const struct routing_view *view, unsigned family)
{
    const struct routing_trie *trie = &view->tries[family];
    json_t *object = value_object(parent, name), *nodes = value_list(object, "nodes");

    value_number(object, "family", family == 0 ? 4 : 6);
    value_number(object, "bits", family == 0 ? 32 : 128);
    for (size_t i = 0; i < trie->count; i++) {
        const struct routing_trie_node *node = &trie->nodes[i];
        json_t *item = value_object(nodes, NULL), *children;

        value_prefix(item, "prefix", &node->prefix);
        value_number(item, "length", node->prefix.length);
        value_bytes(item, "bytes", node->prefix.address.bytes, family == 0 ? 4 : 16);
        put_node(item, "parent", node->parent);
        children = value_list(item, "children");
        put_node(children, NULL, node->children[0]);
        put_node(children, NULL, node->children[1]);
        put_peer(item, "peer", view, node->peer);
        if (view->world->table->kind == ROUTING_TABLE_EXAMPLE)
            put_indent(item, trie, i);
    }
}

static void put_losses(json_t *parent, const struct routing_view *view, size_t of)
{
    json_t *losses = value_list(parent, of == ROUTING_NOBODY ? "losses" : "lost");

    for (size_t i = 0; i < view->world->loss_count; i++) {
        const struct routing_loss *loss = &view->world->losses[i];
        json_t *item;

        if (of != ROUTING_NOBODY && loss->from != of)
            continue;
        item = value_object(losses, NULL);
        value_prefix(item, "prefix", &loss->prefix);
        put_peer(item, "from", view, loss->from);
        put_peer(item, "to", view, loss->to);
    }
}

/* How many are not listed. */
static void put_rest(json_t *parent, const char *name, size_t rest)
{
    value_put(parent, name, rest == 0 ? json_null() : json_integer((json_int_t)rest));
}

static void put_peers(json_t *parent, const struct routing_view *view)
{
    const struct routing_table *table = view->world->table;
    json_t *peers = value_list(parent, "peers");
    struct vole_prefix prefixes[64];
    size_t prefix_count = 0, listed = table->peer_count < PEERS_LISTED ? table->peer_count : PEERS_LISTED;

    for (size_t i = 0; i < table->peer_count; i++) {
        size_t count = vole_peer_allowed(view->world->peers[i], prefixes, 64);
        json_t *peer, *allowed;

        prefix_count += count;
        if (i >= listed)
            continue;
        peer = value_object(peers, NULL);
        value_number(peer, "number", i + 1);
        value_text(peer, "name", table->peers[i].name);
        value_text(peer, "about", table->kind == ROUTING_TABLE_EXAMPLE ? routing_example_about(i) : NULL);
        value_truth(peer, "has_endpoint", table->peers[i].has_endpoint);
        allowed = value_list(peer, "allowed");
        for (size_t j = 0; j < count && j < 64; j++)
            value_prefix(allowed, NULL, &prefixes[j]);
        put_rest(peer, "more", count > 64 ? count - 64 : 0);
        put_losses(peer, view, i);
    }
    value_number(parent, "peer_count", table->peer_count);
    put_rest(parent, "more_peers", table->peer_count - listed);
    value_number(parent, "prefix_count", prefix_count);
}

static bool is_too_large(const struct routing_table *table)
{
    return table->gift_count > ROUTING_VALUES_PREFIXES;
}

json_t *routing_values_table(struct routing_view *view, const struct routing_question *destinations,
                             const struct routing_question *sources)
{
    static const char *const kinds[] = {[ROUTING_TABLE_EXAMPLE] = "example",
                                        [ROUTING_TABLE_FILE] = "file",
                                        [ROUTING_TABLE_INTERFACE] = "interface"};
    json_t *table = value_new_object(), *walks;

    value_text(table, "name", view->world->table->name);
    value_text(table, "kind", kinds[view->world->table->kind]);
    value_truth(table, "is_file", view->world->table->kind == ROUTING_TABLE_FILE);
    put_peers(table, view);
    put_losses(table, view, ROUTING_NOBODY);
    value_truth(table, "too_large", is_too_large(view->world->table));
    if (is_too_large(view->world->table))
        return table;
    put_trie(table, "v4", view, 0);
    put_trie(table, "v6", view, 1);
    walks = value_list(table, "walks");
    for (const struct routing_question *to = destinations; to->name != NULL; to++)
        value_put(walks, NULL, routing_values_walk(view, to));
    if (view->world->table->kind != ROUTING_TABLE_EXAMPLE)
        routing_world_meet(view->world); /* not before: what is known of endpoints was to be seen */
    put_inbound(table, view, sources);
    return table;
}

void routing_view_init(struct routing_view *view, struct routing_world *world)
{
    *view = (struct routing_view){.world = world};
    if (is_too_large(world->table))
        return;
    routing_trie_gather(&view->tries[0], world, 4);
    routing_trie_gather(&view->tries[1], world, 6);
}

void routing_view_fini(struct routing_view *view)
{
    routing_trie_fini(&view->tries[0]);
    routing_trie_fini(&view->tries[1]);
}
