/* SPDX-License-Identifier: MIT
 *
 * vole show: the view for people. Byte for byte what the wg tool prints, colours included, since scripts read
 * it all the same; but peers may have names. Spec: config §3.1.
 */
#include "cli/show_view.h"

#include "cli/terminal.h"
#include "config/key.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "  label: ", to be followed by the value and a line feed. */
static void print_label(const struct terminal_styles *style, const char *label)
{
    printf("  %s%s%s: ", style->bold, label, style->reset);
}

static void print_key_line(const struct terminal_styles *style, const char *label,
                           const uint8_t key[static KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    print_label(style, label);
    printf("%s\n", text);
    key_wipe(text, sizeof(text));
}

bool show_hides_secrets(void)
{
    const char *hide = getenv("WG_HIDE_KEYS");

    return hide == NULL || strcmp(hide, "never") != 0;
}

static void print_secret_line(const struct terminal_styles *style, const char *label,
                              const uint8_t key[static KEY_BYTES])
{
    if (!show_hides_secrets()) {
        print_key_line(style, label, key);
        return;
    }
    print_label(style, label);
    puts("(hidden)");
}

/* ---- durations and amounts ---- */

/* "1 minute, 5 seconds"; nothing at all for 0. */
static void print_duration(const struct terminal_styles *style, uint64_t seconds)
{
    static const struct {
        const char *word;
        uint64_t seconds;
    } units[] = {{"year", 31536000}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
    const char *separator = "";

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        uint64_t count = seconds / units[i].seconds;
        seconds %= units[i].seconds;
        if (count == 0)
            continue;
        printf("%s%" PRIu64 " %s%s%s%s", separator, count, style->cyan, units[i].word, count == 1 ? "" : "s",
               style->reset);
        separator = ", ";
    }
}

static void print_amount(const struct terminal_styles *style, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        printf("%" PRIu64 " %sB%s", bytes, style->cyan, style->reset);
        return;
    }
    while (unit < 3 && bytes >> (10 * (unit + 2)) != 0) {
        amount /= 1024;
        unit++;
    }
    printf("%.2f %s%s%s", amount, style->cyan, units[unit], style->reset);
}

/* ---- peers ---- */

static void print_allowed_ips(const struct terminal_styles *style, const struct model_peer *peer)
{
    char text[ADDRESS_TEXT_BYTES];

    print_label(style, "allowed ips");
    if (peer->allowed_ip_count == 0)
        printf("(none)");
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        address_write(text, &peer->allowed_ips[i].address);
        printf("%s%s%s/%s%u", i > 0 ? ", " : "", text, style->cyan, style->reset,
               peer->allowed_ips[i].length);
    }
    putchar('\n');
}

static void print_latest_handshake(const struct terminal_styles *style, int64_t then)
{
    int64_t now = time(NULL);

    print_label(style, "latest handshake");
    if (then == now) {
        puts("Now");
    } else if (then > now) {
        printf("(%sSystem clock wound backward; connection problems may ensue.%s)\n", style->red,
               style->reset);
    } else {
        print_duration(style, (uint64_t)(now - then));
        puts(" ago");
    }
}

static void print_peer(const struct terminal_styles *style, const struct model_peer *peer,
                       const struct peer_names *names)
{
    char label[PEER_NAMES_LABEL_BYTES];
    char endpoint[SHOW_ENDPOINT_BYTES];

    peer_names_label(label, names, peer->public_key);
    printf("%s%speer%s: %s%s%s\n", style->yellow, style->bold, style->reset, style->yellow, label,
           style->reset);
    if (!key_is_zero(peer->preshared_key))
        print_secret_line(style, "preshared key", peer->preshared_key);
    if (peer->endpoint.address.family != 0) {
        show_endpoint_text(endpoint, peer);
        print_label(style, "endpoint");
        printf("%s\n", endpoint);
    }
    print_allowed_ips(style, peer);
    if (peer->latest_handshake_s != 0)
        print_latest_handshake(style, peer->latest_handshake_s);
    if (peer->received_bytes != 0 || peer->sent_bytes != 0) {
        print_label(style, "transfer");
        print_amount(style, peer->received_bytes);
        printf(" received, ");
        print_amount(style, peer->sent_bytes);
        printf(" sent\n");
    }
    if (peer->persistent_keepalive_s != 0) {
        print_label(style, "persistent keepalive");
        printf("every ");
        print_duration(style, peer->persistent_keepalive_s);
        putchar('\n');
    }
}

struct sorted_peer {
    const struct model_peer *peer;
};

/* Newest handshake first, so never (0) comes last; equal ones stay in the device's order. */
static int compare_peers(const void *left, const void *right)
{
    const struct model_peer *a = ((const struct sorted_peer *)left)->peer;
    const struct model_peer *b = ((const struct sorted_peer *)right)->peer;

    if (a->latest_handshake_s != b->latest_handshake_s)
        return a->latest_handshake_s > b->latest_handshake_s ? -1 : 1;
    if (a->latest_handshake_ns != b->latest_handshake_ns)
        return a->latest_handshake_ns > b->latest_handshake_ns ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void print_peers(const struct terminal_styles *style, const struct model_device *device,
                        const struct peer_names *names)
{
    struct sorted_peer *sorted = calloc(device->peer_count, sizeof(*sorted));

    /* without the memory for sorting, unsorted is better than nothing */
    for (size_t i = 0; sorted != NULL && i < device->peer_count; i++)
        sorted[i].peer = &device->peers[i];
    if (sorted != NULL)
        qsort(sorted, device->peer_count, sizeof(*sorted), compare_peers);
    for (size_t i = 0; i < device->peer_count; i++) {
        putchar('\n');
        print_peer(style, sorted != NULL ? sorted[i].peer : &device->peers[i], names);
    }
    free(sorted);
}

void show_human(const struct model_device *device, const char *name, const struct peer_names *names)
{
    const struct terminal_styles *style = terminal_styles_of_output();

    printf("%s%s%sinterface%s: %s%s%s\n", style->reset, style->green, style->bold, style->reset, style->green,
           name, style->reset);
    if (device->has_private_key) {
        print_key_line(style, "public key", device->public_key);
        print_secret_line(style, "private key", device->private_key);
    }
    if (device->listen_port != 0) {
        print_label(style, "listening port");
        printf("%u\n", device->listen_port);
    }
    if (device->fwmark != 0) {
        print_label(style, "fwmark");
        printf("0x%" PRIx32 "\n", device->fwmark);
    }
    print_peers(style, device, names);
}
