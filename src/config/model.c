/* SPDX-License-Identifier: MIT
 *
 * Arrays grow by doubling, through array_grow() below, so that a peer costs constant time on average and
 * 100 000 of them stay cheap.
 */
#include "config/model.h"

#include "config/array.h"
#include "config/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model_device *device)
{
    memset(device, 0, sizeof(*device));
}

void model_free(struct model_device *device)
{
    for (size_t i = 0; i < device->peer_count; i++)
        free(device->peers[i].allowed_ips);
    if (device->peers != NULL)
        key_wipe(device->peers, device->peer_capacity * sizeof(*device->peers));
    free(device->peers);
    key_wipe(device, sizeof(*device));
}

void model_set_private_key(struct model_device *device, const uint8_t private_key[static VOLE_KEY_BYTES])
{
    device->has_private_key = !key_is_zero(private_key);
    memcpy(device->private_key, private_key, VOLE_KEY_BYTES);
    if (device->has_private_key)
        key_public(device->public_key, private_key);
    else
        memset(device->public_key, 0, VOLE_KEY_BYTES);
}

struct model_peer *model_add_peer(struct model_device *device,
                                  const uint8_t public_key[static VOLE_KEY_BYTES])
{
    struct model_peer *peers =
        array_grow(device->peers, &device->peer_capacity, device->peer_count, sizeof(*peers));
    struct model_peer *peer;

    if (peers == NULL)
        return NULL;
    device->peers = peers;
    peer = &peers[device->peer_count++];
    memset(peer, 0, sizeof(*peer));
    memcpy(peer->public_key, public_key, VOLE_KEY_BYTES);
    return peer;
}

int model_allow(struct model_peer *peer, const struct vole_prefix *prefix)
{
    struct vole_prefix *prefixes =
        array_grow(peer->allowed_ips, &peer->allowed_ip_capacity, peer->allowed_ip_count, sizeof(*prefixes));

    if (prefixes == NULL)
        return -ENOMEM;
    peer->allowed_ips = prefixes;
    prefixes[peer->allowed_ip_count++] = *prefix;
    return 0;
}
