/* SPDX-License-Identifier: MIT
 *
 * Starts the primitives: picks the fastest implementation for this processor and opens the randomness
 * source.
 *
 * Every program calls crypto_start() before anything else of this room and before it gives up privileges
 * or closes its doors with a system call filter: the choice is made, and a fallback for a missing
 * getrandom() is opened, here and never later. All other functions of the room are then safe in any thread.
 */
#ifndef CRYPTO_START_H
#define CRYPTO_START_H

#include "vole.h"

/* Once per process; calling it again, also from several threads at once, is harmless.
 * 0, or -ENOSYS: the library of primitives cannot run here. */
VOLE_MUST_CHECK int crypto_start(void);

#endif
