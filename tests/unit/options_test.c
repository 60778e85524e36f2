/* SPDX-License-Identifier: MIT
 *
 * Command line and environment of voled.
 */
#include "daemon/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARGUMENTS_MAX 12

static const char *const variables[] = {
    "LOG_LEVEL",
    "WG_TUN_FD",
    "WG_UAPI_FD",
    "WG_PROCESS_FOREGROUND",
    "VOLE_WORKERS",
    "VOLE_MEMORY_LIMIT",
    "VOLE_STATE_DIRECTORY",
    "VOLE_NO_VNET_HDR",
    "VOLE_NO_TSO",
    "VOLE_NO_USO",
    "VOLE_NO_UDP_GRO",
    "VOLE_NO_UDP_STEERING",
    "VOLE_NO_UDP_SEGMENT",
    "VOLE_NO_TUN_TCP_MERGE",
    "VOLE_NO_TUN_UDP_MERGE",
    "VOLE_NO_AVX2",
    "VOLE_NO_AVX512",
};

static int clear_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        assert_int_equal(unsetenv(variables[i]), 0);
    return 0;
}

/* Reads a command line given as one text with single spaces. */
static enum options_outcome read_line(struct options *options, const char *line)
{
    static char text[256];
    char *arguments[ARGUMENTS_MAX + 1] = {NULL};
    char *rest = NULL;
    int count = 0;

    (void)strncpy(text, line, sizeof text - 1);
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_in_range(count, 0, ARGUMENTS_MAX - 1);
        arguments[count++] = word;
    }
    return options_read(options, count, arguments);
}

static void a_name_alone_starts_in_the_background(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_string_equal(options.name, "wg0");
    assert_false(options.foreground);
    assert_int_equal(options.tun, -1);
    assert_int_equal(options.uapi, -1);
    assert_int_equal(options.workers, 0);
    assert_int_equal(options.log_level, LOG_LEVEL_NOTICE);
    assert_false(options.log_level_given);
    assert_false(options.switches.no_tso);
}

static void foreground_by_option_or_variable(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(read_line(&options, "voled -f wg0"), OPTIONS_RUN);
    assert_true(options.foreground);
    assert_int_equal(read_line(&options, "voled --foreground wg0"), OPTIONS_RUN);
    assert_true(options.foreground);
    assert_int_equal(setenv("WG_PROCESS_FOREGROUND", "1", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_true(options.foreground);
}

static void help_and_version_win_over_a_missing_name(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(read_line(&options, "voled -h"), OPTIONS_HELP);
    assert_int_equal(read_line(&options, "voled --help"), OPTIONS_HELP);
    assert_int_equal(read_line(&options, "voled --version"), OPTIONS_VERSION);
}

/* What is unique today may be the beginning of two names one day. */
static void names_of_options_are_whole(void **state)
{
    static const char *const short_of_one[] = {
        "voled --no-fair-queue wg0",
        "voled --fore wg0",
        "voled --workers=1 --no-t wg0",
        "voled --worker 1 wg0",
        "voled --worker=1 wg0",
        "voled --state-directory --help --vers wg0",
        "voled --work",
        "voled --no-avx wg0",
    };
    struct options options;

    (void)state;
    for (size_t i = 0; i < sizeof short_of_one / sizeof short_of_one[0]; i++) {
        assert_int_equal(read_line(&options, short_of_one[i]), OPTIONS_WRONG);
        assert_non_null(strstr(options.message, "unknown option --"));
    }
    assert_int_equal(read_line(&options, "voled --no-avx2 --state-directory --x -fh"), OPTIONS_HELP);
    assert_int_equal(read_line(&options, "voled --state-directory /--no --workers=2 -f wg0"), OPTIONS_RUN);
    assert_string_equal(options.state_directory, "/--no");
    assert_int_equal(options.workers, 2);
    assert_true(options.foreground);
}

static void wrong_usage_is_said(void **state)
{
    struct options options;
    static const char *const wrong[] = {"voled",
                                        "voled wg0 -f",
                                        "voled wg0 wg1",
                                        "voled --nonsense wg0",
                                        "voled -x wg0",
                                        "voled --workers",
                                        "voled --workers 0 wg0",
                                        "voled --workers 65 wg0",
                                        "voled --workers 2x wg0"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_line(&options, wrong[i]), OPTIONS_WRONG);
        assert_true(strlen(options.message) > 0);
    }
}

static void illegal_interface_names_are_refused(void **state)
{
    static const char *const legal[] = {"wg0", "wg%d", "a", "123456789012345", "a.b-c_d", "..."};
    static const char *const illegal[] = {"",     ".",    "..",   "a/b",  "a:b",  "a b",
                                          "a\tb", "a\nb", "wg%s", "%d%d", "100%", "1234567890123456"};

    (void)state;
    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++)
        assert_true(options_name_valid(legal[i]));
    for (size_t i = 0; i < sizeof illegal / sizeof illegal[0]; i++)
        assert_false(options_name_valid(illegal[i]));
}

static void each_switch_exists_as_option_and_as_variable(void **state)
{
    struct options options;
    static const struct {
        const char *line;
        const char *variable;
        size_t offset;
    } switches[] = {
        {"voled --no-vnet-hdr wg0", "VOLE_NO_VNET_HDR", offsetof(struct options_switches, no_vnet_hdr)},
        {"voled --no-tso wg0", "VOLE_NO_TSO", offsetof(struct options_switches, no_tso)},
        {"voled --no-uso wg0", "VOLE_NO_USO", offsetof(struct options_switches, no_uso)},
        {"voled --no-udp-segment wg0", "VOLE_NO_UDP_SEGMENT",
         offsetof(struct options_switches, no_udp_segment)},
        {"voled --no-udp-gro wg0", "VOLE_NO_UDP_GRO", offsetof(struct options_switches, no_udp_gro)},
        {"voled --no-fair-queues wg0", "VOLE_NO_FAIR_QUEUES",
         offsetof(struct options_switches, no_fair_queues)},
        {"voled --no-udp-steering wg0", "VOLE_NO_UDP_STEERING",
         offsetof(struct options_switches, no_udp_steering)},
        {"voled --no-tun-tcp-merge wg0", "VOLE_NO_TUN_TCP_MERGE",
         offsetof(struct options_switches, no_tun_tcp_merge)},
        {"voled --no-tun-udp-merge wg0", "VOLE_NO_TUN_UDP_MERGE",
         offsetof(struct options_switches, no_tun_udp_merge)},
        {"voled --no-avx2 wg0", "VOLE_NO_AVX2", offsetof(struct options_switches, no_avx2)},
        {"voled --no-avx512 wg0", "VOLE_NO_AVX512", offsetof(struct options_switches, no_avx512)},
        {"voled --no-sandbox wg0", "VOLE_NO_SANDBOX", offsetof(struct options_switches, no_sandbox)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        struct options_switches expected = {false};

        *(bool *)((char *)&expected + switches[i].offset) = true;
        assert_int_equal(read_line(&options, switches[i].line), OPTIONS_RUN);
        assert_memory_equal(&options.switches, &expected, sizeof expected);
        assert_int_equal(setenv(switches[i].variable, "1", 1), 0);
        assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
        assert_memory_equal(&options.switches, &expected, sizeof expected);
        assert_int_equal(setenv(switches[i].variable, "0", 1), 0);
        assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
        *(bool *)((char *)&expected + switches[i].offset) = false;
        assert_memory_equal(&options.switches, &expected, sizeof expected);
        assert_int_equal(unsetenv(switches[i].variable), 0);
    }
}

static void the_option_wins_over_the_variable(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(setenv("VOLE_WORKERS", "2", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_int_equal(options.workers, 2);
    assert_int_equal(read_line(&options, "voled --workers 4 wg0"), OPTIONS_RUN);
    assert_int_equal(options.workers, 4);
    assert_int_equal(read_line(&options, "voled --workers auto wg0"), OPTIONS_RUN);
    assert_int_equal(options.workers, 0);
}

static void the_state_directory_is_absolute_or_none(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_string_equal(options.state_directory, "/var/lib/vole");
    assert_int_equal(read_line(&options, "voled --state-directory /run/x wg0"), OPTIONS_RUN);
    assert_string_equal(options.state_directory, "/run/x");
    assert_int_equal(setenv("VOLE_STATE_DIRECTORY", "", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_string_equal(options.state_directory, "");
    assert_int_equal(read_line(&options, "voled --state-directory=/run/y wg0"), OPTIONS_RUN);
    assert_string_equal(options.state_directory, "/run/y");
    assert_int_equal(setenv("VOLE_STATE_DIRECTORY", "here", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_WRONG);
    assert_non_null(strstr(options.message, "\"here\""));
    assert_int_equal(read_line(&options, "voled --state-directory= wg0"), OPTIONS_RUN);
    assert_string_equal(options.state_directory, "");
}

static void a_quarter_of_the_processors_is_for_others(void **state)
{
    static const unsigned expected[][2] = {{0, 1}, {1, 1}, {2, 1},  {3, 2},  {4, 3},
                                           {6, 4}, {8, 6}, {11, 8}, {16, 8}, {1024, 8}};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(options_workers_for(expected[i][0]), expected[i][1]);
}

static void log_levels_are_words(void **state)
{
    struct options options;
    static const struct {
        const char *word;
        enum log_level level;
    } words[] = {{"verbose", LOG_LEVEL_VERBOSE}, {"debug", LOG_LEVEL_VERBOSE}, {"info", LOG_LEVEL_NOTICE},
                 {"error", LOG_LEVEL_ERROR},     {"silent", LOG_LEVEL_SILENT}, {"other", LOG_LEVEL_NOTICE}};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_int_equal(setenv("LOG_LEVEL", words[i].word, 1), 0);
        assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
        assert_int_equal(options.log_level, words[i].level);
        assert_true(options.log_level_given);
    }
}

static void a_memory_limit_is_a_number_of_bytes_with_a_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } right[] = {{"33554432", 33554432}, {"32M", 33554432},         {"32m", 33554432},
                 {"8000K", 8192000},     {"2G", UINT64_C(2) << 30}, {"none", 0}};
    static const char *const wrong[] = {"0",
                                        "0M",
                                        "-1",
                                        "M",
                                        "32MB",
                                        "32 M",
                                        "3.5M",
                                        "1T",
                                        "",
                                        "1e6",
                                        "32MM",
                                        "0x20",
                                        "None",
                                        "18446744073709551616",
                                        "17179869184G",
                                        "9223372036854775808"};
    struct options options;

    (void)state;
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_int_equal(options.memory_limit, 0);
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        char *arguments[] = {"voled", "--memory-limit", (char *)right[i].text, "wg0", NULL};

        assert_int_equal(options_read(&options, 4, arguments), OPTIONS_RUN);
        assert_int_equal(options.memory_limit, right[i].bytes);
        assert_int_equal(setenv("VOLE_MEMORY_LIMIT", right[i].text, 1), 0);
        assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
        assert_int_equal(options.memory_limit, right[i].bytes);
    }
    assert_int_equal(setenv("VOLE_MEMORY_LIMIT", "16M", 1), 0);
    assert_int_equal(read_line(&options, "voled --memory-limit none wg0"), OPTIONS_RUN);
    assert_int_equal(options.memory_limit, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *arguments[] = {"voled", "--memory-limit", (char *)wrong[i], "wg0", NULL};

        assert_int_equal(options_read(&options, 4, arguments), OPTIONS_WRONG);
        assert_non_null(strstr(options.message, "--memory-limit"));
    }
    assert_int_equal(setenv("VOLE_MEMORY_LIMIT", "much", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_WRONG);
    assert_non_null(strstr(options.message, "VOLE_MEMORY_LIMIT"));
}

static void descriptors_come_from_the_environment(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(setenv("WG_TUN_FD", "3", 1), 0);
    assert_int_equal(setenv("WG_UAPI_FD", "4", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_RUN);
    assert_int_equal(options.tun, 3);
    assert_int_equal(options.uapi, 4);
    assert_int_equal(setenv("WG_TUN_FD", "three", 1), 0);
    assert_int_equal(read_line(&options, "voled wg0"), OPTIONS_WRONG);
    assert_int_equal(read_line(&options, "voled --version"), OPTIONS_VERSION);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clear_environment, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_alone_starts_in_the_background),
        TEST(foreground_by_option_or_variable),
        TEST(help_and_version_win_over_a_missing_name),
        TEST(names_of_options_are_whole),
        TEST(wrong_usage_is_said),
        TEST(illegal_interface_names_are_refused),
        TEST(each_switch_exists_as_option_and_as_variable),
        TEST(the_option_wins_over_the_variable),
        TEST(log_levels_are_words),
        TEST(the_state_directory_is_absolute_or_none),
        TEST(a_quarter_of_the_processors_is_for_others),
        TEST(a_memory_limit_is_a_number_of_bytes_with_a_unit),
        TEST(descriptors_come_from_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
