/* SPDX-License-Identifier: MIT
 *
 * One line for each node that was compared, then who won and what becomes of the packet.
 */
#include "cli/explain_walk.h"

#include "cli/program.h"
#include "cli/terminal.h"
#include "config/address.h"
#include "config/number.h"
#include "explain/chance.h"
#include "explain/routing_trie.h"
#include "explain/routing_values.h"
#include "explain/routing_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_BYTES 48

static const char *peer_name(const struct routing_world *world, size_t peer)
{
    return world->table->peers[peer].name;
}

/* The first length bits, IPv6 in hexadecimal up to the digit with the last one. */
static void write_digits(char text[static DIGITS_BYTES], const struct vole_address *address, unsigned length)
{
    unsigned bits = address->family == 4 ? 1 : 4, group = address->family == 4 ? 8 : 4;
    size_t used = 0;

    for (unsigned i = 0; i * bits < length; i++) {
        unsigned value = 0;

        if (i > 0 && i % group == 0)
            text[used++] = address->family == 4 ? '.' : ':';
        for (unsigned bit = 0; bit < bits; bit++)
            value = value << 1 | routing_trie_bit(address, i * bits + bit);
        text[used++] = "0123456789abcdef"[value];
    }
    (void)snprintf(text + used, DIGITS_BYTES - used, "%s", length == 0 ? "-" : "");
}

/* name_width: 0 if nothing follows. */
static void print_line(const struct vole_address *address, unsigned length, const char *name, int name_width)
{
    char digits[DIGITS_BYTES];

    write_digits(digits, address, length);
    printf("  %-*s  %-*s", address->family == 4 ? 35 : 39, digits, name_width, name);
}

static void print_step(const struct routing_world *world, const struct vole_address *address,
                       const struct walk_step *step)
{
    const struct terminal_styles *style = terminal_styles_of_output();
    char prefix[ADDRESS_PREFIX_TEXT_BYTES];
    unsigned length = step->prefix.length;

    address_write_prefix(prefix, &step->prefix);
    print_line(&step->prefix.address, length, prefix, address->family == 4 ? 18 : 24);
    if (!step->contains)
        printf("  %sbit %u differs%s: nothing below can match\n", style->red,
               routing_trie_common_bits(&step->prefix.address, address, length) + 1, style->reset);
    else if (step->peer == NULL)
        puts("  matches; nobody's, only a fork");
    else
        printf("  %smatches%s: %s\n", style->green, style->reset,
               peer_name(world, routing_world_position(world, step->peer)));
}

/* Where the way ends although all that was compared matched. */
static void print_end(const struct walk_record *record)
{
    unsigned bits = record->address.family == 4 ? 32 : 128, length;
    const struct walk_step *last;

    if (record->step_count == 0) {
        printf("  no peer has any IPv%u prefix\n", record->address.family);
        return;
    }
    last = &record->steps[record->step_count - 1];
    length = last->prefix.length;
    if (last->contains && length < bits)
        printf("  bit %u is %u: there is no longer prefix on that side\n", length + 1,
               routing_trie_bit(&record->address, length));
}

static void print_losses(const struct routing_world *world, const struct vole_address *address)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    for (size_t i = 0; i < world->loss_count; i++) {
        const struct routing_loss *loss = &world->losses[i];

        if (!address_is_within(address, &loss->prefix))
            continue;
        address_write_prefix(text, &loss->prefix);
        printf("Note: %s was also given %s, and lost it to %s: a prefix has one owner.\n",
               peer_name(world, loss->from), text, peer_name(world, loss->to));
    }
}

/* The walk, and whose the address is. */
static void print_walk(const struct routing_world *world, const struct routing_answer *answer)
{
    const struct walk_record *record = &answer->walk;
    const struct terminal_styles *style = terminal_styles_of_output();
    char address[ADDRESS_TEXT_BYTES], prefix[ADDRESS_PREFIX_TEXT_BYTES];

    address_write(address, &record->address);
    print_line(&record->address, record->address.family == 4 ? 32 : 128, address, 0);
    putchar('\n');
    for (size_t i = 0; i < record->step_count; i++)
        print_step(world, &record->address, &record->steps[i]);
    print_end(record);
    putchar('\n');
    for (size_t i = record->step_count; i > 0; i--) {
        if (record->steps[i - 1].peer == NULL)
            continue;
        address_write_prefix(prefix, &record->steps[i - 1].prefix);
        printf("The longest match is %s: %s%s%s.\n", prefix, style->bold, peer_name(world, answer->winner),
               style->reset);
        break;
    }
    if (answer->winner == ROUTING_NOBODY)
        puts("Nothing that has an owner matches.");
    print_losses(world, &record->address);
}

static void print_reason(const struct routing_answer *answer)
{
    printf("Dropped (%s): %s.\n", vole_drop_name(answer->reason), vole_drop_text(answer->reason));
}

static void print_icmp(const struct routing_answer *answer)
{
    bool v4 = answer->walk.address.family == 4;

    if (answer->icmp_length > 0)
        printf("The sender is told by %s, type %u code %u: %s unreachable.\n", v4 ? "ICMP" : "ICMPv6",
               answer->icmp[0], answer->icmp[1], v4 ? "host" : "address");
}

/* ---- the two questions ---- */

static int print_to(const struct routing_world *world, const struct routing_answer *answer)
{
    printf("A packet to this address goes out through %s:\n\n", world->table->name);
    print_walk(world, answer);
    if (answer->outcome != VOLE_DROPPED) {
        printf("The packet is encrypted for %s and nobody else.\n", peer_name(world, answer->winner));
        return 0;
    }
    print_reason(answer);
    print_icmp(answer);
    return EXPLAIN_WALK_DROPPED;
}

static int print_from(const struct routing_world *world, size_t sender, const struct routing_answer *answer)
{
    printf("A packet came in through %s, and %s's key opened it. It claims to be from this address:\n\n",
           world->table->name, peer_name(world, sender));
    print_walk(world, answer);
    if (answer->outcome == VOLE_DELIVERED) {
        printf("That is who sent it. Delivered.\n");
        return 0;
    }
    printf("But %s sent it. ", peer_name(world, sender));
    print_reason(answer);
    puts("The sender hears nothing.");
    return EXPLAIN_WALK_DROPPED;
}

static int print_json(json_t *value, const struct routing_answer *answer)
{
    int failed = json_dumpf(value, stdout, JSON_INDENT(1));

    json_decref(value);
    if (failed != 0)
        return 1;
    putchar('\n');
    return answer->outcome == VOLE_DROPPED ? EXPLAIN_WALK_DROPPED : 0;
}

static bool read_address(struct vole_address *address, const char *text)
{
    if (address_read(address, text, strlen(text)) == 0)
        return true;
    fprintf(stderr, "vole explain: `%s' is no address: write one as 10.0.0.5 or fd00::5\n", text);
    return false;
}

int explain_walk_to(const struct routing_table *table, const char *address)
{
    struct routing_question question = {address, address, NULL};
    struct routing_world world;
    struct routing_answer answer;
    struct routing_view view;
    struct vole_address to;
    int status;

    if (!read_address(&to, address))
        return 1;
    routing_world_init(&world, table, chance_public_seed, 0);
    if (table->kind == ROUTING_TABLE_EXAMPLE)
        routing_world_meet(&world); /* as on the page, where all have spoken already */
    routing_world_send(&world, &to, &answer);
    if (program_wants_json()) {
        routing_view_init(&view, &world);
        status = print_json(routing_values_walk(&view, &question), &answer);
        routing_view_fini(&view);
    } else {
        status = print_to(&world, &answer);
    }
    routing_world_fini(&world);
    return status;
}

/* By name, else by number. False: a message was printed. */
static bool find_peer(size_t *position, const struct routing_table *table, const char *word)
{
    uint64_t number;

    *position = routing_table_find(table, word);
    if (*position == table->peer_count && number_read(&number, word, strlen(word), table->peer_count) &&
        number > 0)
        *position = (size_t)number - 1;
    if (*position < table->peer_count)
        return true;
    fprintf(stderr, "vole explain: %s has no peer `%s'; write its name or its number, 1 to %zu:", table->name,
            word, table->peer_count);
    for (size_t i = 0; i < table->peer_count && i < 12; i++)
        fprintf(stderr, " %s%s", table->peers[i].name, i + 1 < table->peer_count ? "," : "");
    fputs(table->peer_count > 12 ? " ...\n" : "\n", stderr);
    return false;
}

int explain_walk_from(const struct routing_table *table, const char *peer, const char *source)
{
    struct vole_address claimed;
    struct routing_world world;
    struct routing_answer answer;
    struct routing_view view;
    size_t sender;
    int status;

    if (!read_address(&claimed, source) || !find_peer(&sender, table, peer))
        return 1;
    routing_world_init(&world, table, chance_public_seed, sender);
    routing_world_meet(&world);
    routing_world_receive(&world, sender, &claimed, &answer);
    if (program_wants_json()) {
        routing_view_init(&view, &world);
        status = print_json(routing_values_claim(&view, sender, source), &answer);
        routing_view_fini(&view);
    } else {
        status = print_from(&world, sender, &answer);
    }
    routing_world_fini(&world);
    return status;
}
