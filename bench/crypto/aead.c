/* SPDX-License-Identifier: MIT
 *
 * usage: aead [--json]
 *
 * Nanoseconds per packet, sealed and opened, and cycles of the time stamp counter per byte sealed, of
 * libsodium and of each batch kernel that this processor can run: packets of 64 to 1420 bytes in batches of 1
 * to 64; one core. Kernels take turns in short rounds, and of the rounds the median counts.
 */
#include "crypto/aead.h"
#include "crypto/processor.h"
#include "crypto/start.h"
#if defined(__x86_64__)
#include "crypto/aead_kernels.h"

#include <x86intrin.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_MAX  64
#define LENGTH_MAX 1420
#define SLOT_BYTES (LENGTH_MAX + AEAD_TAG_BYTES + 16)
#define ROUNDS     21
#define ROUND_NS   250000 /* about this long */
#define KERNELS    3

struct kernel {
    const char *name;
    enum processor_step step;
    void (*seal)(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
    size_t (*open)(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES]);
};

/* What one round of one kernel took per packet. */
struct round {
    double seal_ns;
    double open_ns;
    double seal_cycles;
};

/* Where there are kernels, aead_seal_batch() has to be told to leave them alone. */
static void library_seal(struct aead_packet *packets, size_t count, const uint8_t key[static AEAD_KEY_BYTES])
{
    processor_limit(PROCESSOR_PLAIN);
    aead_seal_batch(packets, count, key);
    processor_limit(PROCESSOR_AVX512);
}

static size_t library_open(struct aead_packet *packets, size_t count,
                           const uint8_t key[static AEAD_KEY_BYTES])
{
    size_t authentic;

    processor_limit(PROCESSOR_PLAIN);
    authentic = aead_open_batch(packets, count, key);
    processor_limit(PROCESSOR_AVX512);
    return authentic;
}

static const struct kernel kernels[] = {
    {"libsodium", PROCESSOR_PLAIN, library_seal, library_open},
#if defined(__x86_64__)
    {"AVX2", PROCESSOR_AVX2, aead_avx2_seal, aead_avx2_open},
    {"AVX-512", PROCESSOR_AVX512, aead_avx512_seal, aead_avx512_open},
#endif
};

static const size_t lengths[] = {64, 128, 576, 1420};
static const size_t counts[] = {1, 2, 4, 8, 16, 43, 64};

static uint8_t slots[BATCH_MAX * SLOT_BYTES];
static struct aead_packet packets[BATCH_MAX];
static uint8_t key[AEAD_KEY_BYTES];

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* 0 where there is no such counter. */
static double now_cycles(void)
{
#if defined(__x86_64__)
    return (double)__rdtsc();
#else
    return 0;
#endif
}

/* One packet after the other, as they lie in a buffer that is sent. */
static void packets_place(size_t length, size_t count)
{
    for (size_t i = 0; i < count; i++)
        packets[i] = (struct aead_packet){slots + 16 + i * (length + AEAD_TAG_BYTES + 16), length, i, false};
}

static struct round round_run(const struct kernel *kernel, size_t count, size_t repeats)
{
    const double each = 1.0 / (double)(repeats * count);
    struct round round;
    double ns = now_ns();
    double cycles = now_cycles();

    for (size_t i = 0; i < repeats; i++)
        kernel->seal(packets, count, key);
    round.seal_cycles = (now_cycles() - cycles) * each;
    round.seal_ns = (now_ns() - ns) * each;
    /* Nothing here is authentic, but that costs the kernels the same; libsodium would stop at the tag. */
    ns = now_ns();
    if (kernel->step != PROCESSOR_PLAIN) {
        for (size_t i = 0; i < repeats; i++)
            (void)kernel->open(packets, count, key);
        round.open_ns = (now_ns() - ns) * each;
        return round;
    }
    round.open_ns = 0;
    for (size_t i = 0; i < repeats; i++) {
        kernel->seal(packets, count, key);
        ns = now_ns();
        (void)kernel->open(packets, count, key);
        round.open_ns += (now_ns() - ns) * each;
    }
    return round;
}

static int number_compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The median of one member of the rounds. */
static double median(const struct round *rounds, size_t member)
{
    double values[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++)
        memcpy(&values[i], (const uint8_t *)&rounds[i] + member, sizeof(double));
    qsort(values, ROUNDS, sizeof(double), number_compare);
    return values[ROUNDS / 2];
}

static void row_print(const struct kernel *kernel, const struct round *rounds, size_t length, size_t count,
                      bool json, bool first)
{
    const double seal_ns = median(rounds, offsetof(struct round, seal_ns));
    const double open_ns = median(rounds, offsetof(struct round, open_ns));
    const double cycles = median(rounds, offsetof(struct round, seal_cycles)) / (double)length;

    if (json)
        printf("%s\n  {\"kernel\": \"%s\", \"bytes\": %zu, \"batch\": %zu, \"seal_ns\": %.1f, "
               "\"open_ns\": %.1f, \"seal_cycles_per_byte\": %.3f}",
               first ? "" : ",", kernel->name, length, count, seal_ns, open_ns, cycles);
    else
        printf("%-10s %5zu %5zu %8.0f %8.0f %8.2f\n", kernel->name, length, count, seal_ns, open_ns, cycles);
}

/* All kernels in turn, round after round. */
static void cell_measure(size_t length, size_t count, bool json, bool first)
{
    const size_t available = sizeof(kernels) / sizeof(kernels[0]);
    static struct round rounds[KERNELS][ROUNDS];
    size_t repeats[KERNELS];

    packets_place(length, count);
    for (size_t k = 0; k < available; k++) {
        if (processor_step() >= kernels[k].step)
            repeats[k] =
                1 + (size_t)(ROUND_NS / (round_run(&kernels[k], count, 8).seal_ns * 2 * (double)count));
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t k = 0; k < available; k++) {
            if (processor_step() >= kernels[k].step)
                rounds[k][round] = round_run(&kernels[k], count, repeats[k]);
        }
    }
    for (size_t k = 0; k < available; k++) {
        if (processor_step() >= kernels[k].step)
            row_print(&kernels[k], rounds[k], length, count, json, first && k == 0);
    }
}

int main(int argc, char **argv)
{
    const bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

    if (argc > 1 && !json) {
        fprintf(stderr, "usage: aead [--json]\n");
        return 2;
    }
    if (crypto_start() != 0) {
        fprintf(stderr, "aead: the crypto library does not start\n");
        return 1;
    }
    if (json)
        printf("[");
    else
        printf("kernel     bytes batch  seal ns  open ns cycles/byte sealed\n");
    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
        for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
            cell_measure(lengths[l], counts[c], json, l == 0 && c == 0);
    }
    if (json)
        printf("\n]\n");
    return 0;
}
