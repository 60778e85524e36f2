/* SPDX-License-Identifier: MIT
 *
 * The device's UDP sockets: see sockets.h.
 */
#include "daemon/sockets.h"

#include "daemon/log.h"
#include "daemon/requests.h"

#include <errno.h>
#include <string.h>

void sockets_init(struct sockets *sockets, int parent, struct worker **workers, unsigned count,
                  const struct options_switches *switches)
{
    memset(sockets, 0, sizeof *sockets);
    sockets->parent = parent;
    sockets->workers = workers;
    sockets->count = count;
    sockets->wishes.segment = !switches->no_udp_segment;
    sockets->wishes.receive_offload = !switches->no_udp_gro;
    sockets->steer = count > 1 && !switches->no_udp_steering;
}

static void sockets_close_pairs(struct udp_sockets *pairs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        udp_close(&pairs[i]);
}

/* Opens so many pairs on one port, one per worker, and steers among them. On an error none stays open. */
static int sockets_open_pairs(const struct sockets *sockets, uint16_t port, struct udp_sockets *pairs,
                              unsigned count)
{
    struct udp_wishes wishes = sockets->wishes;

    wishes.reuse_port = count > 1;
    for (unsigned i = 0; i < count; i++) {
        int error;

        wishes.steer_among = sockets->steer && i + 1 == count ? count : 0;
        error = sockets->parent < 0
                    ? udp_open(&pairs[i], port, sockets->mark, &wishes)
                    : request_sockets(sockets->parent, port, sockets->mark, &wishes, &pairs[i]);
        if (error < 0) {
            sockets_close_pairs(pairs, i);
            return error;
        }
        port = pairs[i].port;
        wishes.join_port = true;
    }
    return 0;
}

/* Gives the first *count workers their pairs, or none. 0, or the first error, with *count of those that were
 * given theirs; giving none always works. */
static int sockets_publish(const struct sockets *sockets, const struct udp_sockets *pairs, unsigned *count)
{
    int error = 0;

    for (unsigned i = 0; i < *count && error == 0; i++) {
        if (sockets->workers[i] != NULL)
            error = worker_set_sockets(sockets->workers[i], pairs == NULL ? NULL : &pairs[i]);
        if (error < 0)
            *count = i;
    }
    return error;
}

static void sockets_take_back(const struct sockets *sockets)
{
    unsigned all = sockets->count;

    (void)!sockets_publish(sockets, NULL, &all);
}

static struct sockets_found sockets_found_by(const struct udp_sockets *pairs, unsigned count)
{
    return (struct sockets_found){.v6 = pairs[0].v6 >= 0,
                                  .segment = pairs[0].segment,
                                  .receive_offload = pairs[0].receive_offload,
                                  .steering = pairs[count - 1].steered};
}

void sockets_note_found(struct sockets *sockets, const struct sockets_found *found)
{
    sockets->found = *found;
    if (!found->v6 && !sockets->said_no_v6) {
        log_notice("IPv6 is disabled on this host: peers can be reached by IPv4 only");
        sockets->said_no_v6 = true;
    }
}

/* Some worker would not take the new sockets: those before it go back to the old ones, or, if that fails as
 * well, all to none. */
static void sockets_move_back(struct sockets *sockets, unsigned moved)
{
    if (sockets->open && sockets_publish(sockets, sockets->pairs, &moved) == 0)
        return;
    sockets_take_back(sockets);
    if (sockets->open)
        sockets_close_pairs(sockets->pairs, sockets->count);
    sockets->open = false;
}

/* Exchanges what the workers use, then closes what they used. */
static int sockets_move(struct sockets *sockets, uint16_t port)
{
    struct udp_sockets fresh[OPTIONS_MAX_WORKERS] = {{.v4 = -1, .v6 = -1}};
    struct sockets_found found;
    unsigned moved = sockets->count;
    int error = sockets_open_pairs(sockets, port, fresh, sockets->count);

    if (error < 0)
        return error;
    error = sockets_publish(sockets, fresh, &moved);
    if (error < 0) {
        sockets_move_back(sockets, moved);
        sockets_close_pairs(fresh, sockets->count);
        return error;
    }
    if (sockets->open)
        sockets_close_pairs(sockets->pairs, sockets->count);
    memcpy(sockets->pairs, fresh, sockets->count * sizeof fresh[0]);
    sockets->open = true;
    sockets->port = fresh[0].port;
    found = sockets_found_by(fresh, sockets->count);
    sockets_note_found(sockets, &found);
    return 0;
}

int sockets_probe(struct sockets_found *found, unsigned workers, const struct options_switches *switches)
{
    struct udp_sockets pairs[2];
    struct sockets sockets;
    unsigned count;
    int error;

    sockets_init(&sockets, -1, NULL, workers, switches);
    count = sockets.steer ? 2 : 1;
    error = sockets_open_pairs(&sockets, 0, pairs, count);
    if (error < 0)
        return error;
    *found = sockets_found_by(pairs, count);
    sockets_close_pairs(pairs, count);
    return 0;
}

int sockets_open(struct sockets *sockets)
{
    return sockets->open ? 0 : sockets_move(sockets, sockets->port);
}

void sockets_close(struct sockets *sockets)
{
    if (!sockets->open)
        return;
    sockets_take_back(sockets);
    sockets->open = false;
    sockets_close_pairs(sockets->pairs, sockets->count);
}

int sockets_set_port(struct sockets *sockets, uint16_t port, bool up)
{
    if (port == sockets->port && (sockets->open || !up))
        return 0;
    if (up)
        return sockets_move(sockets, port);
    sockets->port = port;
    return 0;
}

static int sockets_apply_mark(const struct sockets *sockets, uint32_t mark)
{
    for (unsigned i = 0; sockets->open && i < sockets->count; i++) {
        int error = request_mark(sockets->parent, &sockets->pairs[i], mark);

        if (error < 0)
            return error;
    }
    return 0;
}

int sockets_set_mark(struct sockets *sockets, uint32_t mark)
{
    int error = sockets_apply_mark(sockets, mark);

    if (error == 0)
        sockets->mark = mark;
    else if (sockets_apply_mark(sockets, sockets->mark) < 0)
        log_error("some sockets have mark %u, others %u: set the mark again", mark, sockets->mark);
    return error;
}

const struct udp_sockets *sockets_first(const struct sockets *sockets)
{
    return sockets->open ? &sockets->pairs[0] : NULL;
}
