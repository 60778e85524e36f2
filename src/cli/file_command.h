/* SPDX-License-Identifier: MIT
 *
 * What setconf, addconf and syncconf do alike: `COMMAND INTERFACE FILE` is read first, completely, and then
 * one change is applied. One thread. Spec: config §2, §5.
 */
#ifndef CLI_FILE_COMMAND_H
#define CLI_FILE_COMMAND_H

#include "cli/device.h"
#include "config/change.h"
#include "vole.h"

#include <stdbool.h>

/* Reads the arguments and the file into change, which must be initialised and is to be freed whatever the
 * result. False: a message or the usage was printed, and *status is what to return. */
VOLE_MUST_CHECK bool file_command_begin(char interface[static DEVICE_NAME_BYTES], struct change *change,
                                        int count, char **arguments, int *status);
/* What the file does not give of the interface itself is to become nothing: no key, any port, no mark. */
void file_command_reset_device(struct change *change);
/* Applies the change. The command's status. */
int file_command_end(const char *interface, const struct change *change);

#endif
