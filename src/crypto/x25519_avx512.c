/* SPDX-License-Identifier: MIT
 *
 * See x25519_kernels.h: eight exchanges at a time. This file only chooses on which lanes and in which field
 * the ladder is climbed; each of the headers stands on the one before.
 */
#include "crypto/x25519_kernels.h"

#include "crypto/lanes_ifma8.h"

#include "crypto/field25519_ifma.h"

#include "crypto/x25519_ladder.h"

#include "crypto/x25519_group.h"

void x25519_avx512_batch(struct x25519_job *jobs, size_t count)
{
    group_run_all(jobs, count);
}
