/* SPDX-License-Identifier: MIT
 *
 * vole pubkey: reads a private key, prints its public key. Behind the 44 characters only white space and
 * zero bytes may follow. Spec: config §2.
 */
#include "cli/command.h"

#include "cli/give_up.h"
#include "cli/json_output.h"
#include "cli/program.h"
#include "config/key.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The input is read without stdio's buffer, which nobody could wipe. */
static int read_private_key(uint8_t key[static KEY_BYTES])
{
    char text[KEY_BASE64_LENGTH];
    size_t length;
    int status = 1;
    int character;

    (void)setvbuf(stdin, NULL, _IONBF, 0);
    length = fread(text, 1, sizeof(text), stdin);
    if (!key_from_base64(key, text, length)) {
        fprintf(stderr, "%s pubkey: the input is not a private key: 44 characters of base64 are expected\n",
                program_name());
        goto out;
    }
    do {
        character = getchar();
    } while (character == '\0' || (character != EOF && isspace(character)));
    if (character != EOF) {
        fprintf(stderr, "%s pubkey: something follows the private key in the input\n", program_name());
        goto out;
    }
    if (ferror(stdin) != 0) {
        fprintf(stderr, "%s pubkey: cannot read the private key: %s\n", program_name(), strerror(errno));
        goto out;
    }
    status = 0;
out:
    key_wipe(text, sizeof(text));
    return status;
}

int command_pubkey(int count, char **arguments)
{
    uint8_t key[KEY_BYTES];
    char text[KEY_BASE64_BYTES];
    int status;

    if (!command_takes_nothing(count, arguments, &status))
        return status;
    give_up(GIVE_UP_ALL);
    status = read_private_key(key);
    if (status == 0) {
        key_public(key, key);
        if (program_wants_json()) {
            status = json_output_print_key("public_key", key);
        } else {
            key_to_base64(text, key);
            puts(text);
        }
    }
    key_wipe(key, sizeof(key));
    return status;
}
