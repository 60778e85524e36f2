/* SPDX-License-Identifier: MIT */
#include "explain/journey_layout.h"

#include "config/address.h"
#include "core/messages.h"
#include "explain/value.h"
#include "packet/ip.h"

#include <stdio.h>
#include <string.h>

#define NOTE_BYTES 80

static json_t *put_field(json_t *fields, const char *name, size_t from, size_t to, const char *kind)
{
    json_t *field = value_object(fields, NULL);

    value_text(field, "name", name);
    value_number(field, "from", from);
    value_number(field, "to", to);
    value_text(field, "kind", kind);
    return field;
}

/* What an IPv4 header's field holds, for people. */
static void write_note(char note[static NOTE_BYTES], const char *name, const uint8_t *bytes)
{
    struct vole_address address = {.family = 4};
    char text[ADDRESS_TEXT_BYTES];

    if (strcmp(name, "source") == 0 || strcmp(name, "destination") == 0) {
        memcpy(address.bytes, bytes + (strcmp(name, "source") == 0 ? 12 : 16), 4);
        address_write(text, &address);
        (void)snprintf(note, NOTE_BYTES, "%s", text);
    } else if (strcmp(name, "version") == 0) {
        (void)snprintf(note, NOTE_BYTES, "IPv%d, a header of %d bytes", bytes[0] >> 4, (bytes[0] & 15) * 4);
    } else if (strcmp(name, "total length") == 0) {
        (void)snprintf(note, NOTE_BYTES, "%u bytes", bytes_load_be16(bytes + 2));
    } else if (strcmp(name, "protocol") == 0) {
        (void)snprintf(note, NOTE_BYTES, "%s", bytes[9] == IP_PROTOCOL_UDP ? "UDP" : "ICMP");
    } else if (strcmp(name, "time to live") == 0) {
        (void)snprintf(note, NOTE_BYTES, "%u routers at most", bytes[8]);
    }
}

void layout_put_ipv4(json_t *fields, const uint8_t *bytes, enum layout_side side)
{
    static const struct {
        const char *name;
        uint8_t from, to;
        const char *source;
    } rows[] = {
        {"version", 0, 1, NULL},      {"traffic class", 1, 2, NULL},
        {"total length", 2, 4, NULL}, {"identification", 4, 6, NULL},
        {"fragment", 6, 8, NULL},     {"time to live", 8, 9, NULL},
        {"protocol", 9, 10, NULL},    {"header checksum", 10, 12, "checksum_ipv4_header"},
        {"source", 12, 16, NULL},     {"destination", 16, 20, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[NOTE_BYTES], note[NOTE_BYTES] = "";
        json_t *field;

        (void)snprintf(name, sizeof name, "%s%s", side == LAYOUT_OUTER ? "outer " : "", rows[i].name);
        write_note(note, rows[i].name, bytes);
        field = put_field(fields, name, rows[i].from, rows[i].to, side == LAYOUT_OUTER ? "public" : "plain");
        if (note[0] != '\0')
            value_text(field, "note", note);
        if (rows[i].source != NULL)
            value_text(field, "source", rows[i].source);
    }
}

void layout_put_udp(json_t *fields, const uint8_t *bytes, size_t from, enum layout_side side)
{
    static const char *const names[] = {"source port", "destination port", "UDP length", "UDP checksum"};

    for (size_t i = 0; i < 4; i++) {
        char name[NOTE_BYTES];
        size_t start = from + 2 * i;
        json_t *field;

        (void)snprintf(name, sizeof name, "%s%s", side == LAYOUT_OUTER ? "outer " : "", names[i]);
        field = put_field(fields, name, start, start + 2, side == LAYOUT_OUTER ? "public" : "plain");
        if (i < 3)
            value_format(field, "note", "%u", bytes_load_be16(bytes + start));
        else
            value_text(field, "source", "checksum_complement_nonzero");
    }
}

static void put_icmp(json_t *fields, const uint8_t *bytes, size_t from)
{
    json_t *type = put_field(fields, "ICMP type", from, from + 1, "plain");

    value_text(type, "note", bytes[from] == 0 ? "echo reply" : "echo request");
    (void)put_field(fields, "ICMP code", from + 1, from + 2, "plain");
    (void)put_field(fields, "ICMP checksum", from + 2, from + 4, "plain");
    (void)put_field(fields, "echo identifier", from + 4, from + 6, "plain");
    (void)put_field(fields, "echo sequence", from + 6, from + 8, "plain");
}

void layout_put_packet(json_t *fields, const uint8_t *packet, size_t length)
{
    const size_t transport = IP_V4_HEADER_BYTES, payload = transport + UDP_HEADER_BYTES;

    layout_put_ipv4(fields, packet, LAYOUT_INNER);
    if (packet[9] == IP_PROTOCOL_UDP)
        layout_put_udp(fields, packet, transport, LAYOUT_INNER);
    else
        put_icmp(fields, packet, transport); /* its header is as long */
    if (length > payload)
        value_text(put_field(fields, "payload", payload, length, "secret"), "note", "what the app says");
}

void layout_put_padding(json_t *fields, size_t from, size_t to)
{
    json_t *field;

    if (to == from)
        return;
    field = put_field(fields, "padding", from, to, "good");
    value_text(field, "formula", "zeros up to a multiple of 16, but not beyond the MTU");
    value_text(field, "source", "outbound_padded");
}

void layout_put_sealed(json_t *fields, size_t from, size_t to)
{
    json_t *field;

    if (to - from > MAC_BYTES) {
        field = put_field(fields, "sealed packet", from, to - MAC_BYTES, "sealed");
        value_text(field, "formula", "packet and padding XOR ChaCha20(key, counter)");
        value_text(field, "source", "aead_seal_batch");
    }
    field = put_field(fields, "tag", to - MAC_BYTES, to, "sealed");
    value_text(field, "formula", "Poly1305 of the sealed packet");
    value_text(field, "source", "aead_seal_batch");
}

void layout_put_transport(json_t *fields, const uint8_t *bytes, size_t from, size_t to)
{
    const uint8_t *message = bytes + from;
    json_t *field = put_field(fields, "type", from, from + 1, "public");

    value_format(field, "note", "%u: data", message[0]);
    value_text(field, "source", "seal");
    (void)put_field(fields, "reserved", from + 1, from + TRANSPORT_RECEIVER, "public");
    field = put_field(fields, "receiver", from + TRANSPORT_RECEIVER, from + TRANSPORT_COUNTER, "public");
    value_text(field, "note", "the other side's name for this session, drawn at random in the handshake");
    value_text(field, "source", "index_find");
    field = put_field(fields, "counter", from + TRANSPORT_COUNTER, from + TRANSPORT_HEADER_BYTES, "public");
    value_format(field, "note", "%llu, little endian",
                 (unsigned long long)bytes_load_le64(message + TRANSPORT_COUNTER));
    value_text(field, "source", "keypair_reserve");
    layout_put_sealed(fields, from + TRANSPORT_HEADER_BYTES, to);
}
