/* SPDX-License-Identifier: MIT
 *
 * Inner packets: half IPv4, half IPv6, any traffic class, any length, contents at random.
 */
#include "packet.h"

#include "random.h"

#include <string.h>

enum { V4_HEADER = 20, V6_HEADER = 40, EXPERIMENTAL = 253, HOPS = 64 };

struct vole_prefix packet_address(unsigned host, bool version6)
{
    struct vole_prefix prefix = {.address = {.family = 4, .bytes = {10, 77, 0, (uint8_t)(host + 1)}},
                                 .length = 32};

    if (version6) {
        prefix = (struct vole_prefix){.address = {.family = 6, .bytes = {0xfd, 0x77}}, .length = 128};
        prefix.address.bytes[15] = (uint8_t)(host + 1);
    }
    return prefix;
}

static void store16(uint8_t *bytes, size_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static size_t write_header(const struct packet_plan *plan, uint8_t traffic_class, bool version6,
                           uint8_t *bytes)
{
    struct vole_prefix source = packet_address(plan->source, version6),
                       destination = packet_address(plan->destination, version6);

    if (version6) {
        bytes[0] = (uint8_t)(0x60 | traffic_class >> 4);
        bytes[1] = (uint8_t)(traffic_class << 4);
        store16(bytes + 4, plan->length - V6_HEADER);
        bytes[6] = EXPERIMENTAL;
        bytes[7] = HOPS;
        memcpy(bytes + 8, source.address.bytes, 16);
        memcpy(bytes + 24, destination.address.bytes, 16);
        return V6_HEADER;
    }
    bytes[0] = 0x45;
    bytes[1] = traffic_class;
    store16(bytes + 2, plan->length);
    bytes[8] = HOPS;
    bytes[9] = EXPERIMENTAL;
    memcpy(bytes + 12, source.address.bytes, 4);
    memcpy(bytes + 16, destination.address.bytes, 4);
    return V4_HEADER;
}

void packet_build(const struct packet_plan *plan, uint8_t bytes[PACKET_MOST_BYTES])
{
    struct random_source random;
    uint64_t choice;
    size_t header;

    random_init(&random, plan->number, 0);
    choice = random_next(&random);
    memset(bytes, 0, V6_HEADER);
    header = write_header(plan, (uint8_t)(choice >> 8), choice & 1, bytes);
    memcpy(bytes + header, &plan->number, sizeof plan->number);
    header += sizeof plan->number;
    random_fill(&random, bytes + header, plan->length - header);
}

bool packet_number(const uint8_t *bytes, size_t length, uint64_t *number)
{
    size_t header = length > 0 && bytes[0] >> 4 == 6 ? V6_HEADER : V4_HEADER;

    if (length < header + sizeof *number)
        return false;
    memcpy(number, bytes + header, sizeof *number);
    return true;
}
