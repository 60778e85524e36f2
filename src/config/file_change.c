/* SPDX-License-Identifier: MIT
 *
 * A file as the change that `setconf` makes: what [Interface] does not give is given as none.
 */
#include "config/file.h"

#include <errno.h>
#include <string.h>

static int peer_change(struct change *change, const struct file_peer *from)
{
    struct change_peer *peer = change_add_peer(change, from->public_key);

    if (peer == NULL)
        return -ENOMEM;
    peer->replace_allowed_ips = !from->incremental;
    peer->has_preshared_key = from->has_preshared_key;
    memcpy(peer->preshared_key, from->preshared_key, VOLE_KEY_BYTES);
    peer->has_persistent_keepalive = from->has_persistent_keepalive;
    peer->persistent_keepalive_s = from->persistent_keepalive_s;
    for (size_t i = 0; i < from->allowed_ip_count; i++)
        if (change_allow(peer, &from->allowed_ips[i].prefix, from->allowed_ips[i].remove) != 0)
            return -ENOMEM;
    return 0;
}

int file_change(const struct file *file, struct change *change)
{
    change->has_private_key = true;
    memcpy(change->private_key, file->private_key, VOLE_KEY_BYTES);
    change->has_listen_port = true;
    change->listen_port = file->listen_port;
    change->has_fwmark = true;
    change->fwmark = file->fwmark;
    change->replace_peers = true;
    for (size_t i = 0; i < file->peer_count; i++)
        if (peer_change(change, &file->peers[i]) != 0)
            return -ENOMEM;
    return 0;
}
