/* SPDX-License-Identifier: MIT
 *
 * Deciding whether an ICMP error may be sent (routing §4, RFC 1122 §3.2.2, RFC 4443 §2.4), and building it.
 */
#include "packet/icmp.h"

#include "packet/bytes.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <stdbool.h>
#include <string.h>

enum { ICMP_HEADER_BYTES = 8 };
enum { V4_UNREACHABLE = 3, V4_UNREACHABLE_HOST = 1, V4_LAST_TYPE = 18 };
enum { V6_UNREACHABLE = 1, V6_UNREACHABLE_ADDRESS = 3, V6_INFORMATIONAL = 0x80, V6_REDIRECT = 137 };

/* Unreachable, source quench, redirect, time exceeded, parameter problem; what is unknown may be one too. */
static bool type_is_error_v4(uint8_t type)
{
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12 || type > V4_LAST_TYPE;
}

/* Errors, and redirects, which RFC 4443 treats alike. */
static bool type_is_error_v6(uint8_t type)
{
    return (type & V6_INFORMATIONAL) == 0 || type == V6_REDIRECT;
}

/* One host, as far as the address alone can tell. */
static bool address_is_unicast(const struct vole_address *address)
{
    static const uint8_t unspecified[16] = {0};
    if (memcmp(address->bytes, unspecified, sizeof unspecified) == 0)
        return false;
    if (address->family == 6)
        return address->bytes[0] != 0xff;
    return (address->bytes[0] & 0xf0) != 0xe0 && bytes_load_be32(address->bytes) != UINT32_MAX;
}

static bool may_answer(const uint8_t *packet, size_t length)
{
    struct vole_address source = ip_source(packet), destination = ip_destination(packet);
    if (!address_is_unicast(&source) || !address_is_unicast(&destination))
        return false;
    struct ip_transport transport;
    if (!ip_find_transport(packet, length, &transport) || transport.later_fragment)
        return false;
    bool v4 = source.family == 4;
    if (transport.protocol != (v4 ? IP_PROTOCOL_ICMP : IP_PROTOCOL_ICMP6))
        return true;
    if (transport.offset >= length)
        return false; /* its type cannot be seen */
    uint8_t type = packet[transport.offset];
    return v4 ? !type_is_error_v4(type) : !type_is_error_v6(type);
}

size_t icmp_unreachable(uint8_t *out, size_t room, const uint8_t *packet, size_t length)
{
    size_t quoted;
    if (ip_check(packet, length, &quoted) != IP_OK || !may_answer(packet, quoted))
        return 0;
    bool v4 = packet[0] >> 4 == 4;
    size_t most = (v4 ? ICMP_V4_UNREACHABLE_BYTES : ICMP_V6_UNREACHABLE_BYTES) - ICMP_HEADER_BYTES;
    if (quoted > most)
        quoted = most;
    size_t message_bytes = ICMP_HEADER_BYTES + quoted;
    if (message_bytes > room)
        return 0;
    memset(out, 0, ICMP_HEADER_BYTES);
    out[0] = v4 ? V4_UNREACHABLE : V6_UNREACHABLE;
    out[1] = v4 ? V4_UNREACHABLE_HOST : V6_UNREACHABLE_ADDRESS;
    memcpy(out + ICMP_HEADER_BYTES, packet, quoted);
    if (v4)
        bytes_store_be16(out + 2, (uint16_t)~checksum_fold(checksum_add(0, out, message_bytes)));
    return message_bytes;
}
