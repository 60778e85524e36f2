/* SPDX-License-Identifier: MIT
 *
 * What is checked for constant time: each primitive that touches a secret, once per kernel that it has.
 *
 * A case keeps its inputs in two places: what is in `secret` may influence neither a branch nor an address,
 * all else is public. fill() puts secrets there, chosen by a variant; prepare() makes the public inputs that
 * go with them (ciphertexts); run() is what is watched. Verdicts are public once they are reached, so a case
 * has one verdict whatever the variant: one case opens packets, another refuses them, with the forgery in
 * another place for each variant.
 *
 * Planted cases are wrong on purpose, and show that the checks can fail.
 */
#ifndef CASES_H
#define CASES_H

#include "crypto/aead.h"
#include "crypto/processor.h"

#define CASES_VARIANTS 5 /* secrets all zero, random, all ones, random, random */
#define CASES_LANES    17
#define CASES_BYTES    700

/* Ways to check, see main.c. */
enum { MEMCHECK = 1, TRACES = 2, BOTH = MEMCHECK | TRACES };

struct secret_case {
    const char *name;
    enum processor_step step; /* runs where the processor has this, limited to this */
    unsigned ways;            /* that check it; valgrind knows no AVX-512, and long traces take long */
    void (*prepare)(unsigned variant); /* NULL: nothing to prepare */
    void (*run)(void);
    unsigned variants; /* compared by traces; 0: all */
};

/* Everything secret. */
struct cases_secret {
    uint8_t key[32];
    uint8_t keys[CASES_LANES][32];
    uint8_t same[2][32];                     /* equal to each other */
    uint8_t bytes[CASES_LANES][CASES_BYTES]; /* plaintexts */
};
extern struct cases_secret secret;

extern const struct secret_case cases[];
extern const unsigned cases_count;
extern const struct secret_case planted_cases[];
extern const unsigned planted_count;

/* Fills `secret` and lets the case prepare. */
void case_fill(const struct secret_case *tested, unsigned variant);

#endif
