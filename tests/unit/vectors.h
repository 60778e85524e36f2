/* SPDX-License-Identifier: MIT
 *
 * Known answers from tests/vectors, one call away for a unit test.
 *
 *     const struct vector *file = vectors_load("transport.json");
 *     const struct vector *packets = vector_member(file, "packets");
 *     for (size_t i = 0; i < vector_count(packets); i++) {
 *         const struct vector *packet = vector_at(packets, i);
 *         aead_seal(..., vector_number(packet, "counter"), vector_hex(packet, "key").bytes);
 *         vector_assert_hex(packet, "packet", made, made_length);
 *     }
 *     vectors_free(file);
 *
 * A struct vector is one JSON value, borrowed from its file and valid until vectors_free(). A path is a
 * member's name or several joined by dots ("inputs.preshared_key"). Nothing returns an error: a missing
 * file or member, or one of another type, fails the running test with a message that names it. Hex comes
 * back by value, so there is nothing to free.
 */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VECTOR_HEX_BYTES 2048

struct vector; /* opaque */

/* A byte string that was written in hex. */
struct vector_hex {
    size_t length;
    uint8_t bytes[VECTOR_HEX_BYTES];
};

/* Reads tests/vectors/NAME; free it with vectors_free(). */
const struct vector *vectors_load(const char *name);
void vectors_free(const struct vector *file);

/* The member at path. */
const struct vector *vector_member(const struct vector *object, const char *path);
/* Whether there is such a member and it is not null. */
bool vector_has(const struct vector *object, const char *path);
/* Length and elements of an array. */
size_t vector_count(const struct vector *array);
const struct vector *vector_at(const struct vector *array, size_t index);
/* The element of an array of objects whose member NAME is the string value: vector_find(steps, "step", "2 e")
 */
const struct vector *vector_find(const struct vector *array, const char *name, const char *value);

/* The member at path as what it should be. With path NULL: the value itself. */
const char *vector_text(const struct vector *object, const char *path);
bool vector_bool(const struct vector *object, const char *path);
uint64_t vector_number(const struct vector *object, const char *path); /* 0..2^64-1 */
struct vector_hex vector_hex(const struct vector *object, const char *path);
/* As vector_hex() into a buffer of exactly the string's length. */
void vector_read_hex(const struct vector *object, const char *path, uint8_t *bytes, size_t length);
/* Hex in a test's own text; white space is skipped. */
struct vector_hex vector_parse_hex(const char *text);

/* Fails the test, naming path and the first difference, unless the member is exactly these bytes. */
void vector_assert_hex(const struct vector *object, const char *path, const uint8_t *bytes, size_t length);

/* Fills bytes as RFC 7693 appendix E does: the filler that digests.json calls seq(length, seed). */
void vector_fill(uint8_t *bytes, size_t length, uint32_t seed);

#endif
