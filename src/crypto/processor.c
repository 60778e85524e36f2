/* SPDX-License-Identifier: MIT
 *
 * See processor.h. The C library has asked CPUID and XGETBV already, and remembers; where it does not tell,
 * the compiler's run time asks again, which takes 80 microseconds in a virtual machine, whose host answers
 * each CPUID. Other architectures have no steps yet.
 */
#include "crypto/processor.h"

#include <stdatomic.h>
#include <stdbool.h>
#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif
#endif

static _Atomic(enum processor_step) able = PROCESSOR_PLAIN;
static _Atomic(enum processor_step) allowed = PROCESSOR_AVX512;

#if defined(__x86_64__)
#if defined(CPU_FEATURE_ACTIVE)
/* What CPU_FEATURE_ACTIVE says, whose header shifts a signed 1 by 31 for AVX512VL. */
static bool is_active(unsigned feature)
{
    const struct cpuid_feature *leaf = __x86_get_cpuid_feature_leaf(feature / 128);

    return (leaf->active_array[feature % 128 / 32] >> feature % 32 & 1) != 0;
}

static bool has_avx2(void)
{
    return is_active(x86_cpu_AVX2);
}

static bool has_avx512(void)
{
    return is_active(x86_cpu_AVX512F) && is_active(x86_cpu_AVX512BW) && is_active(x86_cpu_AVX512DQ) &&
           is_active(x86_cpu_AVX512VL) && is_active(x86_cpu_AVX512_IFMA);
}
#else
static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512ifma");
}
#endif
#endif

void processor_look(void)
{
#if defined(__x86_64__)
    enum processor_step step = PROCESSOR_PLAIN;

    if (has_avx2())
        step = has_avx512() ? PROCESSOR_AVX512 : PROCESSOR_AVX2;
    atomic_store_explicit(&able, step, memory_order_relaxed);
#endif
}

enum processor_step processor_step(void)
{
    enum processor_step step = atomic_load_explicit(&able, memory_order_relaxed);
    enum processor_step limit = atomic_load_explicit(&allowed, memory_order_relaxed);

    return step < limit ? step : limit;
}

void processor_limit(enum processor_step step)
{
    atomic_store_explicit(&allowed, step, memory_order_relaxed);
}
