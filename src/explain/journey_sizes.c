/* SPDX-License-Identifier: MIT */
#include "explain/journey_sizes.h"

#include "core/outbound.h"
#include "explain/compose.h"
#include "explain/journey_run.h"
#include "explain/value.h"

#include <assert.h>

#define SMALLEST_BYTES (COMPOSE_IPV4_BYTES + COMPOSE_UDP_BYTES) /* with nothing in it */
#define ETHERNET_MTU   1500

struct measured {
    size_t length, padded, datagram, ipv4, ipv6;
};

/* What the last datagram on the wire has become. */
static struct measured measure(const struct journey_run *run, size_t length)
{
    size_t number = run->cast.wire_count - 1;
    const struct cast_datagram *datagram = &run->cast.wire[number];
    uint8_t outer[JOURNEY_MOST_INNER_BYTES + VOLE_OVERHEAD + COMPOSE_MOST_BYTES];

    return (struct measured){.length = length,
                             .padded = datagram->length - VOLE_OVERHEAD,
                             .datagram = datagram->length,
                             .ipv4 = journey_outer(outer, datagram, number, false),
                             .ipv6 = journey_outer(outer, datagram, number, true)};
}

static struct measured measure_packet(struct journey_run *run, size_t length)
{
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];
    enum vole_outcome outcome;

    journey_packet_of(packet, length);
    outcome = cast_send(run->laptop, packet, length);
    assert(outcome == VOLE_SENT);
    (void)outcome;
    return measure(run, length);
}

static struct measured measure_keepalive(struct journey_run *run)
{
    struct vole_time now;

    cast_time(run->laptop, &now);
    peer_send_keepalive(run->server_at_laptop, &now);
    return measure(run, 0);
}

static void put_row(json_t *rows, const struct measured *measured, const char *note)
{
    json_t *row = value_object(rows, NULL);

    value_number(row, "length", measured->length);
    value_text(row, "note", note);
    value_number(row, "padding", measured->padded - measured->length);
    value_number(row, "padded", measured->padded);
    value_number(row, "datagram", measured->datagram);
    value_number(row, "udp", measured->datagram + COMPOSE_UDP_BYTES);
    value_number(row, "ipv4", measured->ipv4);
    value_number(row, "ipv6", measured->ipv6);
    value_truth(row, "fits", measured->ipv6 <= ETHERNET_MTU);
}

static void put_quick_row(json_t *all, const struct measured *measured)
{
    json_t *row = value_list(all, NULL);

    value_number(row, NULL, measured->length);
    value_number(row, NULL, measured->padded - measured->length);
    value_number(row, NULL, measured->datagram);
    value_number(row, NULL, measured->ipv4);
    value_number(row, NULL, measured->ipv6);
}

json_t *journey_sizes_new(const uint8_t seed[static CHANCE_SEED_BYTES])
{
    static const struct {
        size_t length;
        const char *note;
    } telling[] = {
        {28, "the smallest UDP packet"},
        {44, "the question above"},
        {48, "a multiple of 16: no padding"},
        {49, "one byte more takes 16 more"},
        {84, "a ping"},
        {576, "what every host must take"},
        {1280, "the smallest MTU of IPv6"},
        {1418, "nearly full: the MTU lets no more zeros in"},
        {1420, "full"},
    };
    json_t *sizes = value_new_object(), *rows, *all;
    struct journey_run run;
    struct measured measured;

    journey_run_init(&run, seed);
    value_number(sizes, "mtu", VOLE_DEFAULT_MTU);
    value_number(sizes, "ethernet", ETHERNET_MTU);
    value_number(sizes, "header", TRANSPORT_HEADER_BYTES);
    value_number(sizes, "tag", AEAD_TAG_BYTES);
    value_number(sizes, "udp", COMPOSE_UDP_BYTES);
    value_number(sizes, "ipv4", COMPOSE_IPV4_BYTES);
    value_number(sizes, "ipv6", COMPOSE_IPV6_BYTES);
    value_number(sizes, "over_ipv4",
                 TRANSPORT_HEADER_BYTES + AEAD_TAG_BYTES + COMPOSE_UDP_BYTES + COMPOSE_IPV4_BYTES);
    value_number(sizes, "over_ipv6",
                 TRANSPORT_HEADER_BYTES + AEAD_TAG_BYTES + COMPOSE_UDP_BYTES + COMPOSE_IPV6_BYTES);
    rows = value_list(sizes, "rows");
    measured = measure_keepalive(&run);
    put_row(rows, &measured, "a keepalive: nothing inside, no padding");
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
        measured = measure_packet(&run, telling[i].length);
        put_row(rows, &measured, telling[i].note);
    }
    all = value_list(sizes, "all");
    measured = measure_keepalive(&run);
    put_quick_row(all, &measured);
    for (size_t length = SMALLEST_BYTES; length <= VOLE_DEFAULT_MTU; length++) {
        measured = measure_packet(&run, length);
        put_quick_row(all, &measured);
    }
    journey_run_fini(&run);
    return sizes;
}
