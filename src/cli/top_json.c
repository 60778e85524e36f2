/* SPDX-License-Identifier: MIT
 *
 * The names of members are those of `vole show --json` where they mean the same.
 */
#include "cli/top_json.h"

#include "cli/json_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_RATE 9e18 /* below 2^63, which is where JSON's numbers end */

static void put_rate(struct json_output *output, const char *name, double rate)
{
    double limited = rate < LARGEST_RATE ? rate : LARGEST_RATE;

    if (rate < 0) {
        json_output_text(output, name, NULL);
    } else {
        uint64_t whole = (uint64_t)limited;

        json_output_number(output, name, (double)whole < limited ? whole + 1 : whole);
    }
}

static void put_traffic(struct json_output *output, const struct top_amount *received,
                        const struct top_amount *sent)
{
    json_output_number(output, "received_bytes", received->total);
    json_output_number(output, "sent_bytes", sent->total);
    put_rate(output, "received_bytes_per_second", received->rate);
    put_rate(output, "sent_bytes_per_second", sent->rate);
}

/* null where nobody counts them. */
static void put_dropped(struct json_output *output, const struct top_amount *dropped, bool counted)
{
    if (counted)
        json_output_number(output, "dropped_packets", dropped->total);
    else
        json_output_text(output, "dropped_packets", NULL);
    put_rate(output, "dropped_packets_per_second", counted ? dropped->rate : TOP_RATE_UNKNOWN);
}

static void put_drops(struct json_output *output, const struct top_interface *interface)
{
    json_output_list(output, "drops");
    for (size_t i = 0; i < interface->drop_count; i++) {
        json_output_object(output, NULL);
        json_output_text(output, "reason", interface->drops[i].name);
        json_output_number(output, "packets", interface->drops[i].count.total);
        put_rate(output, "packets_per_second", interface->drops[i].count.rate);
        json_output_end(output);
    }
    json_output_end(output);
}

static void put_handshake(struct json_output *output, int64_t then_s, int64_t now_s)
{
    json_output_number_or_null(output, "latest_handshake", (uint64_t)then_s);
    if (then_s == 0 || then_s > now_s)
        json_output_text(output, "handshake_age", NULL);
    else
        json_output_number(output, "handshake_age", (uint64_t)(now_s - then_s));
}

static void put_peer(struct json_output *output, const struct top_peer *peer, bool counts_drops,
                     int64_t now_s)
{
    json_output_object(output, NULL);
    json_output_key(output, "public_key", peer->public_key);
    json_output_text(output, "name", peer->name[0] != '\0' ? peer->name : NULL);
    json_output_text(output, "endpoint", peer->has_endpoint ? peer->endpoint : NULL);
    put_handshake(output, peer->latest_handshake_s, now_s);
    put_traffic(output, &peer->received, &peer->sent);
    put_dropped(output, &peer->dropped, counts_drops);
    json_output_end(output);
}

/* The sample has them by key, the result as they were configured. */
static int put_peers(struct json_output *output, const struct top_interface *interface, int64_t now_s)
{
    const struct top_peer **configured = calloc(interface->peer_count + 1, sizeof(const struct top_peer *));

    if (configured == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < interface->peer_count; i++)
        configured[interface->peers[i].position] = &interface->peers[i];
    json_output_list(output, "peers");
    for (size_t i = 0; i < interface->peer_count; i++)
        put_peer(output, configured[i], interface->counts_drops, now_s);
    json_output_end(output);
    free(configured);
    return 0;
}

static int put_interface(struct json_output *output, const struct top_interface *interface, int64_t now_s)
{
    int error;

    json_output_object(output, NULL);
    json_output_text(output, "name", interface->name);
    json_output_number_or_null(output, "listen_port", interface->listen_port);
    put_traffic(output, &interface->received, &interface->sent);
    put_dropped(output, &interface->dropped, interface->counts_drops);
    put_drops(output, interface);
    error = put_peers(output, interface, now_s);
    json_output_end(output);
    return error;
}

int top_json_print(const struct top_sample *sample)
{
    struct json_output output;
    int error = 0;

    json_output_begin(&output);
    json_output_number(&output, "time", (uint64_t)sample->now_s);
    json_output_list(&output, "interfaces");
    for (size_t i = 0; i < sample->count && error == 0; i++) {
        if (sample->interfaces[i].error == 0)
            error = put_interface(&output, &sample->interfaces[i], sample->now_s);
    }
    json_output_end(&output);
    json_output_end(&output);
    if (error != 0)
        fprintf(stderr, "vole top: %s\n", strerror(-error));
    return json_output_finish(&output, error == 0 ? 0 : 1);
}
