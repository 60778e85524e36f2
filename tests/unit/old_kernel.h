/* SPDX-License-Identifier: MIT
 *
 * Pretending to an older kernel: a child process in which some ioctl() is refused, for tests of what is done
 * then. It needs seccomp; without it, the child has failed.
 */
#ifndef TESTS_OLD_KERNEL_H
#define TESTS_OLD_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* Runs function in a child whose ioctl(request) is EINVAL if its argument has one of bits, or, where bits is
 * 0, always. Returns what function returned; false also if the child did not get that far. */
bool old_kernel_run(uint32_t request, uint32_t bits, bool (*function)(void));

#endif
