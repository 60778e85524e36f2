/* SPDX-License-Identifier: MIT
 *
 * vole show INTERFACE FIELD: one thing at a time, for scripts. Columns are separated by tabulators, peers
 * stand in the device's order, secrets are shown: who asks for them gets them. Spec: config §3.2.
 */
#include "cli/show_view.h"

#include "config/key.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- columns ---- */

static void print_interface(const char *interface)
{
    if (interface != NULL)
        printf("%s\t", interface);
}

static void print_key(const uint8_t key[static KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    fputs(text, stdout);
    key_wipe(text, sizeof(text));
}

static void print_key_or_none(const uint8_t key[static KEY_BYTES], bool present)
{
    if (present)
        print_key(key);
    else
        fputs("(none)", stdout);
}

static void print_mark(uint32_t mark)
{
    if (mark != 0)
        printf("0x%" PRIx32, mark);
    else
        fputs("off", stdout);
}

static void print_keepalive(uint16_t seconds)
{
    if (seconds != 0)
        printf("%u", seconds);
    else
        fputs("off", stdout);
}

static void print_endpoint(const struct model_peer *peer)
{
    char text[SHOW_ENDPOINT_BYTES];

    show_endpoint_text(text, peer);
    fputs(text, stdout);
}

static void print_allowed_ips(const struct model_peer *peer, char separator)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    if (peer->allowed_ip_count == 0)
        fputs("(none)", stdout);
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        if (i > 0)
            putchar(separator);
        address_write_prefix(text, &peer->allowed_ips[i]);
        fputs(text, stdout);
    }
}

void show_endpoint_text(char text[static SHOW_ENDPOINT_BYTES], const struct model_peer *peer)
{
    char address[ADDRESS_TEXT_BYTES];

    if (peer->endpoint.address.family == 0) {
        snprintf(text, SHOW_ENDPOINT_BYTES, "(none)");
    } else if (peer->zone[0] != '\0') {
        address_write(address, &peer->endpoint.address);
        snprintf(text, SHOW_ENDPOINT_BYTES, "[%s%%%s]:%u", address, peer->zone, peer->endpoint.port);
    } else {
        address_write_endpoint(text, &peer->endpoint);
    }
}

/* ---- fields of the device ---- */

static void print_public_key(const struct model_device *device, const char *interface)
{
    print_interface(interface);
    print_key_or_none(device->public_key, device->has_private_key);
    putchar('\n');
}

static void print_private_key(const struct model_device *device, const char *interface)
{
    print_interface(interface);
    print_key_or_none(device->private_key, device->has_private_key);
    putchar('\n');
}

static void print_listen_port(const struct model_device *device, const char *interface)
{
    print_interface(interface);
    printf("%u\n", device->listen_port);
}

static void print_fwmark(const struct model_device *device, const char *interface)
{
    print_interface(interface);
    print_mark(device->fwmark);
    putchar('\n');
}

/* ---- fields of each peer ---- */

/* The columns that each peer's line begins with. */
static void begin_line(const struct model_peer *peer, const char *interface)
{
    print_interface(interface);
    print_key(peer->public_key);
}

static void print_peers(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        begin_line(&device->peers[i], interface);
        putchar('\n');
    }
}

static void print_preshared_keys(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *peer = &device->peers[i];

        begin_line(peer, interface);
        putchar('\t');
        print_key_or_none(peer->preshared_key, !key_is_zero(peer->preshared_key));
        putchar('\n');
    }
}

static void print_endpoints(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        begin_line(&device->peers[i], interface);
        putchar('\t');
        print_endpoint(&device->peers[i]);
        putchar('\n');
    }
}

static void print_all_allowed_ips(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        begin_line(&device->peers[i], interface);
        putchar('\t');
        print_allowed_ips(&device->peers[i], ' ');
        putchar('\n');
    }
}

static void print_latest_handshakes(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        begin_line(&device->peers[i], interface);
        printf("\t%" PRId64 "\n", device->peers[i].latest_handshake_s);
    }
}

static void print_transfer(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *peer = &device->peers[i];

        begin_line(peer, interface);
        printf("\t%" PRIu64 "\t%" PRIu64 "\n", peer->received_bytes, peer->sent_bytes);
    }
}

static void print_persistent_keepalives(const struct model_device *device, const char *interface)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        begin_line(&device->peers[i], interface);
        putchar('\t');
        print_keepalive(device->peers[i].persistent_keepalive_s);
        putchar('\n');
    }
}

/* ---- everything ---- */

static void dump_peer(const struct model_peer *peer, const char *interface)
{
    begin_line(peer, interface);
    putchar('\t');
    print_key_or_none(peer->preshared_key, !key_is_zero(peer->preshared_key));
    putchar('\t');
    print_endpoint(peer);
    putchar('\t');
    print_allowed_ips(peer, ',');
    printf("\t%" PRId64 "\t%" PRIu64 "\t%" PRIu64 "\t", peer->latest_handshake_s, peer->received_bytes,
           peer->sent_bytes);
    print_keepalive(peer->persistent_keepalive_s);
    putchar('\n');
}

static void print_dump(const struct model_device *device, const char *interface)
{
    print_interface(interface);
    print_key_or_none(device->private_key, device->has_private_key);
    putchar('\t');
    print_key_or_none(device->public_key, device->has_private_key);
    printf("\t%u\t", device->listen_port);
    print_mark(device->fwmark);
    putchar('\n');
    for (size_t i = 0; i < device->peer_count; i++)
        dump_peer(&device->peers[i], interface);
}

const struct show_field show_fields[] = {
    {"public-key", SHOW_PUBLIC_KEY, print_public_key},
    {"private-key", SHOW_PRIVATE_KEY | SHOW_SECRETS, print_private_key},
    {"listen-port", SHOW_LISTEN_PORT, print_listen_port},
    {"fwmark", SHOW_FWMARK, print_fwmark},
    {"peers", SHOW_PEERS, print_peers},
    {"preshared-keys", SHOW_PEERS | SHOW_PRESHARED_KEYS | SHOW_SECRETS, print_preshared_keys},
    {"endpoints", SHOW_PEERS | SHOW_ENDPOINTS, print_endpoints},
    {"allowed-ips", SHOW_PEERS | SHOW_ALLOWED_IPS, print_all_allowed_ips},
    {"latest-handshakes", SHOW_PEERS | SHOW_LATEST_HANDSHAKES, print_latest_handshakes},
    {"transfer", SHOW_PEERS | SHOW_TRANSFER, print_transfer},
    {"persistent-keepalive", SHOW_PEERS | SHOW_KEEPALIVES, print_persistent_keepalives},
    {"dump", SHOW_EVERYTHING | SHOW_SECRETS, print_dump},
    {NULL, 0, NULL},
};

const struct show_field *show_field_find(const char *name)
{
    for (const struct show_field *field = show_fields; field->name != NULL; field++) {
        if (strcmp(field->name, name) == 0)
            return field;
    }
    return NULL;
}
