/* SPDX-License-Identifier: MIT
 *
 * What `vole top` shows, as data: the counters of interfaces and peers at one moment, and how fast they grew
 * since the sample before.
 *
 * A sample holds no secret: the model that it is made of is wiped before the next interface is asked. Peers
 * are found again by their public keys. A counter that is smaller than before (the peer was removed and
 * added, the daemon started anew) has no rate this time. An interface that cannot be asked is in the sample,
 * too, with its error. Peers' names are looked up when a peer is new, not each time: that reads files. Owned
 * by the caller until top_sample_free(). One thread.
 */
#ifndef CLI_TOP_SAMPLE_H
#define CLI_TOP_SAMPLE_H

#include "cli/device.h"
#include "cli/show_view.h"
#include "config/file.h"
#include "config/uapi_vole.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_RATE_UNKNOWN (-1.0)

struct top_amount {
    uint64_t total;
    double rate; /* per second, or TOP_RATE_UNKNOWN */
};

struct top_drop {
    char name[UAPI_VOLE_WORD_BYTES];
    struct top_amount count;
};

struct top_peer {
    uint8_t public_key[VOLE_KEY_BYTES];
    char name[FILE_NAME_BYTES];         /* "": none */
    char endpoint[SHOW_ENDPOINT_BYTES]; /* as show has it */
    bool has_endpoint;
    int64_t latest_handshake_s; /* since 1970; 0: never */
    struct top_amount received, sent, dropped;
    size_t position; /* in the order of configuration */
};

struct top_interface {
    char name[DEVICE_NAME_BYTES];
    int error; /* 0, or why it could not be asked, and all below is empty */
    uint16_t listen_port;
    bool counts_drops;      /* it is voled's */
    struct top_peer *peers; /* sorted by key */
    size_t peer_count;
    struct top_drop *drops;
    size_t drop_count;
    struct top_amount received, sent, dropped; /* of all peers; drops also of none */
};

/* All zero is an empty one. */
struct top_sample {
    struct top_interface *interfaces;
    size_t count;
    size_t capacity;
    uint64_t taken_ns; /* monotonic; 0: no sample was taken */
    int64_t now_s;     /* since 1970 */
    int error;         /* of listing interfaces */
};

/* Fills an empty sample: of one interface, or (name NULL) of all. previous may be an empty one. */
void top_sample_take(struct top_sample *sample, const char *name, const struct top_sample *previous);
/* The rates, of all that is in both: the part of the above that asks nobody. */
void top_sample_compare(struct top_sample *sample, const struct top_sample *previous);
void top_sample_free(struct top_sample *sample);

#endif
