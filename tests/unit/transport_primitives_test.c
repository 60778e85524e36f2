/* SPDX-License-Identifier: MIT
 *
 * The primitives put together into transport messages (protocol §6), against whole packets of the vectors:
 * header, padding as the vectors say, AEAD with the counter as nonce.
 */
#include "crypto/aead.h"
#include "crypto/little_endian.h"
#include "crypto/start.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HEADER_BYTES 16

static const struct vector *file;

/* Header and padded plaintext of a vector, with room for the tag; returns the padded length. */
static size_t message_begin(uint8_t message[static VECTOR_HEX_BYTES], const struct vector *packet)
{
    struct vector_hex plaintext = vector_hex(packet, "plaintext");
    size_t padded = (size_t)vector_number(packet, "padded_len");

    assert_int_equal(plaintext.length, vector_number(packet, "plaintext_len"));
    assert_in_range(padded, plaintext.length, VECTOR_HEX_BYTES - HEADER_BYTES - AEAD_TAG_BYTES);
    memset(message, 0, VECTOR_HEX_BYTES);
    little_endian_store32(message, 4);
    little_endian_store32(message + 4, (uint32_t)vector_number(packet, "receiver_index"));
    little_endian_store64(message + 8, vector_number(packet, "counter"));
    memcpy(message + HEADER_BYTES, plaintext.bytes, plaintext.length);
    return padded;
}

static void sealing_makes_the_packets_on_the_wire(void **state)
{
    const struct vector *packets = vector_member(file, "packets");

    (void)state;
    assert_int_equal(vector_count(packets), 12);
    for (size_t i = 0; i < vector_count(packets); i++) {
        const struct vector *packet = vector_at(packets, i);
        uint8_t message[VECTOR_HEX_BYTES];
        size_t padded = message_begin(message, packet);

        aead_seal(message + HEADER_BYTES, message + HEADER_BYTES, padded, NULL, 0,
                  vector_number(packet, "counter"), vector_hex(packet, "key").bytes);
        assert_int_equal(HEADER_BYTES + padded + AEAD_TAG_BYTES, vector_number(packet, "packet_len"));
        vector_assert_hex(packet, "packet", message, HEADER_BYTES + padded + AEAD_TAG_BYTES);
    }
}

static void opening_takes_them_off_again(void **state)
{
    const struct vector *packets = vector_member(file, "packets");

    (void)state;
    for (size_t i = 0; i < vector_count(packets); i++) {
        const struct vector *packet = vector_at(packets, i);
        struct vector_hex message = vector_hex(packet, "packet");
        uint8_t expected[VECTOR_HEX_BYTES];
        uint8_t plaintext[VECTOR_HEX_BYTES];
        size_t padded = message_begin(expected, packet);

        assert_memory_equal(message.bytes, expected, HEADER_BYTES);
        assert_true(aead_open(plaintext, message.bytes + HEADER_BYTES, message.length - HEADER_BYTES, NULL, 0,
                              little_endian_load64(message.bytes + 8), vector_hex(packet, "key").bytes));
        assert_memory_equal(plaintext, expected + HEADER_BYTES, padded);
    }
}

/* The eight packets i->r of the first session as one batch, sealed and opened. */
static void a_batch_makes_and_takes_the_same_packets(void **state)
{
    const struct vector *packets = vector_member(file, "packets");
    const struct vector *sources[16];
    static uint8_t messages[16][VECTOR_HEX_BYTES];
    struct aead_packet batch[16];
    struct vector_hex key = vector_hex(vector_at(packets, 0), "key");
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < vector_count(packets); i++) {
        const struct vector *packet = vector_at(packets, i);

        if (memcmp(vector_hex(packet, "key").bytes, key.bytes, AEAD_KEY_BYTES) != 0)
            continue;
        sources[count] = packet;
        batch[count] = (struct aead_packet){.length = message_begin(messages[count], packet),
                                            .bytes = messages[count] + HEADER_BYTES,
                                            .counter = vector_number(packet, "counter")};
        count++;
    }
    assert_int_equal(count, 8);
    aead_seal_batch(batch, count, key.bytes);
    for (size_t i = 0; i < count; i++)
        vector_assert_hex(sources[i], "packet", messages[i], HEADER_BYTES + batch[i].length + AEAD_TAG_BYTES);
    assert_int_equal(aead_open_batch(batch, count, key.bytes), count);
    for (size_t i = 0; i < count; i++) {
        uint8_t expected[VECTOR_HEX_BYTES];
        size_t padded = message_begin(expected, sources[i]);

        assert_memory_equal(messages[i], expected, HEADER_BYTES + padded);
    }
}

static int start(void **state)
{
    (void)state;
    file = vectors_load("transport.json");
    return crypto_start();
}

static int stop(void **state)
{
    (void)state;
    vectors_free(file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealing_makes_the_packets_on_the_wire),
        cmocka_unit_test(opening_takes_them_off_again),
        cmocka_unit_test(a_batch_makes_and_takes_the_same_packets),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
