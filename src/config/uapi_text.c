/* SPDX-License-Identifier: MIT
 *
 * uapi_write_line() is the one place that touches the buffer. The writers above it remember where they began
 * and go back there if a line did not fit, wiping what they take back.
 */
#include "config/uapi_text.h"

#include "config/address.h"
#include "config/key.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

bool uapi_write_line(struct uapi_text *text, const char *format, ...)
{
    size_t room = text->capacity - text->length;
    char *end = text->bytes + text->length;
    va_list arguments;
    int length;

    if (room == 0)
        return false;
    va_start(arguments, format);
    length = vsnprintf(end, room, format, arguments);
    va_end(arguments);
    /* the terminator is not part of the text but vsnprintf needs its room */
    if (length < 0 || (size_t)length >= room) {
        key_wipe(end, room);
        return false;
    }
    text->length += (size_t)length;
    return true;
}

/* Takes back what was written since start, unless all of it fitted. */
static bool keep_if(bool fits, struct uapi_text *text, size_t start)
{
    if (!fits) {
        key_wipe(text->bytes + start, text->length - start);
        text->length = start;
    }
    return fits;
}

static bool write_key(struct uapi_text *text, const char *name, const uint8_t key[static KEY_BYTES])
{
    char hex[KEY_HEX_BYTES];
    bool fits;

    key_to_hex(hex, key);
    fits = uapi_write_line(text, "%s=%s\n", name, hex);
    key_wipe(hex, sizeof(hex));
    return fits;
}

bool uapi_write_device(struct uapi_text *text, const uint8_t *private_key, uint16_t listen_port,
                       uint32_t fwmark)
{
    size_t start = text->length;
    bool fits = private_key == NULL || write_key(text, "private_key", private_key);

    fits = fits && (listen_port == 0 || uapi_write_line(text, "listen_port=%u\n", listen_port));
    fits = fits && (fwmark == 0 || uapi_write_line(text, "fwmark=%" PRIu32 "\n", fwmark));
    return keep_if(fits, text, start);
}

static bool write_endpoint(struct uapi_text *text, const struct vole_endpoint *endpoint)
{
    char address[ADDRESS_ENDPOINT_TEXT_BYTES];

    address_write_endpoint(address, endpoint);
    return uapi_write_line(text, "endpoint=%s\n", address);
}

bool uapi_write_peer(struct uapi_text *text, const struct vole_peer_state *peer)
{
    size_t start = text->length;
    bool fits = write_key(text, "public_key", peer->public_key) &&
                write_key(text, "preshared_key", peer->preshared_key) &&
                uapi_write_line(text, "protocol_version=1\n");

    fits = fits && (!peer->has_endpoint || write_endpoint(text, &peer->endpoint));
    fits = fits && uapi_write_line(text,
                                   "last_handshake_time_sec=%" PRIu64 "\n"
                                   "last_handshake_time_nsec=%" PRIu32 "\n"
                                   "tx_bytes=%" PRIu64 "\n"
                                   "rx_bytes=%" PRIu64 "\n"
                                   "persistent_keepalive_interval=%u\n",
                                   peer->latest_handshake_s, peer->latest_handshake_ns, peer->sent_bytes,
                                   peer->received_bytes, peer->persistent_keepalive_s);
    return keep_if(fits, text, start);
}

bool uapi_write_allowed_ip(struct uapi_text *text, const struct vole_prefix *prefix)
{
    char words[ADDRESS_PREFIX_TEXT_BYTES];

    address_write_prefix(words, prefix);
    return uapi_write_line(text, "allowed_ip=%s\n", words);
}

bool uapi_write_errno(struct uapi_text *text, int number)
{
    return uapi_write_line(text, "errno=%d\n\n", number);
}

void uapi_text_wipe(struct uapi_text *text)
{
    key_wipe(text->bytes, text->capacity);
    text->length = 0;
}
