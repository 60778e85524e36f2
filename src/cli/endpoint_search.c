/* SPDX-License-Identifier: MIT
 *
 * Doubt first, then proof: the first sample in which something is unanswered only starts the clock, as the
 * packet may have left a moment before. An initiation has 148 bytes, and nothing but keepalives is as short
 * as 32; keepalives are never answered, so what they may have been is subtracted.
 */
#include "cli/endpoint_search.h"

#include <string.h>

#define SESSION_MS         180000 /* no packet is sent under an older session (timers §4) */
#define PROOF_SESSION_MS   18000
#define PROOF_HANDSHAKE_MS 8000
#define PROOF_KEEPALIVE_MS 15000 /* three initiations */
#define DOUBT_FORGOTTEN_MS 60000
#define SILENT_MS          10000 /* over two intervals */
#define KEEPALIVE_BYTES    32
#define KEEPALIVES_SPARE   2    /* the passive one, and the one that the window's edge cuts */
#define TRY_MS             7000 /* 5.33 s until an initiation leaves for certain, and a slow answer */
#define TRY_KEEPALIVE_S    25   /* the longest interval that a try waits for */
#define PAUSE_FIRST_MS     5000
#define PAUSE_LONGEST_MS   120000
#define PAUSE_NAMELESS_MS  30000 /* the longest while nothing is known to try */
#define WAIT_TRYING_MS     1000
#define WAIT_DOUBT_MS      2000
#define WAIT_PAUSED_MS     5000
#define WAIT_QUIET_MS      10000
#define GAP_MS             60000 /* between two samples: we did not run, and know nothing of that time */

/* ---- endpoints ---- */

bool endpoint_search_is_same(const struct vole_endpoint *one, const struct vole_endpoint *other)
{
    return one->address.family == other->address.family && one->port == other->port &&
           one->scope == other->scope &&
           memcmp(one->address.bytes, other->address.bytes, sizeof(one->address.bytes)) == 0;
}

void endpoint_search_alternate(struct vole_endpoint *endpoints, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        size_t next = i;

        while (next < count && endpoints[next].address.family == endpoints[i - 1].address.family)
            next++;
        if (next == count)
            return;
        struct vole_endpoint moved = endpoints[next];

        memmove(&endpoints[i + 1], &endpoints[i], (next - i) * sizeof(moved));
        endpoints[i] = moved;
    }
}

static bool has_endpoint(const struct endpoint_sample *sample)
{
    return sample->endpoint.address.family != 0;
}

static void list_add(struct endpoint_search *search, const struct vole_endpoint *endpoint)
{
    for (size_t i = 0; i < search->count; i++) {
        if (endpoint_search_is_same(&search->list[i], endpoint))
            return;
    }
    if (search->count < ENDPOINT_SEARCH_MAX)
        search->list[search->count++] = *endpoint;
}

/* ---- what the samples tell ---- */

/* Everything that was sent until now needs no answer any more. */
static void settle(struct endpoint_search *search, int64_t now_ms, const struct endpoint_sample *sample)
{
    search->answer_ms = now_ms;
    search->answer_sent_bytes = sample->sent_bytes;
    search->is_doubted = false;
}

static bool is_never(const struct endpoint_sample *sample)
{
    return sample->latest_handshake_s == 0 && sample->latest_handshake_ns == 0;
}

static bool is_other_handshake(const struct endpoint_sample *one, const struct endpoint_sample *other)
{
    return one->latest_handshake_s != other->latest_handshake_s ||
           one->latest_handshake_ns != other->latest_handshake_ns;
}

static bool may_have_session(const struct endpoint_search *search, int64_t now_ms)
{
    return !is_never(&search->last) && now_ms - search->handshake_ms < SESSION_MS;
}

/* The peer, or the interface, is not the one it was; or this is the first time. */
static void begin(struct endpoint_search *search, int64_t now_ms, const struct endpoint_sample *sample)
{
    memset(search, 0, sizeof(*search));
    search->has_seen = true;
    search->first_ms = now_ms;
    search->sent_ms = now_ms;
    search->handshake_ms = now_ms - sample->handshake_age_s * 1000;
    settle(search, now_ms, sample);
    /* Nothing that was sent to a stranger until now was answered. */
    if (is_never(sample) && sample->received_bytes == 0)
        search->answer_sent_bytes = 0;
}

/* More bytes than so many can be no keepalives. */
static uint64_t keepalive_bytes(const struct endpoint_search *search, int64_t now_ms, int64_t since_ms)
{
    uint64_t keepalives = KEEPALIVES_SPARE;

    if (!may_have_session(search, now_ms))
        return 0;
    if (search->last.keepalive_s > 0)
        keepalives += (uint64_t)(now_ms - since_ms) / (UINT64_C(1000) * search->last.keepalive_s);
    return keepalives * KEEPALIVE_BYTES;
}

static void doubt(struct endpoint_search *search, int64_t now_ms)
{
    uint64_t sent_bytes = search->last.sent_bytes;

    if (!search->is_doubted) {
        if (sent_bytes - search->answer_sent_bytes <= keepalive_bytes(search, now_ms, search->answer_ms))
            return;
        search->is_doubted = true;
        search->doubt_ms = now_ms;
        search->doubt_sent_bytes = sent_bytes;
    } else if (now_ms - search->doubt_ms >= DOUBT_FORGOTTEN_MS) {
        settle(search, now_ms, &search->last);
    }
}

static bool is_unanswered(const struct endpoint_search *search, int64_t now_ms)
{
    int64_t enough_ms = may_have_session(search, now_ms) ? PROOF_SESSION_MS : PROOF_HANDSHAKE_MS;

    return search->is_doubted && now_ms - search->doubt_ms >= enough_ms &&
           search->last.sent_bytes - search->doubt_sent_bytes >
               keepalive_bytes(search, now_ms, search->doubt_ms);
}

/* The interval promises that packets leave, and that there is a session. */
static bool is_keepalive_broken(const struct endpoint_search *search, int64_t now_ms)
{
    int64_t interval_ms = (int64_t)search->last.keepalive_s * 1000;
    int64_t latest_ms = search->answer_ms > search->sent_ms ? search->answer_ms : search->sent_ms;

    if (interval_ms == 0)
        return false;
    if (now_ms - latest_ms >= 2 * interval_ms + SILENT_MS)
        return true;
    if (is_never(&search->last))
        return now_ms - search->first_ms >= PROOF_HANDSHAKE_MS;
    return now_ms - search->handshake_ms >= SESSION_MS + interval_ms + PROOF_KEEPALIVE_MS &&
           now_ms - search->answer_ms >= PROOF_KEEPALIVE_MS;
}

static bool is_unreachable(const struct endpoint_search *search, int64_t now_ms)
{
    return !has_endpoint(&search->last) || is_unanswered(search, now_ms) ||
           is_keepalive_broken(search, now_ms);
}

/* ---- searching ---- */

static enum endpoint_search_step try_next(struct endpoint_search *search, int64_t now_ms)
{
    search->state = ENDPOINT_SEARCH_TRYING;
    search->try_ms = now_ms;
    search->try_sent_bytes = search->last.sent_bytes;
    return ENDPOINT_SEARCH_SET;
}

static enum endpoint_search_step pause_after(struct endpoint_search *search, int64_t now_ms, bool nameless)
{
    int64_t longest_ms = nameless ? PAUSE_NAMELESS_MS : PAUSE_LONGEST_MS;
    int64_t pause_ms = PAUSE_FIRST_MS;

    for (unsigned i = 0; i < search->round && pause_ms < longest_ms; i++)
        pause_ms *= 2;
    search->state = ENDPOINT_SEARCH_PAUSED;
    search->try_ms = now_ms;
    search->try_sent_bytes = search->last.sent_bytes;
    search->pause_ms = pause_ms < longest_ms ? pause_ms : longest_ms;
    if (search->round < 16)
        search->round++;
    return ENDPOINT_SEARCH_NOTHING;
}

/* Nobody wants this peer any more. */
static enum endpoint_search_step give_up(struct endpoint_search *search, int64_t now_ms)
{
    search->state = ENDPOINT_SEARCH_QUIET;
    search->round = 0;
    settle(search, now_ms, &search->last);
    return ENDPOINT_SEARCH_NOTHING;
}

static enum endpoint_search_step go_on_trying(struct endpoint_search *search, int64_t now_ms)
{
    int64_t tried_ms = now_ms - search->try_ms;
    int64_t interval_s =
        search->last.keepalive_s < TRY_KEEPALIVE_S ? search->last.keepalive_s : TRY_KEEPALIVE_S;

    if (tried_ms < TRY_MS)
        return ENDPOINT_SEARCH_NOTHING;
    if (search->last.sent_bytes != search->try_sent_bytes)
        search->is_wanted = true;
    else if (!search->is_wanted)
        return give_up(search, now_ms);
    else if (tried_ms < TRY_MS + interval_s * 1000) /* it may begin again with its next keepalive only */
        return ENDPOINT_SEARCH_NOTHING;
    search->tried++;
    return search->tried < search->count ? try_next(search, now_ms) : pause_after(search, now_ms, false);
}

static enum endpoint_search_step look_up(struct endpoint_search *search)
{
    search->state = ENDPOINT_SEARCH_LOOKING;
    search->is_lost = true;
    search->is_wanted = search->last.keepalive_s > 0 || has_endpoint(&search->last);
    search->round_sent_bytes = search->last.sent_bytes;
    return ENDPOINT_SEARCH_LOOK_UP;
}

/* Nothing was sent in all of this round, and there is no promise that something will be. */
static bool is_forgotten(const struct endpoint_search *search)
{
    return search->last.keepalive_s == 0 && has_endpoint(&search->last) &&
           search->last.sent_bytes == search->round_sent_bytes;
}

static enum endpoint_search_step go_on(struct endpoint_search *search, int64_t now_ms)
{
    switch (search->state) {
    case ENDPOINT_SEARCH_QUIET:
        doubt(search, now_ms);
        return is_unreachable(search, now_ms) ? look_up(search) : ENDPOINT_SEARCH_NOTHING;
    case ENDPOINT_SEARCH_TRYING:
        return go_on_trying(search, now_ms);
    case ENDPOINT_SEARCH_PAUSED:
        if (now_ms - search->try_ms < search->pause_ms)
            return ENDPOINT_SEARCH_NOTHING;
        return is_forgotten(search) ? give_up(search, now_ms) : look_up(search);
    case ENDPOINT_SEARCH_LOOKING:
        break;
    }
    return ENDPOINT_SEARCH_NOTHING;
}

static enum endpoint_search_step rejoice(struct endpoint_search *search, int64_t now_ms)
{
    bool was_lost = search->is_lost;

    settle(search, now_ms, &search->last);
    search->state = ENDPOINT_SEARCH_QUIET;
    search->is_lost = false;
    search->round = 0;
    return was_lost ? ENDPOINT_SEARCH_ANSWERED : ENDPOINT_SEARCH_NOTHING;
}

/* The samples before do not count: there were none, it is another peer by now, or we did not run. */
static bool is_new(const struct endpoint_search *search, int64_t now_ms, const struct endpoint_sample *sample)
{
    return !search->has_seen || now_ms - search->last_ms >= GAP_MS ||
           sample->sent_bytes < search->last.sent_bytes ||
           sample->received_bytes < search->last.received_bytes;
}

enum endpoint_search_step endpoint_search_look(struct endpoint_search *search, int64_t now_ms,
                                               const struct endpoint_sample *sample)
{
    bool answered = false;

    if (is_new(search, now_ms, sample)) {
        begin(search, now_ms, sample);
    } else {
        bool shook = is_other_handshake(sample, &search->last);

        answered = shook || sample->received_bytes > search->last.received_bytes;
        if (shook)
            search->handshake_ms = now_ms;
        if (sample->sent_bytes != search->last.sent_bytes)
            search->sent_ms = now_ms;
    }
    search->last = *sample;
    search->last_ms = now_ms;
    return answered ? rejoice(search, now_ms) : go_on(search, now_ms);
}

enum endpoint_search_step endpoint_search_found(struct endpoint_search *search, int64_t now_ms,
                                                const struct vole_endpoint *endpoints, size_t count)
{
    const struct vole_endpoint *used = &search->last.endpoint;
    bool is_among_them = false;

    if (search->state != ENDPOINT_SEARCH_LOOKING)
        return ENDPOINT_SEARCH_NOTHING;
    search->count = 0;
    search->tried = 0;
    for (size_t i = 0; i < count; i++) {
        if (endpoint_search_is_same(&endpoints[i], used))
            is_among_them = true;
        else
            list_add(search, &endpoints[i]);
    }
    if (search->count == 0)
        return pause_after(search, now_ms, count == 0);
    if (has_endpoint(&search->last) && (is_among_them || search->round == 0))
        list_add(search, used);
    return try_next(search, now_ms);
}

int endpoint_search_wait_ms(const struct endpoint_search *search)
{
    switch (search->state) {
    case ENDPOINT_SEARCH_TRYING:
        return WAIT_TRYING_MS;
    case ENDPOINT_SEARCH_PAUSED:
        return WAIT_PAUSED_MS;
    case ENDPOINT_SEARCH_LOOKING:
        return WAIT_DOUBT_MS;
    default:
        return search->is_doubted || (search->last.keepalive_s > 0 && is_never(&search->last))
                   ? WAIT_DOUBT_MS
                   : WAIT_QUIET_MS;
    }
}
