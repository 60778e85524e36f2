/* SPDX-License-Identifier: MIT
 *
 * The name of the interface that a command is to change, as it was written on the command line.
 */
#ifndef CLI_INTERFACE_ARGUMENT_H
#define CLI_INTERFACE_ARGUMENT_H

#include "cli/device.h"
#include "vole.h"

#include <stdbool.h>

/* A name that is too long is none, and false comes with a message; but called as wg it is cut, as wg does.
 * Whether there is such an interface is not asked. Spec: config §2. */
VOLE_MUST_CHECK bool interface_argument_read(char name[static DEVICE_NAME_BYTES], const char *word);

#endif
