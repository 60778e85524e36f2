/* SPDX-License-Identifier: MIT
 *
 * See aead_kernels.h: the batch kernel for AVX2, eight blocks of ChaCha20 at a time in vectors, and Poly1305
 * in general registers beside them: each alone leaves more than half of a processor idle.
 *
 * Packets are taken in groups. A group's blocks are one row: first block 0 of each packet, which is its
 * Poly1305 key (RFC 8439 §2.6), then what encrypts the packets' bytes, packet after packet. Runs of eight
 * lanes are filled from this row whatever the lengths, so only the end of a group leaves lanes idle.
 * Authentication walks over the same packets: behind encryption when sealing, ahead of decryption when
 * opening, some blocks in each double round of ChaCha20 and the rest between runs.
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
/* Blocks of Poly1305 that take no longer than a run of ChaCha20, and how few are not worth the trouble. */
#define BESIDE_MAX 40
#define BESIDE_MIN 8
/* More than the frames of batch_do() and what it calls, spilt vectors included. */
#define STACK_BYTES ((size_t)3072)

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
    bool open;
    size_t authentic;  /* packets that are */
    struct {           /* authentication: */
        size_t packet; /* the one in hand, */
        size_t offset; /* and how far it has come in whole blocks */
        struct poly1305_words h;
    } mac;
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

/* Writes the tag, or says whether it is the one that is there. */
static void tag_take(struct group *group, struct aead_packet *packet, const uint64_t tag[static 2])
{
    uint8_t *there = packet->bytes + packet->length;

    if (group->open) {
        const uint64_t difference =
            (tag[0] ^ little_endian_load64(there)) | (tag[1] ^ little_endian_load64(there + 8));

        packet->authentic = difference == 0;
        group->authentic += packet->authentic;
    } else {
        little_endian_store64(there, tag[0]);
        little_endian_store64(there + 8, tag[1]);
    }
}

/* Does what is left of the packet in hand, and takes the next one. */
static inline void mac_finish(struct group *group)
{
    struct aead_packet *packet = &group->packets[group->mac.packet];
    const uint8_t *key = group->keys[group->mac.packet];
    const uint8_t *bytes = packet->bytes + group->mac.offset;
    const size_t left = packet->length - group->mac.offset;
    const struct poly1305_r r = poly1305_clamp(key);
    struct poly1305_words h = poly1305_blocks(group->mac.h, &r, bytes, left / POLY1305_BLOCK_BYTES);
    uint64_t tag[2];

    h = poly1305_end(h, &r, bytes + (left - left % POLY1305_BLOCK_BYTES), left % POLY1305_BLOCK_BYTES,
                     packet->length);
    poly1305_finish(tag, h, key + 16);
    tag_take(group, packet, tag);
    group->mac.packet++;
    group->mac.offset = 0;
    group->mac.h = (struct poly1305_words){0, 0, 0};
}

/* How many blocks can be authenticated beside the run that comes, which is filled after this: of ciphertext
 * that is there, under a key that is there, of one packet. Packets with little left are finished. */
static size_t mac_beside(struct group *group)
{
    while (group->mac.packet < group->keyed) {
        const size_t length = group->packets[group->mac.packet].length;
        const bool whole = group->open || group->mac.packet < group->packet;
        const size_t end = whole ? length : group->offset;
        const size_t blocks = (end - group->mac.offset) / POLY1305_BLOCK_BYTES;

        if (blocks >= BESIDE_MIN)
            return blocks < BESIDE_MAX ? blocks : BESIDE_MAX;
        if (!whole || (group->open && group->packet < group->mac.packet))
            break;
        mac_finish(group);
    }
    return 0;
}

/* Authenticates what this run decrypts, as far as it is not done yet. */
static void mac_catch_up(struct group *group)
{
    while (group->mac.packet < group->packet)
        mac_finish(group);
    if (group->mac.packet == group->packet && group->mac.offset < group->offset) {
        const struct poly1305_r r = poly1305_clamp(group->keys[group->packet]);
        const uint8_t *bytes = group->packets[group->packet].bytes + group->mac.offset;
        const size_t blocks = (group->offset - group->mac.offset) / POLY1305_BLOCK_BYTES;

        group->mac.h = poly1305_blocks(group->mac.h, &r, bytes, blocks);
        group->mac.offset = group->offset;
    }
}

/* Makes the run's blocks alone. */
static inline void run_make(struct group *group, const uint8_t key[static AEAD_KEY_BYTES])
{
    __m256i x[16];

    chacha20_begin(x, &group->lanes, key);
    for (int i = 0; i < 10; i++)
        chacha20_double_round(x);
    chacha20_finish(group->stream, x, &group->lanes, key);
}

/* The same, and authenticates that many blocks of the packet in hand: a tenth in each double round. */
static inline void run_make_beside(struct group *group, size_t beside,
                                   const uint8_t key[static AEAD_KEY_BYTES])
{
    const struct poly1305_r r = poly1305_clamp(group->keys[group->mac.packet]);
    const uint8_t *bytes = group->packets[group->mac.packet].bytes + group->mac.offset;
    struct poly1305_words h = group->mac.h;
    size_t due = 0;
    __m256i x[16];

    chacha20_begin(x, &group->lanes, key);
    for (int i = 0; i < 10; i++) {
        chacha20_double_round(x);
        for (due += beside; due >= 10; due -= 10, bytes += POLY1305_BLOCK_BYTES)
            h = poly1305_block(h, &r, little_endian_load64(bytes), little_endian_load64(bytes + 8));
    }
    chacha20_finish(group->stream, x, &group->lanes, key);
    group->mac.h = h;
    group->mac.offset += beside * POLY1305_BLOCK_BYTES;
}

/* Seals or opens the packets of a group. */
static void group_do(struct group *group, const uint8_t key[static AEAD_KEY_BYTES])
{
    for (;;) {
        const size_t beside = mac_beside(group);
        const size_t used = run_fill(group);

        if (used == 0)
            break;
        if (used <= CHACHA20_FEW_LANES)
            chacha20_avx2_few(group->stream, &group->lanes, key);
        else if (beside == 0)
            run_make(group, key);
        else
            run_make_beside(group, beside, key);
        for (size_t lane = 0; lane < group->key_end; lane++)
            memcpy(group->target[lane].bytes, group->stream[lane], POLY1305_KEY_BYTES);
        if (group->open)
            mac_catch_up(group);
        run_encrypt(group, group->key_end, used);
    }
    while (group->mac.packet < group->count)
        mac_finish(group);
}

/* Everything a batch needs; its frame and those below it are secret. */
static __attribute__((noinline)) size_t batch_do(struct aead_packet *packets, size_t count, bool open,
                                                 const uint8_t key[static AEAD_KEY_BYTES])
{
    struct group group;

    group.lanes = (struct chacha20_lanes){{0}, {0}, {0}};
    group.open = open;
    group.authentic = 0;
    for (size_t done = 0; done < count; done += group.count) {
        group.packets = packets + done;
        group.count = count - done < GROUP_PACKETS ? count - done : GROUP_PACKETS;
        group.keyed = group.packet = group.offset = 0;
        group.mac.packet = group.mac.offset = 0;
        group.mac.h = (struct poly1305_words){0, 0, 0};
        group_do(&group, key);
    }
    _mm256_zeroall();
    return group.authentic;
}

/* Wipes the part of the stack where batch_do() has been: called from the same place, it lies in the same
 * place. Compilers keep vectors there that no wiping of variables reaches. */
static __attribute__((noinline)) void stack_wipe(void)
{
    uint8_t below[STACK_BYTES];

    memory_wipe(below, sizeof(below));
}

void aead_avx2_seal(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    (void)batch_do(packets, count, false, key);
    stack_wipe();
}

size_t aead_avx2_open(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    const size_t authentic = batch_do(packets, count, true, key);

    stack_wipe();
    return authentic;
}
