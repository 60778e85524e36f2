/* SPDX-License-Identifier: MIT */
#include "explain/value.h"

#include "config/address.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void *had(void *pointer)
{
    if (pointer == NULL) {
        fputs("vole explain: not enough memory\n", stderr);
        exit(1);
    }
    return pointer;
}

json_t *value_new_object(void)
{
    return had(json_object());
}

json_t *value_new_list(void)
{
    return had(json_array());
}

void value_put(json_t *parent, const char *name, json_t *value)
{
    int failed = name == NULL ? json_array_append_new(parent, had(value))
                              : json_object_set_new(parent, name, had(value));

    (void)had(failed != 0 ? NULL : parent);
}

json_t *value_object(json_t *parent, const char *name)
{
    json_t *object = value_new_object();

    value_put(parent, name, object);
    return object;
}

json_t *value_list(json_t *parent, const char *name)
{
    json_t *list = value_new_list();

    value_put(parent, name, list);
    return list;
}

void value_text(json_t *parent, const char *name, const char *text)
{
    value_put(parent, name, text == NULL ? json_null() : json_string(text));
}

void value_format(json_t *parent, const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    value_put(parent, name, json_vsprintf(format, arguments));
    va_end(arguments);
}

void value_number(json_t *parent, const char *name, uint64_t number)
{
    value_put(parent, name, json_integer((json_int_t)number));
}

void value_truth(json_t *parent, const char *name, bool truth)
{
    value_put(parent, name, json_boolean(truth));
}

void value_seconds(json_t *parent, const char *name, uint64_t ns)
{
    uint64_t whole_us = ns / 1000;

    value_put(parent, name, json_real((double)whole_us / 1e6));
}

void value_bytes(json_t *parent, const char *name, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    char *text = had(malloc(2 * length + 1));

    for (size_t i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * length] = '\0';
    value_text(parent, name, text);
    free(text);
}

void value_base64(json_t *parent, const char *name, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = had(malloc(length / 3 * 4 + 5)), *end = text;

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);

        *end++ = digits[group >> 18];
        *end++ = digits[group >> 12 & 63];
        *end++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *end++ = left > 2 ? digits[group & 63] : '=';
    }
    *end = '\0';
    value_text(parent, name, text);
    free(text);
}

void value_address(json_t *parent, const char *name, const struct vole_address *address)
{
    char text[ADDRESS_TEXT_BYTES];

    address_write(text, address);
    value_text(parent, name, text);
}

void value_endpoint(json_t *parent, const char *name, const struct vole_endpoint *endpoint)
{
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    address_write_endpoint(text, endpoint);
    value_text(parent, name, text);
}

void value_prefix(json_t *parent, const char *name, const struct vole_prefix *prefix)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    address_write_prefix(text, prefix);
    value_text(parent, name, text);
}
