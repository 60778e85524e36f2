/* SPDX-License-Identifier: MIT
 *
 * What all commands do alike with their arguments.
 */
#include "cli/command.h"

#include "cli/program.h"
#include "config/file_quote.h"

#include <stdio.h>
#include <string.h>

bool command_wants_help(int count, char **arguments)
{
    return count == 2 && (strcmp(arguments[1], "-h") == 0 || strcmp(arguments[1], "--help") == 0 ||
                          strcmp(arguments[1], "help") == 0);
}

/* *has_value: the next word is its value. */
static bool is_option(const char *options, const char *word, bool *has_value)
{
    size_t length = strlen(word);

    for (const char *one = options; *one != '\0'; one += strspn(one, " ")) {
        size_t whole = strcspn(one, " ");

        *has_value = one[whole - 1] == '=';
        if (whole - (*has_value ? 1 : 0) == length && memcmp(one, word, length) == 0)
            return true;
        one += whole;
    }
    return false;
}

bool command_knows_options(const char *options, int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i];
        bool has_value = false;

        if (word[0] != '-' || word[1] == '\0' || strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
            continue;
        if (!is_option(options, word, &has_value)) {
            char quote[FILE_QUOTE_BYTES];

            file_quote(quote, word, strlen(word));
            fprintf(stderr, "%s %s: unknown option '%s'; `%s %s --help' tells which there are\n",
                    program_name(), arguments[0], quote, program_name(), arguments[0]);
            return false;
        }
        i += has_value ? 1 : 0;
    }
    return true;
}

bool command_takes_nothing(int count, char **arguments, int *status)
{
    if (count == 1)
        return true;
    *status = command_wants_help(count, arguments) ? 0 : 1;
    fprintf(*status == 0 ? stdout : stderr, "Usage: %s %s%s\n", program_name(), arguments[0],
            program_is_wg() ? "" : " [--json]");
    return false;
}
