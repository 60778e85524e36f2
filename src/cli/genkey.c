/* SPDX-License-Identifier: MIT
 *
 * vole genkey: a new private key. Spec: config §2.
 */
#include "cli/command.h"

#include "cli/give_up.h"
#include "cli/secret_output.h"
#include "config/key.h"

int command_genkey(int count, char **arguments)
{
    uint8_t key[KEY_BYTES];
    int status;

    if (!command_takes_nothing(count, arguments, &status))
        return status;
    give_up(GIVE_UP_ALL);
    key_generate_private(key);
    status = secret_output_print(key, "private_key");
    key_wipe(key, sizeof(key));
    return status;
}
