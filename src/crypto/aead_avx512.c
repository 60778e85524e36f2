/* SPDX-License-Identifier: MIT
 *
 * See aead_kernels.h. The AEAD in batches with AVX-512 and IFMA.
 *
 * ChaCha20 works on a stream of blocks: first the key blocks of all packets, then their data from front to
 * end, packet after packet, without a gap. Sixteen at a time are taken from it whatever packets they belong
 * to, so only the last step of a batch may have idle lanes, and one with eight or less costs half.
 *
 * Poly1305 works on groups of eight packets, as soon as their ciphertext is there: when sealing, once the
 * stream has passed them; when opening, before the stream comes to them. Opening has one difficulty: blocks
 * of data that share the step of the last key blocks. Their key stream is kept apart and added once their
 * packets have been authenticated.
 *
 * A batch is cut in chunks to bound the stack. Everything secret lies in one struct and in what the compiler
 * puts beside it; both are wiped, and so are the vector registers.
 */
#include "crypto/aead_kernels.h"

#include "crypto/chacha20_avx512.h"
#include "crypto/chacha20_half_avx512.h"
#include "crypto/little_endian.h"
#include "crypto/memory.h"
#include "crypto/poly1305_group_avx512.h"

#include <string.h>

#define CHUNK 64 /* packets; a multiple of POLY1305_GROUP */

/* Stack that the compiler may use beside struct work. */
#define SPILL_BYTES 4096

/* What one chunk needs; on the stack of its caller, who wipes it. */
struct work {
    _Alignas(64) uint8_t keys[CHUNK][POLY1305_KEY_BYTES];
    uint8_t kept[CHACHA20_LANES][CHACHA20_BLOCK_BYTES]; /* key stream that has to wait */
    struct poly1305_group group;
    struct chacha20_lanes lanes;
    uint32_t key[8];
    uint64_t tags[2 * POLY1305_GROUP];
};

/* Where in the stream of blocks the next step begins. */
struct stream {
    struct aead_packet *packets;
    size_t count;
    size_t key;    /* the next packet whose key block is due */
    size_t packet; /* then, the packet of the next block */
    size_t offset; /* and where in it */
};

/* The bytes that key stream is added to become that key stream. */
static void keys_clear(struct work *work, size_t count)
{
    const size_t groups = (count + POLY1305_GROUP - 1) / POLY1305_GROUP;

    memset(work->keys, 0, groups * POLY1305_GROUP * POLY1305_KEY_BYTES);
}

static inline void lane_set(struct chacha20_lanes *lanes, size_t lane, uint64_t counter, size_t block,
                            uint8_t *bytes, size_t size)
{
    lanes->block[lane] = (uint32_t)block;
    lanes->counter_low[lane] = (uint32_t)counter;
    lanes->counter_high[lane] = (uint32_t)(counter >> 32);
    lanes->bytes[lane] = bytes;
    lanes->size[lane] = size;
}

/* Takes the next blocks of the stream, up to sixteen, and returns how many. */
static size_t stream_take(struct stream *stream, struct work *work)
{
    struct chacha20_lanes *lanes = &work->lanes;
    size_t used = 0;

    for (; stream->key < stream->count && used < CHACHA20_LANES; stream->key++, used++)
        lane_set(lanes, used, stream->packets[stream->key].counter, 0, work->keys[stream->key],
                 POLY1305_KEY_BYTES);
    while (stream->packet < stream->count && used < CHACHA20_LANES) {
        const struct aead_packet *packet = &stream->packets[stream->packet];
        const size_t left = packet->length - stream->offset;

        if (left == 0) {
            stream->packet++;
            stream->offset = 0;
            continue;
        }
        lane_set(lanes, used, packet->counter, stream->offset / CHACHA20_BLOCK_BYTES + 1,
                 packet->bytes + stream->offset, left < CHACHA20_BLOCK_BYTES ? left : CHACHA20_BLOCK_BYTES);
        stream->offset += lanes->size[used++];
    }
    for (size_t lane = used; lane < CHACHA20_LANES; lane++)
        lane_set(lanes, lane, 0, 0, work->kept[lane], 0);
    return used;
}

/* One step of the stream over what the lanes hold. */
static inline __attribute__((always_inline)) void chacha20_step(struct work *work, size_t used)
{
    struct chacha20_vectors state;

    if (used <= CHACHA20_HALF_LANES) {
        chacha20_half(&work->lanes, work->key);
        return;
    }
    state = chacha20_start(&work->lanes, work->key);
    for (int i = 0; i < 10; i++)
        chacha20_double_round(&state);
    chacha20_finish(&state, &work->lanes, work->key);
}

/* Computes the tags of up to eight packets, from the first one given. */
static __attribute__((noinline)) void group_authenticate(struct work *work, const struct stream *stream,
                                                         size_t first)
{
    const size_t count = stream->count - first < POLY1305_GROUP ? stream->count - first : POLY1305_GROUP;
    struct poly1305_message message[POLY1305_GROUP];

    for (size_t i = 0; i < count; i++)
        message[i] = poly1305_message_of(stream->packets[first + i].bytes, stream->packets[first + i].length);
    poly1305_group_start(&work->group, work->keys[first], poly1305_rows_of(message, count));
    for (size_t i = 0; i < count; i += 2)
        poly1305_pair_all(&work->group, i / 2, message[i], message[i + 1 < count ? i + 1 : i]);
    poly1305_group_finish(&work->group, work->tags);
}

static void group_write_tags(const struct work *work, const struct stream *stream, size_t first)
{
    for (size_t i = 0; i < POLY1305_GROUP && first + i < stream->count; i++) {
        const struct aead_packet *packet = &stream->packets[first + i];

        little_endian_store64(packet->bytes + packet->length, work->tags[i]);
        little_endian_store64(packet->bytes + packet->length + 8, work->tags[POLY1305_GROUP + i]);
    }
}

static size_t group_compare_tags(const struct work *work, const struct stream *stream, size_t first)
{
    size_t authentic = 0;

    for (size_t i = 0; i < POLY1305_GROUP && first + i < stream->count; i++) {
        struct aead_packet *packet = &stream->packets[first + i];
        const uint64_t low = little_endian_load64(packet->bytes + packet->length) ^ work->tags[i];
        const uint64_t high =
            little_endian_load64(packet->bytes + packet->length + 8) ^ work->tags[POLY1305_GROUP + i];

        packet->authentic = (low | high) == 0;
        authentic += packet->authentic;
    }
    return authentic;
}

static __attribute__((noinline)) void chunk_seal(struct work *work, struct aead_packet *packets, size_t count)
{
    struct stream stream = {packets, count, 0, 0, 0};
    size_t tagged = 0;
    size_t used;

    keys_clear(work, count);
    while ((used = stream_take(&stream, work)) > 0) {
        chacha20_step(work, used);
        for (; tagged + POLY1305_GROUP <= stream.packet; tagged += POLY1305_GROUP) {
            group_authenticate(work, &stream, tagged);
            group_write_tags(work, &stream, tagged);
        }
    }
    for (; tagged < count; tagged += POLY1305_GROUP) {
        group_authenticate(work, &stream, tagged);
        group_write_tags(work, &stream, tagged);
    }
}

/* Authenticates all packets up to the stream's present one, from group *next on. */
static size_t stream_authenticate(struct work *work, const struct stream *stream, size_t *next)
{
    size_t authentic = 0;

    for (; *next < stream->count && *next <= stream->packet; *next += POLY1305_GROUP) {
        group_authenticate(work, stream, *next);
        authentic += group_compare_tags(work, stream, *next);
    }
    return authentic;
}

static __attribute__((noinline)) size_t chunk_open(struct work *work, struct aead_packet *packets,
                                                   size_t count)
{
    struct stream stream = {packets, count, 0, 0, 0};
    uint8_t *waiting[CHACHA20_LANES];
    size_t authentic;
    size_t next = 0;
    size_t first;
    size_t used;

    keys_clear(work, count);
    do {
        first = count - stream.key;
        used = stream_take(&stream, work);
        for (size_t lane = first; lane < used; lane++) {
            waiting[lane] = work->lanes.bytes[lane];
            work->lanes.bytes[lane] = memset(work->kept[lane], 0, CHACHA20_BLOCK_BYTES);
        }
        chacha20_step(work, used);
    } while (stream.key < count);
    authentic = stream_authenticate(work, &stream, &next);
    for (size_t lane = first; lane < used; lane++)
        chacha20_xor(waiting[lane], work->lanes.size[lane], _mm512_load_si512(work->kept[lane]));
    while ((used = stream_take(&stream, work)) > 0) {
        authentic += stream_authenticate(work, &stream, &next);
        chacha20_step(work, used);
    }
    return authentic + stream_authenticate(work, &stream, &next);
}

/* Zeroes the part of the stack in which the functions above had their frames. */
static __attribute__((noinline)) void spills_wipe(void)
{
    uint8_t spills[SPILL_BYTES];

    memory_wipe(spills, sizeof(spills));
}

static inline void registers_wipe(void)
{
    __asm__ volatile("vzeroall\n\t"
                     "vpxorq %%xmm16, %%xmm16, %%xmm16\n\tvpxorq %%xmm17, %%xmm17, %%xmm17\n\t"
                     "vpxorq %%xmm18, %%xmm18, %%xmm18\n\tvpxorq %%xmm19, %%xmm19, %%xmm19\n\t"
                     "vpxorq %%xmm20, %%xmm20, %%xmm20\n\tvpxorq %%xmm21, %%xmm21, %%xmm21\n\t"
                     "vpxorq %%xmm22, %%xmm22, %%xmm22\n\tvpxorq %%xmm23, %%xmm23, %%xmm23\n\t"
                     "vpxorq %%xmm24, %%xmm24, %%xmm24\n\tvpxorq %%xmm25, %%xmm25, %%xmm25\n\t"
                     "vpxorq %%xmm26, %%xmm26, %%xmm26\n\tvpxorq %%xmm27, %%xmm27, %%xmm27\n\t"
                     "vpxorq %%xmm28, %%xmm28, %%xmm28\n\tvpxorq %%xmm29, %%xmm29, %%xmm29\n\t"
                     "vpxorq %%xmm30, %%xmm30, %%xmm30\n\tvpxorq %%xmm31, %%xmm31, %%xmm31"
                     :
                     :
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18",
                       "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
                       "xmm28", "xmm29", "xmm30", "xmm31");
}

static void work_start(struct work *work, const uint8_t key[static AEAD_KEY_BYTES])
{
    for (size_t i = 0; i < 8; i++)
        work->key[i] = little_endian_load32(key + 4 * i);
}

/* Wipes what batches of count packets have left behind; kept says whether key stream had to wait. */
static void work_wipe(struct work *work, size_t count, bool kept)
{
    const size_t keys = (count < CHUNK ? count : CHUNK) * POLY1305_KEY_BYTES;

    spills_wipe();
    memory_wipe(work->keys, keys);
    if (kept)
        memory_wipe(work->kept, sizeof(work->kept));
    memory_wipe(&work->group, sizeof(work->group));
    memory_wipe(work->key, sizeof(work->key));
    registers_wipe();
}

void aead_avx512_seal(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    struct work work;

    work_start(&work, key);
    for (size_t done = 0; done < count; done += CHUNK)
        chunk_seal(&work, packets + done, count - done < CHUNK ? count - done : CHUNK);
    work_wipe(&work, count, false);
}

size_t aead_avx512_open(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    struct work work;
    size_t authentic = 0;

    work_start(&work, key);
    for (size_t done = 0; done < count; done += CHUNK)
        authentic += chunk_open(&work, packets + done, count - done < CHUNK ? count - done : CHUNK);
    work_wipe(&work, count, true);
    return authentic;
}
