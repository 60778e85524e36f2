/* SPDX-License-Identifier: MIT
 *
 * A wall clock for voled that the lab sets: the machine's, plus as many seconds as the file named by
 * LAB_CLOCK_SHIFT holds, eight bytes in the machine's order. The file may change at any time.
 * Takes the place of clock_now() in the program that is linked with --wrap=clock_now; the other clocks go on.
 */
#include "linux/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

void __real_clock_now(struct vole_time *now);
void __wrap_clock_now(struct vole_time *now);

static _Atomic int64_t *wrong_clock_shift;

__attribute__((constructor)) static void wrong_clock_open(void)
{
    const char *path = getenv("LAB_CLOCK_SHIFT");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);

    wrong_clock_shift = mmap(NULL, sizeof *wrong_clock_shift, PROT_READ, MAP_SHARED, file, 0);
    if (wrong_clock_shift == MAP_FAILED)
        abort();
}

void __wrap_clock_now(struct vole_time *now)
{
    __real_clock_now(now);
    now->real_s += (uint64_t)*wrong_clock_shift;
}
