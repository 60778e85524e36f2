/* SPDX-License-Identifier: MIT
 *
 * Batches of the AEAD do exactly what single calls do: every length, every batch size up to more than any
 * kernel takes at once, mixed lengths, forgeries in any place.
 */
#include "crypto/aead.h"

#include "crypto/start.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH_MAX 1600
#define BATCH_MAX  70
#define GUARD      8 /* bytes after each packet that nobody may touch */
#define SLOT_BYTES (LENGTH_MAX + AEAD_TAG_BYTES + GUARD)

static uint8_t slots[BATCH_MAX][SLOT_BYTES];
static struct aead_packet packets[BATCH_MAX];
static uint8_t key[AEAD_KEY_BYTES];

static void plaintext_fill(uint8_t *bytes, const struct aead_packet *packet)
{
    vector_fill(bytes, packet->length, (uint32_t)packet->counter * 2654435761u + (uint32_t)packet->length);
}

/* Packet i gets the length and counter given, its plaintext, and a guard behind the room for its tag. */
static void packet_prepare(size_t i, size_t length, uint64_t counter)
{
    memset(slots[i], 0xaa, SLOT_BYTES);
    packets[i] = (struct aead_packet){slots[i], length, counter, false};
    plaintext_fill(slots[i], &packets[i]);
}

static void assert_guarded(size_t i)
{
    static const uint8_t guard[GUARD] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};

    assert_memory_equal(slots[i] + packets[i].length + AEAD_TAG_BYTES, guard, GUARD);
}

static void assert_sealed_as_single(size_t i)
{
    uint8_t single[LENGTH_MAX + AEAD_TAG_BYTES];

    plaintext_fill(single, &packets[i]);
    aead_seal(single, single, packets[i].length, NULL, 0, packets[i].counter, key);
    assert_memory_equal(slots[i], single, packets[i].length + AEAD_TAG_BYTES);
    assert_guarded(i);
}

static void assert_opened(size_t i)
{
    uint8_t plaintext[LENGTH_MAX];

    plaintext_fill(plaintext, &packets[i]);
    assert_true(packets[i].authentic);
    assert_memory_equal(slots[i], plaintext, packets[i].length);
    assert_guarded(i);
}

/* Seals and opens what was prepared and compares both with single calls. */
static void assert_batch_works(size_t count)
{
    aead_seal_batch(packets, count, key);
    for (size_t i = 0; i < count; i++)
        assert_sealed_as_single(i);
    assert_int_equal(aead_open_batch(packets, count, key), count);
    for (size_t i = 0; i < count; i++)
        assert_opened(i);
}

static void every_length_is_as_single(void **state)
{
    (void)state;
    for (size_t length = 0; length + 3 <= LENGTH_MAX; length += 4) {
        for (size_t i = 0; i < 4; i++)
            packet_prepare(i, length + i, length + (UINT64_C(1) << 40) * i);
        assert_batch_works(4);
    }
    packet_prepare(0, LENGTH_MAX, UINT64_MAX);
    assert_batch_works(1);
}

static void every_batch_size_is_as_single(void **state)
{
    (void)state;
    for (size_t count = 0; count <= BATCH_MAX; count++) {
        for (size_t i = 0; i < BATCH_MAX; i++)
            packet_prepare(i, 100, i);
        assert_batch_works(count);
    }
}

static void mixed_lengths_in_any_order_are_as_single(void **state)
{
    static const size_t lengths[] = {1420, 0, 32, 1, 1500, 64, 63, 255, 256, 257, 16, 1600, 15, 17, 65, 1280};

    (void)state;
    for (size_t shift = 0; shift < sizeof(lengths) / sizeof(lengths[0]); shift++) {
        for (size_t i = 0; i < BATCH_MAX; i++)
            packet_prepare(i, lengths[(i + shift * (i / 16 + 1)) % 16], UINT64_MAX - 8130 - i);
        assert_batch_works(BATCH_MAX);
    }
}

/* One forged packet, in each place and spoilt at each byte in turn: only that one is refused. */
static void a_forged_packet_harms_no_other(void **state)
{
    const size_t count = 17;
    const size_t length = 40;

    (void)state;
    for (size_t position = 0; position < length + AEAD_TAG_BYTES; position++) {
        const size_t forged = position % count;

        for (size_t i = 0; i < count; i++)
            packet_prepare(i, length, i);
        aead_seal_batch(packets, count, key);
        slots[forged][position] ^= 0x10;
        packets[forged].authentic = true; /* must be overwritten */
        assert_int_equal(aead_open_batch(packets, count, key), count - 1);
        assert_false(packets[forged].authentic);
        assert_guarded(forged);
        for (size_t i = 0; i < count; i++) {
            if (i != forged)
                assert_opened(i);
        }
    }
}

/* Every subset of six packets forged by a wrong counter. */
static void any_combination_of_forgeries_is_told_apart(void **state)
{
    (void)state;
    for (unsigned forged = 0; forged < 64; forged++) {
        size_t authentic = 0;

        for (size_t i = 0; i < 6; i++)
            packet_prepare(i, 30 * i, i);
        aead_seal_batch(packets, 6, key);
        for (size_t i = 0; i < 6; i++)
            packets[i].counter ^= forged >> i & 1;
        for (size_t i = 0; i < 6; i++)
            authentic += !(forged >> i & 1);
        assert_int_equal(aead_open_batch(packets, 6, key), authentic);
        for (size_t i = 0; i < 6; i++)
            assert_int_equal(packets[i].authentic, !(forged >> i & 1));
    }
}

static void a_batch_of_none_is_allowed(void **state)
{
    (void)state;
    aead_seal_batch(NULL, 0, key);
    assert_int_equal(aead_open_batch(NULL, 0, key), 0);
}

static int start(void **state)
{
    (void)state;
    vector_fill(key, sizeof(key), 1);
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_is_as_single),
        cmocka_unit_test(every_batch_size_is_as_single),
        cmocka_unit_test(mixed_lengths_in_any_order_are_as_single),
        cmocka_unit_test(a_forged_packet_harms_no_other),
        cmocka_unit_test(any_combination_of_forgeries_is_told_apart),
        cmocka_unit_test(a_batch_of_none_is_allowed),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
