/* SPDX-License-Identifier: MIT
 *
 * Giving up what the processor can do, as programs and embedders do it.
 */
#include "crypto/processor.h"

#include "crypto/start.h"
#include "vole.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

static int allow_everything(void **state)
{
    (void)state;
    processor_limit(PROCESSOR_AVX512);
    return 0;
}

static void a_limit_is_never_exceeded_and_can_be_lifted(void **state)
{
    enum processor_step all = processor_step();

    (void)state;
    for (int limit = PROCESSOR_PLAIN; limit <= PROCESSOR_AVX512; limit++) {
        processor_limit((enum processor_step)limit);
        assert_int_equal(processor_step(), (int)all < limit ? (int)all : limit);
    }
    processor_limit(PROCESSOR_PLAIN);
    assert_int_equal(crypto_start(), 0); /* looking again forgets no limit */
    assert_int_equal(processor_step(), PROCESSOR_PLAIN);
    processor_limit(PROCESSOR_AVX512);
    assert_int_equal(processor_step(), all);
}

static void the_public_limit_is_the_same_one(void **state)
{
    static const enum processor_step steps[] = {[VOLE_VECTORS_NONE] = PROCESSOR_PLAIN,
                                                [VOLE_VECTORS_AVX2] = PROCESSOR_AVX2,
                                                [VOLE_VECTORS_AVX512] = PROCESSOR_AVX512};
    enum processor_step all = processor_step();

    (void)state;
    for (int most = VOLE_VECTORS_NONE; most <= VOLE_VECTORS_AVX512; most++) {
        enum vole_vectors used = vole_limit_vectors((enum vole_vectors)most);

        assert_true((int)used <= most);
        assert_int_equal(processor_step(), steps[used]);
        assert_true(steps[used] == all || (int)used == most);
    }
}

static void what_the_first_cpu_says_is_found(void **state)
{
    bool avx2 = false, avx512 = false;

    (void)state;
#if defined(__x86_64__)
    __builtin_cpu_init();
    avx2 = __builtin_cpu_supports("avx2") != 0;
    avx512 = avx2 && __builtin_cpu_supports("avx512ifma") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
             __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512bw") != 0;
#endif
    assert_int_equal(processor_step(), avx512 ? PROCESSOR_AVX512 : avx2 ? PROCESSOR_AVX2 : PROCESSOR_PLAIN);
}

#define TEST(name) cmocka_unit_test_teardown(name, allow_everything)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_limit_is_never_exceeded_and_can_be_lifted),
        TEST(the_public_limit_is_the_same_one),
        TEST(what_the_first_cpu_says_is_found),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
