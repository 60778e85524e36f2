/* SPDX-License-Identifier: MIT
 *
 * See cases.h: mistakes of every kind that the checks are for.
 */
#include "cases.h"

#include <immintrin.h>

static volatile uint32_t sink;
static uint32_t table[256];

static void branch_run(void)
{
    if (secret.key[5] & 1)
        __asm__ volatile("nop");
}

static void early_exit_run(void)
{
    size_t i = 0;

    while (i < 32 && secret.same[0][i] == secret.same[1][i])
        i++;
    sink = (uint32_t)i;
}

static void early_exit_prepare(unsigned variant)
{
    secret.same[1][variant * 7] ^= 1;
}

static void lookup_run(void)
{
    sink = *(volatile uint32_t *)&table[secret.key[5]];
}

/* A load of 32 bytes, its address in two registers. */
__attribute__((target("avx2"))) static void vector_lookup_run(void)
{
    size_t at = secret.key[5] & 128u;

    __asm__ volatile("vmovdqu (%0,%1), %%ymm0\n\tvzeroupper" : : "r"(table), "r"(at) : "xmm0");
}

__attribute__((target("avx2"))) static void gather_run(void)
{
    const __m256i places = _mm256_set1_epi32(secret.key[5]);
    const __m256i found = _mm256_i32gather_epi32((const int *)table, places, 4);

    sink = (uint32_t)_mm256_extract_epi32(found, 3);
}

/* The same with what only AVX-512 has: more registers, other encodings. */
__attribute__((target("avx512f"))) static void wide_lookup_run(void)
{
    size_t at = secret.key[5] & 128u;

    __asm__ volatile("vmovdqu64 64(%0,%1), %%zmm17\n\tvpxorq %%zmm17, %%zmm17, %%zmm17"
                     :
                     : "r"(table), "r"(at)
                     : "xmm17");
}

__attribute__((target("avx512f"))) static void wide_gather_run(void)
{
    const __m512i places = _mm512_set1_epi32(secret.key[5]);

    sink = (uint32_t)_mm512_reduce_add_epi32(_mm512_i32gather_epi32(places, table, 4));
}

/* Valgrind has no opinion on divisions. */
static void division_run(void)
{
    volatile uint32_t divisor = secret.key[5] + 1u;

    sink = 1000003u / divisor;
}

const struct secret_case planted_cases[] = {
    {"planted branch", PROCESSOR_PLAIN, BOTH, NULL, branch_run, 0},
    {"planted early exit", PROCESSOR_PLAIN, BOTH, early_exit_prepare, early_exit_run, 0},
    {"planted lookup", PROCESSOR_PLAIN, BOTH, NULL, lookup_run, 0},
    {"planted vector lookup", PROCESSOR_AVX2, BOTH, NULL, vector_lookup_run, 0},
    {"planted gather", PROCESSOR_AVX2, BOTH, NULL, gather_run, 0},
    {"planted wide lookup", PROCESSOR_AVX512, TRACES, NULL, wide_lookup_run, 0},
    {"planted wide gather", PROCESSOR_AVX512, TRACES, NULL, wide_gather_run, 0},
    {"planted division", PROCESSOR_PLAIN, TRACES, NULL, division_run, 0},
};
const unsigned planted_count = sizeof(planted_cases) / sizeof(planted_cases[0]);
