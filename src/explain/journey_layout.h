/* SPDX-License-Identifier: MIT
 *
 * The fields of packets, with names, places and what stands in them, for the page's byte grids: IPv4,
 * UDP and ICMP headers, WireGuard's transport message (protocol §3). Offsets count from the first byte, `to`
 * is the first byte after a field.
 *
 * Each function adds its fields to a list, {name, from, to, bytes, kind, formula, source, note}: kind is the
 * colour (bytes.js), source a function of ours that writes or reads the field (or null), note what the bytes
 * mean (or
 * ""), formula how they come about (or null).
 */
#ifndef EXPLAIN_JOURNEY_LAYOUT_H
#define EXPLAIN_JOURNEY_LAYOUT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* What a packet is made of, in large: whole headers, payload, ciphertext. */
void layout_put_packet(json_t *fields, const uint8_t *packet, size_t length);
/* Zeros after it. */
void layout_put_padding(json_t *fields, const uint8_t *bytes, size_t from, size_t to);
/* Ciphertext and tag, without the header of the message. */
void layout_put_sealed(json_t *fields, const uint8_t *bytes, size_t from, size_t to);
/* A whole transport message that begins at `from`. */
void layout_put_transport(json_t *fields, const uint8_t *bytes, size_t from, size_t to);
void layout_put_outer_udp(json_t *fields, const uint8_t *bytes, size_t from);
void layout_put_outer_ipv4(json_t *fields, const uint8_t *packet);

/* In small: every field of the IPv4 header and the UDP header behind it. */
void layout_put_details(json_t *fields, const uint8_t *packet);

#endif
