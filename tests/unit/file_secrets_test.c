/* SPDX-License-Identifier: MIT
 *
 * Keys leave nothing behind: no memory that is given back has a piece of one in it, neither as text nor as
 * bytes, whatever was wrong with the file; and the stack has none after reading one and comparing it.
 *
 * The linker gives this program the config room's calls of free(), which looks before it frees.
 */
#include "config/change.h"
#include "config/file.h"
#include "config/key.h"

#include "stack_search.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_ONE "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="

void __real_free(void *memory);
void __wrap_free(void *memory);

/* Made anew for each run, so that they are nowhere else. */
static struct {
    char text[2][KEY_BASE64_BYTES];
    uint8_t bytes[2][KEY_BYTES];
} secrets;
static char file_text[800];
static volatile bool looking; /* free() is known to the compiler as one that looks at nothing */
static volatile size_t found_freed;

static bool has_piece(const void *memory, size_t length, const void *secret, size_t secret_length)
{
    for (size_t at = 0; at + WINDOW_BYTES <= secret_length; at++)
        if (memmem(memory, length, (const char *)secret + at, WINDOW_BYTES) != NULL)
            return true;
    return false;
}

static bool has_secret(const void *memory, size_t length)
{
    for (size_t i = 0; i < 2; i++)
        if (has_piece(memory, length, secrets.text[i], KEY_BASE64_LENGTH) ||
            has_piece(memory, length, secrets.bytes[i], KEY_BYTES))
            return true;
    return false;
}

void __wrap_free(void *memory)
{
    if (looking && memory != NULL)
        found_freed += has_secret(memory, malloc_usable_size(memory));
    __real_free(memory);
}

static void make_secrets(void)
{
    key_generate_private(secrets.bytes[0]);
    key_generate_preshared(secrets.bytes[1]);
    for (size_t i = 0; i < 2; i++)
        key_to_base64(secrets.text[i], secrets.bytes[i]);
}

/* Reads the text, makes a change of it, and that change's difference from nothing; all is freed. */
static void use_file(void)
{
    struct model_device running;
    struct change change, difference;
    struct file file;
    struct file_problems problems;

    if (file_parse(&file, "test.conf", file_text, strlen(file_text), FILE_QUICK, &problems) == 0) {
        model_init(&running);
        change_init(&change);
        change_init(&difference);
        (void)!file_change(&file, &change);
        (void)!change_between(&difference, &running, &change, true);
        change_free(&difference);
        change_free(&change);
        model_free(&running);
    }
    file_free(&file);
    file_problems_free(&problems);
}

/* Many peers make arrays grow; the second secret is theirs. */
static void write_good_file(void)
{
    int used = snprintf(file_text, sizeof(file_text),
                        "[Interface]\nPrivateKey = %s\nPostUp = wg set %%i private-key %s\n", secrets.text[0],
                        secrets.text[0]);

    for (int i = 0; i < 3; i++)
        used += snprintf(file_text + used, sizeof(file_text) - (size_t)used,
                         "[Peer]\nPublicKey = " KEY_ONE "\nPresharedKey = %s\n", secrets.text[1]);
}

static void freed_memory_has_no_keys(void **state)
{
    static const char *const formats[] = {
        "[Interface]\nPrivateKey = %s\nPrivateKeyFile = f\n",
        "[Interface]\nPrivateKey = %s%s\n",
        "[Interface]\nPrivateKye = %s\n#%s",
        "[Interface]\nPrivateKey = %.43s\n",
        "[Interface]\nPrivateKeyFile = %s\nPrivateKey = %s\n",
        "[Peer]\nPresharedKeyFile = %s\nPresharedKeyFile = f\n",
        "[Peer]\n# vole:Endpoint = %s:1\n# vole:Endpoint = %s\n",
        "%s\n%s\n",
    };

    (void)state;
    make_secrets();
    write_good_file();
    looking = true;
    use_file();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(file_text, sizeof(file_text), formats[i], secrets.text[0], secrets.text[1]);
#pragma GCC diagnostic pop
        use_file();
        if (found_freed != 0)
            fail_msg("left in memory by %s", formats[i]);
    }
    looking = false;
}

static void a_file_read_from_disk_leaves_none(void **state)
{
    char path[] = "/tmp/vole-file-secrets-XXXXXX";
    int descriptor = mkstemp(path);
    FILE *stream = fdopen(descriptor, "w");
    struct file file;
    struct file_problems problems;

    (void)state;
    assert_non_null(stream);
    make_secrets();
    fprintf(stream, "[Interface]\nPrivateKey = %s\n", secrets.text[0]);
    for (int i = 0; i < 500; i++) /* the buffer grows several times */
        fprintf(stream, "# a comment that is long enough to need more room than there is\n");
    fclose(stream);
    looking = true;
    assert_int_equal(file_read(&file, path, FILE_WG, &problems), 0);
    file_free(&file);
    file_problems_free(&problems);
    looking = false;
    assert_int_equal(found_freed, 0);
    unlink(path);
}

static void the_search_finds_what_is_left(void **state)
{
    char *left;

    (void)state;
    make_secrets();
    left = strdup(secrets.text[1]);
    keep(left);
    looking = true;
    free(left);
    looking = false;
    assert_int_equal(found_freed, 1);
    found_freed = 0;
}

static void leave_on_the_stack(void)
{
    char copy[KEY_BASE64_BYTES];

    memcpy(copy, secrets.text[0], sizeof(copy));
    keep(copy);
}

static void the_stack_has_none(void **state)
{
    uint8_t *stack;

    (void)state;
    /* A sanitizer's own functions save registers, with parts of keys in them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    make_secrets();
    stack = stack_after(leave_on_the_stack);
    assert_true(has_secret(stack, STACK_BYTES));
    munmap(stack, STACK_BYTES);
    write_good_file();
    stack = stack_after(use_file);
    assert_false(has_secret(stack, STACK_BYTES));
    munmap(stack, STACK_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freed_memory_has_no_keys),
        cmocka_unit_test(a_file_read_from_disk_leaves_none),
        cmocka_unit_test(the_search_finds_what_is_left),
        cmocka_unit_test(the_stack_has_none),
    };

    if (key_start() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
