/* SPDX-License-Identifier: MIT
 *
 * Following the interface: see follow.h.
 */
#include "daemon/follow.h"

#include "daemon/engine.h"
#include "daemon/log.h"
#include "linux/link_monitor.h"

#include <errno.h>
#include <string.h>

#define FOLLOW_TRIES 16 /* to find an interface that moves and moves */

static void follow_apply(struct engine *engine, const struct link_state *state)
{
    struct place *place = &engine->follow.place;

    if (strcmp(place->name, state->name) != 0) {
        log_notice("renamed to %s; the configuration socket keeps its name", state->name);
        memcpy(place->name, state->name, sizeof place->name);
    }
    engine_set_mtu(engine, state->mtu);
    engine_set_up(engine, state->up);
}

/* Asks how the interface is. 0, or why that could not be found out; -ENODEV: it is not there any more. */
static int follow_ask(struct engine *engine)
{
    struct link_state state;
    int error = link_query(engine->follow.place.link, engine->follow.place.index, &state);

    engine->follow.ask = false;
    if (error == 0)
        follow_apply(engine, &state);
    return error;
}

/* A worker that cannot take new ones is left without any: its errors stay unsaid, nothing else suffers. */
static void follow_give_icmp(struct engine *engine, const struct icmp_sockets *icmp)
{
    for (unsigned i = 0; i < engine->parts->workers; i++)
        if (engine->workers[i] != NULL && worker_set_icmp(engine->workers[i], icmp) < 0)
            (void)!worker_set_icmp(engine->workers[i], NULL);
}

/* Takes the place the parent found in exchange for the old one. */
static void follow_take_place(struct engine *engine, const struct place *place)
{
    struct place old = engine->follow.place;

    engine->follow.place = *place;
    follow_give_icmp(engine, &engine->follow.place.icmp);
    place_close(&old);
}

/* Finds out where the interface is now, and how. It may be gone again before it is asked how it is; only
 * the parent knows whether it is gone for good. */
static int follow_find(struct engine *engine)
{
    int error = -ENODEV;

    for (unsigned tries = 0; tries < FOLLOW_TRIES && error == -ENODEV; tries++) {
        struct place place;

        error = request_place(engine->parts->parent, &place);
        if (error < 0)
            continue;
        engine->follow.left = false;
        follow_take_place(engine, &place);
        error = follow_ask(engine);
    }
    return error;
}

void follow_stop(struct engine *engine)
{
    follow_give_icmp(engine, NULL);
    place_close(&engine->follow.place);
}

/* The interface is not where it was: gone for good, or in another namespace, where it starts down. */
static void follow_look_elsewhere(struct engine *engine)
{
    int error = follow_find(engine);

    if (error == 0) {
        log_notice("now in another network namespace, as %s; its UDP sockets stay where they are",
                   engine->follow.place.name);
        return;
    }
    if (error == -EBADFD || error == -ENODEV) {
        log_notice("the interface was deleted: ending");
        engine_end(engine, 0);
        return;
    }
    log_error("the interface moved to a network namespace that cannot be entered (%s): whether it is up "
              "there cannot be seen, so it is taken for down; run voled with CAP_SYS_ADMIN for such moves",
              strerror(-error));
    follow_stop(engine);
    engine_set_up(engine, false);
}

int follow_start(struct engine *engine)
{
    int error;

    if (engine->parts->place == NULL)
        return follow_find(engine);
    follow_take_place(engine, engine->parts->place);
    error = follow_ask(engine);
    if (error == -ENODEV) { /* whoever started us went on at once, and moved or deleted it */
        follow_look_elsewhere(engine);
        error = 0;
    }
    return error;
}

static void follow_event(void *context, const struct link_event *event)
{
    struct engine *engine = context;
    struct follow *follow = &engine->follow;

    if (event->kind == LINK_RESYNCHRONISE)
        follow->ask = true;
    if (event->state.index != follow->place.index || follow->left)
        return;
    if (event->kind == LINK_CHANGED)
        follow_apply(engine, &event->state);
    else if (event->kind == LINK_DELETED || event->kind == LINK_MOVED)
        follow->left = true;
}

bool follow_read(struct engine *engine)
{
    struct follow *follow = &engine->follow;
    int before = follow->place.monitor;
    int error;

    if (before < 0 || engine->ending)
        return false;
    error = link_monitor_read(before, follow_event, engine);
    if (error < 0) {
        log_error("cannot read what happens to the interface: %s", strerror(-error));
        follow->ask = true;
    }
    if (follow->ask && !follow->left && follow_ask(engine) == -ENODEV)
        follow->left = true;
    if (!follow->left)
        return false;
    follow_look_elsewhere(engine);
    return true;
}
