/* SPDX-License-Identifier: MIT
 *
 * A key in a file: what may follow it, what is none, that an empty file takes a key away and an empty pipe
 * does not, and that nothing of it stays behind.
 */
#include "cli/key_file.h"

#include "stack_search.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_TEXT "WltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHk=" /* 0x5a, 0x5b, ... 0x79 */

static char path[] = "/tmp/key_file_test.XXXXXX";
static int silenced; /* stderr as it was */

static int begin(void **state)
{
    int descriptor = mkstemp(path);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    if (descriptor < 0 || nowhere < 0)
        return -1;
    (void)close(descriptor);
    silenced = dup(STDERR_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)close(nowhere);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)dup2(silenced, STDERR_FILENO);
    (void)close(silenced);
    return unlink(path);
}

static void write_file(const char *text, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void assert_read(const char *text, bool readable, uint8_t first)
{
    uint8_t key[VOLE_KEY_BYTES];

    write_file(text, strlen(text));
    memset(key, 0xff, sizeof(key));
    assert_int_equal(key_file_read(key, path, ""), readable);
    for (size_t i = 0; i < sizeof(key); i++)
        assert_int_equal(key[i], first == 0 ? 0 : first + i);
}

static void only_white_space_may_follow(void **state)
{
    char text[600];

    (void)state;
    assert_read(KEY_TEXT, true, 0x5a);
    assert_read(KEY_TEXT "\n", true, 0x5a);
    assert_read(KEY_TEXT " \t\r\n\v\f", true, 0x5a);
    assert_read(KEY_TEXT "x", false, 0);
    assert_read(KEY_TEXT "\n\nx", false, 0);
    for (size_t spaces = 60; spaces < 200; spaces++) {
        (void)snprintf(text, sizeof(text), KEY_TEXT "%*s", (int)spaces, "");
        assert_read(text, true, 0x5a);
        (void)snprintf(text, sizeof(text), KEY_TEXT "%*s", (int)spaces, "=");
        assert_read(text, false, 0);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    assert_read("\n", false, 0);
    assert_read("W", false, 0);
    assert_read(" " KEY_TEXT, false, 0);
    assert_read("*" KEY_TEXT, false, 0);
    assert_read("WltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHk", false, 0);
    assert_read("*ltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHk=", false, 0);
}

static void empty_file_is_no_key_and_empty_pipe_an_error(void **state)
{
    uint8_t key[VOLE_KEY_BYTES];
    char pipe_path[64];
    int ends[2];

    (void)state;
    assert_read("", true, 0);
    assert_true(key_file_read(key, "/dev/null", ""));
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)snprintf(pipe_path, sizeof(pipe_path), "/proc/self/fd/%d", ends[0]);
    (void)close(ends[1]);
    assert_false(key_file_read(key, pipe_path, ""));
    (void)close(ends[0]);
}

static void what_cannot_be_read_is_refused(void **state)
{
    uint8_t key[VOLE_KEY_BYTES];

    (void)state;
    assert_false(key_file_read(key, "/nothing/there", ""));
    assert_false(key_file_read(key, "/", ""));
    assert_false(key_file_read(key, "", ""));
    assert_false(key_file_read(key, KEY_TEXT, ""));
}

/* ---- secrets ---- */

static uint8_t key_read[VOLE_KEY_BYTES];
static bool forgetful; /* plant an error: a copy stays on the stack */

static void read_key(void)
{
    char copy[64];

    memset(copy, 0, sizeof(copy));
    assert_true(key_file_read(key_read, path, ""));
    if (forgetful)
        memcpy(copy, KEY_TEXT, 44);
    keep(copy);
}

static bool something_stays(void)
{
    uint8_t *stack = stack_after(read_key);
    bool found = stack_contains(stack, (const uint8_t *)KEY_TEXT) || stack_contains(stack, key_read);

    assert_int_equal(munmap(stack, STACK_BYTES), 0);
    return found;
}

static void nothing_stays_on_the_stack(void **state)
{
    (void)state;
    /* A sanitizer's own functions save registers, with parts of keys in them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    write_file(KEY_TEXT "\n", 45);
    forgetful = true;
    assert_true(something_stays());
    forgetful = false;
    assert_false(something_stays());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_white_space_may_follow),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(empty_file_is_no_key_and_empty_pipe_an_error),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(nothing_stays_on_the_stack),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
