/* SPDX-License-Identifier: MIT */
#include "explain/life_packet.h"

#include "config/address.h"
#include "explain/compose.h"
#include "packet/checksum.h"
#include "packet/ip.h"

#include <assert.h>
#include <string.h>

enum { TIME_TO_LIVE = 8, ECHO_PAYLOAD_BYTES = LIFE_PACKET_BYTES - COMPOSE_IPV4_BYTES - COMPOSE_ECHO_BYTES };

void life_packet_echo(uint8_t packet[static LIFE_PACKET_BYTES], const struct vole_address *source,
                      const struct vole_address *destination, bool answer, uint16_t number)
{
    const struct compose_way way = {.from = *source, .to = *destination, .identification = number};
    uint8_t payload[ECHO_PAYLOAD_BYTES];

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i + 8); /* as ping counts */
    if (compose_echo(packet, &way, answer, 4, number, payload, sizeof payload) != LIFE_PACKET_BYTES)
        assert(false);
}

bool life_packet_forward(uint8_t *packet, size_t length)
{
    assert(packet[0] == 0x45);
    if (length < IP_V4_HEADER_BYTES || packet[TIME_TO_LIVE] <= 1)
        return false;
    packet[TIME_TO_LIVE]--;
    checksum_ipv4_header(packet, IP_V4_HEADER_BYTES);
    return true;
}

struct vole_address life_packet_address(const char *text)
{
    struct vole_address address;
    int error = address_read(&address, text, strlen(text));

    assert(error == 0);
    (void)error;
    return address;
}
