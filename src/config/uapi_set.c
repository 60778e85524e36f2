/* SPDX-License-Identifier: MIT
 *
 * The grammar of a set request is the table below: which key, in which section, with what kind of value. A
 * key that is only ever read (rx_bytes and its like) is simply not in it. Spec: uapi §3.
 */
#include "config/uapi_set.h"

#include "config/address.h"
#include "config/key.h"
#include "config/number.h"

#include <errno.h>
#include <string.h>

enum section { DEVICE_SECTION, PEER_SECTION, ANY_SECTION };

enum value_kind {
    KEY_VALUE,
    PORT_VALUE,
    MARK_VALUE,
    SECONDS_VALUE,
    ENDPOINT_VALUE,
    PREFIX_VALUE,
    TRUE_VALUE,
    ONE_VALUE
};

struct key_row {
    const char *name;
    enum uapi_key key;
    enum section section;
    enum value_kind kind;
};

static const struct key_row key_rows[] = {
    {"private_key", UAPI_PRIVATE_KEY, DEVICE_SECTION, KEY_VALUE},
    {"listen_port", UAPI_LISTEN_PORT, DEVICE_SECTION, PORT_VALUE},
    {"fwmark", UAPI_FWMARK, DEVICE_SECTION, MARK_VALUE},
    {"replace_peers", UAPI_REPLACE_PEERS, DEVICE_SECTION, TRUE_VALUE},
    {"public_key", UAPI_PUBLIC_KEY, ANY_SECTION, KEY_VALUE},
    {"update_only", UAPI_UPDATE_ONLY, PEER_SECTION, TRUE_VALUE},
    {"remove", UAPI_REMOVE, PEER_SECTION, TRUE_VALUE},
    {"preshared_key", UAPI_PRESHARED_KEY, PEER_SECTION, KEY_VALUE},
    {"endpoint", UAPI_ENDPOINT, PEER_SECTION, ENDPOINT_VALUE},
    {"persistent_keepalive_interval", UAPI_PERSISTENT_KEEPALIVE_INTERVAL, PEER_SECTION, SECONDS_VALUE},
    {"replace_allowed_ips", UAPI_REPLACE_ALLOWED_IPS, PEER_SECTION, TRUE_VALUE},
    {"allowed_ip", UAPI_ALLOWED_IP, PEER_SECTION, PREFIX_VALUE},
    {"protocol_version", UAPI_PROTOCOL_VERSION, PEER_SECTION, ONE_VALUE},
};

static bool text_is(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

static const struct key_row *key_row_find(const char *name, size_t length, bool in_peer)
{
    enum section wrong = in_peer ? DEVICE_SECTION : PEER_SECTION;

    for (size_t i = 0; i < sizeof(key_rows) / sizeof(key_rows[0]); i++) {
        if (text_is(name, length, key_rows[i].name))
            return key_rows[i].section != wrong ? &key_rows[i] : NULL;
    }
    return NULL;
}

static bool prefix_parse(const char *text, size_t length, struct uapi_setting *setting)
{
    if (length > 0 && text[0] == '-') {
        setting->key = UAPI_ALLOWED_IP_REMOVE;
        text++;
        length--;
    }
    return address_read_prefix(&setting->value.prefix, text, length) == 0;
}

static bool value_parse(enum value_kind kind, const char *text, size_t length, struct uapi_setting *setting)
{
    uint64_t number = 0;
    bool valid = false;

    switch (kind) {
    case KEY_VALUE:
        return key_from_hex(setting->value.key_bytes, text, length);
    case PORT_VALUE:
        valid = number_read(&number, text, length, UINT16_MAX);
        setting->value.port = (uint16_t)number;
        return valid;
    case MARK_VALUE:
        valid = number_read(&number, text, length, UINT32_MAX);
        setting->value.fwmark = (uint32_t)number;
        return valid;
    case SECONDS_VALUE:
        valid = number_read(&number, text, length, UINT16_MAX);
        setting->value.seconds = (uint16_t)number;
        return valid;
    case ENDPOINT_VALUE:
        return address_read_endpoint(&setting->value.endpoint, text, length) == 0;
    case PREFIX_VALUE:
        return prefix_parse(text, length, setting);
    case TRUE_VALUE:
        return text_is(text, length, "true");
    case ONE_VALUE:
        return text_is(text, length, "1");
    }
    return false;
}

int uapi_setting_parse(const char *line, size_t length, bool in_peer, struct uapi_setting *setting)
{
    const char *equals = memchr(line, '=', length);
    const struct key_row *row;
    size_t name_length;

    memset(setting, 0, sizeof(*setting));
    if (equals == NULL)
        return -EPROTO;
    name_length = (size_t)(equals - line);
    row = key_row_find(line, name_length, in_peer);
    if (row == NULL)
        return -EINVAL;
    setting->key = row->key;
    if (!value_parse(row->kind, equals + 1, length - name_length - 1, setting)) {
        uapi_setting_wipe(setting);
        return -EINVAL;
    }
    return 0;
}

void uapi_setting_wipe(struct uapi_setting *setting)
{
    key_wipe(setting, sizeof(*setting));
}
