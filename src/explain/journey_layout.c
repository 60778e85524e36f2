/* SPDX-License-Identifier: MIT */
#include "explain/journey_layout.h"

#include "config/address.h"
#include "core/messages.h"
#include "explain/value.h"
#include "packet/ip.h"

#include <stdio.h>
#include <string.h>

#define NOTE_BYTES 160

/* What of a field does not follow from its place. */
struct field {
    const char *name;
    const char *kind;
    const char *formula, *source; /* NULL: none */
};

static void put_field(json_t *fields, const struct field *field, const uint8_t *bytes, size_t from, size_t to,
                      const char *note)
{
    json_t *object = value_object(fields, NULL);

    value_text(object, "name", field->name);
    value_number(object, "from", from);
    value_number(object, "to", to);
    value_number(object, "length", to - from);
    value_bytes(object, "bytes", bytes + from, to - from);
    value_text(object, "kind", field->kind);
    value_text(object, "formula", field->formula);
    value_text(object, "source", field->source);
    value_text(object, "note", note);
}

/* ---- in large ---- */

static void write_way(char note[static NOTE_BYTES], const uint8_t *packet)
{
    struct vole_address source = ip_source(packet), destination = ip_destination(packet);
    char from[ADDRESS_TEXT_BYTES], to[ADDRESS_TEXT_BYTES];

    address_write(from, &source);
    address_write(to, &destination);
    (void)snprintf(note, NOTE_BYTES, "%s \xe2\x86\x92 %s", from, to);
}

static void write_ports(char note[static NOTE_BYTES], const uint8_t *udp)
{
    (void)snprintf(note, NOTE_BYTES, "port %u \xe2\x86\x92 %u", bytes_load_be16(udp),
                   bytes_load_be16(udp + 2));
}

/* What the app says, if it can be read. */
static void write_words(char note[static NOTE_BYTES], const uint8_t *words, size_t length)
{
    bool readable = length < NOTE_BYTES / 2;

    for (size_t i = 0; i < length && readable; i++)
        readable = words[i] >= ' ' && words[i] <= '~';
    if (readable)
        (void)snprintf(note, NOTE_BYTES, "\xe2\x80\x9c%.*s\xe2\x80\x9d", (int)length, (const char *)words);
    else
        (void)snprintf(note, NOTE_BYTES, "what the app says");
}

void layout_put_packet(json_t *fields, const uint8_t *packet, size_t length)
{
    static const struct field ip = {"IP header", "plain", NULL, "compose_udp"};
    static const struct field udp = {"UDP header", "plain", NULL, "compose_udp"};
    static const struct field icmp = {"ICMP header", "plain", NULL, "compose_echo"};
    static const struct field payload = {"payload", "secret", NULL, NULL};
    const size_t transport = IP_V4_HEADER_BYTES, inside = transport + UDP_HEADER_BYTES;
    char note[NOTE_BYTES];

    write_way(note, packet);
    put_field(fields, &ip, packet, 0, transport, note);
    if (packet[9] == IP_PROTOCOL_UDP) {
        write_ports(note, packet + transport);
        put_field(fields, &udp, packet, transport, inside, note);
    } else { /* as long */
        put_field(fields, &icmp, packet, transport, inside, "an echo");
    }
    if (length > inside) {
        write_words(note, packet + inside, length - inside);
        put_field(fields, &payload, packet, inside, length, note);
    }
}

void layout_put_padding(json_t *fields, const uint8_t *bytes, size_t from, size_t to)
{
    static const struct field padding = {"padding", "good", "zeros up to a multiple of 16, within the MTU",
                                         "outbound_padded"};

    if (to > from)
        put_field(fields, &padding, bytes, from, to, "");
}

void layout_put_sealed(json_t *fields, const uint8_t *bytes, size_t from, size_t to)
{
    static const struct field sealed = {"sealed packet", "sealed", "padded packet XOR ChaCha20(key, counter)",
                                        "seal"};
    static const struct field tag = {"tag", "sealed", "Poly1305 of the sealed packet", "aead_seal_batch"};

    if (to - from > MAC_BYTES)
        put_field(fields, &sealed, bytes, from, to - MAC_BYTES, "");
    put_field(fields, &tag, bytes, to - MAC_BYTES, to, "");
}

void layout_put_transport(json_t *fields, const uint8_t *bytes, size_t from, size_t to)
{
    static const struct field type = {"type", "public", NULL, "message_type"};
    static const struct field receiver = {"receiver", "public", NULL, "index_find"};
    static const struct field counter = {"counter", "public", NULL, "keypair_reserve"};
    const uint8_t *message = bytes + from;
    char note[NOTE_BYTES];

    (void)snprintf(note, sizeof note, "%u, little endian: data", bytes_load_le32(message));
    put_field(fields, &type, bytes, from, from + TRANSPORT_RECEIVER, note);
    put_field(fields, &receiver, bytes, from + TRANSPORT_RECEIVER, from + TRANSPORT_COUNTER,
              "what the other side calls this session");
    (void)snprintf(note, sizeof note, "%llu, little endian",
                   (unsigned long long)bytes_load_le64(message + TRANSPORT_COUNTER));
    put_field(fields, &counter, bytes, from + TRANSPORT_COUNTER, from + TRANSPORT_HEADER_BYTES, note);
    layout_put_sealed(fields, bytes, from + TRANSPORT_HEADER_BYTES, to);
}

void layout_put_outer_udp(json_t *fields, const uint8_t *bytes, size_t from)
{
    static const struct field udp = {"outer UDP header", "plain", NULL, "compose_udp"};
    char note[NOTE_BYTES];

    write_ports(note, bytes + from);
    put_field(fields, &udp, bytes, from, from + UDP_HEADER_BYTES, note);
}

void layout_put_outer_ipv4(json_t *fields, const uint8_t *packet)
{
    static const struct field ip = {"outer IP header", "plain", NULL, "compose_udp"};
    char note[NOTE_BYTES];

    write_way(note, packet);
    put_field(fields, &ip, packet, 0, IP_V4_HEADER_BYTES, note);
}

/* ---- in small ---- */

static void write_note(char note[static NOTE_BYTES], const uint8_t *packet, size_t from)
{
    struct vole_address address = from == 12 ? ip_source(packet) : ip_destination(packet);

    note[0] = '\0';
    switch (from) {
    case 0:
        (void)snprintf(note, NOTE_BYTES, "IPv%d, a header of %d bytes", packet[0] >> 4, (packet[0] & 15) * 4);
        break;
    case 2:
    case 4:
    case 20:
    case 22:
    case 24:
        (void)snprintf(note, NOTE_BYTES, "%u", bytes_load_be16(packet + from));
        break;
    case 6:
        (void)snprintf(note, NOTE_BYTES, "%s",
                       packet[6] & 0x40 ? "must not be cut" : "may be cut on the way");
        break;
    case 8:
        (void)snprintf(note, NOTE_BYTES, "%u routers at most", packet[8]);
        break;
    case 9:
        (void)snprintf(note, NOTE_BYTES, "%s", packet[9] == IP_PROTOCOL_UDP ? "UDP" : "ICMP");
        break;
    case 12:
    case 16:
        address_write(note, &address);
        break;
    default:
        break;
    }
}

void layout_put_details(json_t *fields, const uint8_t *packet)
{
    static const struct {
        struct field field;
        uint8_t from, to;
    } rows[] = {
        {{"version", "plain"}, 0, 1},
        {{"traffic class", "plain"}, 1, 2},
        {{"total length", "plain"}, 2, 4},
        {{"identification", "plain"}, 4, 6},
        {{"fragment", "plain"}, 6, 8},
        {{"time to live", "plain"}, 8, 9},
        {{"protocol", "plain"}, 9, 10},
        {{"header checksum", "plain", NULL, "checksum_ipv4_header"}, 10, 12},
        {{"source", "plain"}, 12, 16},
        {{"destination", "plain"}, 16, 20},
        {{"source port", "plain"}, 20, 22},
        {{"destination port", "plain"}, 22, 24},
        {{"UDP length", "plain"}, 24, 26},
        {{"UDP checksum", "plain", NULL, "checksum_complement_nonzero"}, 26, 28},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char note[NOTE_BYTES];

        write_note(note, packet, rows[i].from);
        put_field(fields, &rows[i].field, packet, rows[i].from, rows[i].to, note);
    }
}
