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

#include "cli/peer_names.h"
#include "config/model.h"
#include "config/uapi_vole.h"

/* The view without a field; a peer that has a name is "NAME (KEY)". Sorts nothing in device: it has an order
 * of its own. */
void show_human(const struct model_device *device, const char *name, const struct peer_names *names);

/* One field that scripts may ask for. */
struct show_field {
    const char *name;
    /* interface: name to put before each line and a tabulator, or NULL */
    void (*print)(const struct model_device *device, const char *interface);
};

/* Ends with a field whose name is NULL. */
extern const struct show_field show_fields[];
/* NULL: no such field. */
const struct show_field *show_field_find(const char *name);

void show_drops(const struct uapi_vole *reply, const char *name, const struct peer_names *names);
void show_features(const struct uapi_vole *reply, const char *name);

/* The endpoint as text, with a zone that is unknown here as the daemon gave it; "(none)" without one. */
#define SHOW_ENDPOINT_BYTES ADDRESS_ENDPOINT_TEXT_BYTES
void show_endpoint_text(char text[static SHOW_ENDPOINT_BYTES], const struct model_peer *peer);

#endif
