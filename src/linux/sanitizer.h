/* SPDX-License-Identifier: MIT
 *
 * Whether this program was built with a sanitizer. Sanitizers make system calls of their own at any time
 * (they read /proc, start a symbolizer, stop all threads with ptrace to look for leaks), so confinement knows
 * of them.
 */
#ifndef VOLE_LINUX_SANITIZER_H
#define VOLE_LINUX_SANITIZER_H

#include <stdbool.h>

static inline bool sanitizer_built_in(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||
           __has_feature(memory_sanitizer);
#else
    return false;
#endif
}

#endif
