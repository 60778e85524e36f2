/* SPDX-License-Identifier: MIT
 *
 * BLAKE2s on sixteen messages of equal length at once: what blake2s_hash2_batch(), blake2s_keyed_mac_batch()
 * and kdf_batch() are made of where the processor has vectors. For this room and its tests.
 *
 * Sixteen states lie word by word beside each other: h[i][n] is word i of lane n. A lane that is not used
 * computes along with whatever is in it; give it zeros. All lanes take the same steps with the same counters.
 * A state is as secret as what went into it; whoever made states and blocks wipes them, and calls
 * memory_wipe_stack() when done: the kernels leave pieces on the stack below their caller.
 */
#ifndef CRYPTO_BLAKE2S_LANES_H
#define CRYPTO_BLAKE2S_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_LANES 16u

/* RFC 7693 §2.6 and §2.7, for the portable code and for the kernels. */
static const uint32_t blake2s_initialization_vector[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint8_t blake2s_schedule[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* Chaining values. */
struct blake2s_lanes {
    _Alignas(64) uint32_t h[8][BLAKE2S_LANES];
};

/* A block of each message. */
struct blake2s_lanes_block {
    _Alignas(64) uint32_t word[16][BLAKE2S_LANES];
};

/* Whether the processor has a kernel and count messages are enough for it to be faster than one by one. */
bool blake2s_lanes_pay(size_t count);
/* Starts count hashes with output_length (1..32) bytes of output, without a key. */
void blake2s_lanes_init(struct blake2s_lanes *lanes, size_t output_length);
/* Puts length bytes (at most 64 - at) of lane n's message at byte `at` (a multiple of 4) of a block. */
void blake2s_lanes_put(struct blake2s_lanes_block *block, size_t n, size_t at, const uint8_t *bytes,
                       size_t length);
/* Takes a block in, in the first count lanes at least; counter: bytes up to the block's end. */
void blake2s_lanes_compress(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *block,
                            size_t count, uint64_t counter, bool last);
/* Copies length (a multiple of 4) bytes of lane n's hash out. */
void blake2s_lanes_get(const struct blake2s_lanes *lanes, size_t n, uint8_t *hash, size_t length);

/* The kernels: eight lanes from `first` on; all sixteen. */
void blake2s_avx2_compress(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *block,
                           unsigned first, uint64_t counter, uint32_t last);
void blake2s_avx512_compress(struct blake2s_lanes *lanes, const struct blake2s_lanes_block *block,
                             uint64_t counter, uint32_t last);

#endif
