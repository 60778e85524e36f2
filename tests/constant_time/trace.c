/* SPDX-License-Identifier: MIT
 *
 * See trace.h.
 */
#include "trace.h"

#include "instruction.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#define HANDLER_STACK_BYTES ((size_t)256 * 1024)

/* One instruction: where it is, and a digest of the registers that it exposes. */
struct step {
    uintptr_t place;
    uint64_t exposed;
};

/* Numbers of registers in encodings, as the kernel saves them. */
static const int saved[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct step *steps;
static size_t remembered;
static bool is_first;
static struct trace current;

static uint64_t exposed_digest(const gregset_t registers, uint16_t exposed)
{
    uint64_t digest = exposed;

    for (unsigned i = 0; i < 16; i++) {
        if (exposed >> i & 1)
            digest = (digest ^ (uint64_t)registers[saved[i]]) * UINT64_C(0x9e3779b97f4a7c15);
        digest ^= digest >> 29;
    }
    return digest;
}

static void step_compare(const struct step *step, size_t number)
{
    if (current.differs ||
        (number < remembered && steps[number].place == step->place && steps[number].exposed == step->exposed))
        return;
    current.differs = true;
    current.differs_step = number;
    current.at = step->place;
    current.at_first = number < remembered ? steps[number].place : 0;
}

static void step_take(int signal, siginfo_t *information, void *context)
{
    const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
    const uintptr_t place = (uintptr_t)registers[REG_RIP];
    const struct instruction_exposure exposure = instruction_exposes((const uint8_t *)place);
    const struct step step = {place, exposed_digest(registers, exposure.registers)};
    const size_t number = current.steps++;

    (void)signal;
    (void)information;
    if (exposure.gathers)
        current.gather = place;
    if (number >= TRACE_STEPS_MAX)
        current.too_long = true;
    else if (is_first)
        steps[number] = step;
    else
        step_compare(&step, number);
}

int trace_start(void)
{
    struct sigaction action = {.sa_sigaction = step_take, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_sp = malloc(HANDLER_STACK_BYTES), .ss_size = HANDLER_STACK_BYTES};

    steps = malloc(TRACE_STEPS_MAX * sizeof(*steps));
    if (!steps || !stack.ss_sp)
        return -ENOMEM;
    if (sigaltstack(&stack, NULL) < 0 || sigaction(SIGTRAP, &action, NULL) < 0)
        return -errno;
    return 0;
}

/* The flags are changed through the stack, below what a leaf function may keep under its pointer. */
static inline void trap_flag_set(void)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "leaq 128(%%rsp), %%rsp"
                     :
                     :
                     : "cc", "memory");
}

static inline void trap_flag_clear(void)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "andq $~0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "leaq 128(%%rsp), %%rsp"
                     :
                     :
                     : "cc", "memory");
}

__attribute__((noinline)) static void trace_between(void (*function)(void))
{
    trap_flag_set();
    function();
    trap_flag_clear();
}

struct trace trace_run(void (*function)(void), bool first)
{
    current = (struct trace){0};
    is_first = first;
    trace_between(function);
    if (first)
        remembered = current.steps;
    else if (!current.differs && current.steps != remembered) {
        current.differs = true;
        current.differs_step = current.steps;
    }
    return current;
}
