/* SPDX-License-Identifier: MIT
 *
 * sudo, as wg-quick does it, but never where nobody could type a password.
 */
#include "cli/root.h"

#include "cli/shell_word.h"
#include "linux/process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void run_by_sudo(const char *sudo, char *own, int count, char **arguments)
{
    char prompt[] = "vole must be run as root. Please enter the password for %u to continue: ";
    char name[] = "sudo";
    char option[] = "-p";
    char end[] = "--";
    char **words = calloc((size_t)count + 6, sizeof(*words));
    size_t length = 0;

    if (words == NULL)
        return;
    words[length++] = name;
    words[length++] = option;
    words[length++] = prompt;
    words[length++] = end;
    words[length++] = own;
    for (int i = 0; i < count; i++)
        words[length++] = arguments[i];
    (void)execv(sudo, words);
    fprintf(stderr, "vole: `%s' cannot be run: %s\n", sudo, strerror(errno));
    free(words);
}

bool root_is_given(int count, char **arguments)
{
    char sudo[PATH_MAX];
    char own[PATH_MAX];

    if (geteuid() == 0)
        return true;
    if (isatty(STDIN_FILENO) && process_find(sudo, "sudo") && process_own_path(own))
        run_by_sudo(sudo, own, count, arguments);
    fprintf(stderr, "vole: `vole %s' must be run as root, for example: sudo vole", arguments[0]);
    for (int i = 0; i < count; i++) {
        char word[PATH_MAX];

        fprintf(stderr, " %s", shell_word_write(word, sizeof(word), arguments[i]) ? word : arguments[i]);
    }
    fputc('\n', stderr);
    return false;
}
