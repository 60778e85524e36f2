/* SPDX-License-Identifier: MIT
 *
 * Which general registers an x86-64 instruction's time and memory accesses depend on, read from its bytes.
 *
 * Knows where each encoding (plain, VEX, EVEX) keeps its memory operand; displacements need not be known, as
 * they are part of the instruction. Encodings that user programs of today never meet (3DNow, XOP) are not.
 */
#ifndef INSTRUCTION_H
#define INSTRUCTION_H

#include <stdbool.h>
#include <stdint.h>

/* Bit n of registers: the register that encodings number n, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8... */
struct instruction_exposure {
    uint16_t registers; /* make addresses or, in divisions and repetitions, time */
    bool gathers;       /* makes addresses of a vector */
};

/* The instruction that begins at code. */
struct instruction_exposure instruction_exposes(const uint8_t *code);

#endif
