/* SPDX-License-Identifier: MIT
 *
 * What a process may do because of who it is: its user, its capabilities, and that it can become nobody else.
 *
 * All of it is meant for a process with one thread; the capabilities are that thread's, and those of threads
 * it starts later. Results: 0 or a negative errno.
 */
#ifndef VOLE_LINUX_PRIVILEGES_H
#define VOLE_LINUX_PRIVILEGES_H

#include "vole.h"

#include <stddef.h>
#include <sys/types.h>

struct privileges_user {
    uid_t user;
    gid_t group;
};

/* Looks in /etc/passwd, where system users are, and nowhere else: asking all that nsswitch.conf names would
 * load them into this process. -ENOENT: there is no such user. */
VOLE_MUST_CHECK int privileges_find_user(const char *name, struct privileges_user *found);
/* Becomes that user for good, without supplementary groups. -EPERM: may not; -EINVAL: this user namespace
 * does not have it. On an error nothing has changed but, perhaps, the groups. */
VOLE_MUST_CHECK int privileges_become(const struct privileges_user *user);
/* Gives up all capabilities but these (CAP_* numbers, linux/capability.h), as far as there are any, and the
 * right to ever get others back. Errors: what the kernel refused. */
VOLE_MUST_CHECK int privileges_keep(const unsigned *capabilities, size_t count);
/* From now on no program that is run can give privileges back. */
VOLE_MUST_CHECK int privileges_no_new(void);
/* Nobody but root can look into this process, and a crash leaves no picture of its memory. */
VOLE_MUST_CHECK int privileges_hide(void);

#endif
