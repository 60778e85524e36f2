/* SPDX-License-Identifier: MIT
 *
 * In the place of json_output.c where vole is built without jansson. main() asks first and refuses --json, so
 * nothing here is ever to print.
 */
#include "cli/json_output.h"

#include <string.h>

bool json_output_is_possible(void)
{
    return false;
}

void json_output_begin(struct json_output *output)
{
    memset(output, 0, sizeof(*output));
}

int json_output_finish(struct json_output *output, int status)
{
    (void)output;
    return status != 0 ? status : 1;
}

void json_output_object(struct json_output *output, const char *name)
{
    (void)output;
    (void)name;
}

void json_output_list(struct json_output *output, const char *name)
{
    (void)output;
    (void)name;
}

void json_output_end(struct json_output *output)
{
    (void)output;
}

void json_output_text(struct json_output *output, const char *name, const char *text)
{
    (void)output;
    (void)name;
    (void)text;
}

void json_output_number(struct json_output *output, const char *name, uint64_t number)
{
    (void)output;
    (void)name;
    (void)number;
}

void json_output_number_or_null(struct json_output *output, const char *name, uint64_t number)
{
    json_output_number(output, name, number);
}

void json_output_boolean(struct json_output *output, const char *name, bool value)
{
    (void)output;
    (void)name;
    (void)value;
}

void json_output_key(struct json_output *output, const char *name, const uint8_t key[static VOLE_KEY_BYTES])
{
    (void)output;
    (void)name;
    (void)key;
}

int json_output_print_key(const char *name, const uint8_t key[static VOLE_KEY_BYTES])
{
    (void)name;
    (void)key;
    return 1;
}
