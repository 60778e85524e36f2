/* SPDX-License-Identifier: MIT
 *
 * The log: its levels, its form, and that it cannot be used to write to a terminal.
 */
#include "daemon/log.h"

#include "daemon/log_relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

static int catcher[2];
static int real_stderr;

static int catch_stderr(void **state)
{
    (void)state;
    real_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe(catcher), 0);
    assert_int_equal(dup2(catcher[1], STDERR_FILENO), STDERR_FILENO);
    return 0;
}

static int release_stderr(void **state)
{
    (void)state;
    assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
    close(real_stderr);
    close(catcher[0]);
    close(catcher[1]);
    return 0;
}

/* What was logged since the last call; ends with an own mark so that "nothing" can be told. */
static const char *caught(void)
{
    static char text[4096];
    ssize_t length;

    assert_int_equal(write(catcher[1], "#", 1), 1);
    length = read(catcher[0], text, sizeof text - 1);
    assert_true(length > 0);
    text[length - 1] = '\0';
    return text;
}

static void a_line_names_level_and_interface(void **state)
{
    (void)state;
    log_start("wg7", LOG_LEVEL_VERBOSE);
    log_error("no %s", "tea");
    assert_string_equal(caught(), "ERROR: (wg7) no tea\n");
    log_notice("some");
    assert_string_equal(caught(), "INFO: (wg7) some\n");
    log_verbose("all");
    assert_string_equal(caught(), "DEBUG: (wg7) all\n");
}

static void levels_hide_what_is_below_them(void **state)
{
    static const struct {
        enum log_level level;
        const char *expected;
    } cases[] = {{LOG_LEVEL_SILENT, ""},
                 {LOG_LEVEL_ERROR, "ERROR: (wg7) e\n"},
                 {LOG_LEVEL_NOTICE, "ERROR: (wg7) e\nINFO: (wg7) n\n"},
                 {LOG_LEVEL_VERBOSE, "ERROR: (wg7) e\nINFO: (wg7) n\nDEBUG: (wg7) v\n"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        log_start("wg7", cases[i].level);
        log_error("e");
        log_notice("n");
        log_verbose("v");
        assert_string_equal(caught(), cases[i].expected);
    }
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    log_start("wg\n7", LOG_LEVEL_NOTICE);
    log_notice("a\033[2Jb\r\nINFO: c\xc3\xa9\x7f");
    assert_string_equal(caught(), "INFO: (wg?7) a?[2Jb??INFO: c\xc3\xa9?\n");
}

/* Also those that UTF-8 has above 127, however they are written, and what is no UTF-8. */
static void nor_do_those_above_127(void **state)
{
    (void)state;
    log_start("wg0", LOG_LEVEL_NOTICE);
    log_notice("a\xc2\x9b"
               "2J\xe0\x82\x9b\xf0\x80\x82\x9b"
               "b");
    assert_string_equal(caught(), "INFO: (wg0) a??2J???????b\n");
    log_notice("\xe2\x80\xa6 \xc2\xa0 \xf0\x9f\x98\x80 \xff\x9b\xc3");
    assert_string_equal(caught(), "INFO: (wg0) \xe2\x80\xa6 \xc2\xa0 \xf0\x9f\x98\x80 ???\n");
}

static void a_long_line_is_cut_but_stays_a_line(void **state)
{
    char longer[2 * LOG_LINE_BYTES];
    const char *line;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    log_start("wg7", LOG_LEVEL_NOTICE);
    log_notice("%s", longer);
    line = caught();
    assert_true(strlen(line) < LOG_LINE_BYTES);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

/* The queue between both processes is the kernel's, and ends somewhere: from then on lines are lost. */
static void a_relay_that_nobody_reads_has_an_end_and_holds_nobody_up(void **state)
{
    unsigned sent = 0;
    int pair[2];

    (void)state;
    assert_int_equal(log_relay_pair(pair), 0);
    while (send(pair[1], "", 1, MSG_DONTWAIT) == 1)
        sent++;
    assert_in_range(sent, 1, 1000000);
    log_start("wg0", LOG_LEVEL_NOTICE);
    log_relay_send(pair[1], LOG_INFO, "nobody hears this");
    while (recv(pair[0], &(char){0}, 1, MSG_DONTWAIT) == 1)
        sent--;
    assert_int_equal(sent, 0);
    log_relay_send(pair[1], LOG_ERR, "room again");
    log_relay_take(pair[0]);
    assert_int_equal(recv(pair[0], &(char){0}, 1, MSG_DONTWAIT), -1);
    close(pair[0]);
    close(pair[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, catch_stderr, release_stderr)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_names_level_and_interface),
        TEST(levels_hide_what_is_below_them),
        TEST(control_characters_do_not_reach_the_terminal),
        TEST(nor_do_those_above_127),
        TEST(a_long_line_is_cut_but_stays_a_line),
        TEST(a_relay_that_nobody_reads_has_an_end_and_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
