/* SPDX-License-Identifier: MIT
 *
 * The small texts that everything else is made of: keys, numbers, addresses, endpoints, prefixes, places to
 * listen. What is read is written as a text that is read as the same, and other readers (the C library's, a
 * slow one of keys) agree on what is one; what is refused leaves zeros.
 *
 * Input: a byte that says what the rest is.
 */
#include "target.h"

#include "cli/http_place.h"
#include "config/address.h"
#include "config/file_value.h"
#include "config/key.h"
#include "config/number.h"

#include <arpa/inet.h>
#include <errno.h>

static bool is_zero(const void *bytes, size_t length)
{
    static const uint8_t zeros[256];

    return memcmp(bytes, zeros, length) == 0;
}

/* ---- keys ---- */

static int digit_of(char character, const char *digits)
{
    const char *found = character != '\0' ? strchr(digits, character) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

static bool slow_hex(uint8_t key[static KEY_BYTES], const char *text, size_t length)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    if (length != KEY_HEX_LENGTH)
        return false;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(text[i], digits);

        if (digit < 0)
            return false;
        digit = digit > 15 ? digit - 6 : digit;
        key[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : key[i / 2] | digit);
    }
    return true;
}

static bool slow_base64(uint8_t key[static KEY_BYTES], const char *text, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bits[KEY_BASE64_LENGTH * 6 / 8] = {0};

    if (length != KEY_BASE64_LENGTH || text[length - 1] != '=')
        return false;
    for (size_t i = 0; i < (length - 1) * 6; i++) {
        int digit = digit_of(text[i / 6], digits);

        if (digit < 0)
            return false;
        bits[i / 8] |= (uint8_t)((digit >> (5 - i % 6) & 1) << (7 - i % 8));
    }
    memcpy(key, bits, KEY_BYTES);
    return bits[KEY_BYTES] == 0;
}

static void check_keys(const char *text, size_t length)
{
    uint8_t key[KEY_BYTES], slow[KEY_BYTES] = {0};
    char hex[KEY_HEX_BYTES], base64[KEY_BASE64_BYTES], brief[KEY_SHORT_BYTES];
    bool good = key_from_hex(key, text, length);

    target_hold(good == slow_hex(slow, text, length), "a key in hexadecimal digits is one");
    target_hold(good ? memcmp(key, slow, KEY_BYTES) == 0 : is_zero(key, KEY_BYTES), "it is this key");
    good = key_from_base64(key, text, length);
    target_hold(good == slow_base64(slow, text, length), "a key in base64 is one");
    target_hold(good ? memcmp(key, slow, KEY_BYTES) == 0 : is_zero(key, KEY_BYTES), "it is this key");
    key_to_hex(hex, key);
    target_hold(key_from_hex(slow, hex, strlen(hex)) && memcmp(key, slow, KEY_BYTES) == 0,
                "hexadecimal and back");
    key_to_base64(base64, key);
    target_hold(key_from_base64(slow, base64, strlen(base64)) && memcmp(key, slow, KEY_BYTES) == 0,
                "base64 and back");
    target_hold(!good || memcmp(base64, text, length) == 0, "there is one text for a key");
    key_to_short(brief, key);
    target_hold(strlen(brief) == KEY_SHORT_BYTES - 1, "a short key is short");
    target_hold(key_is_zero(key) == is_zero(key, KEY_BYTES), "a key is zeros if all of it is");
}

/* ---- numbers ---- */

static void check_numbers(const char *text, size_t length, uint64_t maximum)
{
    uint64_t number, expected = 0;
    bool good = length > 0;

    for (size_t i = 0; i < length && good; i++) {
        good = text[i] >= '0' && text[i] <= '9' && !__builtin_mul_overflow(expected, 10u, &expected) &&
               !__builtin_add_overflow(expected, (uint64_t)(text[i] - '0'), &expected);
    }
    good = good && expected <= maximum;
    target_hold(number_read(&number, text, length, maximum) == good, "a number is one");
    target_hold(number == (good ? expected : 0), "it is this number");
}

/* ---- addresses ---- */

/* With a terminator, if it can have one. */
static bool terminated(char *into, size_t room, const char *text, size_t length)
{
    if (length >= room || memchr(text, '\0', length) != NULL)
        return false;
    memcpy(into, text, length);
    into[length] = '\0';
    return true;
}

static void check_address(const char *text, size_t length)
{
    struct vole_address address, again;
    char word[64] = "", written[ADDRESS_TEXT_BYTES];
    uint8_t expected[16] = {0};
    int family = 0;

    if (terminated(word, sizeof word, text, length))
        family = inet_pton(AF_INET, word, expected) == 1    ? 4
                 : inet_pton(AF_INET6, word, expected) == 1 ? 6
                                                            : 0;
    target_hold((address_read(&address, text, length) == 0) == (family != 0), "an address is one");
    if (family == 0) {
        target_hold(is_zero(&address, sizeof address), "what is none leaves zeros");
        return;
    }
    target_hold(address.family == family && memcmp(address.bytes, expected, family == 4 ? 4 : 16) == 0,
                "it is this address");
    address_write(written, &address);
    target_hold(address_read(&again, written, strlen(written)) == 0 &&
                    memcmp(&again, &address, sizeof again) == 0,
                "an address and back");
}

static void check_endpoint(const char *text, size_t length)
{
    struct vole_endpoint endpoint, again;
    char written[ADDRESS_ENDPOINT_TEXT_BYTES];
    int error = address_read_endpoint(&endpoint, text, length);

    target_hold(error == 0 || error == -EINVAL || error == -ENODEV, "an endpoint is one, or not");
    target_hold(error != -EINVAL || is_zero(&endpoint, sizeof endpoint), "what is none leaves zeros");
    target_hold(error == -EINVAL || endpoint.address.family == 4 || endpoint.address.family == 6,
                "an endpoint has an address");
    target_hold(endpoint.source.family == 0, "an endpoint that is read has no source");
    if (error != 0)
        return;
    address_write_endpoint(written, &endpoint);
    target_hold(address_read_endpoint(&again, written, strlen(written)) == 0 &&
                    memcmp(&again, &endpoint, sizeof again) == 0,
                "an endpoint and back");
}

static void check_prefix(const char *text, size_t length)
{
    struct vole_prefix prefix, again;
    struct vole_address outside;
    char written[ADDRESS_PREFIX_TEXT_BYTES];
    int error = address_read_prefix(&prefix, text, length);

    target_hold(error == 0 || error == -EINVAL, "a prefix is one, or not");
    if (error != 0) {
        target_hold(is_zero(&prefix, sizeof prefix), "what is none leaves zeros");
        return;
    }
    target_hold(prefix.length <= (prefix.address.family == 4 ? 32 : 128), "a prefix fits its family");
    address_write_prefix(written, &prefix);
    target_hold(address_read_prefix(&again, written, strlen(written)) == 0 &&
                    memcmp(&again, &prefix, sizeof again) == 0,
                "a prefix and back");
    target_hold(address_is_within(&prefix.address, &prefix), "an address is within its own prefix");
    (void)address_clear_host_bits(&again);
    target_hold(address_is_within(&again.address, &prefix) && !address_clear_host_bits(&again),
                "host bits are cleared once");
    outside = again.address;
    if (again.length > 0) {
        outside.bytes[(again.length - 1) / 8] ^= (uint8_t)(0x80 >> (again.length - 1) % 8);
        target_hold(!address_is_within(&outside, &prefix), "another network is outside");
    }
}

static FILE *nowhere;

static void check_place(const char *text, size_t length)
{
    struct vole_endpoint listen;
    char word[128], written[ADDRESS_ENDPOINT_TEXT_BYTES];
    struct vole_endpoint again;
    FILE *before = stderr;
    bool good;

    if (!terminated(word, sizeof word, text, length))
        return;
    stderr = nowhere;
    good = http_place_read(&listen, word, "fuzz");
    stderr = before;
    if (!good)
        return;
    address_write_endpoint(written, &listen);
    target_hold(http_place_read(&again, written, "fuzz") && memcmp(&again, &listen, sizeof again) == 0,
                "a place to listen and back");
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    nowhere = fopen("/dev/null", "w");
    target_hold(nowhere != NULL, "there is a null device");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const uint64_t maxima[] = {0, 1, UINT16_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX};
    const char *text;
    uint8_t kind;

    if (length == 0)
        return 0;
    kind = bytes[0] % 16;
    text = (const char *)target_copy(bytes + 1, length - 1);
    length--;
    if (kind < 6)
        check_numbers(text, length, maxima[kind]);
    else if (kind < 8)
        check_keys(text, length);
    else if (kind < 10)
        check_address(text, length);
    else if (kind < 12)
        check_endpoint(text, length);
    else if (kind < 14)
        check_prefix(text, length);
    else
        check_place(text, length);
    free((void *)(uintptr_t)text);
    return 0;
}
