/* SPDX-License-Identifier: MIT
 *
 * Byte by byte.
 */
#include "slow_packet.h"

uint64_t slow_number(const uint8_t *bytes, size_t position, size_t count)
{
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number * 256 + bytes[position + i];
    return number;
}

void slow_store(uint8_t *bytes, size_t position, size_t count, uint64_t number)
{
    for (size_t i = count; i > 0; i--) {
        bytes[position + i - 1] = (uint8_t)(number % 256);
        number /= 256;
    }
}

uint32_t slow_sum(uint32_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i + 1 < length; i += 2)
        sum += bytes[i] * 256u + bytes[i + 1];
    return length % 2 == 0 ? sum : sum + bytes[length - 1] * 256u;
}

uint16_t slow_fold(uint32_t sum)
{
    while (sum > 0xffff)
        sum = sum / 0x10000 + sum % 0x10000;
    return (uint16_t)sum;
}

/* ---- headers ---- */

static void read_v4(const uint8_t *packet, size_t length, struct slow_packet *headers)
{
    size_t words = packet[0] % 16u, fragment = (size_t)slow_number(packet, 6, 2);

    headers->total = (size_t)slow_number(packet, 2, 2);
    headers->total_fits = headers->total >= 20 && headers->total <= length;
    headers->chain = words >= 5 && words * 4 <= length;
    headers->transport = words * 4;
    headers->protocol = packet[9];
    headers->destination = 16;
    headers->later = fragment % 0x2000 != 0;
    headers->fragment = headers->later || (fragment & 0x2000) != 0;
}

/* One extension header (RFC 8200 §4, RFC 4302). False: it is not whole, or names its destination in a way
 * that is not known here. */
static bool read_extension(const uint8_t *packet, size_t length, struct slow_packet *headers)
{
    const uint8_t *extension = packet + headers->transport;
    size_t room = length - headers->transport, bytes;

    if (room < 8)
        return false;
    switch (headers->protocol) {
    case 44:
        bytes = 8;
        headers->later = slow_number(extension, 2, 2) / 8 != 0;
        headers->fragment = headers->fragment || headers->later || (extension[3] & 1) != 0;
        break;
    case 51:
        bytes = ((size_t)extension[1] + 2) * 4;
        break;
    default:
        bytes = ((size_t)extension[1] + 1) * 8;
    }
    if (bytes > room)
        return false;
    if (headers->protocol == 43 &&
        extension[3] != 0) { /* mobility's and segments': the first address is it */
        if ((extension[2] != 2 && extension[2] != 4) || bytes < 24)
            return false;
        headers->destination = headers->transport + 8;
    }
    headers->protocol = extension[0];
    headers->transport += bytes;
    return true;
}

static void read_v6(const uint8_t *packet, size_t length, struct slow_packet *headers)
{
    headers->total = (size_t)slow_number(packet, 4, 2) + 40;
    headers->total_fits = headers->total <= length;
    headers->transport = 40;
    headers->protocol = packet[6];
    headers->destination = 24;
    headers->chain = true;
    while (headers->chain && !headers->later &&
           (headers->protocol == 0 || headers->protocol == 43 || headers->protocol == 44 ||
            headers->protocol == 51 || headers->protocol == 60))
        headers->chain = read_extension(packet, length, headers);
}

struct slow_packet slow_read(const uint8_t *packet, size_t length)
{
    struct slow_packet headers = {0};

    if (length >= 20 && packet[0] / 16 == 4) {
        headers.version = 4;
        read_v4(packet, length, &headers);
    } else if (length >= 40 && packet[0] / 16 == 6) {
        headers.version = 6;
        read_v6(packet, length, &headers);
    }
    return headers;
}

/* ---- sums ---- */

uint32_t slow_pseudo(const uint8_t *packet, const struct slow_packet *headers, size_t transport_bytes)
{
    size_t address = headers->version == 4 ? 4 : 16;
    uint32_t sum =
        headers->protocol + (uint32_t)transport_bytes % 0x10000 + (uint32_t)transport_bytes / 0x10000;

    sum = slow_sum(sum, packet + (headers->version == 4 ? 12 : 8), address);
    return slow_sum(sum, packet + headers->destination, address);
}

bool slow_header_sum_right(const uint8_t *packet, const struct slow_packet *headers)
{
    return headers->version != 4 || slow_fold(slow_sum(0, packet, headers->transport)) == 0xffff;
}

bool slow_transport_sum_right(const uint8_t *packet, size_t length, const struct slow_packet *headers)
{
    size_t bytes = length - headers->transport;
    const uint8_t *transport = packet + headers->transport;

    if (headers->protocol == SLOW_UDP && slow_number(transport, 6, 2) == 0)
        return false; /* "none" */
    return slow_fold(slow_sum(slow_pseudo(packet, headers, bytes), transport, bytes)) == 0xffff;
}
