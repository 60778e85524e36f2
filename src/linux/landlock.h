/* SPDX-License-Identifier: MIT
 *
 * Giving up the file system, for good (Landlock): whoever has called this opens no file any more, makes none
 * and removes none, binds and connects no TCP socket, reaches no abstract UNIX socket and signals nobody
 * outside, each as far as the kernel knows how. What is open stays open.
 *
 * It holds for the calling thread and every thread it starts later; needs no_new_privs.
 */
#ifndef VOLE_LINUX_LANDLOCK_H
#define VOLE_LINUX_LANDLOCK_H

#include "vole.h"

/* The version of the kernel's interface (1 or more), or a negative errno: -ENOSYS, the kernel is older
 * than 5.13 or built without; -EOPNOTSUPP, it is switched off. */
VOLE_MUST_CHECK int landlock_give_up_files(void);
/* The same, but files and directories are read, and nothing else is given up than files: who has called this
 * makes, changes, removes and runs none. */
VOLE_MUST_CHECK int landlock_give_up_changes(void);

#endif
