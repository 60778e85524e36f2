/* SPDX-License-Identifier: MIT
 *
 * What checksum.c has others do: sums of blocks on wider vectors, only where checksum_allow_avx2() was told
 * that the processor has them. For checksum.c and its test.
 */
#ifndef PACKET_CHECKSUM_KERNELS_H
#define PACKET_CHECKSUM_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_BLOCK_BYTES 64

/* The sum of length bytes, a multiple of CHECKSUM_BLOCK_BYTES, as 32-bit words in the machine's order; copies
 * them to target as well, which does not overlap, unless that is NULL. */
uint64_t checksum_avx2_sum(uint8_t *restrict target, const uint8_t *restrict source, size_t length);

#endif
