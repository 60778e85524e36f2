/* SPDX-License-Identifier: MIT
 *
 * The keys of [Peer]: allowed IPs add up, everything else is given once, and the last one counts.
 * A preshared key and a file with one are the same thing given twice.
 */
#include "config/array.h"
#include "config/file_reading.h"
#include "config/file_value.h"
#include "config/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void file_read_public_key(struct file_reading *reading, const struct file_entry *entry)
{
    struct file_peer *peer = file_current_peer(reading);

    if (!file_read_key(reading, entry, peer->public_key, false)) {
        /* There is one: nobody needs to hear that it is missing. */
        if (peer->public_key_place.line == 0)
            peer->public_key_place = entry->place;
        return;
    }
    file_take_last(reading, entry, &peer->public_key_place);
    peer->has_public_key = true;
}

void file_read_preshared_key(struct file_reading *reading, const struct file_entry *entry)
{
    struct file_peer *peer = file_current_peer(reading);

    if (!file_read_key(reading, entry, peer->preshared_key, true))
        return;
    file_take_last(reading, entry, &peer->preshared_key_place);
    peer->has_preshared_key = true;
    file_string_free(peer->preshared_key_file.text);
    peer->preshared_key_file = (struct file_text){0};
}

void file_read_preshared_key_file(struct file_reading *reading, const struct file_entry *entry)
{
    struct file_peer *peer = file_current_peer(reading);

    file_take_last(reading, entry, &peer->preshared_key_place);
    peer->has_preshared_key = false;
    key_wipe(peer->preshared_key, sizeof(peer->preshared_key));
    file_keep_text(reading, &peer->preshared_key_file, entry->written, entry->written_length, entry->place);
}

void file_read_keepalive(struct file_reading *reading, const struct file_entry *entry)
{
    struct file_peer *peer = file_current_peer(reading);
    char problem[FILE_PROBLEM_BYTES];
    uint16_t seconds;

    if (!file_value_keepalive(&seconds, entry->value, problem)) {
        file_refuse(reading, entry->place, "%s", problem);
        return;
    }
    file_take_last(reading, entry, &peer->keepalive_place);
    peer->persistent_keepalive_s = seconds;
    peer->has_persistent_keepalive = true;
}

/* ---- allowed IPs ---- */

static void allowed_ip_add(struct file_reading *reading, const char *text, struct file_place place)
{
    struct file_peer *peer = file_current_peer(reading);
    char problem[FILE_PROBLEM_BYTES];
    struct file_allowed_ip *items;
    struct vole_prefix prefix;
    char sign;

    if (!file_value_allowed_ip(&prefix, &sign, text, problem)) {
        file_refuse(reading, place, "%s", problem);
        return;
    }
    if (problem[0] != '\0')
        file_warn(reading, place, "%s", problem);
    items = array_grow(peer->allowed_ips, &peer->allowed_ip_capacity, peer->allowed_ip_count, sizeof(*items));
    if (items == NULL) {
        reading->out_of_memory = true;
        return;
    }
    peer->allowed_ips = items;
    items[peer->allowed_ip_count++] =
        (struct file_allowed_ip){.prefix = prefix, .remove = sign == '-', .place = place};
    if (sign != '\0')
        peer->incremental = true;
}

/* Every list starts as one that replaces; a sign anywhere in it makes the peer's update incremental. */
void file_read_allowed_ips(struct file_reading *reading, const struct file_entry *entry)
{
    char *rest = entry->value;
    char *text;

    file_current_peer(reading)->incremental = false;
    while ((text = strsep(&rest, ",")) != NULL && !reading->out_of_memory) {
        struct file_place place = {.line = entry->place.line, .column = entry->columns[text - entry->value]};
        allowed_ip_add(reading, text, place);
    }
}

/* ---- endpoints ---- */

static void endpoint_free(struct file_endpoint *endpoint)
{
    file_string_free(endpoint->host);
    file_string_free(endpoint->port);
}

/* Puts it at the end, or, for that of Endpoint, in front. Owns what endpoint owns. */
static void endpoint_keep(struct file_reading *reading, struct file_endpoint *endpoint, bool first)
{
    struct file_peer *peer = file_current_peer(reading);
    struct file_endpoint *items;

    if (first && peer->has_endpoint) {
        endpoint_free(&peer->endpoints[0]);
        peer->endpoints[0] = *endpoint;
        return;
    }
    items = array_grow(peer->endpoints, &peer->endpoint_capacity, peer->endpoint_count, sizeof(*items));
    if (items == NULL) {
        endpoint_free(endpoint);
        reading->out_of_memory = true;
        return;
    }
    peer->endpoints = items;
    if (first) {
        memmove(items + 1, items, peer->endpoint_count * sizeof(*items));
        items[0] = *endpoint;
        peer->has_endpoint = true;
    } else {
        items[peer->endpoint_count] = *endpoint;
    }
    peer->endpoint_count++;
}

void file_read_endpoint(struct file_reading *reading, const struct file_entry *entry)
{
    struct file_peer *peer = file_current_peer(reading);
    struct file_place place = peer->has_endpoint ? peer->endpoints[0].place : (struct file_place){0};
    char problem[FILE_PROBLEM_BYTES];
    struct file_endpoint endpoint;

    if (!file_value_endpoint(&endpoint, entry->value, problem)) {
        file_refuse(reading, entry->place, "%s", problem);
        return;
    }
    if (problem[0] != '\0')
        file_warn(reading, entry->place, "%s", problem);
    file_take_last(reading, entry, &place);
    endpoint.place = place;
    endpoint_keep(reading, &endpoint, true);
}

void file_add_candidate(struct file_reading *reading, const char *text, struct file_place place)
{
    char problem[FILE_PROBLEM_BYTES];
    struct file_endpoint endpoint;

    if (!file_value_endpoint(&endpoint, text, problem)) {
        file_warn(reading, place, "%s", problem);
        return;
    }
    if (problem[0] != '\0')
        file_warn(reading, place, "%s", problem);
    endpoint.place = place;
    endpoint_keep(reading, &endpoint, false);
}
