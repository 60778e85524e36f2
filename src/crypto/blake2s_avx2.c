/* SPDX-License-Identifier: MIT
 *
 * Eight blocks of BLAKE2s at once: see blake2s_lanes_kernel.h.
 */
#include <stdint.h>

typedef uint32_t lane_words __attribute__((vector_size(32), may_alias));

#include "crypto/blake2s_lanes_kernel.h"

void blake2s_avx2_compress(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *block,
                           unsigned first, uint64_t counter, uint32_t last)
{
    compress_lanes(lanes, block, first, counter, last);
}
