/* SPDX-License-Identifier: MIT
 *
 * Being root, for commands that change the system's network.
 */
#ifndef CLI_ROOT_H
#define CLI_ROOT_H

#include "vole.h"

#include <stdbool.h>

/* True: we are. Else, where somebody sits at a terminal and there is sudo, the same command is run by sudo
 * and this does not return; without a terminal, false, after a message that says what to type. */
VOLE_MUST_CHECK bool root_is_given(int count, char **arguments);

#endif
