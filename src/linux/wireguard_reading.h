/* SPDX-License-Identifier: MIT
 *
 * Taking the messages apart with which the kernel describes a WireGuard interface, as bytes: no socket is
 * known here (wireguard_netlink.c has it).
 *
 * A reading is fed with messages in the order they came, and calls the reader: for the device once, for each
 * peer once, for each allowed IP. A peer that goes on in the next message is known by its key, which is that
 * of the peer before it.
 * Not one byte behind a message's end is read, whatever the message says; one that is cut short or has other
 * lengths than kernel-netlink §3 says is -EBADMSG. Attributes that are not known are skipped.
 */
#ifndef VOLE_LINUX_WIREGUARD_READING_H
#define VOLE_LINUX_WIREGUARD_READING_H

#include "linux/wireguard_netlink.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts as {.reader = ...}, before the first message and after reader->restart(). */
struct wireguard_reading {
    const struct wireguard_reader *reader;
    bool device_told;
    bool any_peer;
    uint8_t latest_peer[VOLE_KEY_BYTES];
};

/* Takes one netlink message: bytes starts with its header, and length bytes of it were received. They need
 * not be aligned. 0, an error of a callback, or -EBADMSG; after an error, no more may be fed. */
VOLE_MUST_CHECK int wireguard_reading_feed(struct wireguard_reading *reading, const uint8_t *bytes,
                                           size_t length);

#endif
