/* SPDX-License-Identifier: MIT
 *
 * A capture file in memory: pcapng (draft-ietf-opsawg-pcapng) with one interface of raw IP packets, times in
 * nanoseconds, and the keys that open WireGuard's messages, so that Wireshark and tshark show what is inside
 * without being told anything.
 *
 *     section header | secrets | interface | packet | packet | ...
 *
 * The secrets are a Decryption Secrets Block of type "WireGuard Key Log": lines NAME = base64. It must stand
 * before the packets that it opens, so secrets come first: after the first packet no more are taken. A
 * preshared key belongs to the ephemeral key in the line before it.
 *
 * Whoever creates a capture frees it. The keys are written to be read: only a story's, which protect nothing,
 * belong in here. Out of memory ends the program (explain/value.h).
 * All numbers are little endian, as the section header says, whatever the machine.
 */
#ifndef EXPLAIN_CAPTURE_H
#define EXPLAIN_CAPTURE_H

#include "vole.h"

#include <stddef.h>
#include <stdint.h>

struct capture {
    uint8_t *bytes; /* of the file */
    size_t length, capacity;
    char *secrets; /* key log, until the first packet */
    size_t secrets_length, secrets_capacity;
    uint64_t begins_s; /* of the times of packets, since 1970 */
    bool begun;        /* the interface is written */
};

/* begins_s: wall clock at packet time 0. */
void capture_init(struct capture *capture, uint64_t begins_s);
void capture_fini(struct capture *capture);

/* The names of keys in the key log. */
enum capture_key {
    CAPTURE_LOCAL_STATIC_PRIVATE,
    CAPTURE_REMOTE_STATIC_PUBLIC,
    CAPTURE_LOCAL_EPHEMERAL_PRIVATE,
    CAPTURE_PRESHARED
};
void capture_add_key(struct capture *capture, enum capture_key name,
                     const uint8_t key[static VOLE_KEY_BYTES]);
/* A packet that begins with its IP header. comment may be NULL. */
void capture_add_packet(struct capture *capture, uint64_t at_ns, const uint8_t *packet, size_t length,
                        const char *comment);
/* Writes the file, replacing what had that name; the keys in it protect nothing, so others may read it. "-":
 * standard output. 0 or a negative errno. */
VOLE_MUST_CHECK int capture_write(const struct capture *capture, const char *path);

#endif
