/* SPDX-License-Identifier: MIT
 *
 * The protocol's constants under the whitepaper's names (protocol §2). Times in nanoseconds.
 */
#ifndef CORE_CONSTANTS_H
#define CORE_CONSTANTS_H

#include <stdint.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MS     UINT64_C(1000000)

#define REKEY_AFTER_MESSAGES  (UINT64_C(1) << 60)
#define REJECT_AFTER_MESSAGES (UINT64_MAX - REPLAY_WINDOW - 1) /* 2^64 - 8130 */
#define REKEY_AFTER_TIME      (120 * NS_PER_SECOND)
#define REJECT_AFTER_TIME     (180 * NS_PER_SECOND)
#define REKEY_TIMEOUT         (5 * NS_PER_SECOND)
#define KEEPALIVE_TIMEOUT     (10 * NS_PER_SECOND)
#define RETRANSMIT_JITTER     (333 * NS_PER_MS) /* exclusive upper bound */

#define LAST_MINUTE_REKEY     (REJECT_AFTER_TIME - KEEPALIVE_TIMEOUT - REKEY_TIMEOUT) /* 165 s, on receive */
#define NEW_HANDSHAKE_TIMEOUT (KEEPALIVE_TIMEOUT + REKEY_TIMEOUT)                     /* 15 s of silence */
#define ERASE_KEYS_AFTER      (3 * REJECT_AFTER_TIME)
#define MAX_TIMER_HANDSHAKES  18 /* 90 s / 5 s; makes 20 transmissions in all (timers §3) */

#define INITIATIONS_PER_SECOND 50
#define INITIATION_SPACING     (NS_PER_SECOND / INITIATIONS_PER_SECOND)

#define COOKIE_SECRET_MAX_AGE (120 * NS_PER_SECOND)
#define COOKIE_MAX_AGE        (115 * NS_PER_SECOND) /* 120 s less 5 s for the way */

#define MESSAGE_PADDING_MULTIPLE       16
#define MAX_STAGED_PACKETS             128
#define MAX_QUEUED_INCOMING_HANDSHAKES 4096
#define UNDER_LOAD_FROM                (MAX_QUEUED_INCOMING_HANDSHAKES / 8)
#define MAX_PEERS_PER_DEVICE           (1u << 20)
#define MAX_ALLOWED_IPS_PER_DEVICE     (1u << 22) /* several times all networks of the world */

#define REPLAY_BITS   8192
#define REPLAY_WINDOW (REPLAY_BITS - 64) /* one 64-bit word of the ring is redundant */

#define HANDSHAKE_TRAFFIC_CLASS 0x88 /* DSCP AF41, ECN 00; cookie replies have 0 (routing §6) */

#define STAGED_BYTES_DEFAULT (UINT64_C(16) << 20)

#endif
