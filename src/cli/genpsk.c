/* SPDX-License-Identifier: MIT
 *
 * vole genpsk: a new preshared key. Spec: config §2.
 */
#include "cli/command.h"

#include "cli/give_up.h"
#include "cli/secret_output.h"
#include "config/key.h"

int command_genpsk(int count, char **arguments)
{
    uint8_t key[KEY_BYTES];
    int status;

    if (!command_takes_nothing(count, arguments, &status))
        return status;
    give_up(GIVE_UP_ALL);
    key_generate_preshared(key);
    status = secret_output_print(key, "preshared_key");
    key_wipe(key, sizeof(key));
    return status;
}
