/* SPDX-License-Identifier: MIT
 *
 * What peers and prefixes take: see room.h. unit/peer_memory measures what is reckoned with here.
 */
#include "core/room.h"

#include "core/device.h"
#include "crypto/secret_memory.h"

/* Of tables, for a peer: four entries among the receiver indices, whose array is at most four times as large
 * as what is in it, while one of half the size waits for its last reader; its chain and its place in the heap
 * of deadlines, twice while those grow. And what is left over in a block of secret memory. */
#define TABLES_BYTES (4 * 4 * 8 + 4 * 2 * 8 + 2 * 2 * 8 + 2 * 2 * 16)
#define BLOCK_SHARE  32u

size_t room_peer_bytes(void)
{
    return sizeof(struct vole_peer) + 3 * sizeof(struct keypair) + TABLES_BYTES + BLOCK_SHARE;
}

size_t room_prefix_bytes(void)
{
    return 2 * allowed_ips_node_bytes();
}

/* Blocks of secret memory that are nearly empty, after many peers went, are taken for full. */
static uint64_t taken_by_peers(const struct vole_device *device, size_t peers)
{
    uint64_t reckoned = (uint64_t)peers * room_peer_bytes();
    uint64_t mapped = secret_memory_bytes(device->secrets);

    mapped -= mapped < ROOM_SPARE_BYTES ? mapped : ROOM_SPARE_BYTES;
    return reckoned > mapped ? reckoned : mapped;
}

bool room_for_peer(const struct vole_device *device)
{
    size_t peers = device->peer_count + UINT32_C(1);
    uint64_t prefixes = (uint64_t)device->allowed_ips.count * room_prefix_bytes();

    if (peers > MAX_PEERS_PER_DEVICE)
        return false;
    return device->peer_bytes == 0 || taken_by_peers(device, peers) + prefixes <= device->peer_bytes;
}

size_t room_for_prefixes(const struct vole_device *device)
{
    uint64_t peers = taken_by_peers(device, device->peer_count), fitting;

    if (device->peer_bytes == 0)
        return MAX_ALLOWED_IPS_PER_DEVICE;
    if (peers >= device->peer_bytes)
        return 0;
    fitting = (device->peer_bytes - peers) / room_prefix_bytes();
    return fitting < MAX_ALLOWED_IPS_PER_DEVICE ? (size_t)fitting : MAX_ALLOWED_IPS_PER_DEVICE;
}
