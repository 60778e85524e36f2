/* SPDX-License-Identifier: MIT
 *
 * Names of system calls: see call_names.h.
 */
#include "linux/call_names.h"

#include <stdio.h>
#include <string.h>

/* As strcmp(), of a word that is not terminated. */
static int call_names_compare(const char *word, size_t length, const char *name)
{
    int order = strncmp(word, name, length);

    return order != 0 || name[length] == '\0' ? order : -1;
}

int call_number(const char *name, size_t length)
{
    unsigned low = 0;
    unsigned high = call_names_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = call_names_compare(name, length, call_names_text + call_names_offsets[middle]);

        if (order == 0)
            return (int)call_names_numbers[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

void call_name(char name[static CALL_NAME_BYTES], int number)
{
    for (unsigned i = 0; i < call_names_count; i++) {
        if ((int)call_names_numbers[i] == number) {
            (void)snprintf(name, CALL_NAME_BYTES, "%s", call_names_text + call_names_offsets[i]);
            return;
        }
    }
    (void)snprintf(name, CALL_NAME_BYTES, "number %d", number);
}
