/* SPDX-License-Identifier: MIT
 *
 * Preloaded into a program: refuses the allocations that a test names, and says which those were.
 *
 * Test and program share a file, SCARCE_FILE: what is asked for is counted there, over forks and threads, and
 * the numbers from `first` to `last` are refused. The test may change both at any time. Only programs whose
 * name is in SCARCE_PROGRAMS (with a comma behind each) are concerned, not what they run. Where the last
 * refusal happened is there, too.
 *
 * Refused are the C library's allocations, whoever makes them (also libraries, and functions that allocate in
 * passing, as strdup and fopen), and anonymous mappings that the program or its libraries ask for by mmap().
 * With a sanitizer built into the program, this file is asked first and passes on to the sanitizer.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLACES 24

/* As the test sees it, all in 64 bits. */
struct scarce {
    _Atomic uint64_t count, first, last, refused;
    uint64_t place_count, place[PLACES]; /* return addresses of the last refusal */
    char names[PLACES][96];              /* object, and offset in it */
};

static struct scarce *scarce;   /* NULL: nothing is refused here */
static _Thread_local bool busy; /* in here */

static struct {
    void *(*malloc)(size_t bytes);
    void *(*calloc)(size_t count, size_t bytes);
    void *(*realloc)(void *old, size_t bytes);
    void *(*aligned_alloc)(size_t alignment, size_t bytes);
    int (*posix_memalign)(void **out, size_t alignment, size_t bytes);
    void (*free)(void *pointer);
    void *(*mmap)(void *where, size_t bytes, int protection, int flags, int file, off_t offset);
} real;

/* For what dlsym() itself asks for. */
static _Alignas(16) char first_bytes[65536];
static size_t first_used;

static void *take_first_bytes(size_t bytes)
{
    char *taken = first_bytes + first_used;

    if (bytes > sizeof first_bytes - first_used)
        abort();
    first_used += (bytes + 15) / 16 * 16;
    return taken;
}

static bool is_first_bytes(const void *pointer)
{
    return (const char *)pointer >= first_bytes && (const char *)pointer < first_bytes + sizeof first_bytes;
}

static void *look_up(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static bool looked_up(void)
{
    static bool looking;

    if (real.free != NULL)
        return true;
    if (looking)
        return false;
    looking = true;
    *(void **)&real.malloc = look_up("malloc");
    *(void **)&real.calloc = look_up("calloc");
    *(void **)&real.realloc = look_up("realloc");
    *(void **)&real.aligned_alloc = look_up("aligned_alloc");
    *(void **)&real.posix_memalign = look_up("posix_memalign");
    *(void **)&real.mmap = look_up("mmap");
    *(void **)&real.free = look_up("free");
    looking = false;
    return true;
}

static bool is_concerned(void)
{
    const char *programs = getenv("SCARCE_PROGRAMS"), *name = program_invocation_short_name;
    size_t length = strlen(name);

    for (; programs != NULL && *programs != '\0'; programs = strchr(programs, ',') + 1)
        if (strncmp(programs, name, length) == 0 && programs[length] == ',')
            return true;
    return false;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SCARCE_FILE");
    void *first[1];
    void *mapped;
    int file;

    (void)looked_up();
    busy = true;
    (void)backtrace(first, 1); /* loads what it needs the first time */
    busy = false;
    if (path == NULL || !is_concerned() || (file = open(path, O_RDWR | O_CLOEXEC)) < 0)
        return;
    mapped = real.mmap(NULL, sizeof *scarce, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    if (mapped != MAP_FAILED)
        scarce = mapped;
}

static void say_where(void)
{
    void *places[PLACES];
    int count = backtrace(places, PLACES);

    for (int i = 0; i < count; i++) {
        char *name = scarce->names[i];
        uint64_t offset = (uintptr_t)places[i];
        size_t used;
        Dl_info found;

        if (dladdr(places[i], &found) == 0)
            found = (Dl_info){.dli_fname = "?"};
        offset -= (uintptr_t)found.dli_fbase;
        used = strnlen(found.dli_fname, sizeof scarce->names[0] - 20);
        memcpy(name, found.dli_fname, used);
        name[used++] = ' ';
        for (int shift = 32; shift >= 0; shift -= 4)
            name[used++] = "0123456789abcdef"[offset >> shift & 15];
        name[used] = '\0';
        scarce->place[i] = (uintptr_t)places[i];
    }
    scarce->place_count = (uint64_t)count;
}

/* Whether a sanitizer asks for itself, which does not live with a refusal: it stands behind us on the stack.
 */
static bool is_for_sanitizer(void)
{
    void *places[PLACES];
    int count = backtrace(places, PLACES);
    const char *own = NULL;
    bool behind = false; /* of our own functions, which the sanitizer's backtrace() is not */
    Dl_info found;

    if (dladdr((void *)(uintptr_t)&begin, &found) != 0)
        own = found.dli_fname;
    for (int i = 0; i < count; i++) {
        if (dladdr(places[i], &found) == 0 || own == NULL)
            continue;
        behind = behind || strcmp(found.dli_fname, own) == 0;
        if (behind && strstr(found.dli_fname, "san.so") != NULL)
            return true;
    }
    return false;
}

static bool refuses(void)
{
    uint64_t number;
    int before = errno;
    bool excused;

    if (scarce == NULL || busy)
        return false;
    number = atomic_fetch_add(&scarce->count, 1) + 1;
    if (number < atomic_load(&scarce->first) || number > atomic_load(&scarce->last))
        return false;
    busy = true;
    excused = is_for_sanitizer();
    if (!excused)
        say_where();
    busy = false;
    errno = before;
    if (excused) { /* the next one, then */
        atomic_fetch_add(&scarce->first, 1);
        atomic_fetch_add(&scarce->last, 1);
        return false;
    }
    atomic_fetch_add(&scarce->refused, 1);
    return true;
}

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes)
{
    if (!looked_up())
        return take_first_bytes(bytes);
    return refuses() ? none() : real.malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    if (!looked_up())
        return take_first_bytes(count * bytes);
    return refuses() ? none() : real.calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    if (!looked_up() || is_first_bytes(old))
        abort();
    return refuses() ? none() : real.realloc(old, bytes);
}

void *reallocarray(void *old, size_t count, size_t bytes)
{
    size_t product;

    if (__builtin_mul_overflow(count, bytes, &product))
        return none();
    return realloc(old, product);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    (void)looked_up();
    return refuses() ? none() : real.aligned_alloc(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    (void)looked_up();
    return refuses() ? ENOMEM : real.posix_memalign(out, alignment, bytes);
}

void free(void *pointer)
{
    if (pointer != NULL && !is_first_bytes(pointer) && looked_up())
        real.free(pointer);
}

void *mmap(void *where, size_t bytes, int protection, int flags, int file, off_t offset)
{
    if ((flags & MAP_ANONYMOUS) != 0 && refuses()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return real.mmap != NULL ? real.mmap(where, bytes, protection, flags, file, offset) : MAP_FAILED;
}

/* What the name above stands for where offsets have 64 bits is another function's name than this. */
void *mmap_by_name(void *where, size_t bytes, int protection, int flags, int file,
                   off_t offset) __asm__("mmap");
void *mmap_by_name(void *where, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return mmap(where, bytes, protection, flags, file, offset);
}
