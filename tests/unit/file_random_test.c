/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's properties (tests/fuzz/file_properties.h) for its seeds, and for many damaged ones: bytes
 * changed, pieces removed, doubled, moved between seeds, words of the language put in. The same texts at each
 * run; a number as first argument makes others.
 */
#include "../fuzz/file_properties.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       20000
#define MOST_SEEDS   32
#define MOST_BYTES   4096

struct seed {
    char bytes[MOST_BYTES];
    size_t length;
};

static struct seed seeds[MOST_SEEDS];
static size_t seed_count;
static uint64_t random_state = 0x766f6c65;

static uint32_t random_below(size_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545f4914f6cdd1dull >> 33) % (uint32_t)bound;
}

static int read_seeds(void **state)
{
    glob_t paths;

    (void)state;
    assert_int_equal(glob(SEEDS_DIR "/*", 0, NULL, &paths), 0);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        FILE *file = fopen(paths.gl_pathv[i], "r");

        assert_non_null(file);
        assert_true(seed_count < MOST_SEEDS);
        seeds[seed_count].length = fread(seeds[seed_count].bytes, 1, MOST_BYTES, file);
        assert_in_range(seeds[seed_count].length, 1, MOST_BYTES - 1);
        seed_count++;
        fclose(file);
    }
    globfree(&paths);
    return 0;
}

/* Puts piece in the place of the bytes from at on. */
static void splice(struct seed *text, size_t at, size_t removed, const char *piece, size_t length)
{
    if (text->length - removed + length > MOST_BYTES)
        return;
    memmove(text->bytes + at + length, text->bytes + at + removed, text->length - at - removed);
    memcpy(text->bytes + at, piece, length);
    text->length = text->length - removed + length;
}

static void damage(struct seed *text)
{
    static const char *const words[] = {"\n",
                                        "\n\n",
                                        "#",
                                        "=",
                                        ",",
                                        " ",
                                        "\t",
                                        "\r",
                                        "[",
                                        "]",
                                        ":",
                                        "/",
                                        "%",
                                        "+",
                                        "-",
                                        "0x",
                                        "off",
                                        "\n[Peer]\n",
                                        "\n[Interface]\n",
                                        "\n# Name = x\n",
                                        "#vole:Endpoint=a:1\n"};
    const struct seed *other = &seeds[random_below(seed_count)];
    size_t at = random_below(text->length + 1);
    size_t some = random_below(2) == 0 ? random_below(4) : random_below(60);
    size_t removed = some < text->length - at ? some : text->length - at;
    size_t from = random_below(other->length);
    size_t piece = some < other->length - from ? some : other->length - from;
    char byte = (char)random_below(256);
    const char *word = words[random_below(COUNT(words))];

    switch (random_below(6)) {
    case 0:
        splice(text, at, removed > 0, &byte, 1);
        break;
    case 1:
        splice(text, at, removed, "", 0);
        break;
    case 2:
        splice(text, at, 0, other->bytes + from, piece);
        break;
    case 3:
        splice(text, at, removed, other->bytes + from, piece);
        break;
    case 4:
        splice(text, at, 0, word, strlen(word));
        break;
    default:
        splice(text, at, removed > 0, word, strlen(word));
    }
}

/* On a heap block of exactly its length, so that a sanitizer sees each read beyond. */
static bool check(const struct seed *text)
{
    char *copy = malloc(text->length + (text->length == 0));
    bool accepted;

    assert_non_null(copy);
    memcpy(copy, text->bytes, text->length);
    accepted = file_properties_check(copy, text->length);
    free(copy);
    return accepted;
}

static void the_seeds(void **state)
{
    size_t accepted = 0;

    (void)state;
    for (size_t i = 0; i < seed_count; i++)
        accepted += check(&seeds[i]);
    assert_in_range(accepted, 1, seed_count - 1);
}

static void damaged_seeds(void **state)
{
    static struct seed text;
    unsigned accepted = 0;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        text = seeds[random_below(seed_count)];
        for (uint32_t times = random_below(5); times > 0; times--)
            damage(&text);
        accepted += check(&text);
    }
    assert_in_range(accepted, ROUNDS / 100, ROUNDS - ROUNDS / 100);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seeds),
        cmocka_unit_test(damaged_seeds),
    };

    if (count > 1)
        random_state = strtoull(arguments[1], NULL, 0) | 1;
    return cmocka_run_group_tests(tests, read_seeds, NULL);
}
