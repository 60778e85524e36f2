/* SPDX-License-Identifier: MIT
 *
 * See courtesy.h. A period ends when it is over or when it has seen too many messages; the first kind brings
 * control forward, the second back.
 */
#include "daemon/courtesy.h"

#include "core/device.h"

#include <sys/resource.h>

#define COURTESY_PERIOD_NS 100000000ULL
#define COURTESY_MESSAGES  100 /* in a period: 1000 a second */
#define COURTESY_NICE      15  /* a weight of about a thirtieth */
#define COURTESY_REST_MS   4   /* by the processors there are */

void courtesy_allow_return(void)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)(20 - getpriority(PRIO_PROCESS, 0)); /* it counts the other way round */

    if (getrlimit(RLIMIT_NICE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted)
        limit.rlim_max = wanted;
    (void)setrlimit(RLIMIT_NICE, &limit); /* see courtesy.h for what then cannot be done */
}

void courtesy_init(struct courtesy *courtesy, uint64_t now_ns)
{
    *courtesy = (struct courtesy){.nice = getpriority(PRIO_PROCESS, 0), .since_ns = now_ns};
}

static void courtesy_step(struct courtesy *courtesy, bool behind)
{
    int nice = behind ? courtesy->nice + COURTESY_NICE : courtesy->nice; /* the kernel stops at 19 */

    if (courtesy->behind != behind && setpriority(PRIO_PROCESS, 0, nice) == 0)
        courtesy->behind = behind;
}

void courtesy_look(struct courtesy *courtesy, uint32_t messages, uint64_t now_ns)
{
    bool many = messages - courtesy->counted > COURTESY_MESSAGES;

    if (!many && now_ns - courtesy->since_ns < COURTESY_PERIOD_NS)
        return;
    courtesy->counted = messages;
    courtesy->since_ns = now_ns;
    courtesy_step(courtesy, many);
}

unsigned courtesy_rest_ms(uint64_t asked, unsigned processors)
{
    return asked > DEVICE_HANDSHAKES_PER_TICK / 2 ? COURTESY_REST_MS / processors : 0;
}
