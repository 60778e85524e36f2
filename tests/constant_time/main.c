/* SPDX-License-Identifier: MIT
 *
 * Whether secrets show in branches or addresses, in two ways that know nothing of each other:
 *
 *   constant_time memcheck   to be run by valgrind: secrets count as undefined memory, and memcheck reports
 *                            what branches or forms addresses on undefined values, whatever their value
 *   constant_time traces     runs each case with several secrets, one instruction at a time, and compares the
 *                            instructions and the addresses: also where valgrind cannot follow (AVX-512)
 *
 * A line per case; planted mistakes are ok when they are noticed. Then `N passed, N failed, N skipped`.
 */
#include "cases.h"
#include "crypto/start.h"
#include "trace.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

enum outcome { SOUND, LEAKS, BROKEN };

/* Memcheck's errors name the functions; its count says which case they belong to. */
static enum outcome memcheck_case(const struct secret_case *tested)
{
    const unsigned before = VALGRIND_COUNT_ERRORS;

    case_fill(tested, 1);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(&secret, sizeof(secret));
    tested->run();
    (void)VALGRIND_MAKE_MEM_DEFINED(&secret, sizeof(secret));
    return VALGRIND_COUNT_ERRORS == before ? SOUND : LEAKS;
}

static void place_print(const char *what, uintptr_t place)
{
    Dl_info object = {0};

    if (place != 0 && dladdr((const void *)place, &object) != 0)
        printf("    %s %s+0x%zx %s\n", what, object.dli_fname, place - (uintptr_t)object.dli_fbase,
               object.dli_sname ? object.dli_sname : "");
}

static enum outcome trace_judge(const struct trace *trace, unsigned variant)
{
    if (trace->too_long) {
        printf("    more than %zu instructions\n", TRACE_STEPS_MAX);
        return BROKEN;
    }
    if (trace->gather != 0) {
        place_print("addresses from a vector:", trace->gather);
        return LEAKS;
    }
    if (!trace->differs)
        return SOUND;
    printf("    secret %u differs at step %zu of %zu%s\n", variant, trace->differs_step, trace->steps,
           trace->at == trace->at_first ? ", in an address or a divisor" : "");
    place_print("here", trace->at);
    place_print("with secret 0", trace->at_first);
    return LEAKS;
}

static enum outcome traces_case(const struct secret_case *tested)
{
    const unsigned variants = tested->variants != 0 ? tested->variants : CASES_VARIANTS;

    case_fill(tested, 0);
    tested->run(); /* whatever is only done once is done now */
    for (unsigned variant = 0; variant < variants; variant++) {
        struct trace trace;
        enum outcome outcome;

        case_fill(tested, variant);
        trace = trace_run(tested->run, variant == 0);
        outcome = trace_judge(&trace, variant);
        if (outcome != SOUND)
            return outcome;
        if (variant == 0)
            printf("    %zu instructions\n", trace.steps);
    }
    return SOUND;
}

/* Counts of what passed, failed and was skipped. */
static unsigned counts[3];

static void case_check(const struct secret_case *tested, unsigned way, enum outcome expected)
{
    enum outcome outcome;

    if (!(tested->ways & way))
        return;
    processor_limit(PROCESSOR_AVX512);
    if (processor_step() < tested->step) {
        printf("skipped  %s: this processor has no such instructions\n", tested->name);
        counts[2]++;
        return;
    }
    processor_limit(tested->step);
    outcome = way == MEMCHECK ? memcheck_case(tested) : traces_case(tested);
    printf("%-8s %s\n", outcome == expected ? "ok" : "FAILED", tested->name);
    counts[outcome == expected ? 0 : 1]++;
}

static void cases_check(unsigned way)
{
    for (unsigned i = 0; i < planted_count; i++)
        case_check(&planted_cases[i], way, LEAKS);
    for (unsigned i = 0; i < cases_count; i++)
        case_check(&cases[i], way, SOUND);
}

int main(int count, char **arguments)
{
    const char *mode = count == 2 ? arguments[1] : "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (crypto_start() < 0)
        return 2;
    if (strcmp(mode, "memcheck") == 0 && RUNNING_ON_VALGRIND) {
        cases_check(MEMCHECK);
    } else if (strcmp(mode, "traces") == 0 && !RUNNING_ON_VALGRIND && trace_start() == 0) {
        cases_check(TRACES);
    } else {
        fprintf(stderr, "usage: valgrind constant_time memcheck, or constant_time traces\n");
        return 2;
    }
    printf("%u passed, %u failed, %u skipped\n", counts[0], counts[1], counts[2]);
    return counts[1] != 0;
}
