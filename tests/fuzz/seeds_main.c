/* SPDX-License-Identifier: MIT
 *
 * A fuzz target as an ordinary test: its seeds, then damaged ones, the same at each run: bytes changed,
 * pieces removed, doubled and moved between seeds. No match for libFuzzer, which learns from what it reaches;
 * but it needs nothing, and runs in every build.
 *
 * usage: NAME_seeds DIRECTORY [ROUNDS [NUMBER]]    (another number makes other damage)
 *        NAME_seeds FILE                            (one input)
 */
#include "target.h"

#include <glob.h>
#include <limits.h>
#include <sys/stat.h>

#define MOST_SEEDS 256
#define MOST_BYTES 8192

struct seed {
    uint8_t bytes[MOST_BYTES];
    size_t length;
};

static struct seed seeds[MOST_SEEDS];
static size_t seed_count;
static uint64_t random_state = 0x766f6c65;

#pragma weak LLVMFuzzerInitialize

static size_t random_below(size_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (size_t)((random_state * 0x2545f4914f6cdd1dull >> 33) % bound);
}

static void read_seed(const char *path)
{
    FILE *file = fopen(path, "r");

    target_hold(file != NULL, "a seed can be opened");
    target_hold(seed_count < MOST_SEEDS, "there is room for all seeds");
    seeds[seed_count].length = fread(seeds[seed_count].bytes, 1, MOST_BYTES, file);
    target_hold(feof(file) || fgetc(file) == EOF, "a seed is short");
    seed_count++;
    fclose(file);
}

static void read_seeds(const char *place)
{
    char pattern[PATH_MAX];
    struct stat status;
    glob_t paths;

    target_hold(stat(place, &status) == 0, "there are seeds");
    (void)snprintf(pattern, sizeof pattern, S_ISDIR(status.st_mode) ? "%s/*" : "%s", place);
    target_hold(glob(pattern, 0, NULL, &paths) == 0, "there are seeds");
    for (size_t i = 0; i < paths.gl_pathc; i++)
        read_seed(paths.gl_pathv[i]);
    globfree(&paths);
}

/* Puts a piece in the place of the bytes from at on. */
static void splice(struct seed *input, size_t at, size_t removed, const uint8_t *piece, size_t length)
{
    if (input->length - removed + length > MOST_BYTES)
        return;
    memmove(input->bytes + at + length, input->bytes + at + removed, input->length - at - removed);
    memcpy(input->bytes + at, piece, length);
    input->length = input->length - removed + length;
}

static void damage(struct seed *input)
{
    static const uint8_t words[][4] = {{0}, {255, 255, 255, 255}, {1}, {0, 0, 0, 1}, {128}, "\n", "=", "0"};
    const struct seed *other = &seeds[random_below(seed_count)];
    size_t at = random_below(input->length + 1);
    size_t some = random_below(2) == 0 ? random_below(5) : random_below(80);
    size_t removed = some < input->length - at ? some : input->length - at;
    size_t from = random_below(other->length + 1);
    size_t piece = some < other->length - from ? some : other->length - from;
    uint8_t byte = (uint8_t)random_below(256);
    const uint8_t *word = words[random_below(sizeof words / sizeof words[0])];
    size_t width = (size_t)1 << random_below(3);

    switch (random_below(6)) {
    case 0:
        splice(input, at, removed > 0, &byte, 1);
        break;
    case 1:
        splice(input, at, removed, &byte, 0);
        break;
    case 2:
        splice(input, at, 0, other->bytes + from, piece);
        break;
    case 3:
        splice(input, at, removed, other->bytes + from, piece);
        break;
    case 4:
        if (at < input->length)
            input->bytes[at] ^= (uint8_t)(1u << random_below(8));
        break;
    default:
        splice(input, at, removed < width ? removed : width, word, width);
    }
}

static void run(const struct seed *input)
{
    uint8_t *copy = target_copy(input->bytes, input->length);

    target_hold(LLVMFuzzerTestOneInput(copy, input->length) == 0, "a target says 0");
    free(copy);
}

int main(int count, char **arguments)
{
    static struct seed input;
    unsigned long rounds = count > 2 ? strtoul(arguments[2], NULL, 0) : 0;

    target_hold(count > 1, "usage: NAME_seeds DIRECTORY [ROUNDS [NUMBER]]");
    if (count > 3)
        random_state = strtoull(arguments[3], NULL, 0) | 1;
    if (LLVMFuzzerInitialize != NULL)
        (void)LLVMFuzzerInitialize(&count, &arguments);
    read_seeds(arguments[1]);
    for (size_t i = 0; i < seed_count; i++)
        run(&seeds[i]);
    for (unsigned long round = 0; round < rounds; round++) {
        input = seeds[random_below(seed_count)];
        for (size_t times = 1 + random_below(5); times > 0; times--)
            damage(&input);
        run(&input);
    }
    printf("%zu seeds, %lu damaged ones\n", seed_count, rounds);
    return 0;
}
