/* SPDX-License-Identifier: MIT
 *
 * See aead_kernels.h. The AEAD in batches with AVX-512 and IFMA.
 *
 * ChaCha20 works on a stream of blocks (aead_stream_avx512.h), sixteen per step whatever packets they belong
 * to, so only the last step of a batch may have idle lanes; one with eight blocks or less costs half.
 * Poly1305 works on pairs of packets (aead_authenticator_avx512.h), and each of its steps is woven into half
 * of the rounds of a step of ChaCha20: a round alone keeps the processor busy for four fifths of its time, as
 * rotations leave half of it idle. When sealing, Poly1305 follows behind, over packets whose ciphertext is
 * complete; when opening, it goes ahead, over packets that are not yet deciphered.
 *
 * Opening has one difficulty: the last key blocks share their step with blocks of data, whose packets cannot
 * have been authenticated before there are keys. Their key stream is kept, and added when they have been.
 *
 * A batch is cut in chunks to bound the stack. What is secret lies in struct work and in what the compiler
 * puts on the stack beside it; both are wiped, and so are the vector registers.
 */
#include "crypto/aead_kernels.h"

#include "crypto/aead_authenticator_avx512.h"
#include "crypto/aead_stream_avx512.h"
#include "crypto/chacha20_half_avx512.h"
#include "crypto/little_endian.h"
#include "crypto/memory.h"

#include <stddef.h>
#include <string.h>

#define CHUNK 64 /* packets; a multiple of POLY1305_GROUP */

/* Stack that the compiler may use beside struct work. */
#define SPILL_BYTES 2048

/* What one chunk needs; on the stack of its caller, who wipes it. */
struct work {
    _Alignas(64) uint8_t keys[CHUNK][POLY1305_KEY_BYTES];
    uint8_t kept[CHACHA20_LANES][CHACHA20_BLOCK_BYTES]; /* key stream that has to wait */
    struct aead_authenticator authenticator;
    struct chacha20_lanes lanes[2]; /* of this step and the next one */
    uint32_t key[8];
};

/* Five double rounds with a step of the authenticator between them. */
static inline __attribute__((always_inline)) void rounds_with_step(struct chacha20_vectors *state,
                                                                   struct poly1305_pair *pair,
                                                                   const struct poly1305_group *group)
{
    const struct poly1305_step step = poly1305_step_of(pair);
    struct poly1305_products sum = poly1305_step_start(pair, &step);
    struct poly1305_factors factor = poly1305_row_factors(group, pair->index, POLY1305_STEP);
    struct poly1305_numbers m = pair->h;

    chacha20_round(state, 0);
    poly1305_multiply(&sum, m, &factor);
    chacha20_round(state, 1);
#pragma GCC unroll 3
    for (int i = 0; i < POLY1305_STEP - 1; i++) {
        chacha20_round(state, 0);
        factor = poly1305_row_factors(group, pair->index, POLY1305_STEP - 1 - i);
        m = poly1305_step_row(pair, &step, i);
        poly1305_multiply(&sum, m, &factor);
        chacha20_round(state, 1);
    }
    chacha20_round(state, 0);
    poly1305_step_end(pair, &sum);
    chacha20_round(state, 1);
}

/* The twenty rounds, each half of them with a step of the authenticator as long as there are steps. */
static inline __attribute__((always_inline)) void rounds_run(struct chacha20_vectors *state,
                                                             struct aead_authenticator *authenticator,
                                                             size_t steps)
{
    for (size_t half = 0; half < 2; half++) {
        if (half < steps) {
            rounds_with_step(state, &authenticator->pair, &authenticator->group);
        } else {
            for (int i = 0; i < 5; i++) {
                chacha20_round(state, 0);
                chacha20_round(state, 1);
            }
        }
    }
}

/* What the lanes hold, together with up to two of so many steps of the authenticator. */
static __attribute__((noinline)) void blocks_run(struct work *work, const struct chacha20_lanes *lanes,
                                                 size_t used, size_t steps)
{
    struct chacha20_vectors state;

    if (used <= CHACHA20_HALF_LANES) {
        chacha20_half(lanes, work->key);
        return;
    }
    state = chacha20_start(lanes, work->key);
    rounds_run(&state, &work->authenticator, steps);
    chacha20_finish(&state, lanes, work->key);
}

/* The bytes that key stream is added to become that key stream. */
static void keys_clear(struct work *work, size_t count)
{
    const size_t groups = (count + POLY1305_GROUP - 1) / POLY1305_GROUP;

    memset(work->keys, 0, groups * POLY1305_GROUP * POLY1305_KEY_BYTES);
}

static void chunk_seal(struct work *work, struct aead_packet *packets, size_t count)
{
    struct aead_stream stream = {packets, count, 0, 0, 0};
    struct chacha20_lanes *lanes = &work->lanes[0];
    struct chacha20_lanes *next = &work->lanes[1];
    size_t used;

    keys_clear(work, count);
    aead_authenticator_init(&work->authenticator, packets, count, work->keys, false);
    used = aead_stream_take(&stream, lanes, work->keys, work->kept[0]);
    while (used > 0) {
        const size_t sealed = stream.packet; /* once this step is done */
        const size_t next_used = aead_stream_take(&stream, next, work->keys, work->kept[0]);
        struct chacha20_lanes *const done = lanes;

        blocks_run(work, lanes, used, aead_authenticator_advance(&work->authenticator));
        work->authenticator.available = sealed;
        lanes = next;
        next = done;
        used = next_used;
    }
    work->authenticator.available = count;
    aead_authenticator_pass(&work->authenticator, count);
}

/* How many packets the stream has come to, the present one among them if it was begun. */
static size_t stream_reached(const struct aead_stream *stream)
{
    return stream->packet + (stream->offset > 0);
}

/* The key blocks, and with the last of them blocks of data whose key stream is kept until their packets have
 * been authenticated. */
static void chunk_open_keys(struct work *work, struct aead_stream *stream)
{
    struct chacha20_lanes *lanes = &work->lanes[0];
    uint8_t *waiting[CHACHA20_LANES];
    size_t first;
    size_t used;

    do {
        first = stream->count - stream->key;
        used = aead_stream_take(stream, lanes, work->keys, work->kept[0]);
        for (size_t lane = first; lane < used; lane++) {
            waiting[lane] = lanes->bytes[lane];
            lanes->bytes[lane] = memset(work->kept[lane], 0, CHACHA20_BLOCK_BYTES);
        }
        blocks_run(work, lanes, used, 0);
    } while (stream->key < stream->count);
    if (first < used)
        aead_authenticator_pass(&work->authenticator, stream_reached(stream));
    for (size_t lane = first; lane < used; lane++)
        chacha20_xor(waiting[lane], lanes->size[lane], _mm512_load_si512(work->kept[lane]));
}

static size_t chunk_open(struct work *work, struct aead_packet *packets, size_t count)
{
    struct aead_stream stream = {packets, count, 0, 0, 0};
    struct chacha20_lanes *lanes = &work->lanes[0];
    struct chacha20_lanes *next = &work->lanes[1];
    size_t used;
    size_t reached;

    keys_clear(work, count);
    aead_authenticator_init(&work->authenticator, packets, count, work->keys, true);
    chunk_open_keys(work, &stream);
    used = aead_stream_take(&stream, lanes, work->keys, work->kept[0]);
    reached = stream_reached(&stream);
    while (used > 0) {
        const size_t next_used = aead_stream_take(&stream, next, work->keys, work->kept[0]);
        struct chacha20_lanes *const done = lanes;

        aead_authenticator_pass(&work->authenticator, reached);
        blocks_run(work, lanes, used, aead_authenticator_advance(&work->authenticator));
        reached = stream_reached(&stream);
        lanes = next;
        next = done;
        used = next_used;
    }
    aead_authenticator_pass(&work->authenticator, count);
    return work->authenticator.authentic;
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
    work->authenticator.short_only = true;
    for (size_t i = 0; i < 8; i++)
        work->key[i] = little_endian_load32(key + 4 * i);
}

/* Wipes what count packets have left behind; kept says whether key stream had to wait. Of the authenticator
 * the group, h of the pair and the tags (of forged packets too) are secret, staged ciphertext is not. */
static void work_wipe(struct work *work, size_t count, bool kept)
{
    struct aead_authenticator *authenticator = &work->authenticator;
    const size_t keys = (count < CHUNK ? count : CHUNK) * POLY1305_KEY_BYTES;

    spills_wipe();
    memory_wipe(work->keys, keys);
    if (kept)
        memory_wipe(work->kept, sizeof(work->kept));
    memory_wipe(&authenticator->group, authenticator->short_only ? offsetof(struct poly1305_group, row_power)
                                                                 : sizeof(authenticator->group));
    memory_wipe(&authenticator->pair.h, sizeof(authenticator->pair.h));
    memory_wipe(authenticator->tags, sizeof(authenticator->tags));
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
