/* SPDX-License-Identifier: MIT
 *
 * The replay window (protocol §7), as the core keeps it: counters are handed to the real one, and its ring is
 * shown after each step. Before each, the rule is put in words; the window must agree.
 */
#include "core/replay.h"
#include "explain/life_parts.h"
#include "explain/value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* In a busy minute every 97th datagram gets lost, and this one. */
#define LOST_EVERY UINT64_C(97)
#define LOST_TOO   UINT64_C(872)

static const char *judge(const struct replay *replay, uint64_t counter, bool *good)
{
    uint64_t top = atomic_load_explicit(&replay->top, memory_order_relaxed), number = counter + 1;

    *good = false;
    if (counter >= REJECT_AFTER_MESSAGES)
        return "beyond the last counter that a session may use";
    if (number + REPLAY_WINDOW < top)
        return "too late: more than 8128 behind the newest";
    if (number <= top && (replay->bits[number / 64 % REPLAY_WORDS] >> (number % 64) & 1) != 0)
        return "seen before";
    *good = true;
    return number > top ? "newer than all before" : "late, but not seen yet";
}

static bool hand(struct replay *replay, uint64_t counter, json_t *tries)
{
    uint64_t top = atomic_load_explicit(&replay->top, memory_order_relaxed);
    bool good, accepted;
    const char *why = judge(replay, counter, &good);
    json_t *item;

    accepted = replay_accept(replay, counter);
    assert(accepted == good);
    (void)good;
    if (tries == NULL)
        return accepted;
    item = value_object(tries, NULL);
    value_format(item, "counter", "%" PRIu64, counter);
    value_truth(item, "accepted", accepted);
    value_text(item, "verdict", accepted ? "accepted" : "dropped");
    value_text(item, "why", why);
    if (counter < top)
        value_format(item, "behind", "%" PRIu64, top - 1 - counter);
    else
        value_text(item, "behind", NULL);
    return accepted;
}

static json_t *step_new(json_t *steps, const char *name, const char *title)
{
    json_t *step = value_object(steps, NULL);

    value_number(step, "number", json_array_size(steps));
    value_text(step, "name", name);
    value_text(step, "title", title);
    return step;
}

/* The state after it. ring: its words as numbers of 16 hexadecimal digits, word 0 first; the bit of a counter
 * is counter + 1 modulo the ring. */
static void step_end(json_t *step, const struct replay *replay)
{
    uint64_t top = atomic_load_explicit(&replay->top, memory_order_relaxed), set = 0;
    char ring[REPLAY_WORDS * 16 + 1];

    for (size_t i = 0; i < REPLAY_WORDS; i++) {
        (void)snprintf(ring + 16 * i, 17, "%016" PRIx64, replay->bits[i]);
        set += (uint64_t)__builtin_popcountll(replay->bits[i]);
    }
    value_number(step, "newest", top - 1);
    value_number(step, "lowest", top - 1 > REPLAY_WINDOW ? top - 1 - REPLAY_WINDOW : 0);
    value_number(step, "set", set);
    value_text(step, "ring", ring);
}

static void busy_minute(json_t *steps, struct replay *replay)
{
    json_t *step = step_new(steps, "busy", "A busy minute: up to 4999, every 97th gets lost, and 872");
    uint64_t taken = 0;

    for (uint64_t counter = 13; counter < 5000; counter++)
        if (counter % LOST_EVERY != 0 && counter != LOST_TOO)
            taken += hand(replay, counter, NULL);
    (void)value_list(step, "tries");
    value_number(step, "taken", taken);
    step_end(step, replay);
}

static void some(json_t *steps, struct replay *replay, const char *name, const char *title,
                 const uint64_t *counters, size_t count)
{
    json_t *step = step_new(steps, name, title), *tries = value_list(step, "tries");
    uint64_t taken = 0;

    for (size_t i = 0; i < count; i++)
        taken += hand(replay, counters[i], tries);
    value_number(step, "taken", taken);
    step_end(step, replay);
}

static void put_totals(json_t *window, const json_t *steps, const struct replay *replay)
{
    uint64_t accepted = 0, refused = 0;

    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i), *tries = json_object_get(step, "tries");

        accepted += (uint64_t)json_integer_value(json_object_get(step, "taken"));
        for (size_t j = 0; j < json_array_size(tries); j++)
            refused += json_is_false(json_object_get(json_array_get(tries, j), "accepted"));
    }
    value_number(window, "accepted", accepted);
    value_number(window, "refused", refused);
    value_number(window, "newest", atomic_load_explicit(&replay->top, memory_order_relaxed) - 1);
}

json_t *life_window_new(void)
{
    static const struct {
        const char *name, *title;
        uint64_t counters[10];
        size_t count;
    } handed[] = {
        {"order", "In order", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10},
        {"disorder", "Out of order", {12, 10, 11}, 3},
        {"replayed", "The same again", {11, 0, 12}, 3},
        {"busy", NULL, {0}, 0},
        {"late", "One that was late, and its copy", {4947, 4947}, 2},
        {"jump", "Four thousand get lost at once", {9001}, 1},
        {"edge", "On the edge, and beyond it", {873, 872, 776}, 3},
        {"far", "A million on: the whole ring is cleared", {1000000, 9002, 999999}, 3},
        {"limit", "The end of counting", {REJECT_AFTER_MESSAGES}, 1},
    };
    json_t *window = value_new_object(), *steps;
    struct replay replay;

    memset(&replay, 0, sizeof replay);
    value_number(window, "bits", REPLAY_BITS);
    value_number(window, "reach", REPLAY_WINDOW);
    value_number(window, "words", REPLAY_WORDS);
    steps = value_list(window, "steps");
    for (size_t i = 0; i < sizeof handed / sizeof handed[0]; i++)
        if (handed[i].count == 0)
            busy_minute(steps, &replay);
        else
            some(steps, &replay, handed[i].name, handed[i].title, handed[i].counters, handed[i].count);
    put_totals(window, steps, &replay);
    return window;
}
