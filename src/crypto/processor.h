/* SPDX-License-Identifier: MIT
 *
 * What this processor can do beyond plain C, as far as this room has code for it.
 *
 * Three steps, each with all of the one before: nothing special (libsodium and portable C do the work);
 * AVX2; and AVX-512 with F, BW, DQ, VL and IFMA. Found out once, by crypto_start(); before that it is
 * PROCESSOR_PLAIN, which is always right. Whether the system saves the wide registers is part of the answer.
 *
 * A program may give up steps (voled's --no-avx512 and --no-avx2, tests, benchmarks), best before it starts
 * threads: whoever is inside a primitive at that moment finishes what it began.
 */
#ifndef CRYPTO_PROCESSOR_H
#define CRYPTO_PROCESSOR_H

enum processor_step { PROCESSOR_PLAIN, PROCESSOR_AVX2, PROCESSOR_AVX512 };

/* What may be used. Any thread. */
enum processor_step processor_step(void);
/* From now on uses nothing above step, however much the processor can. A higher step again allows what it
 * can. Any thread. */
void processor_limit(enum processor_step step);
/* Looks at the processor; crypto_start() does it. */
void processor_look(void);

#endif
