/* SPDX-License-Identifier: MIT
 *
 * Landlock by its three system calls: see landlock.h. glibc has no functions for
 * them. Each version of the interface knows more to forbid, and refuses what it does not know.
 */
#include "linux/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From the kernel's uapi/linux/landlock.h; the numbers are those of all architectures. */
#define LANDLOCK_CREATE_RULESET 444
#define LANDLOCK_ADD_RULE       445
#define LANDLOCK_RESTRICT_SELF  446
#define LANDLOCK_ASK_VERSION    1u
#define LANDLOCK_RULE_BENEATH   1u
#define LANDLOCK_READ_FILE      (1u << 2)
#define LANDLOCK_READ_DIRECTORY (1u << 3)

struct landlock_ruleset {
    uint64_t files;   /* what is forbidden unless a rule allows it: bits of LANDLOCK_ACCESS_FS_* */
    uint64_t network; /* from version 4: bind and connect of TCP */
    uint64_t outside; /* from version 6: abstract UNIX sockets, signals */
};

/* What is allowed to a directory and all below; packed, as the kernel has it. */
struct __attribute__((packed)) landlock_beneath {
    uint64_t allowed;
    int32_t place;
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

/* A new set of rules, that allows nothing of what this version of the kernel knows to forbid. *version: this
 * one. Returns a descriptor or a negative errno. */
static int landlock_forbid(long *version, bool files_only)
{
    struct landlock_ruleset ruleset = {0};
    size_t length = sizeof ruleset.files;
    long fd;

    *version = syscall(LANDLOCK_CREATE_RULESET, NULL, (size_t)0, LANDLOCK_ASK_VERSION);
    if (*version < 1)
        return *version < 0 ? -errno : -ENOSYS;
    ruleset.files = (UINT64_C(1) << landlock_file_rights(*version)) - 1;
    if (*version >= 4 && !files_only) {
        ruleset.network = 3;
        length += sizeof ruleset.network;
    }
    if (*version >= 6 && !files_only) {
        ruleset.outside = 3;
        length += sizeof ruleset.outside;
    }
    fd = syscall(LANDLOCK_CREATE_RULESET, &ruleset, length, 0u);
    return fd < 0 ? -errno : (int)fd;
}

/* Takes the descriptor. */
static int landlock_apply(int fd, long version)
{
    int result = syscall(LANDLOCK_RESTRICT_SELF, fd, 0u) < 0 ? -errno : (int)version;

    (void)close(fd);
    return result;
}

int landlock_give_up_files(void)
{
    long version;
    int fd = landlock_forbid(&version, false);

    return fd < 0 ? fd : landlock_apply(fd, version);
}

int landlock_give_up_changes(void)
{
    struct landlock_beneath all = {.allowed = LANDLOCK_READ_FILE | LANDLOCK_READ_DIRECTORY};
    long version;
    int fd = landlock_forbid(&version, true);
    int error = 0;

    if (fd < 0)
        return fd;
    all.place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (all.place < 0 || syscall(LANDLOCK_ADD_RULE, fd, LANDLOCK_RULE_BENEATH, &all, 0u) < 0)
        error = -errno;
    if (all.place >= 0)
        (void)close(all.place);
    if (error < 0) {
        (void)close(fd);
        return error;
    }
    return landlock_apply(fd, version);
}
