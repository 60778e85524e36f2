/* SPDX-License-Identifier: MIT
 *
 * See blake2s_lanes.h: the portable part around the kernels, and which of them is used.
 */
#include "crypto/blake2s_lanes.h"

#include "crypto/little_endian.h"
#include "crypto/processor.h"

#include <string.h>

/* Eight lanes at once cost less than two blocks one after the other. */
#define FEWEST 2

bool blake2s_lanes_pay(size_t count)
{
#if defined(__x86_64__)
    return count >= FEWEST && processor_step() != PROCESSOR_PLAIN;
#else
    (void)count;
    return false;
#endif
}

void blake2s_lanes_init(struct blake2s_lanes *lanes, size_t output_length)
{
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = blake2s_initialization_vector[i];

        if (i == 0) /* §2.5: output length, no key, a tree of one leaf */
            word ^= (uint32_t)output_length | UINT32_C(0x01010000);
        for (size_t n = 0; n < BLAKE2S_LANES; n++)
            lanes->h[i][n] = word;
    }
}

void blake2s_lanes_put(struct blake2s_lanes_block *block, size_t n, size_t at, const uint8_t *bytes,
                       size_t length)
{
    size_t word = at / 4;

    for (; length >= 4; bytes += 4, length -= 4)
        block->word[word++][n] = little_endian_load32(bytes);
    if (length > 0) {
        uint32_t rest = 0;

        for (size_t i = 0; i < length; i++)
            rest |= (uint32_t)bytes[i] << 8 * i;
        block->word[word][n] = rest;
    }
}

void blake2s_lanes_compress(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *block,
                            size_t count, uint64_t counter, bool last)
{
#if defined(__x86_64__)
    uint32_t mask = last ? UINT32_MAX : 0;

    if (processor_step() == PROCESSOR_AVX512) {
        blake2s_avx512_compress(lanes, block, counter, mask);
        return;
    }
    for (unsigned first = 0; first < count; first += BLAKE2S_LANES / 2)
        blake2s_avx2_compress(lanes, block, first, counter, mask);
#else
    (void)lanes, (void)block, (void)count, (void)counter, (void)last; /* blake2s_lanes_pay() said so */
#endif
}

void blake2s_lanes_get(const struct blake2s_lanes *lanes, size_t n, uint8_t *hash, size_t length)
{
    for (size_t i = 0; i < length / 4; i++)
        little_endian_store32(hash + 4 * i, lanes->h[i][n]);
}
