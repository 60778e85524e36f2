/* SPDX-License-Identifier: MIT
 *
 * Checksums with 32 bytes at once: see checksum_blocks.h.
 */
#include <stdint.h>

typedef uint64_t checksum_words __attribute__((vector_size(32)));

#include "packet/checksum_blocks.h"

uint64_t checksum_avx2_sum(uint8_t *restrict target, const uint8_t *restrict source, size_t length)
{
    return target == NULL ? blocks_sum(NULL, source, length) : blocks_sum(target, source, length);
}
