/* SPDX-License-Identifier: MIT
 *
 * Between device and keeper: see timestamps.h.
 */
#include "daemon/timestamps.h"

#include "config/clock_state.h"
#include "daemon/clock_keeper.h"
#include "daemon/engine.h"
#include "daemon/log.h"
#include "linux/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define TIMESTAMPS_TEXT_BYTES 32

/* ---- the keeper ---- */

void timestamps_init(struct timestamps *timestamps, int keeper)
{
    memset(timestamps, 0, sizeof *timestamps);
    timestamps->keeper = keeper;
}

static bool timestamps_keeper_ended(int error)
{
    return error == EPIPE || error == ECONNRESET || error == ECONNREFUSED;
}

/* Requests are few and small: one that does not fit at once is one to a keeper that hangs. */
static void timestamps_send(struct timestamps *timestamps, enum keeper_kind kind,
                            const uint8_t public_key[static VOLE_KEY_BYTES], uint64_t until_s)
{
    struct keeper_request request;

    memset(&request, 0, sizeof request);
    request.kind = kind;
    request.number = ++timestamps->number;
    request.until_s = until_s;
    memcpy(request.public_key, public_key, sizeof request.public_key);
    if (send(timestamps->keeper, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return;
    log_verbose("cannot reach the keeper of the clock: %s", strerror(errno));
    timestamps->ended = timestamps->ended || timestamps_keeper_ended(errno);
}

void timestamps_ask(struct engine *engine, const uint8_t public_key[static VOLE_KEY_BYTES], uint64_t until_s)
{
    struct timestamps *timestamps = &engine->timestamps;
    bool knows = vole_device_used(engine->device) > 0;
    struct vole_time now;

    clock_now(&now);
    timestamps->asked = true;
    timestamps->asked_ns = now.monotonic_ns;
    timestamps->until_s = until_s;
    memcpy(timestamps->public_key, public_key, VOLE_KEY_BYTES);
    timestamps_send(timestamps, knows ? KEEPER_RESERVE : KEEPER_BEGIN, public_key, until_s);
}

static void timestamps_take(struct engine *engine, const struct keeper_answer *answer)
{
    struct timestamps *timestamps = &engine->timestamps;
    struct vole_time now;

    if ((int32_t)(answer->number - timestamps->forgotten) <= 0)
        return;
    if (answer->number == timestamps->number)
        timestamps->asked = false;
    timestamps->failing = answer->error < 0;
    if (timestamps->slow)
        log_notice("the disk answers again: the time of handshakes is remembered");
    timestamps->slow = false;
    clock_now(&now);
    vole_device_reserved(engine->device, answer->public_key, answer->from_s, answer->until_s, &now);
}

bool timestamps_read(struct engine *engine)
{
    struct timestamps *timestamps = &engine->timestamps;
    struct keeper_answer answer;
    ssize_t length;

    while ((length = recv(timestamps->keeper, &answer, sizeof answer, MSG_DONTWAIT)) ==
           (ssize_t)sizeof answer)
        timestamps_take(engine, &answer);
    if (length == 0 || (length < 0 && timestamps_keeper_ended(errno)))
        timestamps->ended = true;
    return !timestamps->ended;
}

uint64_t timestamps_deadline(const struct timestamps *timestamps)
{
    if (!timestamps->asked)
        return VOLE_NEVER;
    return timestamps->ended ? 0 : timestamps->asked_ns + TIMESTAMPS_PATIENCE_S * UINT64_C(1000000000);
}

/* Goes on with what was asked for, as if it had been stored. */
static void timestamps_lose_patience(struct engine *engine, const struct vole_time *now)
{
    struct timestamps *timestamps = &engine->timestamps;

    timestamps->asked = false;
    if (timestamps->ended && !timestamps->slow)
        log_error("who stores in %s is gone: handshakes go on without remembering their time until voled is "
                  "restarted",
                  engine->parts->options->state_directory);
    else if (!timestamps->slow)
        log_error("the disk with %s does not answer: handshakes go on without remembering their time",
                  engine->parts->options->state_directory);
    timestamps->slow = true;
    vole_device_reserved(engine->device, timestamps->public_key, 0, timestamps->until_s, now);
}

/* ---- a clock that looks wrong ---- */

static const char *timestamps_date(char text[static TIMESTAMPS_TEXT_BYTES], uint64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm parts;

    if (gmtime_r(&time, &parts) == NULL ||
        strftime(text, TIMESTAMPS_TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        return "a day beyond all calendars";
    return text;
}

static void timestamps_say_behind(const struct engine *engine, uint64_t used_s, const struct vole_time *now)
{
    char clock[TIMESTAMPS_TEXT_BYTES], used[TIMESTAMPS_TEXT_BYTES];

    log_error(
        "the clock looks wrong: it says %s, but handshakes were sent up to %s. Set it right. Until then "
        "handshakes go on from there, so peers accept them. If the clock was wrong then and is right "
        "now: 'vole clock reset %s'",
        timestamps_date(clock, now->real_s), timestamps_date(used, used_s), engine->follow.place.name);
}

void timestamps_look(struct engine *engine, const struct vole_time *now)
{
    struct timestamps *timestamps = &engine->timestamps;
    uint64_t used_s = vole_device_used(engine->device);
    bool behind = now->real_s + CLOCK_STATE_DOUBT_S < used_s;
    bool early = now->real_s < TIMESTAMPS_EARLIEST_S;
    char text[TIMESTAMPS_TEXT_BYTES];

    if (timestamps_deadline(timestamps) <= now->monotonic_ns)
        timestamps_lose_patience(engine, now);
    if (early && !timestamps->early && !behind)
        log_error("the clock looks wrong: it says %s, which is before this program was made. Peers refuse "
                  "handshakes of before the last they saw: set it right",
                  timestamps_date(text, now->real_s));
    if (behind && !timestamps->behind)
        timestamps_say_behind(engine, used_s, now);
    if ((timestamps->behind && !behind) || (timestamps->early && !early && !behind))
        log_notice("the clock looks right again: it says %s", timestamps_date(text, now->real_s));
    timestamps->behind = behind;
    timestamps->early = early;
}

/* ---- another key, reset and end ---- */

static void timestamps_release(struct timestamps *timestamps, const uint8_t public_key[static VOLE_KEY_BYTES],
                               uint64_t used_s)
{
    if (timestamps->keeper >= 0 && used_s > 0)
        timestamps_send(timestamps, KEEPER_RELEASE, public_key, used_s);
}

void timestamps_set_private_key(struct engine *engine, const uint8_t private_key[static VOLE_KEY_BYTES],
                                const struct vole_time *now)
{
    uint8_t before[VOLE_KEY_BYTES], after[VOLE_KEY_BYTES];
    bool had_key = vole_device_public_key(engine->device, before);
    uint64_t used_s = vole_device_used(engine->device);

    vole_device_set_private_key(engine->device, private_key, now);
    if (had_key &&
        (!vole_device_public_key(engine->device, after) || memcmp(before, after, sizeof before) != 0))
        timestamps_release(&engine->timestamps, before, used_s);
}

void timestamps_reset(struct engine *engine)
{
    struct timestamps *timestamps = &engine->timestamps;
    uint8_t public_key[VOLE_KEY_BYTES];
    struct vole_time now;

    if (timestamps->keeper >= 0 && vole_device_public_key(engine->device, public_key)) {
        timestamps_send(timestamps, KEEPER_BEGIN, public_key, 0); /* without, the keeper will not forget it */
        timestamps_send(timestamps, KEEPER_FORGET, public_key, 0);
    }
    timestamps->forgotten = timestamps->number;
    timestamps->asked = false;
    timestamps->behind = false;
    log_notice("the time of handshakes was reset: they follow the clock of this machine again");
    clock_now(&now);
    vole_device_restart_clock(engine->device, &now);
}

void timestamps_end(struct engine *engine)
{
    uint8_t public_key[VOLE_KEY_BYTES];

    if (engine->device != NULL && vole_device_public_key(engine->device, public_key))
        timestamps_release(&engine->timestamps, public_key, vole_device_used(engine->device));
}
