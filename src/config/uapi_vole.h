/* SPDX-License-Identifier: MIT
 *
 * The reply to `get=vole.1`, our own operation on the configuration socket: why packets were dropped and
 * which features of the system are in use. docs/uapi-vole.md is its contract.
 *
 *     version=0.1.0
 *     feature=tun_vnet_header on
 *     handshake=initiated 5
 *     drop=malformed 3
 *     public_key=HEX
 *     drop=source_not_allowed 17
 *     errno=0
 *     (blank line)
 *
 * Writers are the daemon's; like all of uapi_text.h they write everything or nothing. The reader is the
 * client's: struct uapi_vole owns its arrays until uapi_vole_free(). Drops are read as words, not as enum, so
 * that an old client shows the reasons of a newer daemon. Nothing here is secret.
 * Used by one thread at a time. Errors: negative errno.
 */
#ifndef CONFIG_UAPI_VOLE_H
#define CONFIG_UAPI_VOLE_H

#include "config/uapi_text.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UAPI_VOLE_REQUEST             "get=vole.1\n\n"
#define UAPI_VOLE_RESET_CLOCK_REQUEST "set=vole.1\nreset_clock=true\n\n"
#define UAPI_VOLE_WORD_BYTES          48   /* name or value, with terminator */
#define UAPI_VOLE_TEXT_BYTES          200  /* a feature's remark, with terminator */
#define UAPI_VOLE_DROPS_BYTES         4096 /* no single writer below needs more */

/* ---- writing ---- */

VOLE_MUST_CHECK bool uapi_vole_write_version(struct uapi_text *text, const char *version);
/* name and value are single words; remark is free text, may be NULL or empty. Line breaks in it become
 * spaces; what is too long is cut. */
VOLE_MUST_CHECK bool uapi_vole_write_feature(struct uapi_text *text, const char *name, const char *value,
                                             const char *remark);
/* One line per reason that is not zero. */
VOLE_MUST_CHECK bool uapi_vole_write_drops(struct uapi_text *text,
                                           const uint64_t drops[static VOLE_DROP_COUNT]);
/* A peer and its drops; writes nothing, and succeeds, if all are zero. */
VOLE_MUST_CHECK bool uapi_vole_write_peer(struct uapi_text *text,
                                          const uint8_t public_key[static VOLE_KEY_BYTES],
                                          const uint64_t drops[static VOLE_DROP_COUNT]);
/* One line per outcome, zeros included. */
VOLE_MUST_CHECK bool uapi_vole_write_handshakes(struct uapi_text *text,
                                                const uint64_t counts[static VOLE_HANDSHAKE_COUNT]);
/* The end is uapi_write_errno(). */

/* ---- reading ---- */

struct uapi_vole_feature {
    char name[UAPI_VOLE_WORD_BYTES];
    char value[UAPI_VOLE_WORD_BYTES];
    char remark[UAPI_VOLE_TEXT_BYTES];
};

struct uapi_vole_drop {
    char name[UAPI_VOLE_WORD_BYTES];
    uint64_t count;
};

struct uapi_vole_handshake {
    char name[UAPI_VOLE_WORD_BYTES];
    uint64_t count;
};

/* Whose drops: of the device (public key all zero, always the first) or of one peer. */
struct uapi_vole_owner {
    uint8_t public_key[VOLE_KEY_BYTES];
    struct uapi_vole_drop *drops;
    size_t drop_count;
    size_t drop_capacity;
};

struct uapi_vole {
    char version[UAPI_VOLE_WORD_BYTES];
    struct uapi_vole_feature *features;
    size_t feature_count;
    size_t feature_capacity;
    struct uapi_vole_handshake *handshakes; /* none: the daemon is older than they are */
    size_t handshake_count;
    size_t handshake_capacity;
    struct uapi_vole_owner *owners; /* owners[0] is the device */
    size_t owner_count;
    size_t owner_capacity;
    int error; /* the errno line, as sent */
};

/* Makes an empty one in the caller's memory; to be freed whatever happens. -ENOMEM. */
VOLE_MUST_CHECK int uapi_vole_init(struct uapi_vole *reply);
void uapi_vole_free(struct uapi_vole *reply);
/* A line handler for reply_reader.h; state is a struct uapi_vole. Unknown keys are ignored. */
VOLE_MUST_CHECK int uapi_vole_read_line(void *state, const char *line, size_t length);

#endif
