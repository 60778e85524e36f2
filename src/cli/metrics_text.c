/* SPDX-License-Identifier: MIT
 *
 * All samples of a metric stand together, so everything is asked first and printed then, metric by metric.
 */
#include "cli/metrics_text.h"

#include "cli/access.h"
#include "cli/device.h"
#include "cli/peer_names.h"
#include "config/device_socket.h"
#include "config/key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An interface and what it said. */
struct metered {
    const char *name; /* borrowed from the list of names */
    bool readable;
    struct model_device device; /* without its secrets */
    struct peer_names names;
    bool has_vole;
    struct uapi_vole vole;
};

struct metered_all {
    struct device_names names;
    struct metered *items;
    size_t count;
};

/* ---- asking ---- */

static void forget_secrets(struct model_device *device)
{
    key_wipe(device->private_key, sizeof(device->private_key));
    for (size_t i = 0; i < device->peer_count; i++)
        key_wipe(device->peers[i].preshared_key, sizeof(device->peers[i].preshared_key));
}

static void ask(struct metered *item, const char *name)
{
    int error;

    item->name = name;
    model_init(&item->device);
    error = device_get(name, &item->device);
    forget_secrets(&item->device);
    item->readable = error == 0;
    if (error != 0) {
        access_report(name, error, true);
        return;
    }
    peer_names_load(&item->names, name);
    /* the kernel's interfaces and other daemons do not know this */
    error = uapi_vole_init(&item->vole);
    if (error == 0)
        error = device_socket_get_vole(name, &item->vole);
    item->has_vole = error == 0;
    if (error == -ENOMEM) /* else they would be missing without a word */
        access_report(name, error, true);
}

static void metered_free(struct metered_all *all)
{
    for (size_t i = 0; i < all->count; i++) {
        model_free(&all->items[i].device);
        peer_names_free(&all->items[i].names);
        uapi_vole_free(&all->items[i].vole);
    }
    free(all->items);
    device_names_free(&all->names);
}

/* To be freed whatever the result. */
static bool metered_ask(struct metered_all *all)
{
    int error = device_list(&all->names);

    if (error != 0) {
        fprintf(stderr, "Unable to list interfaces: %s\n", strerror(-error));
        return false;
    }
    all->items = calloc(all->names.count + 1, sizeof(*all->items));
    if (all->items == NULL) {
        fputs("vole metrics: out of memory\n", stderr);
        return false;
    }
    for (; all->count < all->names.count; all->count++)
        ask(&all->items[all->count], all->names.names[all->count]);
    return true;
}

/* ---- printing ---- */

void metrics_text_print_value(FILE *stream, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n')
            fputs("\\n", stream);
        else if (*value == '"' || *value == '\\')
            fprintf(stream, "\\%c", *value);
        else
            fputc((unsigned char)*value < 0x80 ? *value : '?', stream);
    }
}

static void print_head(FILE *stream, const char *metric, const char *type, const char *help)
{
    fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

/* One more label; the first one opens the list. */
static void print_label(FILE *stream, const char *name, const char *value, bool first)
{
    fprintf(stream, "%c%s=\"", first ? '{' : ',', name);
    metrics_text_print_value(stream, value);
    fputc('"', stream);
}

static void print_public_key(FILE *stream, const uint8_t public_key[static KEY_BYTES])
{
    char key[KEY_BASE64_BYTES];

    key_to_base64(key, public_key);
    print_label(stream, "public_key", key, false);
}

static void print_friendly_name(FILE *stream, const struct metered *item,
                                const uint8_t public_key[static KEY_BYTES])
{
    const char *name = peer_names_of(&item->names, public_key);

    if (name != NULL)
        print_label(stream, "friendly_name", name, false);
}

static void print_number(FILE *stream, uint64_t number)
{
    fprintf(stream, "} %" PRIu64 "\n", number);
}

static void print_peer_labels(FILE *stream, const struct metered *item, const struct model_peer *peer)
{
    char prefix[ADDRESS_PREFIX_TEXT_BYTES];

    print_label(stream, "interface", item->name, true);
    print_public_key(stream, peer->public_key);
    fputs(",allowed_ips=\"", stream);
    if (peer->allowed_ip_count == 0)
        fputs("(none)", stream);
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        address_write_prefix(prefix, &peer->allowed_ips[i]);
        fprintf(stream, "%s%s", i > 0 ? "," : "", prefix);
    }
    fputc('"', stream);
    print_friendly_name(stream, item, peer->public_key);
}

static uint64_t sent_bytes(const struct model_peer *peer)
{
    return peer->sent_bytes;
}

static uint64_t received_bytes(const struct model_peer *peer)
{
    return peer->received_bytes;
}

static uint64_t latest_handshake(const struct model_peer *peer)
{
    return (uint64_t)peer->latest_handshake_s;
}

static void print_peers_metric(FILE *stream, const struct metered_all *all, const char *metric,
                               uint64_t (*value)(const struct model_peer *))
{
    for (size_t i = 0; i < all->count; i++) {
        const struct metered *item = &all->items[i];

        for (size_t j = 0; j < item->device.peer_count; j++) {
            fputs(metric, stream);
            print_peer_labels(stream, item, &item->device.peers[j]);
            print_number(stream, value(&item->device.peers[j]));
        }
    }
}

static void print_peers(FILE *stream, const struct metered_all *all)
{
    static const struct {
        const char *metric, *type, *help;
        uint64_t (*value)(const struct model_peer *);
    } metrics[] = {
        {"wireguard_sent_bytes_total", "counter", "Bytes sent to a peer.", sent_bytes},
        {"wireguard_received_bytes_total", "counter", "Bytes received from a peer.", received_bytes},
        {"wireguard_latest_handshake_seconds", "gauge",
         "Time of the latest handshake with a peer, in seconds since 1970; 0: never.", latest_handshake},
    };

    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        print_head(stream, metrics[i].metric, metrics[i].type, metrics[i].help);
        print_peers_metric(stream, all, metrics[i].metric, metrics[i].value);
    }
}

static void print_interfaces(FILE *stream, const struct metered_all *all)
{
    print_head(stream, "wireguard_peers_total", "gauge", "Peers of an interface.");
    for (size_t i = 0; i < all->count; i++) {
        if (!all->items[i].readable)
            continue;
        fputs("wireguard_peers_total", stream);
        print_label(stream, "interface", all->items[i].name, true);
        print_number(stream, all->items[i].device.peer_count);
    }
    print_head(stream, "vole_interface_readable", "gauge", "Whether an interface could be asked, 1 or 0.");
    for (size_t i = 0; i < all->count; i++) {
        fputs("vole_interface_readable", stream);
        print_label(stream, "interface", all->items[i].name, true);
        print_number(stream, all->items[i].readable ? 1 : 0);
    }
}

static void print_drops_of(FILE *stream, const struct metered *item, const struct uapi_vole_owner *owner,
                           bool of_peer)
{
    for (size_t i = 0; i < owner->drop_count; i++) {
        fputs(of_peer ? "vole_peer_drops_total" : "vole_drops_total", stream);
        print_label(stream, "interface", item->name, true);
        if (of_peer)
            print_public_key(stream, owner->public_key);
        print_label(stream, "reason", owner->drops[i].name, false);
        if (of_peer)
            print_friendly_name(stream, item, owner->public_key);
        print_number(stream, owner->drops[i].count);
    }
}

/* Only voled knows these. */
static void print_vole(FILE *stream, const struct metered_all *all)
{
    print_head(stream, "vole_drops_total", "counter", "Packets dropped on an interface, by reason.");
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].has_vole)
            print_drops_of(stream, &all->items[i], &all->items[i].vole.owners[0], false);
    }
    print_head(stream, "vole_peer_drops_total", "counter",
               "The part of vole_drops_total that a peer is to blame for.");
    for (size_t i = 0; i < all->count; i++) {
        for (size_t j = 1; all->items[i].has_vole && j < all->items[i].vole.owner_count; j++)
            print_drops_of(stream, &all->items[i], &all->items[i].vole.owners[j], true);
    }
    print_head(stream, "vole_handshakes_total", "counter", "What became of handshakes, by outcome.");
    for (size_t i = 0; i < all->count; i++) {
        for (size_t j = 0; all->items[i].has_vole && j < all->items[i].vole.handshake_count; j++) {
            fputs("vole_handshakes_total", stream);
            print_label(stream, "interface", all->items[i].name, true);
            print_label(stream, "outcome", all->items[i].vole.handshakes[j].name, false);
            print_number(stream, all->items[i].vole.handshakes[j].count);
        }
    }
}

bool metrics_text_print(FILE *stream)
{
    struct metered_all all = {0};
    bool success = metered_ask(&all);
    size_t readable = 0;

    if (success) {
        print_peers(stream, &all);
        print_interfaces(stream, &all);
        print_vole(stream, &all);
    }
    for (size_t i = 0; i < all.count; i++)
        readable += all.items[i].readable;
    success = success && (readable > 0 || all.count == 0);
    metered_free(&all);
    return success;
}
