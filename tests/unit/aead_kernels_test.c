/* SPDX-License-Identifier: MIT
 *
 * Every batch kernel of the AEAD that this processor can run does exactly what the single AEAD does: every
 * length, every batch size, any mixture, edge keys and counters, any alignment, forgeries in every place;
 * and it touches nothing that is not its packet's, shown with guard bytes and with pages that may not be
 * touched. Arithmetic that only chance would reach is in poly1305_avx512_test.c.
 */
#include "crypto/aead.h"

#include "crypto/processor.h"
#include "crypto/start.h"
#include "vectors.h"
#if defined(__x86_64__)
#include "crypto/aead_kernels.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define LENGTH_MAX  1600
#define BATCH_MAX   70
#define GUARD       64 /* bytes on each side of a packet that nobody may touch */
#define OFFSETS     64 /* alignments tried */
#define LONGEST     65535
#define RANDOM_RUNS 4000
#define SLOT_BYTES  (GUARD + OFFSETS + LENGTH_MAX + AEAD_TAG_BYTES + GUARD)
#define GUARD_BYTE  0xaa
#define UNSEALED    0x5c /* in the room for the tag before it is sealed */

struct kernel {
    const char *name;
    enum processor_step step;
    void (*seal)(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
    size_t (*open)(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
};

static const struct kernel kernels[] = {
    {"dispatched", PROCESSOR_PLAIN, aead_seal_batch, aead_open_batch},
#if defined(__x86_64__)
    {"AVX2", PROCESSOR_AVX2, aead_avx2_seal, aead_avx2_open},
    {"AVX-512", PROCESSOR_AVX512, aead_avx512_seal, aead_avx512_open},
#endif
};

static const struct kernel *kernel;
static uint8_t slots[BATCH_MAX][SLOT_BYTES];
static uint8_t plaintexts[BATCH_MAX][LENGTH_MAX];
static uint8_t expected[BATCH_MAX][LENGTH_MAX + AEAD_TAG_BYTES]; /* by the single AEAD */
static struct aead_packet packets[BATCH_MAX];
static uint8_t key[AEAD_KEY_BYTES];
static uint64_t random_state;

/* xorshift64*: the same numbers in every run. */
static uint64_t random_number(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static size_t random_below(size_t bound)
{
    return (size_t)(random_number() >> 16) % bound;
}

/* Packet i: its length, counter and alignment, random plaintext, and guards on both sides. */
static void packet_prepare(size_t i, size_t length, uint64_t counter, size_t offset)
{
    uint8_t *bytes = slots[i] + GUARD + offset;

    memset(slots[i], GUARD_BYTE, SLOT_BYTES);
    memset(bytes + length, UNSEALED, AEAD_TAG_BYTES);
    for (size_t k = 0; k < length; k += 8) {
        const uint64_t random = random_number();

        memcpy(plaintexts[i] + k, &random, length - k < 8 ? length - k : 8);
    }
    memcpy(bytes, plaintexts[i], length);
    packets[i] = (struct aead_packet){bytes, length, counter, false};
    aead_seal(expected[i], plaintexts[i], length, NULL, 0, counter, key);
}

static void assert_guarded(size_t i)
{
    const uint8_t *end = packets[i].bytes + packets[i].length + AEAD_TAG_BYTES;

    for (const uint8_t *byte = slots[i]; byte < packets[i].bytes; byte++)
        assert_int_equal(*byte, GUARD_BYTE);
    for (const uint8_t *byte = end; byte < slots[i] + SLOT_BYTES; byte++)
        assert_int_equal(*byte, GUARD_BYTE);
}

static void assert_sealed(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(packets[i].bytes, expected[i], packets[i].length + AEAD_TAG_BYTES);
        assert_guarded(i);
    }
}

static void assert_opened(size_t i)
{
    assert_true(packets[i].authentic);
    assert_memory_equal(packets[i].bytes, plaintexts[i], packets[i].length);
    assert_guarded(i);
}

/* Seals and opens what was prepared and compares both with the single AEAD. */
static void assert_batch_works(size_t count)
{
    kernel->seal(packets, count, key);
    assert_sealed(count);
    assert_int_equal(kernel->open(packets, count, key), count);
    for (size_t i = 0; i < count; i++)
        assert_opened(i);
}

static void every_length(void)
{
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        packet_prepare(0, length, length, 0);
        assert_batch_works(1);
        packet_prepare(0, length, random_number(), length % OFFSETS);
        packet_prepare(1, LENGTH_MAX - length, random_number(), 7);
        packet_prepare(2, length, random_number(), 16);
        assert_batch_works(3);
    }
}

static void every_batch_size(void)
{
    static const size_t lengths[] = {0, 1, 16, 48, 64, 100, 448, 512, 1420};

    for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
        for (size_t count = 0; count <= BATCH_MAX; count++) {
            for (size_t i = 0; i < count; i++)
                packet_prepare(i, i + 1 == count ? lengths[n] / 2 : lengths[n], i, 0);
            assert_batch_works(count);
        }
    }
}

/* Mostly short lengths, and all those around the ends of blocks and rows. */
static size_t random_length(void)
{
    const size_t length = random_below((size_t)1 << random_below(12));

    return length > LENGTH_MAX ? LENGTH_MAX - length % 64 : length;
}

static void random_mixtures(void)
{
    for (size_t run = 0; run < RANDOM_RUNS; run++) {
        const size_t count = 1 + random_below((size_t)1 << random_below(7));

        for (size_t k = 0; k < AEAD_KEY_BYTES; k++)
            key[k] = (uint8_t)random_number();
        for (size_t i = 0; i < count; i++)
            packet_prepare(i, random_length(), random_number(), random_below(OFFSETS));
        assert_batch_works(count);
    }
}

static void edge_keys_and_counters(void)
{
    static const uint64_t counters[] = {0,
                                        UINT32_MAX,
                                        UINT64_C(1) << 32,
                                        UINT64_C(1) << 63,
                                        UINT64_MAX - 20,
                                        UINT64_MAX - 8192,
                                        UINT32_MAX - 9};
    static const uint8_t bytes[] = {0x00, 0xff, 0x80, 0x01};

    for (size_t k = 0; k < sizeof(bytes); k++) {
        memset(key, bytes[k], sizeof(key));
        for (size_t c = 0; c < sizeof(counters) / sizeof(counters[0]); c++) {
            for (size_t i = 0; i < 20; i++)
                packet_prepare(i, 60 + i, counters[c] + i, 0);
            assert_batch_works(20);
        }
    }
}

/* Plaintexts of one byte throughout: ciphertexts are the key stream and its complement. */
static void constant_plaintexts(void)
{
    for (size_t length = 0; length < 300; length += 13) {
        for (size_t i = 0; i < 9; i++) {
            packet_prepare(i, length, i, 0);
            memset(plaintexts[i], i & 1 ? 0xff : 0, length);
            memcpy(packets[i].bytes, plaintexts[i], length);
            aead_seal(expected[i], plaintexts[i], length, NULL, 0, i, key);
        }
        assert_batch_works(9);
    }
}

static void every_alignment(void)
{
    for (size_t offset = 0; offset < OFFSETS; offset++) {
        for (size_t i = 0; i < 4; i++)
            packet_prepare(i, 250 + 7 * i, i, (offset + i * 21) % OFFSETS);
        assert_batch_works(4);
    }
}

/* Flips one bit of packet victim of count equal ones after sealing; only that one may be refused. */
static void assert_one_refused(size_t count, size_t length, size_t victim, size_t bit)
{
    for (size_t i = 0; i < count; i++)
        packet_prepare(i, length, i, 0);
    kernel->seal(packets, count, key);
    packets[victim].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    packets[victim].authentic = true; /* must be overwritten */
    assert_int_equal(kernel->open(packets, count, key), count - 1);
    assert_false(packets[victim].authentic);
    assert_guarded(victim);
    for (size_t i = 0; i < count; i++) {
        if (i != victim)
            assert_opened(i);
    }
}

/* Each bit of the tag, and some of the ciphertext, in every place of batches with a lone last packet. */
static void one_wrong_bit(void)
{
    const size_t count = 19;
    const size_t length = 40;

    for (size_t victim = 0; victim < count; victim++) {
        for (size_t bit = 0; bit < 8 * AEAD_TAG_BYTES; bit++)
            assert_one_refused(count, length, victim, 8 * length + bit);
        for (size_t bit = victim % 5; bit < 8 * length; bit += 5)
            assert_one_refused(count, length, victim, bit);
    }
    for (size_t bit = 0; bit < 8 * (1420 + AEAD_TAG_BYTES); bit += 83)
        assert_one_refused(3, 1420, bit % 3, bit);
}

/* Any set of packets, each forged in one of the ways there are; the others are unharmed. */
static void many_forged(void)
{
    for (size_t run = 0; run < 300; run++) {
        const size_t count = 1 + random_below(BATCH_MAX);
        bool forged[BATCH_MAX];
        size_t authentic = 0;

        for (size_t i = 0; i < count; i++)
            packet_prepare(i, random_length(), random_number(), random_below(OFFSETS));
        kernel->seal(packets, count, key);
        for (size_t i = 0; i < count; i++) {
            forged[i] = random_number() >> 63;
            authentic += !forged[i];
            packets[i].authentic = forged[i];
            if (!forged[i])
                continue;
            if (random_below(4) == 0)
                packets[i].counter ^= UINT64_C(1) << random_below(64);
            else if (random_below(3) == 0)
                memset(packets[i].bytes + packets[i].length, 0, AEAD_TAG_BYTES);
            else
                packets[i].bytes[random_below(packets[i].length + AEAD_TAG_BYTES)] ^=
                    (uint8_t)(1 + random_below(255));
        }
        assert_int_equal(kernel->open(packets, count, key), authentic);
        for (size_t i = 0; i < count; i++) {
            if (forged[i])
                assert_false(packets[i].authentic);
            else
                assert_opened(i);
        }
    }
}

/* Bytes between two pages that may not be touched. */
static uint8_t *fenced_new(size_t bytes, size_t page)
{
    uint8_t *map = mmap(NULL, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map + page, bytes, PROT_READ | PROT_WRITE), 0);
    return map + page;
}

/* Two packets, at the very beginning and the very end of what may be touched. */
static void nothing_outside_is_touched(void)
{
    const size_t page = 4096;
    uint8_t *fenced = fenced_new(page, page);

    for (size_t length = 0; length <= LENGTH_MAX; length += length < 200 ? 1 : 61) {
        for (size_t i = 0; i < 2; i++) {
            packet_prepare(i, length, i, 0);
            packets[i].bytes = i == 0 ? fenced : fenced + page - length - AEAD_TAG_BYTES;
            memcpy(packets[i].bytes, plaintexts[i], length);
        }
        kernel->seal(packets, 2, key);
        for (size_t i = 0; i < 2; i++)
            assert_memory_equal(packets[i].bytes, expected[i], length + AEAD_TAG_BYTES);
        assert_int_equal(kernel->open(packets, 2, key), 2);
        for (size_t i = 0; i < 2; i++)
            assert_memory_equal(packets[i].bytes, plaintexts[i], length);
    }
    assert_int_equal(munmap(fenced - page, 3 * page), 0);
}

/* The longest packets there are, between short ones. */
static void longest_packets(void)
{
    static const size_t lengths[] = {LONGEST, 5, LONGEST - 1, LONGEST - 63, 0, 32768, 32769};
    const size_t count = sizeof(lengths) / sizeof(lengths[0]);
    static uint8_t bytes[7][LONGEST + AEAD_TAG_BYTES];
    static uint8_t single[7][LONGEST + AEAD_TAG_BYTES];

    for (size_t i = 0; i < count; i++) {
        vector_fill(bytes[i], lengths[i], (uint32_t)i);
        aead_seal(single[i], bytes[i], lengths[i], NULL, 0, i, key);
        packets[i] = (struct aead_packet){bytes[i], lengths[i], i, false};
    }
    kernel->seal(packets, count, key);
    for (size_t i = 0; i < count; i++)
        assert_memory_equal(bytes[i], single[i], lengths[i] + AEAD_TAG_BYTES);
    assert_int_equal(kernel->open(packets, count, key), count);
    for (size_t i = 0; i < count; i++) {
        vector_fill(single[i], lengths[i], (uint32_t)i);
        assert_memory_equal(bytes[i], single[i], lengths[i]);
    }
}

/* Runs one test for every kernel there is here. */
static void on_every_kernel(void (*test)(void))
{
    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        kernel = &kernels[i];
        if (processor_step() < kernel->step)
            continue;
        print_message("             %s\n", kernel->name);
        random_state = 88172645463325252;
        vector_fill(key, sizeof(key), 1);
        test();
    }
}

static void every_length_is_as_single(void **state)
{
    (void)state;
    on_every_kernel(every_length);
}

static void every_batch_size_is_as_single(void **state)
{
    (void)state;
    on_every_kernel(every_batch_size);
}

static void random_mixtures_are_as_single(void **state)
{
    (void)state;
    on_every_kernel(random_mixtures);
}

static void edge_keys_and_counters_are_as_single(void **state)
{
    (void)state;
    on_every_kernel(edge_keys_and_counters);
}

static void constant_plaintexts_are_as_single(void **state)
{
    (void)state;
    on_every_kernel(constant_plaintexts);
}

static void every_alignment_is_as_single(void **state)
{
    (void)state;
    on_every_kernel(every_alignment);
}

static void one_wrong_bit_anywhere_is_refused(void **state)
{
    (void)state;
    on_every_kernel(one_wrong_bit);
}

static void many_forged_are_told_apart(void **state)
{
    (void)state;
    on_every_kernel(many_forged);
}

static void pages_before_and_after_are_not_touched(void **state)
{
    (void)state;
    on_every_kernel(nothing_outside_is_touched);
}

static void longest_packets_are_as_single(void **state)
{
    (void)state;
    on_every_kernel(longest_packets);
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_as_single),
        cmocka_unit_test(every_batch_size_is_as_single),
        cmocka_unit_test(random_mixtures_are_as_single),
        cmocka_unit_test(edge_keys_and_counters_are_as_single),
        cmocka_unit_test(constant_plaintexts_are_as_single),
        cmocka_unit_test(every_alignment_is_as_single),
        cmocka_unit_test(one_wrong_bit_anywhere_is_refused),
        cmocka_unit_test(many_forged_are_told_apart),
        cmocka_unit_test(pages_before_and_after_are_not_touched),
        cmocka_unit_test(longest_packets_are_as_single),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
