/* SPDX-License-Identifier: MIT
 *
 * See vectors.h. A struct vector is a json_t under another name, so that tests see nothing of the parser.
 *
 * The parser's integers end at 2^63 but counters go up to 2^64: before parsing, integers of 19 digits and
 * more are put between quotes, and vector_number() also reads a string of digits.
 */
#include "vectors.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define DIGITS_TOO_MANY 19 /* for the parser's integers */

static json_t *json_of(const struct vector *value)
{
    return (json_t *)value;
}

static const struct vector *vector_of(const json_t *json)
{
    return (const struct vector *)json;
}

/* The whole file as a string; the caller frees it. */
static char *file_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t length = 0;

    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    if (getdelim(&text, &length, '\0', file) < 0)
        fail_msg("%s: nothing in it", path);
    (void)fclose(file);
    return text;
}

/* A copy of a JSON text in which integers of DIGITS_TOO_MANY digits and more are strings. */
static char *numbers_quote(const char *text)
{
    char *quoted = malloc(2 * strlen(text) + 1);
    char *out = quoted;
    bool inside = false;

    assert_non_null(quoted);
    while (*text) {
        size_t digits = inside ? 0 : strspn(text, "0123456789");

        if (*text == '"')
            inside = !inside;
        if (*text == '\\' && text[1])
            *out++ = *text++;
        if (digits >= DIGITS_TOO_MANY)
            *out++ = '"';
        memcpy(out, text, digits ? digits : 1);
        out += digits ? digits : 1;
        text += digits ? digits : 1;
        if (digits >= DIGITS_TOO_MANY)
            *out++ = '"';
    }
    *out = '\0';
    return quoted;
}

const struct vector *vectors_load(const char *name)
{
    char path[4096];
    json_error_t error;
    char *text;
    char *quoted;
    json_t *json;

    (void)snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
    text = file_read(path);
    quoted = numbers_quote(text);
    json = json_loads(quoted, JSON_REJECT_DUPLICATES, &error);
    free(quoted);
    free(text);
    if (!json)
        fail_msg("%s:%d:%d: %s", path, error.line, error.column, error.text);
    return vector_of(json);
}

void vectors_free(const struct vector *file)
{
    json_decref(json_of(file));
}

/* The member at path (NULL: the object itself), or NULL. */
static json_t *member_get(const struct vector *object, const char *path)
{
    json_t *json = json_of(object);

    while (json && path) {
        const char *dot = strchr(path, '.');
        size_t length = dot ? (size_t)(dot - path) : strlen(path);
        char name[128];

        assert_in_range(length, 1, sizeof(name) - 1);
        memcpy(name, path, length);
        name[length] = '\0';
        json = json_object_get(json, name);
        path = dot ? dot + 1 : NULL;
    }
    return json;
}

const struct vector *vector_member(const struct vector *object, const char *path)
{
    json_t *json = member_get(object, path);

    if (!json)
        fail_msg("the vectors have no member \"%s\" here", path);
    return vector_of(json);
}

bool vector_has(const struct vector *object, const char *path)
{
    json_t *json = member_get(object, path);

    return json && !json_is_null(json);
}

size_t vector_count(const struct vector *array)
{
    if (!json_is_array(json_of(array)))
        fail_msg("the vectors have no array here");
    return json_array_size(json_of(array));
}

const struct vector *vector_at(const struct vector *array, size_t index)
{
    assert_in_range(index, 0, vector_count(array) - 1);
    return vector_of(json_array_get(json_of(array), index));
}

const struct vector *vector_find(const struct vector *array, const char *name, const char *value)
{
    for (size_t i = 0; i < vector_count(array); i++) {
        const struct vector *element = vector_at(array, i);

        if (strcmp(vector_text(element, name), value) == 0)
            return element;
    }
    fail_msg("no element of the vectors has \"%s\": \"%s\"", name, value);
    return NULL;
}

static const char *name_of(const char *path)
{
    return path ? path : "this value";
}

const char *vector_text(const struct vector *object, const char *path)
{
    json_t *json = json_of(vector_member(object, path));

    if (!json_is_string(json))
        fail_msg("\"%s\" is not a string", name_of(path));
    return json_string_value(json);
}

bool vector_bool(const struct vector *object, const char *path)
{
    json_t *json = json_of(vector_member(object, path));

    if (!json_is_boolean(json))
        fail_msg("\"%s\" is neither true nor false", name_of(path));
    return json_is_true(json);
}

uint64_t vector_number(const struct vector *object, const char *path)
{
    json_t *json = json_of(vector_member(object, path));
    char *end = NULL;
    uint64_t number;

    if (json_is_integer(json) && json_integer_value(json) >= 0)
        return (uint64_t)json_integer_value(json);
    if (!json_is_string(json))
        fail_msg("\"%s\" is not a natural number", name_of(path));
    errno = 0;
    number = strtoull(json_string_value(json), &end, 10);
    if (errno || end == json_string_value(json) || *end)
        fail_msg("\"%s\" is not a number below 2^64: %s", name_of(path), json_string_value(json));
    return number;
}

struct vector_hex vector_parse_hex(const char *text)
{
    struct vector_hex hex = {0};
    size_t digits = 0;

    for (; *text; text++) {
        static const char alphabet[] = "0123456789abcdef";
        const char *digit = strchr(alphabet, tolower((unsigned char)*text));

        if (strchr(" \t\n", *text))
            continue;
        if (!digit)
            fail_msg("not a hexadecimal digit: '%c'", *text);
        if (digits / 2 >= sizeof(hex.bytes))
            fail_msg("more than %d bytes of hexadecimal digits", VECTOR_HEX_BYTES);
        hex.bytes[digits / 2] = (uint8_t)(hex.bytes[digits / 2] << 4 | (digit - alphabet));
        digits++;
    }
    if (digits % 2)
        fail_msg("an odd number of hexadecimal digits");
    hex.length = digits / 2;
    return hex;
}

struct vector_hex vector_hex(const struct vector *object, const char *path)
{
    return vector_parse_hex(vector_text(object, path));
}

void vector_read_hex(const struct vector *object, const char *path, uint8_t *bytes, size_t length)
{
    struct vector_hex hex = vector_hex(object, path);

    if (hex.length != length)
        fail_msg("\"%s\" has %zu bytes instead of %zu", name_of(path), hex.length, length);
    memcpy(bytes, hex.bytes, length);
}

void vector_assert_hex(const struct vector *object, const char *path, const uint8_t *bytes, size_t length)
{
    struct vector_hex hex = vector_hex(object, path);

    if (hex.length != length)
        fail_msg("\"%s\" should have %zu bytes and has %zu", name_of(path), hex.length, length);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != hex.bytes[i])
            fail_msg("\"%s\" differs at byte %zu of %zu: should be %02x and is %02x", name_of(path), i,
                     length, hex.bytes[i], bytes[i]);
    }
}

void vector_fill(uint8_t *bytes, size_t length, uint32_t seed)
{
    uint32_t a = UINT32_C(0xdead4bad) * seed;
    uint32_t b = 1;

    for (size_t i = 0; i < length; i++) {
        uint32_t sum = a + b;

        a = b;
        b = sum;
        bytes[i] = (uint8_t)(sum >> 24);
    }
}
