/* SPDX-License-Identifier: MIT
 *
 * usage: x25519 [--json]
 *
 * Microseconds per X25519 exchange of libsodium and of each kernel that this processor can run, for batches
 * of 1 to 64, and of the fixed-base way that public keys are made by; one core. Of many short measurements
 * the fastest counts: what it took when nobody disturbed.
 */
#include "crypto/x25519.h"
#include "crypto/processor.h"
#include "crypto/random.h"
#include "crypto/start.h"
#if defined(__x86_64__)
#include "crypto/x25519_kernels.h"
#endif

#include <stdio.h>
#include <string.h>
#include <time.h>

#define BATCH_MAX      64
#define MEASUREMENTS   40
#define MEASUREMENT_NS 1500000 /* at least as long as this */

struct way {
    const char *name;
    enum processor_step step;
    void (*batch)(struct x25519_job *jobs, size_t count);
};

static void batch_by_library(struct x25519_job *jobs, size_t count)
{
    processor_limit(PROCESSOR_PLAIN);
    x25519_batch(jobs, count);
    processor_limit(PROCESSOR_AVX512);
}

static void batch_of_public_keys(struct x25519_job *jobs, size_t count)
{
    processor_limit(PROCESSOR_PLAIN);
    for (size_t i = 0; i < count; i++)
        x25519_base(jobs[i].shared, jobs[i].private_key);
    processor_limit(PROCESSOR_AVX512);
}

static const struct way ways[] = {
    {"libsodium", PROCESSOR_PLAIN, batch_by_library},
    {"libsodium, public keys", PROCESSOR_PLAIN, batch_of_public_keys},
#if defined(__x86_64__)
    {"AVX2, four lanes", PROCESSOR_AVX2, x25519_avx2_batch},
    {"IFMA, four lanes", PROCESSOR_AVX512, x25519_avx512_half_batch},
    {"IFMA, eight lanes", PROCESSOR_AVX512, x25519_avx512_batch},
#endif
    {"as dispatched", PROCESSOR_PLAIN, x25519_batch},
};

static const size_t counts[] = {1, 2, 4, 8, 16, 64};

static uint8_t private_keys[BATCH_MAX][32];
static uint8_t public_keys[BATCH_MAX][32];
static uint8_t shared[BATCH_MAX][32];
static struct x25519_job jobs[BATCH_MAX];

static uint64_t now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Microseconds per exchange. */
static double measure(const struct way *way, size_t count)
{
    double best = 0;

    for (int i = 0; i < MEASUREMENTS; i++) {
        const uint64_t begin = now_ns();
        uint64_t taken;
        size_t batches = 0;
        double each;

        do {
            way->batch(jobs, count);
            batches++;
            taken = now_ns() - begin;
        } while (taken < MEASUREMENT_NS);
        each = (double)taken / 1e3 / (double)(batches * count);
        if (i == 0 || each < best)
            best = each;
    }
    return best;
}

static void print_row(const struct way *way, bool json, bool first)
{
    if (json)
        printf("%s\n  {\"way\": \"%s\", \"us_per_exchange\": {", first ? "" : ",", way->name);
    else
        printf("%-24s", way->name);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const double each = measure(way, counts[i]);

        if (json)
            printf("%s\"%zu\": %.2f", i == 0 ? "" : ", ", counts[i], each);
        else
            printf(" %7.2f", each);
        (void)fflush(stdout);
    }
    printf(json ? "}}" : "\n");
}

int main(int argc, char **argv)
{
    const bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    bool first = true;

    if (argc > 1 && !json) {
        (void)fprintf(stderr, "usage: x25519 [--json]\n");
        return 2;
    }
    if (crypto_start() != 0)
        return 1;
    random_fill(private_keys[0], sizeof(private_keys));
    random_fill(public_keys[0], sizeof(public_keys));
    for (size_t i = 0; i < BATCH_MAX; i++)
        jobs[i] = (struct x25519_job){shared[i], private_keys[i], public_keys[i], false};
    if (json) {
        printf("[");
    } else {
        printf("microseconds per exchange, exchanges at once:\n%-24s", "");
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            printf(" %7zu", counts[i]);
        printf("\n");
    }
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (ways[i].step > processor_step())
            continue;
        print_row(&ways[i], json, first);
        first = false;
    }
    if (json)
        printf("\n]\n");
    return 0;
}
