/* SPDX-License-Identifier: MIT
 *
 * Giving up capabilities, by the system calls themselves: see privileges.h.
 */
#include "linux/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What may never be had again, also by running a program. Without the right to say so, it stays as it is. */
static int capabilities_bound(uint64_t kept, uint64_t effective)
{
    if ((effective & UINT64_C(1) << CAP_SETPCAP) == 0)
        return 0;
    for (long number = 0; number < 64; number++) {
        if ((kept & UINT64_C(1) << number) != 0)
            continue;
        if (prctl(PR_CAPBSET_DROP, number, 0L, 0L, 0L) < 0)
            return errno == EINVAL ? 0 : -errno; /* the kernel has no more of them */
    }
    return 0;
}

static uint64_t capabilities_join(uint32_t low, uint32_t high)
{
    return low | (uint64_t)high << 32;
}

int privileges_keep(const unsigned *capabilities, size_t count)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    uint64_t kept = 0;
    int error;

    if (syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    for (size_t i = 0; i < count; i++)
        kept |= UINT64_C(1) << capabilities[i];
    error = capabilities_bound(kept, capabilities_join(sets[0].effective, sets[1].effective));
    if (error < 0)
        return error;
    /* Those that a program that is run would get; kernels before 4.3 have no such set. */
    if (prctl(PR_CAP_AMBIENT, (long)PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) < 0 && errno != EINVAL)
        return -errno;
    kept &= capabilities_join(sets[0].permitted, sets[1].permitted);
    for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        sets[i] = (struct __user_cap_data_struct){.effective = (uint32_t)(kept >> 32 * i),
                                                  .permitted = (uint32_t)(kept >> 32 * i)};
    return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}
