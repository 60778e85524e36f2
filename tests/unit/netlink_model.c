/* SPDX-License-Identifier: MIT
 *
 * Callbacks that fill a model, and the model's text.
 */
#include "netlink_model.h"

#include "config/key.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int told_restart(void *context)
{
    model_free(context);
    return 0;
}

static int told_device(void *context, const struct wireguard_device *from)
{
    struct model_device *device = context;

    assert_non_null(memchr(from->name, '\0', sizeof(from->name)));
    assert_int_equal(device->peer_count, 0);
    device->has_private_key = from->has_private_key;
    memcpy(device->private_key, from->private_key, VOLE_KEY_BYTES);
    memcpy(device->public_key, from->public_key, VOLE_KEY_BYTES);
    device->listen_port = from->listen_port;
    device->fwmark = from->fwmark;
    return 0;
}

static int told_peer(void *context, const struct wireguard_peer *from)
{
    struct model_device *device = context;
    struct model_peer *peer = model_add_peer(device, from->public_key);

    assert_non_null(peer);
    assert_true(from->endpoint.address.family == 0 || from->endpoint.address.family == 4 ||
                from->endpoint.address.family == 6);
    assert_true(from->latest_handshake_s >= 0 && from->latest_handshake_ns < 1000000000);
    memcpy(peer->preshared_key, from->preshared_key, VOLE_KEY_BYTES);
    peer->endpoint = from->endpoint;
    peer->persistent_keepalive_s = from->persistent_keepalive_s;
    peer->latest_handshake_s = from->latest_handshake_s;
    peer->received_bytes = from->received_bytes;
    peer->sent_bytes = from->sent_bytes;
    return 0;
}

static int told_allowed_ip(void *context, const struct vole_prefix *prefix)
{
    struct model_device *device = context;

    assert_true(device->peer_count > 0);
    assert_true(prefix->address.family == 4 ? prefix->length <= 32
                                            : prefix->address.family == 6 && prefix->length <= 128);
    assert_int_equal(model_allow(&device->peers[device->peer_count - 1], prefix), 0);
    return 0;
}

struct wireguard_reader netlink_model_reader(struct model_device *device)
{
    return (struct wireguard_reader){.context = device,
                                     .restart = told_restart,
                                     .device = told_device,
                                     .peer = told_peer,
                                     .allowed_ip = told_allowed_ip};
}

static void print_key(FILE *out, const uint8_t key[static VOLE_KEY_BYTES], char end)
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    fprintf(out, "%s%c", key_is_zero(key) ? "(none)" : text, end);
}

static void print_peer(FILE *out, const struct model_peer *peer)
{
    char endpoint[ADDRESS_ENDPOINT_TEXT_BYTES] = "(none)";
    char prefix[ADDRESS_PREFIX_TEXT_BYTES];

    print_key(out, peer->public_key, '\t');
    print_key(out, peer->preshared_key, '\t');
    if (peer->endpoint.address.family != 0)
        address_write_endpoint(endpoint, &peer->endpoint);
    fprintf(out, "%s\t%s", endpoint, peer->allowed_ip_count == 0 ? "(none)" : "");
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        address_write_prefix(prefix, &peer->allowed_ips[i]);
        fprintf(out, "%s%s", i == 0 ? "" : ",", prefix);
    }
    fprintf(out, "\t%" PRId64 "\t%" PRIu64 "\t%" PRIu64 "\t", peer->latest_handshake_s, peer->received_bytes,
            peer->sent_bytes);
    if (peer->persistent_keepalive_s == 0)
        fputs("off\n", out);
    else
        fprintf(out, "%u\n", peer->persistent_keepalive_s);
}

char *netlink_model_dump(const struct model_device *device)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    print_key(out, device->private_key, '\t');
    print_key(out, device->public_key, '\t');
    fprintf(out, "%u\t", device->listen_port);
    if (device->fwmark == 0)
        fputs("off\n", out);
    else
        fprintf(out, "0x%" PRIx32 "\n", device->fwmark);
    for (size_t i = 0; i < device->peer_count; i++)
        print_peer(out, &device->peers[i]);
    assert_int_equal(fclose(out), 0);
    return text;
}
