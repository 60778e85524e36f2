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
}

static void sockets_close_pairs(struct udp_sockets *pairs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        udp_close(&pairs[i]);
}

/* Opens one pair per worker on one port. On an error none stays open. */
static int sockets_open_pairs(const struct sockets *sockets, uint16_t port, struct udp_sockets *pairs)
{
    struct udp_wishes wishes = sockets->wishes;

    wishes.reuse_port = sockets->count > 1;
    for (unsigned i = 0; i < sockets->count; i++) {
        int error = request_sockets(sockets->parent, port, sockets->mark, &wishes, &pairs[i]);

        if (error < 0) {
            sockets_close_pairs(pairs, i);
            return error;
        }
        port = pairs[i].port;
        wishes.join_port = true;
    }
    return 0;
}

static void sockets_publish(const struct sockets *sockets)
{
    for (unsigned i = 0; i < sockets->count; i++)
        if (sockets->workers[i] != NULL)
            worker_set_sockets(sockets->workers[i], sockets->open ? &sockets->pairs[i] : NULL);
}

/* Exchanges what the workers use, then closes what they used. */
static int sockets_move(struct sockets *sockets, uint16_t port)
{
    struct udp_sockets old[OPTIONS_MAX_WORKERS];
    struct udp_sockets fresh[OPTIONS_MAX_WORKERS];
    bool was_open = sockets->open;
    int error = sockets_open_pairs(sockets, port, fresh);

    if (error < 0)
        return error;
    memcpy(old, sockets->pairs, sizeof old);
    memcpy(sockets->pairs, fresh, sockets->count * sizeof fresh[0]);
    sockets->open = true;
    sockets->port = fresh[0].port;
    sockets_publish(sockets);
    if (was_open)
        sockets_close_pairs(old, sockets->count);
    if (fresh[0].v6 < 0 && !sockets->said_no_v6) {
        log_notice("IPv6 is disabled on this host: peers can be reached by IPv4 only");
        sockets->said_no_v6 = true;
    }
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
    sockets->open = false;
    sockets_publish(sockets);
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
