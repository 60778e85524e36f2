/* SPDX-License-Identifier: MIT
 *
 * The two ECN tables of routing §6 and the rewriting of the inner header.
 */
#include "packet/ecn.h"

#include "packet/bytes.h"
#include "packet/ip.h"

/* [inner][outer]; where RFC 6040 would drop (inner Not-ECT, outer CE) the packet is delivered unmarked. */
static const uint8_t decapsulated[4][4] = {
    [ECN_NOT_ECT] = {ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT, ECN_NOT_ECT},
    [ECN_ECT_1] =
        {[ECN_NOT_ECT] = ECN_ECT_1, [ECN_ECT_1] = ECN_ECT_1, [ECN_ECT_0] = ECN_ECT_1, [ECN_CE] = ECN_CE},
    [ECN_ECT_0] =
        {[ECN_NOT_ECT] = ECN_ECT_0, [ECN_ECT_1] = ECN_ECT_1, [ECN_ECT_0] = ECN_ECT_0, [ECN_CE] = ECN_CE},
    [ECN_CE] = {ECN_CE, ECN_CE, ECN_CE, ECN_CE},
};

uint8_t ecn_encapsulate(uint8_t inner_traffic_class)
{
    uint8_t codepoint = inner_traffic_class & ECN_MASK;
    return codepoint == ECN_CE ? ECN_ECT_0 : codepoint;
}

/* RFC 1624, equation 3, for the header's first 16-bit word changing from one value to another. */
static void adjust_ipv4_checksum(uint8_t *packet, uint16_t before, uint16_t after)
{
    uint32_t sum = (uint16_t)~bytes_load_be16(packet + 10);
    sum += (uint16_t)~before;
    sum += after;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    bytes_store_be16(packet + 10, (uint16_t)~sum);
}

void ecn_decapsulate(uint8_t *packet, uint8_t outer_traffic_class)
{
    uint8_t inner = ip_traffic_class(packet) & ECN_MASK;
    uint8_t result = decapsulated[inner][outer_traffic_class & ECN_MASK];
    if (result == inner)
        return;
    if (packet[0] >> 4 == 4) {
        uint16_t before = bytes_load_be16(packet);
        packet[1] = (uint8_t)((packet[1] & ~ECN_MASK) | result);
        adjust_ipv4_checksum(packet, before, bytes_load_be16(packet));
    } else {
        packet[1] = (uint8_t)((packet[1] & ~(ECN_MASK << 4)) | result << 4);
    }
}
