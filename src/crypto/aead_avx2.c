/* SPDX-License-Identifier: MIT
 *
 * See aead_kernels.h: the batch kernel for AVX2, eight blocks of ChaCha20 at a time and Poly1305 in four
 * lanes.
 *
 * Packets are taken in groups. A group's blocks are one row: first block 0 of each packet, which is its
 * Poly1305 key (RFC 8439 §2.6), then what encrypts the packets' bytes, packet after packet. Lanes are filled
 * from this row whatever the lengths, so only the end of a group leaves lanes idle. All keys are known before
 * the first byte changes, so each packet is authenticated in one go while it is ciphertext: before its bytes
 * are decrypted, or after they were encrypted.
 *
 * Packets that are not authentic are decrypted like the others: what they contain is lost by contract, and
 * nothing then depends on the verdict.
 */
#include "crypto/aead_kernels.h"

#include "crypto/chacha20_avx2.h"
#include "crypto/memory.h"
#include "crypto/poly1305_avx2.h"

#include <assert.h>
#include <string.h>

#define GROUP_PACKETS ((size_t)16) /* of 1500 bytes fit the first-level cache */
/* More than the frames of batch_do() and poly1305_avx2(), and of poly1305_groups() below them. */
#define STACK_BYTES        ((size_t)3072)
#define GROUPS_STACK_BYTES ((size_t)6144)

static_assert(AEAD_KEY_BYTES == 32 && AEAD_TAG_BYTES == POLY1305_BLOCK_BYTES, "sizes of RFC 8439");

/* A group on its way. All of it is secret but the pointers and numbers. */
struct group {
    _Alignas(32) uint8_t stream[CHACHA20_LANES][CHACHA20_BLOCK_BYTES]; /* the current run of lanes */
    uint8_t keys[GROUP_PACKETS][POLY1305_KEY_BYTES];
    struct chacha20_lanes lanes;
    struct {
        uint8_t *bytes; /* what the lane encrypts, or where its key goes */
        size_t length;
    } target[CHACHA20_LANES];
    struct aead_packet *packets;
    size_t count;
    size_t keyed;   /* packets whose block 0 is in the row already */
    size_t packet;  /* the one whose bytes come next, */
    size_t offset;  /* from here */
    size_t key_end; /* lanes of this run before this one make keys */
};

static void lane_set(struct group *group, size_t lane, const struct aead_packet *packet, uint32_t block)
{
    group->lanes.block[lane] = block;
    group->lanes.counter_low[lane] = (uint32_t)packet->counter;
    group->lanes.counter_high[lane] = (uint32_t)(packet->counter >> 32);
}

/* Gives the next blocks of the row to the lanes; returns how many there were. */
static size_t run_fill(struct group *group)
{
    size_t lane = 0;

    for (; lane < CHACHA20_LANES && group->keyed < group->count; lane++, group->keyed++) {
        lane_set(group, lane, &group->packets[group->keyed], 0);
        group->target[lane].bytes = group->keys[group->keyed];
    }
    group->key_end = lane;
    while (lane < CHACHA20_LANES && group->packet < group->count) {
        const struct aead_packet *packet = &group->packets[group->packet];
        const size_t left = packet->length - group->offset;

        if (left > 0) {
            lane_set(group, lane, packet, (uint32_t)(group->offset / CHACHA20_BLOCK_BYTES) + 1);
            group->target[lane].bytes = packet->bytes + group->offset;
            group->target[lane].length = left < CHACHA20_BLOCK_BYTES ? left : CHACHA20_BLOCK_BYTES;
            group->offset += group->target[lane].length;
            lane++;
        }
        if (left <= CHACHA20_BLOCK_BYTES) {
            group->packet++;
            group->offset = 0;
        }
    }
    return lane;
}

/* The end of a packet: whole steps of 16 bytes, the last of which may reach into the tag and leaves it as it
 * is. */
static void tail_encrypt(uint8_t *bytes, const uint8_t *stream, size_t length)
{
    const __m128i places = _mm_set_epi8(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

    for (size_t i = 0; i < length; i += 16) {
        const __m128i valid = _mm_cmpgt_epi8(_mm_set1_epi8((char)(length - i)), places);
        const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(bytes + i));
        const __m128i block = _mm_load_si128((const __m128i *)(const void *)(stream + i));

        _mm_storeu_si128((__m128i *)(void *)(bytes + i), _mm_xor_si128(text, _mm_and_si128(block, valid)));
    }
}

static inline void half_encrypt(uint8_t *bytes, const uint8_t *stream)
{
    const __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)bytes);

    _mm256_storeu_si256((__m256i *)(void *)bytes,
                        _mm256_xor_si256(text, _mm256_load_si256((const __m256i *)(const void *)stream)));
}

/* Encrypts, or decrypts, what lanes from..to of this run are for. */
static void run_encrypt(struct group *group, size_t from, size_t to)
{
    for (size_t lane = from; lane < to; lane++) {
        uint8_t *bytes = group->target[lane].bytes;
        const uint8_t *stream = group->stream[lane];

        if (group->target[lane].length == CHACHA20_BLOCK_BYTES) {
            half_encrypt(bytes, stream);
            half_encrypt(bytes + 32, stream + 32);
        } else {
            tail_encrypt(bytes, stream, group->target[lane].length);
        }
    }
}

static void group_sign(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct aead_packet *packet = &group->packets[i];

        poly1305_avx2(packet->bytes + packet->length, packet->bytes, packet->length, group->keys[i]);
    }
}

/* Says of each packet whether it is authentic; returns how many are. */
static size_t group_verify(struct group *group)
{
    size_t authentic = 0;

    for (size_t i = 0; i < group->count; i++) {
        struct aead_packet *packet = &group->packets[i];
        const uint8_t *said = packet->bytes + packet->length;
        uint8_t tag[AEAD_TAG_BYTES];
        uint64_t difference;

        poly1305_avx2(tag, packet->bytes, packet->length, group->keys[i]);
        difference = (little_endian_load64(tag) ^ little_endian_load64(said)) |
                     (little_endian_load64(tag + 8) ^ little_endian_load64(said + 8));
        packet->authentic = difference == 0;
        authentic += packet->authentic;
    }
    return authentic;
}

/* Seals or opens the packets of a group; returns how many are authentic when opening. */
static size_t group_do(struct group *group, bool open, const uint8_t key[static AEAD_KEY_BYTES])
{
    size_t authentic = 0;

    for (;;) {
        const size_t used = run_fill(group);

        if (used == 0)
            break;
        if (used <= CHACHA20_FEW_LANES)
            chacha20_avx2_few(group->stream, &group->lanes, key);
        else
            chacha20_avx2(group->stream, &group->lanes, key);
        for (size_t lane = 0; lane < group->key_end; lane++)
            memcpy(group->target[lane].bytes, group->stream[lane], POLY1305_KEY_BYTES);
        if (open && group->key_end > 0 && group->keyed == group->count)
            authentic = group_verify(group);
        run_encrypt(group, group->key_end, used);
    }
    if (!open)
        group_sign(group);
    return authentic;
}

/* Everything a batch needs; its frame and those below it are secret. */
static __attribute__((noinline)) size_t batch_do(struct aead_packet *packets, size_t count, bool open,
                                                 const uint8_t key[static AEAD_KEY_BYTES])
{
    struct group group;
    size_t authentic = 0;

    group.lanes = (struct chacha20_lanes){{0}, {0}, {0}};
    for (size_t done = 0; done < count; done += group.count) {
        group.packets = packets + done;
        group.count = count - done < GROUP_PACKETS ? count - done : GROUP_PACKETS;
        group.keyed = group.packet = group.offset = 0;
        authentic += group_do(&group, open, key);
    }
    _mm256_zeroall();
    return authentic;
}

/* Wipe the part of the stack where batch_do() has been: called from the same place, they lie in the same
 * place. Compilers keep vectors there that no wiping of variables reaches. */
static __attribute__((noinline)) void stack_wipe(void)
{
    uint8_t below[STACK_BYTES];

    memory_wipe(below, sizeof(below));
}

static __attribute__((noinline)) void groups_stack_wipe(void)
{
    uint8_t below[GROUPS_STACK_BYTES];

    memory_wipe(below, sizeof(below));
}

static size_t batch_do_and_wipe(struct aead_packet *packets, size_t count, bool open,
                                const uint8_t key[static AEAD_KEY_BYTES])
{
    const size_t authentic = batch_do(packets, count, open, key);
    size_t longest = 0;

    for (size_t i = 0; i < count; i++)
        longest = packets[i].length > longest ? packets[i].length : longest;
    if (longest < POLY1305_LANES_FROM)
        stack_wipe();
    else
        groups_stack_wipe();
    return authentic;
}

void aead_avx2_seal(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    (void)batch_do_and_wipe(packets, count, false, key);
}

size_t aead_avx2_open(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    return batch_do_and_wipe(packets, count, true, key);
}
