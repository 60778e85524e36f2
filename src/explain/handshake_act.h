/* SPDX-License-Identifier: MIT
 *
 * Act 1, the handshake, as the story's member "handshake". All bytes are hex, all times seconds since the
 * story began; what is computed is recorded from libvole's own handshake.c (handshake_record.h).
 *
 *   "messages"  {"initiation", "response", "data": {"bytes", "length", "at", "fields":
 * (handshake_fields.h)}}, and of initiation and response "mac1_key", "before_mac1", "before_mac2" "moves"
 * {"start", "e", "es", "s", "ss", "timestamp", "response_e", "ee", "se", "psk", "empty": MOVE} MOVE: "by",
 * "c_before", "c", "c_changes", "h_before", "h", "h_changes", "k" or null, and where there is such a thing
 * "mixed" (into C), "hashed" (into H), "temporary", "plaintext", "sealed", "ciphertext", "tag"; "laptop",
 * "server": {"private", "private_name", "public", "public_name"}, the keys with which each side comes to the
 * same Diffie-Hellman; "agrees": both sides made this move and have the same C and H after it "constants"
 * {"construction", "identifier", "c", "h"}: what the first C and H are hashes of "time"      {"seconds",
 * "nanoseconds", "text"}: the timestamp read "indices"   {"laptop", "server"} as four bytes on the wire
 *   "steps"     who knows what when (handshake_knowledge.h)
 *   "session"   {"laptop": KEYS or null, "server": KEYS or null, "equal": truth, "server_waits": truth}
 *               KEYS: "sending", "receiving", "own_index", "remote_index"
 *   "confirm"   {"packet", "padded", "counter", "outcome", "delivered": bytes, "staged": outcome at first,
 *               "server_could_send_before", "server_can_send_after"}
 *   "load"      the detour (handshake_load.h)
 *   "checks"    {"initiation", "response"} (handshake_verdict.h)
 *   "broken"    {"mask", "flips": (handshake_flips.h), "cases": (handshake_broken.h), "courses": lists of
 *               what happened (handshake_course.h), to which the others point by number}
 */
#ifndef EXPLAIN_HANDSHAKE_ACT_H
#define EXPLAIN_HANDSHAKE_ACT_H

#include "explain/story.h"

/* The caller's. */
json_t *handshake_act_new(const struct story_options *options);

#endif
