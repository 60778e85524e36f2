/* SPDX-License-Identifier: MIT
 *
 * One line of a `set=1` request becomes one setting. What the settings mean and in which order they are
 * applied is the daemon's business; here is only the table of keys, their sections and their values.
 *
 * A line belongs to the device section until the first public_key and to a peer section from then on; the
 * caller remembers which and passes it in. public_key itself is right in both.
 * Nothing of a line is ever copied into a message: it may hold a key.
 * A setting may hold a secret (private_key, preshared_key): wipe it with uapi_setting_wipe() after use.
 * Any thread may call; there is no state. Spec: uapi §2, §3, §5.
 */
#ifndef CONFIG_UAPI_SET_H
#define CONFIG_UAPI_SET_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum uapi_key {
    /* device section */
    UAPI_PRIVATE_KEY, /* key; all zero removes it */
    UAPI_LISTEN_PORT, /* port; 0: any free one */
    UAPI_FWMARK,      /* fwmark; 0: off */
    UAPI_REPLACE_PEERS,
    /* starts a peer section */
    UAPI_PUBLIC_KEY, /* key */
    /* peer section */
    UAPI_UPDATE_ONLY,
    UAPI_REMOVE,
    UAPI_PRESHARED_KEY,                 /* key; all zero removes it */
    UAPI_ENDPOINT,                      /* endpoint, without source */
    UAPI_PERSISTENT_KEEPALIVE_INTERVAL, /* seconds; 0: off */
    UAPI_REPLACE_ALLOWED_IPS,
    UAPI_ALLOWED_IP,        /* prefix; may have host bits */
    UAPI_ALLOWED_IP_REMOVE, /* prefix: "allowed_ip=-PREFIX" */
    UAPI_PROTOCOL_VERSION   /* always 1 */
};

struct uapi_setting {
    enum uapi_key key;
    union {
        uint8_t key_bytes[VOLE_KEY_BYTES];
        uint16_t port;
        uint32_t fwmark;
        uint16_t seconds;
        struct vole_endpoint endpoint;
        struct vole_prefix prefix;
    } value;
};

/* Reads one line, given without its LF. 0; -EPROTO: no "=" in it; -EINVAL: unknown or get-only key, key of
 * the other section, or bad value. On an error the setting is zeroed. */
VOLE_MUST_CHECK int uapi_setting_parse(const char *line, size_t length, bool in_peer,
                                       struct uapi_setting *setting);
void uapi_setting_wipe(struct uapi_setting *setting);

#endif
