/* SPDX-License-Identifier: MIT
 *
 * The shell has opened the file already, so its mode is known, and it is the user's to change.
 */
#include "cli/secret_output.h"

#include "cli/json_output.h"
#include "cli/program.h"
#include "config/key.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_output_print(const uint8_t key[static VOLE_KEY_BYTES], const char *name)
{
    char text[KEY_BASE64_BYTES];
    struct stat file;

    if (fstat(STDOUT_FILENO, &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & S_IRWXO) != 0)
        fputs("Warning: other users may open the file this secret is written to.\n"
              "Remove it, run 'umask 077' and try again.\n",
              stderr);
    if (program_wants_json())
        return json_output_print_key(name, key);
    key_to_base64(text, key);
    puts(text);
    key_wipe(text, sizeof(text));
    return 0;
}
