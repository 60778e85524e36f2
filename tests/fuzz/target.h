/* SPDX-License-Identifier: MIT
 *
 * What every fuzz target (NAME_fuzz.c) has in common: its entry, a way to say what does not hold, and a way
 * to take its input apart. An input that is used up yields zeros, so that every text of bytes means
 * something.
 *
 * Linked with libFuzzer, which looks for inputs that break a property or a sanitizer's rules, a target is
 * `make fuzz`; linked with seeds_main.c, which gives it its seeds and the same few thousand damaged ones each
 * time, it is a unit test in every build. A target must be a function of its input alone: no clock, no
 * chance, and whatever it keeps from one input to the next must not be seen in what it does.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
/* Before the first input; a target that needs nothing leaves it out. */
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* Ends the process with what does not hold, unless it does. */
static inline void target_hold(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* ---- taking an input apart ---- */

struct target_input {
    const uint8_t *next;
    size_t left;
};

/* The next bytes, at most so many; *length says how many there are. They lie in the input. */
static inline const uint8_t *target_take(struct target_input *input, size_t most, size_t *length)
{
    const uint8_t *bytes = input->next;

    *length = most < input->left ? most : input->left;
    input->next += *length;
    input->left -= *length;
    return bytes;
}

/* Fills into from the input, little-endian numbers too; zeros for what it does not have. */
static inline void target_fill(struct target_input *input, void *into, size_t length)
{
    size_t taken;
    const uint8_t *bytes = target_take(input, length, &taken);

    memset(into, 0, length);
    if (taken > 0)
        memcpy(into, bytes, taken);
}

static inline uint8_t target_byte(struct target_input *input)
{
    uint8_t byte;

    target_fill(input, &byte, 1);
    return byte;
}

static inline uint16_t target_number(struct target_input *input)
{
    uint16_t low = target_byte(input);

    return (uint16_t)(low | target_byte(input) << 8);
}

/* A copy of its own of exactly these bytes, so that a sanitizer sees each access beyond; to be freed. */
static inline uint8_t *target_copy(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = calloc(length > 0 ? length : 1, 1);

    target_hold(copy != NULL, "there is memory");
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

#endif
