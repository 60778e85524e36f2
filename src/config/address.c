/* SPDX-License-Identifier: MIT
 *
 * The C library knows the grammar of bare addresses (inet_pton, inet_ntop); here is what stands around them:
 * brackets, zones, ports, prefix lengths.
 */
#include "config/address.h"

#include "config/number.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static_assert(ADDRESS_ZONE_BYTES == IF_NAMESIZE, "a zone is an interface's name");
static_assert(ADDRESS_TEXT_BYTES == INET6_ADDRSTRLEN, "the C library's idea of the longest text");

/* Whom to ask about interfaces. */
static struct {
    bool given;
    int socket;
} address_asked;

void address_ask_over(int socket)
{
    address_asked.given = true;
    address_asked.socket = socket;
}

/* 0: there is none of that name. */
static uint32_t zone_index(const char *name)
{
    struct ifreq request;

    if (!address_asked.given)
        return if_nametoindex(name);
    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, name, strnlen(name, sizeof(request.ifr_name) - 1));
    return ioctl(address_asked.socket, SIOCGIFINDEX, &request) < 0 ? 0 : (uint32_t)request.ifr_ifindex;
}

static bool zone_name(uint32_t index, char name[static IF_NAMESIZE])
{
    struct ifreq request;

    if (!address_asked.given)
        return if_indextoname(index, name) != NULL;
    memset(&request, 0, sizeof(request));
    request.ifr_ifindex = (int)index;
    if (ioctl(address_asked.socket, SIOCGIFNAME, &request) < 0)
        return false;
    memcpy(name, request.ifr_name, IF_NAMESIZE);
    name[IF_NAMESIZE - 1] = '\0';
    return true;
}

void address_write(char text[static ADDRESS_TEXT_BYTES], const struct vole_address *address)
{
    text[0] = '\0';
    if (address->family == 4)
        (void)inet_ntop(AF_INET, address->bytes, text, ADDRESS_TEXT_BYTES);
    else if (address->family == 6)
        (void)inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_BYTES);
}

int address_read(struct vole_address *address, const char *text, size_t length)
{
    char copy[ADDRESS_TEXT_BYTES];

    memset(address, 0, sizeof(*address));
    if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
        return -EINVAL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (inet_pton(AF_INET, copy, address->bytes) == 1) {
        address->family = 4;
    } else if (inet_pton(AF_INET6, copy, address->bytes) == 1) {
        address->family = 6;
    } else {
        memset(address, 0, sizeof(*address));
        return -EINVAL;
    }
    return 0;
}

/* ---- endpoints ---- */

/* Zones that are names belong to a link: fe80::/10, and multicast of interface or link scope. */
static bool address_is_of_link(const struct vole_address *address)
{
    const uint8_t *bytes = address->bytes;

    if (address->family != 6)
        return false;
    return (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
           (bytes[0] == 0xff && ((bytes[1] & 15) == 1 || (bytes[1] & 15) == 2));
}

void address_write_endpoint(char text[static ADDRESS_ENDPOINT_TEXT_BYTES],
                            const struct vole_endpoint *endpoint)
{
    char address[ADDRESS_TEXT_BYTES];
    char zone[ADDRESS_ZONE_BYTES + 1] = "";

    address_write(address, &endpoint->address);
    text[0] = '\0';
    if (endpoint->address.family == 4) {
        snprintf(text, ADDRESS_ENDPOINT_TEXT_BYTES, "%s:%u", address, endpoint->port);
    } else if (endpoint->address.family == 6) {
        if (endpoint->scope != 0) {
            zone[0] = '%';
            if (!address_is_of_link(&endpoint->address) || !zone_name(endpoint->scope, zone + 1))
                snprintf(zone + 1, ADDRESS_ZONE_BYTES, "%u", endpoint->scope);
        }
        snprintf(text, ADDRESS_ENDPOINT_TEXT_BYTES, "[%s%s]:%u", address, zone, endpoint->port);
    }
}

/* -EINVAL: not even a possible name. -ENODEV: no such interface here. */
static int zone_read(uint32_t *scope, const char *text, size_t length)
{
    char name[ADDRESS_ZONE_BYTES];
    uint64_t number;

    *scope = 0;
    if (length == 0 || length >= sizeof(name) || memchr(text, '\0', length) != NULL)
        return -EINVAL;
    memcpy(name, text, length);
    name[length] = '\0';
    *scope = zone_index(name);
    if (*scope != 0)
        return 0;
    if (!number_read(&number, text, length, UINT32_MAX))
        return -ENODEV;
    *scope = (uint32_t)number;
    return 0;
}

/* What stands between the brackets: an IPv6 address, with or without zone. */
static int bracketed_read(struct vole_endpoint *endpoint, const char *text, size_t length)
{
    const char *percent = memchr(text, '%', length);
    size_t address_length = percent != NULL ? (size_t)(percent - text) : length;
    int error = address_read(&endpoint->address, text, address_length);

    if (error != 0)
        return error;
    if (endpoint->address.family != 6)
        return -EINVAL;
    if (percent == NULL)
        return 0;
    return zone_read(&endpoint->scope, percent + 1, length - address_length - 1);
}

int address_read_endpoint(struct vole_endpoint *endpoint, const char *text, size_t length)
{
    const char *colon = memrchr(text, ':', length);
    uint64_t port = 0;
    size_t host_length;
    int error = -EINVAL;

    memset(endpoint, 0, sizeof(*endpoint));
    if (colon == NULL || !number_read(&port, colon + 1, (size_t)(text + length - colon) - 1, UINT16_MAX))
        return -EINVAL;
    host_length = (size_t)(colon - text);
    if (host_length >= 2 && text[0] == '[' && text[host_length - 1] == ']') {
        error = bracketed_read(endpoint, text + 1, host_length - 2);
    } else {
        error = address_read(&endpoint->address, text, host_length);
        if (error == 0 && endpoint->address.family != 4)
            error = -EINVAL;
    }
    if (error == -EINVAL)
        memset(endpoint, 0, sizeof(*endpoint));
    else
        endpoint->port = (uint16_t)port;
    return error;
}

/* ---- prefixes ---- */

void address_write_prefix(char text[static ADDRESS_PREFIX_TEXT_BYTES], const struct vole_prefix *prefix)
{
    char address[ADDRESS_TEXT_BYTES];

    address_write(address, &prefix->address);
    snprintf(text, ADDRESS_PREFIX_TEXT_BYTES, "%s/%u", address, prefix->length);
}

int address_read_prefix(struct vole_prefix *prefix, const char *text, size_t length)
{
    const char *slash = memchr(text, '/', length);
    uint64_t bits = 0;
    size_t bits_length;
    int error;

    memset(prefix, 0, sizeof(*prefix));
    if (slash == NULL)
        return -EINVAL;
    error = address_read(&prefix->address, text, (size_t)(slash - text));
    bits_length = (size_t)(text + length - slash) - 1;
    if (error == 0 && (!number_read(&bits, slash + 1, bits_length, prefix->address.family == 4 ? 32 : 128) ||
                       (bits_length > 1 && slash[1] == '0')))
        error = -EINVAL;
    if (error != 0)
        memset(prefix, 0, sizeof(*prefix));
    else
        prefix->length = (uint8_t)bits;
    return error;
}

bool address_clear_host_bits(struct vole_prefix *prefix)
{
    size_t bytes = prefix->address.family == 4 ? 4 : 16;
    unsigned cleared = 0;

    for (size_t i = 0; i < bytes; i++) {
        size_t network_bits = prefix->length > 8 * i ? prefix->length - 8 * i : 0;
        unsigned host_mask = network_bits >= 8 ? 0 : 0xffu >> network_bits;

        cleared |= prefix->address.bytes[i] & host_mask;
        prefix->address.bytes[i] = (uint8_t)(prefix->address.bytes[i] & ~host_mask);
    }
    return cleared != 0;
}

bool address_is_within(const struct vole_address *address, const struct vole_prefix *prefix)
{
    struct vole_prefix network = *prefix;
    struct vole_prefix around = {.address = *address, .length = prefix->length};

    if (address->family != prefix->address.family)
        return false;
    (void)address_clear_host_bits(&network);
    (void)address_clear_host_bits(&around);
    return memcmp(network.address.bytes, around.address.bytes, sizeof(network.address.bytes)) == 0;
}
