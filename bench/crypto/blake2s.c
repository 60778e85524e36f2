/* SPDX-License-Identifier: MIT
 *
 * usage: blake2s
 *
 * Nanoseconds per message of what handshakes hash: mac1 of an initiation under a cached key, HASH of 32 + 48
 * bytes, and KDF2 of a Diffie-Hellman; for batches of 1 to 16, with portable C, AVX2 and AVX-512 as far as
 * this processor goes; one core. Of many short measurements the fastest counts.
 */
#include "crypto/blake2s.h"
#include "crypto/kdf.h"
#include "crypto/processor.h"
#include "crypto/start.h"

#include <stdio.h>
#include <time.h>

#define MOST           16
#define MEASUREMENTS   40
#define MEASUREMENT_NS 1000000

static uint8_t messages[MOST][148], keys[MOST][32], outputs[MOST][2][32];
static struct blake2s_keyed keyed;
static struct blake2s_job hash_jobs[MOST];
static struct kdf_job kdf_jobs[MOST];

static void mac1(size_t count)
{
    blake2s_keyed_mac_batch(&keyed, hash_jobs, count, 116);
}

static void hash(size_t count)
{
    blake2s_hash2_batch(hash_jobs, count, 32, 48);
}

static void kdf(size_t count)
{
    kdf_batch(kdf_jobs, count, 2, 32);
}

static const struct {
    const char *name;
    void (*run)(size_t count);
} works[] = {{"mac1 of 116 bytes", mac1}, {"HASH of 80 bytes", hash}, {"KDF2", kdf}};

static const size_t counts[] = {1, 2, 4, 8, 16};

static uint64_t now_ns(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Nanoseconds per message. */
static double measure(void (*run)(size_t count), size_t count)
{
    double best = 0;

    for (int i = 0; i < MEASUREMENTS; i++) {
        const uint64_t begin = now_ns();
        uint64_t taken;
        size_t batches = 0;
        double each;

        do {
            for (int k = 0; k < 100; k++)
                run(count);
            batches += 100;
            taken = now_ns() - begin;
        } while (taken < MEASUREMENT_NS);
        each = (double)taken / (double)(batches * count);
        if (i == 0 || each < best)
            best = each;
    }
    return best;
}

static void print_step(enum processor_step step, const char *name)
{
    processor_limit(step);
    if (processor_step() != step)
        return;
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        (void)printf("%-20s%-12s", works[i].name, name);
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
            (void)printf(" %7.0f", measure(works[i].run, counts[k]));
        (void)printf("\n");
    }
}

int main(void)
{
    if (crypto_start() != 0)
        return 1;
    blake2s_keyed_init(&keyed, keys[0], sizeof keys[0]);
    for (size_t i = 0; i < MOST; i++) {
        hash_jobs[i] = (struct blake2s_job){.hash = outputs[i][0], .a = messages[i], .b = messages[i]};
        kdf_jobs[i] =
            (struct kdf_job){.key = keys[i], .input = messages[i], .t = {outputs[i][0], outputs[i][1]}};
    }
    (void)printf("%-32s", "ns per message, batches of");
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        (void)printf(" %7zu", counts[k]);
    (void)printf("\n");
    print_step(PROCESSOR_PLAIN, "portable");
    print_step(PROCESSOR_AVX2, "AVX2");
    print_step(PROCESSOR_AVX512, "AVX-512");
    return 0;
}
