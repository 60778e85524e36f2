/* SPDX-License-Identifier: MIT
 *
 * Act 1, the handshake, as the story's member "handshake". All bytes are hex, times seconds since the story
 * began; what is computed is recorded from libvole's own handshake.c (handshake_record.h). Members:
 *
 * - messages: initiation, response, data, each {bytes, length, at, fields (handshake_fields.h)}; the first
 *   two also have mac1_key, and before_mac1 and before_mac2, the bytes that the macs are of
 * - moves: start, e, es, s, ss, timestamp, response_e, ee, se, psk, empty (handshake_tell.h)
 * - constants: construction and identifier, and c and h, the hashes that everything begins with
 * - time: the timestamp read, {seconds, nanoseconds, text}; indices: of laptop and server, as on the wire
 * - steps: who knows what when (handshake_knowledge.h)
 * - session: laptop and server, each null or {sending, receiving, own_index, remote_index}; equal;
 *   server_waits: it may not send yet
 * - confirm: the first data, {staged: what became of the packet at first, packet, padded, their lengths,
 *   sealed, counter, outcome, delivered, server_could_send_before, server_can_send_after}
 * - load: the detour (handshake_load.h)
 * - checks: those of an initiation and of a response in their order (handshake_verdict.h)
 * - broken: mask, the flipped bit; flips and their summary (handshake_flips.h); cases (handshake_broken.h);
 *   courses, lists of what happened (handshake_course.h), to which flips and cases point by number
 */
#ifndef EXPLAIN_HANDSHAKE_ACT_H
#define EXPLAIN_HANDSHAKE_ACT_H

#include "explain/story.h"

/* The caller's. */
json_t *handshake_act_new(const struct story_options *options);

#endif
