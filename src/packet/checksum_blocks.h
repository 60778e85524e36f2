/* SPDX-License-Identifier: MIT
 *
 * Sums of whole blocks of 64 bytes, for checksum.c and checksum_avx2.c alone, which say how wide
 * `checksum_words` is before they include this. The result is the same for every width: the sum of all
 * 32-bit words, exact, so four bytes per addition need no carry as long as there are fewer than 2^32 of them.
 *
 * A 64-bit word x is high * 2^32 + low. Each lane of a vector keeps two sums of its words: of x, modulo 2^64,
 * and of high, which is a shift away. The sum of low is then the first minus 2^32 times the second, modulo
 * 2^64, and it is below that: two additions and a shift per vector instead of three and a mask.
 */
#ifndef PACKET_CHECKSUM_BLOCKS_H
#define PACKET_CHECKSUM_BLOCKS_H

#include "packet/checksum_kernels.h"

#include <string.h>

#define CHECKSUM_INLINE static inline __attribute__((always_inline))

/* Two of each, so that an addition need not wait for the one before. */
struct checksum_lanes {
    checksum_words all[2], high[2];
};

CHECKSUM_INLINE uint64_t lanes_sum(const struct checksum_lanes *lanes)
{
    checksum_words all = lanes->all[0] + lanes->all[1], high = lanes->high[0] + lanes->high[1];
    checksum_words words = all - (high << 32) + high;
    uint64_t sum = 0;
    for (size_t lane = 0; lane < sizeof words / sizeof words[0]; lane++)
        sum += words[lane];
    return sum;
}

/* Gives the vector by address: where there are no vector registers, how one is returned is not settled. */
CHECKSUM_INLINE void words_load(checksum_words *words, const uint8_t *bytes)
{
    memcpy(words, bytes, sizeof *words);
#if defined(__x86_64__)
    __asm__("" : "+x"(*words)); /* stays in its register: gcc would load it anew for each of its two uses */
#endif
}

/* Adds what is in source; copies it to target as well unless that is NULL. length: a multiple of a block. */
CHECKSUM_INLINE uint64_t blocks_sum(uint8_t *restrict target, const uint8_t *restrict source, size_t length)
{
    struct checksum_lanes lanes = {0};
    for (size_t at = 0; at < length; at += CHECKSUM_BLOCK_BYTES)
        for (size_t part = 0; part < CHECKSUM_BLOCK_BYTES / sizeof(checksum_words); part++) {
            size_t offset = at + part * sizeof(checksum_words);
            checksum_words words;
            words_load(&words, source + offset);
            if (target != NULL)
                memcpy(target + offset, &words, sizeof words);
            lanes.all[part % 2] += words;
            lanes.high[part % 2] += words >> 32;
        }
    return lanes_sum(&lanes);
}

#endif
