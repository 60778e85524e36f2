/* SPDX-License-Identifier: MIT
 *
 * See processor.h. The compiler's run time asks CPUID and XGETBV; other architectures have no steps yet.
 */
#include "crypto/processor.h"

#include <stdatomic.h>

static _Atomic(enum processor_step) able = PROCESSOR_PLAIN;
static _Atomic(enum processor_step) allowed = PROCESSOR_AVX512;

void processor_look(void)
{
#if defined(__x86_64__)
    enum processor_step step = PROCESSOR_PLAIN;

    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        step = PROCESSOR_AVX2;
    if (step == PROCESSOR_AVX2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512ifma"))
        step = PROCESSOR_AVX512;
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
