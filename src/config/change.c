/* SPDX-License-Identifier: MIT
 *
 * Arrays grow by doubling, through array_grow(), which wipes what it gives up: peers hold preshared keys.
 */
#include "config/change.h"

#include "config/array.h"
#include "config/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void change_init(struct change *change)
{
    memset(change, 0, sizeof(*change));
}

void change_free(struct change *change)
{
    for (size_t i = 0; i < change->peer_count; i++)
        free(change->peers[i].allowed_ips);
    if (change->peers != NULL)
        key_wipe(change->peers, change->peer_capacity * sizeof(*change->peers));
    free(change->peers);
    key_wipe(change, sizeof(*change));
}

bool change_is_empty(const struct change *change)
{
    return !change->has_private_key && !change->has_listen_port && !change->has_fwmark &&
           !change->replace_peers && change->peer_count == 0;
}

struct change_peer *change_add_peer(struct change *change, const uint8_t public_key[static VOLE_KEY_BYTES])
{
    struct change_peer *peers =
        array_grow(change->peers, &change->peer_capacity, change->peer_count, sizeof(*peers));
    struct change_peer *peer;

    if (peers == NULL)
        return NULL;
    change->peers = peers;
    peer = &peers[change->peer_count++];
    memset(peer, 0, sizeof(*peer));
    memcpy(peer->public_key, public_key, VOLE_KEY_BYTES);
    return peer;
}

int change_allow(struct change_peer *peer, const struct vole_prefix *prefix, bool remove)
{
    struct change_allowed_ip *allowed_ips = array_grow(peer->allowed_ips, &peer->allowed_ip_capacity,
                                                       peer->allowed_ip_count, sizeof(*allowed_ips));

    if (allowed_ips == NULL)
        return -ENOMEM;
    peer->allowed_ips = allowed_ips;
    allowed_ips[peer->allowed_ip_count++] = (struct change_allowed_ip){.prefix = *prefix, .remove = remove};
    return 0;
}
