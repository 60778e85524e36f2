/* SPDX-License-Identifier: MIT
 *
 * Writing and reading side by side, so that they stay the same language.
 */
#include "config/uapi_vole.h"

#include "config/array.h"
#include "config/key.h"
#include "config/number.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

bool uapi_vole_write_version(struct uapi_text *text, const char *version)
{
    return uapi_write_line(text, "version=%s\n", version);
}

bool uapi_vole_write_feature(struct uapi_text *text, const char *name, const char *value, const char *remark)
{
    char clean[UAPI_VOLE_TEXT_BYTES];
    size_t length = 0;

    for (; remark != NULL && remark[length] != '\0' && length < sizeof(clean) - 1; length++)
        clean[length] = remark[length] == '\n' ? ' ' : remark[length];
    clean[length] = '\0';
    return uapi_write_line(text, "feature=%s %s%s%s\n", name, value, length > 0 ? " " : "", clean);
}

static const char *const drop_names[VOLE_DROP_COUNT] = {
#define DROP_NAME(name, word, blame, text, advice) word,
    VOLE_DROP_REASONS(DROP_NAME)
#undef DROP_NAME
};

bool uapi_vole_write_drops(struct uapi_text *text, const uint64_t drops[static VOLE_DROP_COUNT])
{
    size_t start = text->length;

    for (unsigned reason = 0; reason < VOLE_DROP_COUNT; reason++) {
        if (drops[reason] == 0)
            continue;
        if (!uapi_write_line(text, "drop=%s %" PRIu64 "\n", drop_names[reason], drops[reason])) {
            text->length = start;
            return false;
        }
    }
    return true;
}

static const char *const handshake_names[VOLE_HANDSHAKE_COUNT] = {
#define HANDSHAKE_NAME(name, word, text) word,
    VOLE_HANDSHAKE_OUTCOMES(HANDSHAKE_NAME)
#undef HANDSHAKE_NAME
};

bool uapi_vole_write_handshakes(struct uapi_text *text, const uint64_t counts[static VOLE_HANDSHAKE_COUNT])
{
    size_t start = text->length;

    for (unsigned outcome = 0; outcome < VOLE_HANDSHAKE_COUNT; outcome++) {
        if (!uapi_write_line(text, "handshake=%s %" PRIu64 "\n", handshake_names[outcome], counts[outcome])) {
            text->length = start;
            return false;
        }
    }
    return true;
}

bool uapi_vole_write_peer(struct uapi_text *text, const uint8_t public_key[static VOLE_KEY_BYTES],
                          const uint64_t drops[static VOLE_DROP_COUNT])
{
    size_t start = text->length;
    char hex[KEY_HEX_BYTES];
    bool any = false;

    for (unsigned reason = 0; reason < VOLE_DROP_COUNT; reason++)
        any = any || drops[reason] != 0;
    if (!any)
        return true;
    key_to_hex(hex, public_key);
    if (uapi_write_line(text, "public_key=%s\n", hex) && uapi_vole_write_drops(text, drops))
        return true;
    text->length = start;
    return false;
}

/* ---- reading ---- */

static struct uapi_vole_owner *uapi_vole_add_owner(struct uapi_vole *reply)
{
    struct uapi_vole_owner *owners =
        array_grow(reply->owners, &reply->owner_capacity, reply->owner_count, sizeof(*owners));
    struct uapi_vole_owner *owner;

    if (owners == NULL)
        return NULL;
    reply->owners = owners;
    owner = &owners[reply->owner_count++];
    memset(owner, 0, sizeof(*owner));
    return owner;
}

int uapi_vole_init(struct uapi_vole *reply)
{
    memset(reply, 0, sizeof(*reply));
    return uapi_vole_add_owner(reply) != NULL ? 0 : -ENOMEM;
}

void uapi_vole_free(struct uapi_vole *reply)
{
    for (size_t i = 0; i < reply->owner_count; i++)
        free(reply->owners[i].drops);
    free(reply->owners);
    free(reply->features);
    free(reply->handshakes);
    memset(reply, 0, sizeof(*reply));
}

/* What comes from a daemon goes to terminals, which would take anything else for a command. */
static void printable_copy(char *into, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        into[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    into[length] = '\0';
}

/* Takes the first word off a text; true if it is a word and fits. */
static bool word_take(char word[static UAPI_VOLE_WORD_BYTES], const char **text, size_t *length)
{
    const char *space = memchr(*text, ' ', *length);
    size_t word_length = space != NULL ? (size_t)(space - *text) : *length;
    size_t taken = space != NULL ? word_length + 1 : word_length;

    if (word_length == 0 || word_length >= UAPI_VOLE_WORD_BYTES)
        return false;
    printable_copy(word, *text, word_length);
    *text += taken;
    *length -= taken;
    return true;
}

static int read_feature(struct uapi_vole *reply, const char *text, size_t length)
{
    struct uapi_vole_feature *features =
        array_grow(reply->features, &reply->feature_capacity, reply->feature_count, sizeof(*features));
    struct uapi_vole_feature *feature;

    if (features == NULL)
        return -ENOMEM;
    reply->features = features;
    feature = &features[reply->feature_count];
    if (!word_take(feature->name, &text, &length) || !word_take(feature->value, &text, &length))
        return -EPROTO;
    if (length > sizeof(feature->remark) - 1)
        length = sizeof(feature->remark) - 1;
    printable_copy(feature->remark, text, length);
    reply->feature_count++;
    return 0;
}

static int read_drop(struct uapi_vole_owner *owner, const char *text, size_t length)
{
    struct uapi_vole_drop *drops =
        array_grow(owner->drops, &owner->drop_capacity, owner->drop_count, sizeof(*drops));
    struct uapi_vole_drop *drop;

    if (drops == NULL)
        return -ENOMEM;
    owner->drops = drops;
    drop = &drops[owner->drop_count];
    if (!word_take(drop->name, &text, &length) || !number_read(&drop->count, text, length, UINT64_MAX))
        return -EPROTO;
    owner->drop_count++;
    return 0;
}

static int read_handshake(struct uapi_vole *reply, const char *text, size_t length)
{
    struct uapi_vole_handshake *handshakes = array_grow(reply->handshakes, &reply->handshake_capacity,
                                                        reply->handshake_count, sizeof(*handshakes));
    struct uapi_vole_handshake *handshake;

    if (handshakes == NULL)
        return -ENOMEM;
    reply->handshakes = handshakes;
    handshake = &handshakes[reply->handshake_count];
    if (!word_take(handshake->name, &text, &length) ||
        !number_read(&handshake->count, text, length, UINT64_MAX))
        return -EPROTO;
    reply->handshake_count++;
    return 0;
}

static int read_owner(struct uapi_vole *reply, const char *text, size_t length)
{
    struct uapi_vole_owner *owner = uapi_vole_add_owner(reply);

    if (owner == NULL)
        return -ENOMEM;
    return key_from_hex(owner->public_key, text, length) ? 0 : -EPROTO;
}

int uapi_vole_read_line(void *state, const char *line, size_t length)
{
    struct uapi_vole *reply = state;
    const char *text = memchr(line, '=', length);
    size_t name_length;
    uint64_t number;

    if (text == NULL)
        return -EPROTO;
    name_length = (size_t)(text - line);
    text++;
    length -= name_length + 1;
    if (name_length == 7 && memcmp(line, "version", 7) == 0)
        return word_take(reply->version, &text, &length) && length == 0 ? 0 : -EPROTO;
    if (name_length == 7 && memcmp(line, "feature", 7) == 0)
        return read_feature(reply, text, length);
    if (name_length == 4 && memcmp(line, "drop", 4) == 0)
        return read_drop(&reply->owners[reply->owner_count - 1], text, length);
    if (name_length == 9 && memcmp(line, "handshake", 9) == 0)
        return read_handshake(reply, text, length);
    if (name_length == 10 && memcmp(line, "public_key", 10) == 0)
        return read_owner(reply, text, length);
    if (name_length == 5 && memcmp(line, "errno", 5) == 0) {
        if (!number_read(&number, text, length, INT_MAX))
            return -EPROTO;
        reply->error = (int)number;
    }
    return 0;
}
