/* SPDX-License-Identifier: MIT
 *
 * PreUp, PostUp, PreDown and PostDown: pieces of bash that a file gives, run in order, each by a bash of its
 * own that stops at the first command that fails (-e, pipefail), with extended patterns, as wg-quick has it.
 * "%i" is the interface's name. Spec: config §6.1.
 */
#ifndef CLI_HOOKS_H
#define CLI_HOOKS_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>

/* The file has hooks only if there is a bash to run them. False: a message was printed. */
VOLE_MUST_CHECK bool hooks_can_run(const struct tunnel *tunnel);
/* Stops at the first that fails, or when we are asked to end. False: a message was printed. */
VOLE_MUST_CHECK bool hooks_run(const struct tunnel *tunnel, enum file_hook which);

#endif
