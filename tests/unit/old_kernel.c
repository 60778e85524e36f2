/* SPDX-License-Identifier: MIT
 *
 * See old_kernel.h.
 */
#include "old_kernel.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the lower half of a system call's argument is. */
static uint32_t old_kernel_argument(unsigned number)
{
    bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

    return (uint32_t)(offsetof(struct seccomp_data, args) + number * sizeof(uint64_t) + (big ? 4 : 0));
}

static bool old_kernel_refuse(uint32_t request, uint32_t bits)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, old_kernel_argument(1)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, request, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, old_kernel_argument(2)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, bits == 0 ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

bool old_kernel_run(uint32_t request, uint32_t bits, bool (*function)(void))
{
    int status;
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(old_kernel_refuse(request, bits) && function() ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
