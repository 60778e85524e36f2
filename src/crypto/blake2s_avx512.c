/* SPDX-License-Identifier: MIT
 *
 * Sixteen blocks of BLAKE2s at once: see blake2s_lanes_kernel.h.
 */
#include <stdint.h>

typedef uint32_t lane_words __attribute__((vector_size(64), may_alias));

#include "crypto/blake2s_lanes_kernel.h"

void blake2s_avx512_compress(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *block,
                             uint64_t counter, uint32_t last)
{
    compress_lanes(lanes, block, 0, counter, last);
}
