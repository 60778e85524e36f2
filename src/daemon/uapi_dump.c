/* SPDX-License-Identifier: MIT
 *
 * Replies to get, piece by piece: see uapi_dump.h.
 */
#include "daemon/uapi_dump.h"

#include "config/key.h"
#include "config/uapi_vole.h"
#include "daemon/engine.h"
#include "daemon/features.h"

#include <string.h>

/* ---- cursors ---- */

void uapi_dump_begin(struct engine *engine, struct uapi_dump *dump, bool vole)
{
    struct uapi_dumps *dumps = &engine->dumps;

    memset(dump, 0, sizeof *dump);
    dump->engine = engine;
    dump->vole = vole;
    dump->next = dumps->first;
    if (dump->next != NULL)
        dump->next->previous = dump;
    dumps->first = dump;
}

void uapi_dump_end(struct uapi_dump *dump)
{
    if (dump->previous != NULL)
        dump->previous->next = dump->next;
    else
        dump->engine->dumps.first = dump->next;
    if (dump->next != NULL)
        dump->next->previous = dump->previous;
}

void uapi_dumps_invalidate(struct uapi_dumps *dumps)
{
    dumps->generation++;
}

static void uapi_dump_stand_on(struct uapi_dump *dump, struct vole_peer *peer)
{
    dump->peer = peer;
    dump->allowed_ip = NULL;
    dump->allowed_ips_written = 0;
    dump->phase = peer == NULL ? UAPI_DUMP_END : UAPI_DUMP_PEER;
}

static bool uapi_dump_on_peer(const struct uapi_dump *dump)
{
    return dump->phase == UAPI_DUMP_PEER || dump->phase == UAPI_DUMP_ALLOWED_IPS;
}

void uapi_dumps_forget(struct uapi_dumps *dumps, struct vole_peer *peer)
{
    for (struct uapi_dump *dump = dumps->first; dump != NULL; dump = dump->next)
        if (uapi_dump_on_peer(dump) && dump->peer == peer)
            uapi_dump_stand_on(dump, vole_peer_next(peer->device, peer));
}

/* ---- steps: each writes all of its lines and goes on, or nothing and returns false ---- */

static void uapi_dump_to_first_peer(struct uapi_dump *dump)
{
    uapi_dump_stand_on(dump, vole_peer_next(dump->engine->device, NULL));
}

static bool uapi_dump_device(struct uapi_dump *dump, struct uapi_text *text)
{
    const struct engine *engine = dump->engine;
    uint8_t private_key[KEY_BYTES];
    bool has_key;
    bool written;

    if (dump->vole) {
        if (!uapi_vole_write_version(text, vole_version()))
            return false;
        dump->phase = UAPI_DUMP_FEATURES;
        return true;
    }
    has_key = vole_device_private_key(engine->device, private_key);
    written =
        uapi_write_device(text, has_key ? private_key : NULL, engine->sockets.port, engine->sockets.mark);
    key_wipe(private_key, sizeof private_key);
    if (written)
        uapi_dump_to_first_peer(dump);
    return written;
}

/* What became of handshakes, and the device's own drops. */
static bool uapi_dump_counters(const struct vole_device *device, struct uapi_text *text)
{
    uint64_t handshakes[VOLE_HANDSHAKE_COUNT];
    uint64_t drops[VOLE_DROP_COUNT];
    size_t start = text->length;

    for (unsigned i = 0; i < VOLE_HANDSHAKE_COUNT; i++)
        handshakes[i] = vole_device_handshakes(device, (enum vole_handshake_outcome)i);
    for (unsigned i = 0; i < VOLE_DROP_COUNT; i++)
        drops[i] = vole_device_drops(device, (enum vole_drop)i);
    if (uapi_vole_write_handshakes(text, handshakes) && uapi_vole_write_drops(text, drops))
        return true;
    text->length = start;
    return false;
}

/* Features one by one, then the counters. */
static bool uapi_dump_features(struct uapi_dump *dump, struct uapi_text *text)
{
    struct feature feature;

    if (features_get(dump->engine, dump->feature, &feature)) {
        if (!uapi_vole_write_feature(text, feature.name, feature.value, feature.remark))
            return false;
        dump->feature++;
        return true;
    }
    if (!uapi_dump_counters(dump->engine->device, text))
        return false;
    uapi_dump_to_first_peer(dump);
    return true;
}

static bool uapi_dump_peer_drops(struct uapi_dump *dump, struct uapi_text *text)
{
    uint64_t drops[VOLE_DROP_COUNT];

    for (unsigned i = 0; i < VOLE_DROP_COUNT; i++)
        drops[i] = vole_peer_drops(dump->peer, (enum vole_drop)i);
    if (!uapi_vole_write_peer(text, dump->peer->remote.public_key, drops))
        return false;
    uapi_dump_stand_on(dump, vole_peer_next(dump->engine->device, dump->peer));
    return true;
}

static bool uapi_dump_peer(struct uapi_dump *dump, struct uapi_text *text)
{
    struct vole_peer_state state;
    bool written;

    if (dump->vole)
        return uapi_dump_peer_drops(dump, text);
    vole_peer_read(dump->peer, &state);
    written = uapi_write_peer(text, &state);
    key_wipe(&state, sizeof state);
    if (!written)
        return false;
    dump->phase = UAPI_DUMP_ALLOWED_IPS;
    dump->generation = dump->engine->dumps.generation;
    return true;
}

/* A set came in between: the last prefix written may be gone. As many as were written are passed over. */
static void uapi_dump_find_place(struct uapi_dump *dump)
{
    struct vole_prefix prefix;

    dump->allowed_ip = NULL;
    for (size_t i = 0; i < dump->allowed_ips_written; i++) {
        struct allowed_ip *next = allowed_ips_next(dump->peer, dump->allowed_ip, &prefix);

        if (next == NULL)
            break;
        dump->allowed_ip = next;
    }
    dump->generation = dump->engine->dumps.generation;
}

static bool uapi_dump_allowed_ip(struct uapi_dump *dump, struct uapi_text *text)
{
    struct allowed_ip *next;
    struct vole_prefix prefix;

    if (dump->generation != dump->engine->dumps.generation)
        uapi_dump_find_place(dump);
    next = allowed_ips_next(dump->peer, dump->allowed_ip, &prefix);
    if (next == NULL) {
        uapi_dump_stand_on(dump, vole_peer_next(dump->engine->device, dump->peer));
        return true;
    }
    if (!uapi_write_allowed_ip(text, &prefix))
        return false;
    dump->allowed_ip = next;
    dump->allowed_ips_written++;
    return true;
}

bool uapi_dump_more(struct uapi_dump *dump, struct uapi_text *text)
{
    bool written = true;

    while (written) {
        switch (dump->phase) {
        case UAPI_DUMP_DEVICE:
            written = uapi_dump_device(dump, text);
            break;
        case UAPI_DUMP_FEATURES:
            written = uapi_dump_features(dump, text);
            break;
        case UAPI_DUMP_PEER:
            written = uapi_dump_peer(dump, text);
            break;
        case UAPI_DUMP_ALLOWED_IPS:
            written = uapi_dump_allowed_ip(dump, text);
            break;
        case UAPI_DUMP_END:
            return true;
        }
    }
    return false;
}
