/* SPDX-License-Identifier: MIT
 *
 * Digits are computed, never looked up. The tool for it is range_mask(): all ones if a value lies in a range,
 * else zero, without a branch. A decoder adds up what each range of the alphabet would contribute, and
 * collects "no range matched" into one flag that it looks at once, at the end.
 */
#include "config/key.h"

#include "crypto/memory.h"
#include "crypto/random.h"
#include "crypto/start.h"
#include "crypto/x25519.h"

#include <string.h>

/* All ones if low <= value <= high. All three must be below 2^31. */
static uint32_t range_mask(uint32_t value, uint32_t low, uint32_t high)
{
    uint32_t below = (value - low) >> 31;
    uint32_t above = (high - value) >> 31;
    return (below | above) - 1;
}

/* ---- hexadecimal ---- */

static char hex_digit(uint32_t value)
{
    return (char)('0' + value + (range_mask(value, 10, 15) & ('a' - '0' - 10)));
}

/* The digit's value; sets *bad to non-zero if it is none. */
static uint32_t hex_value(char digit, uint32_t *bad)
{
    uint32_t character = (uint8_t)digit;
    uint32_t decimal = range_mask(character, '0', '9');
    uint32_t lower = range_mask(character, 'a', 'f');
    uint32_t upper = range_mask(character, 'A', 'F');

    *bad |= ~(decimal | lower | upper);
    return (decimal & (character - '0')) | (lower & (character - 'a' + 10)) |
           (upper & (character - 'A' + 10));
}

void key_to_hex(char text[static KEY_HEX_BYTES], const uint8_t key[static KEY_BYTES])
{
    for (size_t i = 0; i < KEY_BYTES; i++) {
        text[2 * i] = hex_digit(key[i] >> 4);
        text[2 * i + 1] = hex_digit(key[i] & 15);
    }
    text[KEY_HEX_LENGTH] = '\0';
}

bool key_from_hex(uint8_t key[static KEY_BYTES], const char *text, size_t length)
{
    uint32_t bad = 0;

    memset(key, 0, KEY_BYTES);
    if (length != KEY_HEX_LENGTH)
        return false;
    for (size_t i = 0; i < KEY_BYTES; i++) {
        uint32_t high = hex_value(text[2 * i], &bad);
        uint32_t low = hex_value(text[2 * i + 1], &bad);
        key[i] = (uint8_t)(high << 4 | low);
    }
    if (bad != 0)
        key_wipe(key, KEY_BYTES);
    return bad == 0;
}

/* ---- base64 ---- */

static char base64_digit(uint32_t value)
{
    uint32_t upper = range_mask(value, 0, 25) & ('A' + value);
    uint32_t lower = range_mask(value, 26, 51) & ('a' + value - 26);
    uint32_t decimal = range_mask(value, 52, 61) & ('0' + value - 52);
    uint32_t plus = range_mask(value, 62, 62) & '+';
    uint32_t slash = range_mask(value, 63, 63) & '/';
    return (char)(upper | lower | decimal | plus | slash);
}

static uint32_t base64_value(char digit, uint32_t *bad)
{
    uint32_t character = (uint8_t)digit;
    uint32_t upper = range_mask(character, 'A', 'Z');
    uint32_t lower = range_mask(character, 'a', 'z');
    uint32_t decimal = range_mask(character, '0', '9');
    uint32_t plus = range_mask(character, '+', '+');
    uint32_t slash = range_mask(character, '/', '/');

    *bad |= ~(upper | lower | decimal | plus | slash);
    return (upper & (character - 'A')) | (lower & (character - 'a' + 26)) |
           (decimal & (character - '0' + 52)) | (plus & 62) | (slash & 63);
}

/* 32 bytes are ten groups of three and a last group of two, whose text is three digits and "=". */
void key_to_base64(char text[static KEY_BASE64_BYTES], const uint8_t key[static KEY_BYTES])
{
    for (size_t group = 0; group < 11; group++) {
        const uint8_t *in = key + 3 * group;
        char *out = text + 4 * group;
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | (group < 10 ? in[2] : 0);

        out[0] = base64_digit(bits >> 18);
        out[1] = base64_digit(bits >> 12 & 63);
        out[2] = base64_digit(bits >> 6 & 63);
        out[3] = group < 10 ? base64_digit(bits & 63) : '=';
    }
    text[KEY_BASE64_LENGTH] = '\0';
}

bool key_from_base64(uint8_t key[static KEY_BYTES], const char *text, size_t length)
{
    uint32_t bad = 0;

    memset(key, 0, KEY_BYTES);
    if (length != KEY_BASE64_LENGTH || text[KEY_BASE64_LENGTH - 1] != '=')
        return false;
    for (size_t group = 0; group < 11; group++) {
        const char *in = text + 4 * group;
        uint8_t *out = key + 3 * group;
        uint32_t bits = base64_value(in[0], &bad) << 18 | base64_value(in[1], &bad) << 12 |
                        base64_value(in[2], &bad) << 6;

        if (group < 10) {
            bits |= base64_value(in[3], &bad);
            out[2] = (uint8_t)(bits & 255);
        } else {
            bad |= bits & 255; /* the two bits that belong to no byte */
        }
        out[0] = (uint8_t)(bits >> 16 & 255);
        out[1] = (uint8_t)(bits >> 8 & 255);
    }
    if (bad != 0)
        key_wipe(key, KEY_BYTES);
    return bad == 0;
}

void key_to_short(char text[static KEY_SHORT_BYTES], const uint8_t public_key[static KEY_BYTES])
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    char whole[KEY_BASE64_BYTES];

    key_to_base64(whole, public_key);
    memcpy(text, whole, 4);
    memcpy(text + 4, ellipsis, 3);
    memcpy(text + 7, whole + KEY_BASE64_LENGTH - 5, 4); /* in front of the "=" */
    text[KEY_SHORT_BYTES - 1] = '\0';
}

/* ---- keys ---- */

bool key_is_zero(const uint8_t key[static KEY_BYTES])
{
    return memory_is_zero(key, KEY_BYTES);
}

int key_start(void)
{
    return crypto_start();
}

void key_generate_private(uint8_t private_key[static KEY_BYTES])
{
    random_fill(private_key, KEY_BYTES);
    x25519_clamp(private_key);
}

void key_generate_preshared(uint8_t preshared_key[static KEY_BYTES])
{
    random_fill(preshared_key, KEY_BYTES);
}

void key_public(uint8_t public_key[static KEY_BYTES], const uint8_t private_key[static KEY_BYTES])
{
    x25519_base(public_key, private_key);
}

/* A private key is a multiple of the cofactor, so all of them are the same to a point of low order. */
bool key_is_low_order(const uint8_t public_key[static KEY_BYTES])
{
    static const uint8_t any_private_key[KEY_BYTES] = {8};
    uint8_t shared[KEY_BYTES];

    return !x25519(shared, any_private_key, public_key);
}

void key_wipe(void *secret, size_t length)
{
    memory_wipe(secret, length);
}
