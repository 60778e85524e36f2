/* SPDX-License-Identifier: MIT
 *
 * The taker's error is remembered in the writer and everything after it is left out, so that the order of
 * lines below reads as the protocol has it, without a question after each.
 */
#include "config/uapi_change.h"

#include "config/address.h"
#include "config/key.h"
#include "config/uapi_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct writer {
    struct uapi_text text;
    uapi_change_taker take;
    void *state;
    int error;
};

/* Hands on what is written and empties the buffer. */
static void writer_flush(struct writer *writer)
{
    if (writer->error == 0 && writer->text.length > 0)
        writer->error = writer->take(writer->state, writer->text.bytes, writer->text.length);
    uapi_text_wipe(&writer->text);
}

/* One line; the longest is far below what the empty buffer takes. */
static void writer_line(struct writer *writer, const char *name, const char *value)
{
    if (uapi_write_line(&writer->text, "%s=%s\n", name, value))
        return;
    writer_flush(writer);
    if (!uapi_write_line(&writer->text, "%s=%s\n", name, value))
        writer->error = -EMSGSIZE;
}

static void writer_number(struct writer *writer, const char *name, uint32_t number)
{
    char digits[16];

    (void)snprintf(digits, sizeof(digits), "%" PRIu32, number);
    writer_line(writer, name, digits);
}

static void writer_key(struct writer *writer, const char *name, const uint8_t key[static KEY_BYTES])
{
    char hex[KEY_HEX_BYTES];

    key_to_hex(hex, key);
    writer_line(writer, name, hex);
    key_wipe(hex, sizeof(hex));
}

static void writer_endpoint(struct writer *writer, const struct vole_endpoint *endpoint)
{
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    address_write_endpoint(text, endpoint);
    writer_line(writer, "endpoint", text);
}

static void writer_allowed_ip(struct writer *writer, const struct change_allowed_ip *allowed_ip)
{
    char text[1 + ADDRESS_PREFIX_TEXT_BYTES] = "-";

    address_write_prefix(text + 1, &allowed_ip->prefix);
    writer_line(writer, "allowed_ip", allowed_ip->remove ? text : text + 1);
}

static void writer_device(struct writer *writer, const struct change *change)
{
    if (change->has_private_key)
        writer_key(writer, "private_key", change->private_key);
    if (change->has_listen_port)
        writer_number(writer, "listen_port", change->listen_port);
    if (change->has_fwmark)
        writer_number(writer, "fwmark", change->fwmark);
    if (change->replace_peers)
        writer_line(writer, "replace_peers", "true");
}

static void writer_peer(struct writer *writer, const struct change_peer *peer)
{
    writer_key(writer, "public_key", peer->public_key);
    if (peer->remove) {
        writer_line(writer, "remove", "true");
        return;
    }
    if (peer->update)
        writer_line(writer, "update_only", "true");
    if (peer->has_preshared_key)
        writer_key(writer, "preshared_key", peer->preshared_key);
    if (peer->has_endpoint)
        writer_endpoint(writer, &peer->endpoint);
    if (peer->has_persistent_keepalive)
        writer_number(writer, "persistent_keepalive_interval", peer->persistent_keepalive_s);
    if (peer->replace_allowed_ips)
        writer_line(writer, "replace_allowed_ips", "true");
    for (size_t i = 0; i < peer->allowed_ip_count && writer->error == 0; i++)
        writer_allowed_ip(writer, &peer->allowed_ips[i]);
}

static void writer_end(struct writer *writer)
{
    if (!uapi_write_line(&writer->text, "\n")) {
        writer_flush(writer);
        if (!uapi_write_line(&writer->text, "\n"))
            writer->error = -EMSGSIZE;
    }
    writer_flush(writer);
}

int uapi_change_write(const struct change *change, uapi_change_taker take, void *state)
{
    char bytes[UAPI_CHANGE_PIECE_BYTES];
    struct writer writer = {
        .text = {.bytes = bytes, .capacity = sizeof(bytes)}, .take = take, .state = state};

    writer_line(&writer, "set", "1");
    writer_device(&writer, change);
    for (size_t i = 0; i < change->peer_count && writer.error == 0; i++)
        writer_peer(&writer, &change->peers[i]);
    writer_end(&writer);
    return writer.error;
}
