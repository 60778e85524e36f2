/* SPDX-License-Identifier: MIT
 *
 * Bit by bit where that says it best.
 */
#include "slow_inner.h"

#include <string.h>

static unsigned bit(const uint8_t *bytes, unsigned number)
{
    return (unsigned)bytes[number / 8] >> (7 - number % 8) & 1u;
}

static bool bits_equal(const uint8_t *one, const uint8_t *other, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (bit(one, i) != bit(other, i))
            return false;
    return true;
}

int slow_owner(const struct slow_route *routes, size_t count, const struct vole_address *address)
{
    int owner = -1, longest = -1;

    for (size_t i = 0; i < count; i++) {
        const struct vole_prefix *prefix = &routes[i].prefix;

        if (prefix->address.family == address->family && prefix->length > longest &&
            bits_equal(prefix->address.bytes, address->bytes, prefix->length)) {
            owner = routes[i].owner;
            longest = prefix->length;
        }
    }
    return owner;
}

bool slow_prefix_equal(const struct vole_prefix *one, const struct vole_prefix *other)
{
    return one->address.family == other->address.family && one->length == other->length &&
           bits_equal(one->address.bytes, other->address.bytes, one->length);
}

static struct vole_address address_at(const uint8_t *packet, size_t in_v4, size_t in_v6)
{
    struct vole_address address = {.family = packet[0] / 16};

    memcpy(address.bytes, packet + (address.family == 4 ? in_v4 : in_v6), address.family == 4 ? 4 : 16);
    return address;
}

struct vole_address slow_source(const uint8_t *packet)
{
    return address_at(packet, 12, 8);
}

struct vole_address slow_destination(const uint8_t *packet)
{
    return address_at(packet, 16, 24);
}

size_t slow_padded(size_t length, uint32_t mtu)
{
    size_t last = mtu == 0 || length <= mtu ? length : length % mtu;

    while (last % 16 != 0 && (mtu == 0 || last < mtu)) {
        last++;
        length++;
    }
    return length;
}

uint8_t slow_class(const uint8_t *packet)
{
    return packet[0] / 16 == 4 ? packet[1] : (uint8_t)(packet[0] % 16 * 16 + packet[1] / 16);
}

uint8_t slow_outer_class(const uint8_t *packet, size_t length)
{
    unsigned inner;

    if (slow_read(packet, length).version == 0)
        return 0;
    inner = slow_class(packet) % 4u;
    return (uint8_t)(inner == 3 ? 2 : inner);
}

uint8_t slow_inner_class(uint8_t inner, uint8_t outer)
{
    unsigned from = outer % 4u, codepoint = inner % 4u; /* 0: none, 1: ECT(1), 2: ECT(0), 3: congestion */

    if (codepoint != 0 && from == 3)
        codepoint = 3;
    else if (codepoint == 2 && from == 1)
        codepoint = 1;
    return (uint8_t)(inner / 4 * 4 + codepoint);
}

enum vole_outcome slow_judge(const uint8_t *plaintext, size_t length, const struct slow_route *routes,
                             size_t count, int peer, enum vole_drop *reason, size_t *total)
{
    struct slow_packet headers = slow_read(plaintext, length);
    struct vole_address source;

    if (length == 0)
        return VOLE_KEEPALIVE;
    *reason = VOLE_DROP_INNER_MALFORMED;
    if (headers.version == 0)
        return VOLE_DROPPED;
    *reason = VOLE_DROP_INNER_LENGTH;
    if (!headers.total_fits)
        return VOLE_DROPPED;
    *reason = VOLE_DROP_SOURCE_NOT_ALLOWED;
    source = slow_source(plaintext);
    if (slow_owner(routes, count, &source) != peer)
        return VOLE_DROPPED;
    *total = headers.total;
    return VOLE_DELIVERED;
}

/* ---- ICMP ---- */

static bool one_host(const struct vole_address *address)
{
    uint64_t first = slow_number(address->bytes, 0, 8), second = slow_number(address->bytes, 8, 8);

    if (address->family == 4)
        return first >> 32 != 0 && first >> 32 != 0xffffffff && address->bytes[0] / 16 != 14;
    return (first != 0 || second != 0) && address->bytes[0] != 0xff;
}

/* RFC 1122 §3.2.2, RFC 4443 §2.4: types that tell of errors, or may. */
static bool is_error(unsigned version, unsigned type)
{
    return version == 4 ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12 || type > 18
                        : type < 128 || type == 137;
}

size_t slow_unreachable(uint8_t *out, const uint8_t *packet, size_t length)
{
    struct slow_packet headers = slow_read(packet, length);
    struct vole_address source, destination;
    size_t quoted, most;

    if (headers.version == 0 || !headers.total_fits)
        return 0;
    quoted = headers.total;
    headers = slow_read(packet, quoted);
    source = slow_source(packet);
    destination = slow_destination(packet);
    if (!headers.chain || headers.later || !one_host(&source) || !one_host(&destination))
        return 0;
    if (headers.protocol == (headers.version == 4 ? 1 : 58) &&
        (headers.transport >= quoted || is_error(headers.version, packet[headers.transport])))
        return 0;
    most = headers.version == 4 ? 576 - 20 - 8 : 1280 - 40 - 8;
    quoted = quoted < most ? quoted : most;
    memset(out, 0, 8);
    memcpy(out + 8, packet, quoted);
    out[0] = headers.version == 4 ? 3 : 1;
    out[1] = headers.version == 4 ? 1 : 3;
    if (headers.version == 4)
        slow_store(out, 2, 2, 0xffffu - slow_fold(slow_sum(0, out, quoted + 8)));
    return quoted + 8;
}
