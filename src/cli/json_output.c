/* SPDX-License-Identifier: MIT
 *
 * A tree of jansson's. A value that could not be made is NULL, which jansson refuses to take, and that is
 * where errors are noticed.
 */
#include "cli/json_output.h"

#include "config/key.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_wiped(void *memory)
{
    if (memory == NULL)
        return;
    key_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

bool json_output_is_possible(void)
{
    return true;
}

void json_output_begin(struct json_output *output)
{
    json_set_alloc_funcs(malloc, free_wiped);
    memset(output, 0, sizeof(*output));
    output->open[0] = json_object();
    output->depth = 1;
    output->failed = output->open[0] == NULL;
}

int json_output_finish(struct json_output *output, int status)
{
    if (status == 0 && output->failed) {
        fputs("vole: out of memory\n", stderr);
        status = 1;
    }
    if (status == 0) {
        /* whether it could be written is seen in the end by output_finish() */
        bool whole = json_dumpf(output->open[0], stdout, JSON_INDENT(2)) == 0;

        putchar('\n');
        if (!whole && ferror(stdout) == 0) {
            fputs("vole: out of memory: the output ends early\n", stderr);
            status = 1;
        }
    }
    json_decref(output->open[0]);
    memset(output, 0, sizeof(*output));
    return status;
}

/* Takes the value, which may be NULL. */
static void put(struct json_output *output, const char *name, json_t *value)
{
    json_t *around = output->open[output->depth - 1];
    int error =
        name != NULL ? json_object_set_new(around, name, value) : json_array_append_new(around, value);

    if (error != 0)
        output->failed = true;
}

static void open_value(struct json_output *output, const char *name, json_t *value)
{
    put(output, name, value);
    if (output->depth == JSON_OUTPUT_DEPTH)
        abort();
    output->open[output->depth++] = output->failed ? NULL : value; /* borrowed from the one around it */
}

void json_output_object(struct json_output *output, const char *name)
{
    open_value(output, name, json_object());
}

void json_output_list(struct json_output *output, const char *name)
{
    open_value(output, name, json_array());
}

void json_output_end(struct json_output *output)
{
    output->depth--;
}

/* Every byte that is not ASCII is replaced. */
static json_t *plain_text(const char *text)
{
    char *copy = strdup(text);
    json_t *value = NULL;

    for (char *byte = copy; byte != NULL && *byte != '\0'; byte++) {
        if ((unsigned char)*byte >= 0x80)
            *byte = '?';
    }
    if (copy != NULL)
        value = json_string(copy);
    free_wiped(copy);
    return value;
}

void json_output_text(struct json_output *output, const char *name, const char *text)
{
    json_t *value = text != NULL ? json_string(text) : json_null();

    put(output, name, value != NULL ? value : plain_text(text));
}

void json_output_number(struct json_output *output, const char *name, uint64_t number)
{
    put(output, name, json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

void json_output_number_or_null(struct json_output *output, const char *name, uint64_t number)
{
    if (number == 0)
        put(output, name, json_null());
    else
        json_output_number(output, name, number);
}

void json_output_boolean(struct json_output *output, const char *name, bool value)
{
    put(output, name, json_boolean(value));
}

void json_output_key(struct json_output *output, const char *name, const uint8_t key[static KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    json_output_text(output, name, text);
    key_wipe(text, sizeof(text));
}

int json_output_print_key(const char *name, const uint8_t key[static KEY_BYTES])
{
    struct json_output output;

    json_output_begin(&output);
    json_output_key(&output, name, key);
    return json_output_finish(&output, 0);
}
