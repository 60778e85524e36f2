/* SPDX-License-Identifier: MIT
 *
 * The views of `vole show`. Each prints one interface on stdout and cannot fail; output that could not be
 * written is noticed in the end by output_finish().
 *
 * Human views are coloured as terminal.h decides, hide secrets, and are for eyes only; fields are for
 * scripts and never coloured, hidden or sorted. Spec: config §3.
 */
#ifndef CLI_SHOW_VIEW_H
#define CLI_SHOW_VIEW_H

#include "cli/json_output.h"
#include "cli/peer_names.h"
#include "config/model.h"
#include "config/uapi_vole.h"

/* The view without a field; a peer that has a name is "NAME (KEY)". Sorts nothing in device: it has an order
 * of its own. */
void show_human(const struct model_device *device, const char *name, const struct peer_names *names);

/* Whether secrets are hidden from people, which WG_HIDE_KEYS decides. */
bool show_hides_secrets(void);

/* What of an interface is in a view, or in its JSON. */
enum show_part {
    SHOW_PUBLIC_KEY = 1 << 0,
    SHOW_PRIVATE_KEY = 1 << 1,
    SHOW_LISTEN_PORT = 1 << 2,
    SHOW_FWMARK = 1 << 3,
    SHOW_PEERS = 1 << 4, /* their public keys; the following need it */
    SHOW_PRESHARED_KEYS = 1 << 5,
    SHOW_ENDPOINTS = 1 << 6,
    SHOW_ALLOWED_IPS = 1 << 7,
    SHOW_LATEST_HANDSHAKES = 1 << 8,
    SHOW_TRANSFER = 1 << 9,
    SHOW_KEEPALIVES = 1 << 10,
    SHOW_EVERYTHING = (1 << 11) - 1,
    SHOW_NAMES = 1 << 11,
    SHOW_SECRETS = 1 << 12 /* as they are; else "(hidden)" */
};

/* One field that scripts may ask for. */
struct show_field {
    const char *name;
    unsigned parts; /* in JSON */
    /* interface: name to put before each line and a tabulator, or NULL */
    void (*print)(const struct model_device *device, const char *interface);
};

/* Ends with a field whose name is NULL. */
extern const struct show_field show_fields[];
/* NULL: no such field. */
const struct show_field *show_field_find(const char *name);

void show_drops(const struct uapi_vole *reply, const char *name, const struct peer_names *names);
void show_features(const struct uapi_vole *reply, const char *name);

/* The same as one object in the list of interfaces; names may be NULL without SHOW_NAMES. */
void show_json(struct json_output *output, const struct model_device *device, const char *name,
               const struct peer_names *names, unsigned parts);
void show_json_drops(struct json_output *output, const struct uapi_vole *reply, const char *name,
                     const struct peer_names *names);
void show_json_features(struct json_output *output, const struct uapi_vole *reply, const char *name);

/* What happened, and what to tell the operator. */
struct show_drop_words {
    const char *name;
    const char *text;
    const char *advice;
};

/* NULL: not a reason that this program knows. */
const struct show_drop_words *show_drop_words_find(const char *name);

/* The endpoint as text, with a zone that is unknown here as the daemon gave it; "(none)" without one. */
#define SHOW_ENDPOINT_BYTES ADDRESS_ENDPOINT_TEXT_BYTES
void show_endpoint_text(char text[static SHOW_ENDPOINT_BYTES], const struct model_peer *peer);

#endif
