/* SPDX-License-Identifier: MIT
 *
 * How long a packet is on its way, for every length it may have inside: each is sent by a device and measured
 * where it lies on the wire (protocol §6).
 */
#ifndef EXPLAIN_JOURNEY_SIZES_H
#define EXPLAIN_JOURNEY_SIZES_H

#include "explain/chance.h"

#include <jansson.h>

/* A new object:
 *   mtu, header, tag, udp, ipv4, ipv6   bytes each takes
 *   rows  [{length, note, padding, padded, datagram, udp, ipv4, ipv6, fits (1500, over IPv6)}], telling ones
 *   all   [[length, padding, datagram, ipv4, ipv6], ...] of 0 (a keepalive) and 28 to 1420 bytes */
json_t *journey_sizes_new(const uint8_t seed[static CHANCE_SEED_BYTES]);

#endif
