/* SPDX-License-Identifier: MIT
 *
 * Landlock by its three system calls, of which two are needed: see landlock.h. glibc has no functions for
 * them. Each version of the interface knows more to forbid, and refuses what it does not know.
 */
#include "linux/landlock.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From the kernel's uapi/linux/landlock.h; the numbers are those of all architectures. */
#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_RESTRICT_SELF  446
#define LANDLOCK_ASK_VERSION    1u

struct landlock_ruleset {
    uint64_t files;   /* what is forbidden unless a rule allows it: bits of LANDLOCK_ACCESS_FS_* */
    uint64_t network; /* from version 4: bind and connect of TCP */
    uint64_t outside; /* from version 6: abstract UNIX sockets, signals */
};

/* How many kinds of access to files each version knows. */
static unsigned landlock_file_rights(long version)
{
    if (version >= 5)
        return 16; /* ioctl on devices */
    if (version >= 3)
        return 15; /* truncate */
    return version == 2 ? 14 /* rename to another directory */ : 13;
}

int landlock_give_up_files(void)
{
    long version = syscall(LANDLOCK_CREATE_RULESET, NULL, (size_t)0, LANDLOCK_ASK_VERSION);
    struct landlock_ruleset ruleset = {0};
    size_t length = sizeof ruleset.files;
    long fd, result;

    if (version < 1)
        return version < 0 ? -errno : -ENOSYS;
    ruleset.files = (UINT64_C(1) << landlock_file_rights(version)) - 1;
    if (version >= 4) {
        ruleset.network = 3;
        length += sizeof ruleset.network;
    }
    if (version >= 6) {
        ruleset.outside = 3;
        length += sizeof ruleset.outside;
    }
    fd = syscall(LANDLOCK_CREATE_RULESET, &ruleset, length, 0u);
    if (fd < 0)
        return -errno;
    result = syscall(LANDLOCK_RESTRICT_SELF, (int)fd, 0u) < 0 ? -errno : version;
    (void)close((int)fd);
    return (int)result;
}
