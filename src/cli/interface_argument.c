/* SPDX-License-Identifier: MIT
 *
 * Changing another interface than the one that was meant is worse than an error; scripts for wg may rely on
 * it all the same.
 */
#include "cli/interface_argument.h"

#include "cli/program.h"
#include "config/file_quote.h"

#include <stdio.h>
#include <string.h>

bool interface_argument_read(char name[static DEVICE_NAME_BYTES], const char *word)
{
    char quote[FILE_QUOTE_BYTES];
    size_t length = strlen(word);

    if (length >= DEVICE_NAME_BYTES && !program_is_wg()) {
        file_quote(quote, word, length);
        fprintf(stderr, "There is no interface `%s': names have at most %d characters\n", quote,
                DEVICE_NAME_BYTES - 1);
        return false;
    }
    if (length >= DEVICE_NAME_BYTES)
        length = DEVICE_NAME_BYTES - 1;
    memcpy(name, word, length);
    name[length] = '\0';
    return true;
}
