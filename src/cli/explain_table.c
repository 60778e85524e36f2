/* SPDX-License-Identifier: MIT
 *
 * Peers are told apart by their keys here, and leave as names.
 */
#include "cli/explain_table.h"

#include "cli/access.h"
#include "cli/allowed_ip_owners.h"
#include "cli/device.h"
#include "cli/file_load.h"
#include "cli/interface_argument.h"
#include "cli/peer_names.h"
#include "cli/tunnel_file.h"
#include "config/address.h"
#include "config/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool fail(const char *word, int error)
{
    fprintf(stderr, "vole explain: %s: %s\n", word, strerror(-error));
    return false;
}

/* ---- a file ---- */

/* The position of the peer with this key among the file's first count ones, which the table has; positions[i]
 * is that of the file's peer i. */
static bool find_earlier(size_t *position, const struct file *file, size_t number, const size_t *positions)
{
    for (size_t i = 0; i < number; i++) {
        if (memcmp(file->peers[i].public_key, file->peers[number].public_key, VOLE_KEY_BYTES) == 0) {
            *position = positions[i];
            return true;
        }
    }
    return false;
}

/* A later section of the same peer replaces what an earlier one gave. */
static int take_back(struct routing_table *table, size_t peer)
{
    size_t count = table->gift_count;
    int error = 0;

    for (size_t i = 0; i < count && error == 0; i++) {
        struct vole_prefix prefix = table->gifts[i].prefix;

        if (table->gifts[i].peer == peer)
            error = routing_table_give(table, peer, &prefix, true);
    }
    return error;
}

static int add_file_peer(struct routing_table *table, const struct file *file, size_t number,
                         size_t *positions)
{
    const struct file_peer *peer = &file->peers[number];
    int error = 0;

    if (!find_earlier(&positions[number], file, number, positions)) {
        positions[number] = table->peer_count;
        error = routing_table_add_peer(table, peer->name, peer->endpoint_count > 0);
    } else if (!peer->incremental) {
        error = take_back(table, positions[number]);
    }
    for (size_t i = 0; i < peer->allowed_ip_count && error == 0; i++)
        error = routing_table_give(table, positions[number], &peer->allowed_ips[i].prefix,
                                   peer->allowed_ips[i].remove);
    return error;
}

static bool read_file(struct routing_table *table, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t *positions = NULL;
    struct file file;
    bool success = file_load_text(&file, path, FILE_QUICK);
    int error = 0;

    routing_table_init(table, ROUTING_TABLE_FILE, slash != NULL ? slash + 1 : path);
    if (success) {
        positions = calloc(file.peer_count + 1, sizeof *positions);
        error = positions == NULL ? -ENOMEM : 0;
        for (size_t i = 0; i < file.peer_count && error == 0; i++)
            error = add_file_peer(table, &file, i, positions);
    }
    free(positions);
    file_free(&file);
    return success && (error == 0 || fail(path, error));
}

/* ---- an interface ---- */

/* The running peer with this key, or peer_count. */
static size_t find_running(const struct model_device *device, const uint8_t *public_key)
{
    size_t at = 0;

    while (at < device->peer_count && memcmp(device->peers[at].public_key, public_key, VOLE_KEY_BYTES) != 0)
        at++;
    return at;
}

/* What this peer has by the file, and another has. */
static int give_lost(struct routing_table *table, const struct model_device *device,
                     const struct file_peer *peer, const struct allowed_ip_owners *owners)
{
    size_t loser = find_running(device, peer->public_key);
    int error = 0;

    for (size_t i = 0; i < peer->allowed_ip_count && loser < device->peer_count && error == 0; i++) {
        struct vole_prefix network = peer->allowed_ips[i].prefix;
        const struct allowed_ip_owner *owner;

        (void)address_clear_host_bits(&network);
        owner = allowed_ip_owners_of(owners, &network);
        if (!peer->allowed_ips[i].remove && owner != NULL && owner->before != NULL &&
            memcmp(owner->before, peer->public_key, VOLE_KEY_BYTES) != 0)
            error = routing_table_give(table, loser, &network, false);
    }
    return error;
}

/* Nothing is said of a file that cannot be read: it is root's, and who may look at an interface need not be.
 */
static int give_by_file(struct routing_table *table, const struct model_device *device)
{
    struct allowed_ip_owners owners = {0};
    struct file_problems problems;
    struct change nothing;
    struct file file;
    char path[PATH_MAX];
    int error = 0;

    if (!tunnel_file_find(path, table->name))
        return 0;
    change_init(&nothing);
    if (file_read(&file, path, FILE_QUICK, &problems) == 0) {
        error = allowed_ip_owners_find(&owners, device, &nothing);
        for (size_t i = 0; i < file.peer_count && error == 0; i++)
            error = give_lost(table, device, &file.peers[i], &owners);
    }
    allowed_ip_owners_free(&owners);
    file_problems_free(&problems);
    file_free(&file);
    change_free(&nothing);
    return error;
}

static int add_running(struct routing_table *table, const struct model_device *device)
{
    struct peer_names names = {0};
    int error = 0;

    peer_names_load(&names, table->name);
    for (size_t i = 0; i < device->peer_count && error == 0; i++)
        error = routing_table_add_peer(table, peer_names_of(&names, device->peers[i].public_key),
                                       device->peers[i].endpoint.address.family != 0);
    peer_names_free(&names);
    if (error == 0)
        error = give_by_file(table, device);
    for (size_t i = 0; i < device->peer_count; i++)
        for (size_t j = 0; j < device->peers[i].allowed_ip_count && error == 0; j++)
            error = routing_table_give(table, i, &device->peers[i].allowed_ips[j], false);
    return error;
}

static bool read_interface(struct routing_table *table, const char *word)
{
    char name[DEVICE_NAME_BYTES], path[PATH_MAX];
    struct model_device device;
    bool success = false;
    int error;

    routing_table_init(table, ROUTING_TABLE_INTERFACE, word);
    if (!interface_argument_read(name, word))
        return false;
    model_init(&device);
    error = device_get(name, &device);
    if ((error == -ENODEV || error == -EPROTONOSUPPORT) && tunnel_file_find(path, name)) {
        fprintf(stderr, "vole explain: %s is not up: this is its file, %s\n", name, path);
        success = read_file(table, path);
    } else if (error != 0) {
        access_report(name, error, true);
    } else {
        error = add_running(table, &device);
        success = error == 0 || fail(word, error);
    }
    model_free(&device);
    return success;
}

bool explain_table_read(struct routing_table *table, const char *word)
{
    size_t length = strlen(word), suffix = strlen(tunnel_file_suffix);
    bool is_file = strchr(word, '/') != NULL ||
                   (length > suffix && strcmp(word + length - suffix, tunnel_file_suffix) == 0);

    return is_file ? read_file(table, word) : read_interface(table, word);
}
