/* SPDX-License-Identifier: MIT
 *
 * From jobs to lanes and back: as many exchanges as there are lanes are a group, and x25519_ladder.h does
 * them.
 *
 * All that is derived from private keys is in struct group, which is wiped, or wherever the compiler kept
 * what did not fit in registers, which is wiped too.
 */
#ifndef CRYPTO_X25519_GROUP_H
#define CRYPTO_X25519_GROUP_H

#include "crypto/field25519_bytes.h"
#include "crypto/memory.h"
#include "crypto/x25519.h"

/* More than group_run() takes, with all that it calls. */
enum { GROUP_STACK_BYTES = 16 * 1024 };

/* As ladder_multiply() wants them. */
struct group {
    uint64_t differs[4][LANES];
    uint64_t limbs[5][LANES];
};

/* Fills the lanes; those beyond count with the first job once more. */
static inline void group_fill(struct group *group, const struct x25519_job *jobs, size_t count)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        const struct x25519_job *job = &jobs[lane < count ? lane : 0];
        uint64_t word[5] = {0};
        uint64_t limb[5];

        for (size_t i = 0; i < 4; i++)
            word[i] = little_endian_load64(job->private_key + 8 * i);
        word[0] &= ~UINT64_C(7);
        word[3] = (word[3] & ~(UINT64_C(1) << 63)) | UINT64_C(1) << 62;
        for (size_t i = 0; i < 4; i++)
            group->differs[i][lane] = word[i] ^ (word[i] >> 1 | word[i + 1] << 63);
        field_from_bytes(limb, job->public_key);
        for (size_t i = 0; i < 5; i++)
            group->limbs[i][lane] = limb[i];
        memory_wipe(word, sizeof(word));
    }
}

static inline void group_answer(const struct group *group, struct x25519_job *jobs, size_t count)
{
    for (size_t lane = 0; lane < count; lane++) {
        uint64_t limb[5];

        for (size_t i = 0; i < 5; i++)
            limb[i] = group->limbs[i][lane];
        field_to_bytes(jobs[lane].shared, limb);
        jobs[lane].nonzero = !memory_is_zero(jobs[lane].shared, 32);
        memory_wipe(limb, sizeof(limb));
    }
}

/* The exchanges of one group. Never inlined: what it and its callees leave on the stack lies below the
 * caller. */
static __attribute__((noinline)) void group_run(struct x25519_job *jobs, size_t count)
{
    struct group group;

    group_fill(&group, jobs, count);
    ladder_multiply(group.limbs, group.differs);
    group_answer(&group, jobs, count);
    memory_wipe(&group, sizeof(group));
}

/* Wipes the stack where group_run() was. */
static __attribute__((noinline)) void group_wipe_stack(void)
{
    uint8_t below[GROUP_STACK_BYTES];

    memory_wipe(below, sizeof(below));
}

/* All jobs, group by group. */
static inline void group_run_all(struct x25519_job *jobs, size_t count)
{
    if (count == 0)
        return;
    for (; count > LANES; jobs += LANES, count -= LANES)
        group_run(jobs, LANES);
    group_run(jobs, count);
    group_wipe_stack();
}

#endif
