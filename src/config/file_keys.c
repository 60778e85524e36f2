/* SPDX-License-Identifier: MIT
 *
 * A name is near another if a few typing errors make one out of the other (file_nearest.h).
 */
#include "config/file_keys.h"

#include "config/file_nearest.h"

#include <stdio.h>
#include <string.h>

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static const struct file_key keys[] = {
    {"PrivateKey", FILE_INTERFACE, false, false, "KEY", file_read_private_key},
    {"PrivateKeyFile", FILE_INTERFACE, false, false, "/etc/vole/private.key", file_read_private_key_file},
    {"ListenPort", FILE_INTERFACE, false, false, "51820", file_read_listen_port},
    {"FwMark", FILE_INTERFACE, false, false, "0xca6c", file_read_fwmark},
    {"PublicKey", FILE_PEER, false, false, "KEY", file_read_public_key},
    {"PresharedKey", FILE_PEER, false, false, "KEY", file_read_preshared_key},
    {"PresharedKeyFile", FILE_PEER, false, false, "/etc/vole/preshared.key", file_read_preshared_key_file},
    {"AllowedIPs", FILE_PEER, false, false, "10.0.0.0/8, fd00::/64", file_read_allowed_ips},
    {"Endpoint", FILE_PEER, false, false, "host.example:51820", file_read_endpoint},
    {"PersistentKeepalive", FILE_PEER, false, false, "25", file_read_keepalive},
    {"Address", FILE_INTERFACE, true, false, "10.0.0.1/24", file_read_address},
    {"DNS", FILE_INTERFACE, true, false, "192.0.2.53", file_read_dns},
    {"MTU", FILE_INTERFACE, true, false, "1420", file_read_mtu},
    {"Table", FILE_INTERFACE, true, false, "off", file_read_table},
    {"SaveConfig", FILE_INTERFACE, true, false, "true", file_read_save_config},
    {"PreUp", FILE_INTERFACE, true, true, "COMMAND", file_read_hook},
    {"PostUp", FILE_INTERFACE, true, true, "COMMAND", file_read_hook},
    {"PreDown", FILE_INTERFACE, true, true, "COMMAND", file_read_hook},
    {"PostDown", FILE_INTERFACE, true, true, "COMMAND", file_read_hook},
};

const char *const file_section_names[3] = {"", "[Interface]", "[Peer]"};

const struct file_key *file_key_find(const char *name, size_t length)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strlen(keys[i].name) == length && strncasecmp(keys[i].name, name, length) == 0)
            return &keys[i];
    return NULL;
}

const struct file_key *file_key_nearest(const char *name, size_t length, enum file_kind kind)
{
    const struct file_key *nearest = NULL;
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t distance;

        if (keys[i].quick && kind != FILE_QUICK)
            continue;
        distance = file_nearest_distance(name, length, keys[i].name);
        if (distance < best) {
            best = distance;
            nearest = &keys[i];
        }
    }
    return nearest;
}
