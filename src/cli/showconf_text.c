/* SPDX-License-Identifier: MIT
 *
 * Byte for byte what wg prints. Only what is there is written: a port of 0 is none, as are a mark of 0 and a
 * preshared key of zeros.
 */
#include "cli/showconf_text.h"

#include "cli/show_view.h"
#include "config/key.h"

#include <inttypes.h>

static void print_key(FILE *stream, const char *name, const uint8_t key[static KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    fprintf(stream, "%s = %s\n", name, text);
    key_wipe(text, sizeof(text));
}

static void print_allowed_ips(FILE *stream, const struct model_peer *peer)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        address_write_prefix(text, &peer->allowed_ips[i]);
        fprintf(stream, "%s%s", i == 0 ? "AllowedIPs = " : ", ", text);
    }
    if (peer->allowed_ip_count > 0)
        fputc('\n', stream);
}

static void print_peer(FILE *stream, const struct model_peer *peer)
{
    char endpoint[SHOW_ENDPOINT_BYTES];

    fputs("\n[Peer]\n", stream);
    print_key(stream, "PublicKey", peer->public_key);
    if (!key_is_zero(peer->preshared_key))
        print_key(stream, "PresharedKey", peer->preshared_key);
    print_allowed_ips(stream, peer);
    if (peer->endpoint.address.family != 0) {
        show_endpoint_text(endpoint, peer);
        fprintf(stream, "Endpoint = %s\n", endpoint);
    }
    if (peer->persistent_keepalive_s != 0)
        fprintf(stream, "PersistentKeepalive = %u\n", peer->persistent_keepalive_s);
}

void showconf_text_print(FILE *stream, const struct model_device *device)
{
    fputs("[Interface]\n", stream);
    if (device->listen_port != 0)
        fprintf(stream, "ListenPort = %u\n", device->listen_port);
    if (device->fwmark != 0)
        fprintf(stream, "FwMark = 0x%" PRIx32 "\n", device->fwmark);
    if (device->has_private_key)
        print_key(stream, "PrivateKey", device->private_key);
    if (device->peer_count == 0)
        fputc('\n', stream);
    for (size_t i = 0; i < device->peer_count; i++)
        print_peer(stream, &device->peers[i]);
}
