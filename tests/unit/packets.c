/* SPDX-License-Identifier: MIT
 *
 * The reference packet builder.
 */
#include "packets.h"

#include <string.h>

static const uint8_t default_payload[2000] = {'v', 'o', 'l', 'e'};

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8 & 0xff);
    bytes[1] = (uint8_t)(value & 0xff);
}

static void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

struct packet_plan packet_plan_default(uint8_t version, uint8_t protocol)
{
    return (struct packet_plan){
        .version = version,
        .protocol = protocol,
        .traffic_class = 0x28,
        .hop_limit = 63,
        .identification = 1000,
        .fragment_field = PACKET_DF,
        .flow_label = 0xabcde,
        .source = 1,
        .destination = 2,
        .source_port = 40000,
        .destination_port = 443,
        .sequence = 1000000,
        .acknowledgement = 77,
        .flags = PACKET_ACK,
        .window = 501,
        .payload = default_payload,
        .payload_bytes = 1400,
    };
}

struct packet_plan packet_plan_after(const struct packet_plan *plan)
{
    struct packet_plan next = *plan;
    next.sequence += (uint32_t)plan->payload_bytes;
    next.identification++;
    return next;
}

size_t packet_transport_offset(const struct packet_plan *plan)
{
    return (plan->version == 4 ? 20 : 40) + plan->ip_option_bytes;
}

size_t packet_header_bytes(const struct packet_plan *plan)
{
    return packet_transport_offset(plan) + (plan->protocol == PACKET_TCP ? 20 + plan->tcp_option_bytes : 8);
}

size_t packet_checksum_position(const struct packet_plan *plan)
{
    return packet_transport_offset(plan) + (plan->protocol == PACKET_TCP ? 16 : 6);
}

uint32_t packet_sum(uint32_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

uint16_t packet_fold(uint32_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void put_addresses(uint8_t *out, const struct packet_plan *plan)
{
    size_t width = plan->version == 4 ? 4 : 16;
    memset(out, 0, 2 * width);
    out[0] = out[width] = plan->version == 4 ? 10 : 0xfd;
    out[width - 1] = plan->source;
    out[2 * width - 1] = plan->destination;
}

uint16_t packet_pseudo_sum(const struct packet_plan *plan)
{
    uint8_t header[40] = {0};
    size_t addresses = plan->version == 4 ? 8 : 32;
    size_t transport_bytes = packet_header_bytes(plan) + plan->payload_bytes - packet_transport_offset(plan);
    put_addresses(header, plan);
    put32(header + addresses, (uint32_t)transport_bytes);
    header[addresses + 7] = plan->protocol;
    return packet_fold(packet_sum(0, header, addresses + 8));
}

static void put_ip_header(uint8_t *out, const struct packet_plan *plan, size_t length)
{
    size_t header_bytes = packet_transport_offset(plan);
    if (plan->version == 4) {
        memset(out, 0, header_bytes);
        out[0] = (uint8_t)(0x40 | header_bytes / 4);
        out[1] = plan->traffic_class;
        put16(out + 2, (uint32_t)length);
        put16(out + 4, plan->identification);
        put16(out + 6, plan->fragment_field);
        out[8] = plan->hop_limit;
        out[9] = plan->protocol;
        put_addresses(out + 12, plan);
        memset(out + 20, 1, plan->ip_option_bytes); /* no operation */
        put16(out + 10, (uint16_t)~packet_fold(packet_sum(0, out, header_bytes)));
        return;
    }
    put32(out, 6U << 28 | (uint32_t)plan->traffic_class << 20 | plan->flow_label);
    put16(out + 4, (uint32_t)(length - 40));
    out[6] = plan->protocol;
    out[7] = plan->hop_limit;
    put_addresses(out + 8, plan);
    if (plan->ip_option_bytes > 0) {
        out[6] = 60;
        memset(out + 40, 0, plan->ip_option_bytes); /* Pad1 */
        out[40] = plan->protocol;
        out[41] = (uint8_t)(plan->ip_option_bytes / 8 - 1);
    }
}

static void put_tcp_header(uint8_t *out, const struct packet_plan *plan)
{
    put16(out, plan->source_port);
    put16(out + 2, plan->destination_port);
    put32(out + 4, plan->sequence);
    put32(out + 8, plan->acknowledgement);
    out[12] = (uint8_t)((5 + plan->tcp_option_bytes / 4) << 4 | plan->reserved);
    out[13] = plan->flags;
    put16(out + 14, plan->window);
    put16(out + 16, 0);
    put16(out + 18, plan->urgent);
    memcpy(out + 20, plan->tcp_options, plan->tcp_option_bytes);
}

size_t packet_build(uint8_t *out, const struct packet_plan *plan)
{
    size_t header_bytes = packet_header_bytes(plan), offset = packet_transport_offset(plan);
    size_t length = header_bytes + plan->payload_bytes;
    put_ip_header(out, plan, length);
    if (plan->protocol == PACKET_TCP) {
        put_tcp_header(out + offset, plan);
    } else {
        put16(out + offset, plan->source_port);
        put16(out + offset + 2, plan->destination_port);
        put16(out + offset + 4, (uint32_t)(length - offset));
        put16(out + offset + 6, 0);
    }
    if (plan->payload_bytes > 0)
        memcpy(out + header_bytes, plan->payload, plan->payload_bytes);
    uint16_t sum = packet_fold(packet_sum(packet_pseudo_sum(plan), out + offset, length - offset));
    uint16_t field = (uint16_t)~sum;
    if (field == 0 && plan->protocol == PACKET_UDP)
        field = 0xffff;
    put16(out + packet_checksum_position(plan), field);
    return length;
}

uint32_t packet_random_next(struct packet_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = random->state;
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(value >> 32);
}

uint32_t packet_random_below(struct packet_random *random, uint32_t limit)
{
    return packet_random_next(random) % limit;
}

void packet_random_fill(struct packet_random *random, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)packet_random_next(random);
}
