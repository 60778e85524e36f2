/* SPDX-License-Identifier: MIT
 *
 * The blocks of ChaCha20 that a batch of packets needs, as one stream: first the key blocks (number 0) of all
 * packets, then their data (from number 1 on), packet after packet. For aead_avx512.c alone.
 *
 * Lanes are filled from it without a gap, whatever packets the blocks belong to. As a block may be the only
 * one of its packet or one of many, runs of blocks of one packet are written as vectors: they write more
 * lanes than are meant, which the next ones write over, so the arrays are twice as long as needed.
 */
#ifndef CRYPTO_AEAD_STREAM_AVX512_H
#define CRYPTO_AEAD_STREAM_AVX512_H

#include "crypto/aead.h"
#include "crypto/chacha20_avx512.h"

/* Where in the stream the next step begins. */
struct aead_stream {
    const struct aead_packet *packets;
    size_t count;
    size_t key;    /* the next packet whose key block is due */
    size_t packet; /* then, the packet of the next block; those before it are done */
    size_t offset; /* and where in it */
};

/* One block for one lane. */
static inline void aead_stream_lane(struct chacha20_lanes *lanes, size_t lane, uint64_t counter, size_t block,
                                    uint8_t *bytes, size_t size)
{
    lanes->block[lane] = (uint32_t)block;
    lanes->counter_low[lane] = (uint32_t)counter;
    lanes->counter_high[lane] = (uint32_t)(counter >> 32);
    lanes->bytes[lane] = bytes;
    lanes->size[lane] = (uint8_t)size;
}

/* A packet's blocks from offset on for the lanes from this one on, as if there were sixteen and all full. */
static inline __attribute__((always_inline)) void aead_stream_run(struct chacha20_lanes *lanes, size_t lane,
                                                                  const struct aead_packet *packet,
                                                                  size_t offset)
{
    const __m512i numbers = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i distances = _mm512_set_epi64(448, 384, 320, 256, 192, 128, 64, 0);
    const uint32_t block = (uint32_t)(offset / CHACHA20_BLOCK_BYTES + 1);
    const __m512i bytes =
        _mm512_add_epi64(_mm512_set1_epi64((long long)(uintptr_t)(packet->bytes + offset)), distances);

    _mm512_storeu_si512(lanes->block + lane, _mm512_add_epi32(_mm512_set1_epi32((int)block), numbers));
    _mm512_storeu_si512(lanes->counter_low + lane, _mm512_set1_epi32((int)(uint32_t)packet->counter));
    _mm512_storeu_si512(lanes->counter_high + lane,
                        _mm512_set1_epi32((int)(uint32_t)(packet->counter >> 32)));
    _mm512_storeu_si512(lanes->bytes + lane, bytes);
    _mm512_storeu_si512(lanes->bytes + lane + 8, _mm512_add_epi64(bytes, _mm512_set1_epi64(512)));
    _mm_storeu_si128((__m128i *)(lanes->size + lane), _mm_set1_epi8(CHACHA20_BLOCK_BYTES));
}

/* The next blocks of data for the lanes from used on; returns how many lanes are then used. */
static inline size_t aead_stream_take_data(struct aead_stream *stream, struct chacha20_lanes *lanes,
                                           size_t used)
{
    while (stream->packet < stream->count && used < CHACHA20_LANES) {
        const struct aead_packet *packet = &stream->packets[stream->packet];
        const size_t left = packet->length - stream->offset;
        const size_t room = CHACHA20_LANES - used;

        if (left > room * CHACHA20_BLOCK_BYTES) {
            aead_stream_run(lanes, used, packet, stream->offset);
            stream->offset += room * CHACHA20_BLOCK_BYTES;
            return CHACHA20_LANES;
        }
        if (left > CHACHA20_BLOCK_BYTES)
            aead_stream_run(lanes, used, packet, stream->offset);
        if (left > 0) {
            const size_t blocks = (left - 1) / CHACHA20_BLOCK_BYTES; /* before the last one */
            const size_t offset = stream->offset + blocks * CHACHA20_BLOCK_BYTES;

            used += blocks;
            aead_stream_lane(lanes, used++, packet->counter, offset / CHACHA20_BLOCK_BYTES + 1,
                             packet->bytes + offset, packet->length - offset);
        }
        stream->packet++;
        stream->offset = 0;
    }
    return used;
}

/* Takes the next blocks of the stream, up to sixteen, and returns how many. The one-time keys go to where
 * keys says; lanes not used work on no byte of unused. */
static inline size_t aead_stream_take(struct aead_stream *stream, struct chacha20_lanes *lanes,
                                      uint8_t (*keys)[32], uint8_t *unused)
{
    size_t used = 0;

    for (; stream->key < stream->count && used < CHACHA20_LANES; stream->key++, used++)
        aead_stream_lane(lanes, used, stream->packets[stream->key].counter, 0, keys[stream->key],
                         sizeof(keys[0]));
    used = aead_stream_take_data(stream, lanes, used);
    for (size_t lane = used; lane < CHACHA20_LANES; lane++)
        aead_stream_lane(lanes, lane, 0, 0, unused, 0);
    return used;
}

#endif
