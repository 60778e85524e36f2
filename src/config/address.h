/* SPDX-License-Identifier: MIT
 *
 * Addresses as text, both ways: endpoints ("192.0.2.1:51820", "[2001:db8::1]:51820",
 * "[fe80::1%eth0]:51820") and prefixes ("10.0.0.0/8", "fd00::/64").
 *
 * Only numbers are understood, never host names: nothing here asks the network. The one question to the
 * system is a zone's interface index, which belongs to the caller's network namespace; a zone may also be
 * given as a number.
 * Texts to be read come with their length and need no terminator; what is written is terminated and in the
 * C library's canonical form. A failed read leaves the result zeroed, except where said.
 * Errors: negative errno. Any thread may call; the only state is whom that question goes to. Spec: uapi §3.
 */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

#define ADDRESS_TEXT_BYTES          46                                             /* longest IPv6 text */
#define ADDRESS_ZONE_BYTES          16                                             /* an interface's name */
#define ADDRESS_ENDPOINT_TEXT_BYTES (ADDRESS_TEXT_BYTES + ADDRESS_ZONE_BYTES + 10) /* "[%]:65535" */
#define ADDRESS_PREFIX_TEXT_BYTES   (ADDRESS_TEXT_BYTES + 4)                       /* "/128" */

/* From now on a zone's interface is asked for over this socket, in whose network namespace it then is (-1: it
 * is never found), instead of over a new one each time: for a process that can make none any more. Before
 * there are threads. */
void address_ask_over(int socket);

/* An address alone; "" for family 0. */
void address_write(char text[static ADDRESS_TEXT_BYTES], const struct vole_address *address);
/* -EINVAL: neither an IPv4 nor an IPv6 address. No zone, no brackets. */
VOLE_MUST_CHECK int address_read(struct vole_address *address, const char *text, size_t length);

/* The zone is written as the interface's name if the address is link-local and the name is known, else as a
 * number. An endpoint without address is "". The learnt source is not part of the text. */
void address_write_endpoint(char text[static ADDRESS_ENDPOINT_TEXT_BYTES],
                            const struct vole_endpoint *endpoint);
/* -EINVAL: malformed. -ENODEV: well formed, but the zone names no interface here; everything but the scope
 * is filled in then. */
VOLE_MUST_CHECK int address_read_endpoint(struct vole_endpoint *endpoint, const char *text, size_t length);

void address_write_prefix(char text[static ADDRESS_PREFIX_TEXT_BYTES], const struct vole_prefix *prefix);
/* "address/length"; the length is mandatory and decimal. Host bits are kept as given. -EINVAL: malformed. */
VOLE_MUST_CHECK int address_read_prefix(struct vole_prefix *prefix, const char *text, size_t length);
/* Sets the bits behind the prefix's length to zero. Whether any of them was not. */
bool address_clear_host_bits(struct vole_prefix *prefix);
/* Whether the address is one of the prefix's, whose host bits do not count. */
VOLE_MUST_CHECK bool address_is_within(const struct vole_address *address, const struct vole_prefix *prefix);

#endif
