/* SPDX-License-Identifier: MIT
 *
 * `vole top --once --json`: the whole text for a sample with what is seldom: no rates yet, no counts of
 * drops, a clock that was set back, peers whose order by key is not their own, an interface that cannot be
 * asked.
 */
#include "cli/top_json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW 1800000000

static char printed[65536];

/* Leaves standard output in `printed`, without white space. */
static void print(const struct top_sample *sample)
{
    FILE *catcher = tmpfile();
    int saved;
    int status;
    int byte;
    size_t length = 0;

    assert_non_null(catcher);
    (void)fflush(stdout);
    saved = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(catcher), STDOUT_FILENO) >= 0);
    status = top_json_print(sample);
    (void)fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    (void)close(saved);
    rewind(catcher);
    while ((byte = getc(catcher)) != EOF && length < sizeof(printed) - 1) {
        if (byte != ' ' && byte != '\n')
            printed[length++] = (char)byte;
    }
    printed[length] = '\0';
    (void)fclose(catcher);
    assert_int_equal(status, 0);
}

static void all_of_an_interface_is_printed(void **state)
{
    struct top_peer peers[] = {
        {.public_key = {1},
         .position = 1,
         .name = "late",
         .endpoint = "(none)",
         .latest_handshake_s = NOW + 1,
         .received = {7, TOP_RATE_UNKNOWN},
         .sent = {8, 1e30}},
        {.public_key = {2},
         .endpoint = "192.0.2.1:51820",
         .has_endpoint = true,
         .latest_handshake_s = NOW - 5,
         .received = {3, 0.25},
         .sent = {4, 2.0},
         .dropped = {1, 0}},
    };
    struct top_drop drop = {"malformed", {6, 0.5}};
    struct top_interface interfaces[] = {
        {.name = "wg1", .error = -EACCES},
        {.name = "wg0",
         .listen_port = 51820,
         .counts_drops = true,
         .peers = peers,
         .peer_count = 2,
         .drops = &drop,
         .drop_count = 1,
         .received = {10, 1.5},
         .sent = {12, 0},
         .dropped = {6, 0.5}},
    };
    struct top_sample sample = {.interfaces = interfaces, .count = 2, .now_s = NOW};

    (void)state;
    print(&sample);
    assert_string_equal(
        printed, "{\"time\":1800000000,\"interfaces\":[{\"name\":\"wg0\",\"listen_port\":51820,"
                 "\"received_bytes\":10,\"sent_bytes\":12,"
                 "\"received_bytes_per_second\":2,\"sent_bytes_per_second\":0,"
                 "\"dropped_packets\":6,\"dropped_packets_per_second\":1,"
                 "\"drops\":[{\"reason\":\"malformed\",\"packets\":6,\"packets_per_second\":1}],"
                 "\"peers\":["
                 "{\"public_key\":\"AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"name\":null,"
                 "\"endpoint\":\"192.0.2.1:51820\",\"latest_handshake\":1799999995,\"handshake_age\":5,"
                 "\"received_bytes\":3,\"sent_bytes\":4,"
                 "\"received_bytes_per_second\":1,\"sent_bytes_per_second\":2,"
                 "\"dropped_packets\":1,\"dropped_packets_per_second\":0},"
                 "{\"public_key\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"name\":\"late\","
                 "\"endpoint\":null,\"latest_handshake\":1800000001,\"handshake_age\":null,"
                 "\"received_bytes\":7,\"sent_bytes\":8,"
                 "\"received_bytes_per_second\":null,\"sent_bytes_per_second\":9000000000000000000,"
                 "\"dropped_packets\":0,\"dropped_packets_per_second\":0}]}]}");
}

/* An interface of the kernel. */
static void drops_that_nobody_counts_are_null(void **state)
{
    struct top_peer peer = {.public_key = {1}};
    struct top_interface interface = {.name = "wg0", .peers = &peer, .peer_count = 1};
    struct top_sample sample = {.interfaces = &interface, .count = 1, .now_s = NOW};
    const char *first;

    (void)state;
    print(&sample);
    first = strstr(printed, "\"dropped_packets\":null,\"dropped_packets_per_second\":null,\"drops\":[]");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "\"dropped_packets\":null,\"dropped_packets_per_second\":null}"));
    assert_non_null(strstr(printed, "\"latest_handshake\":null,\"handshake_age\":null"));
    assert_non_null(strstr(printed, "\"listen_port\":null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_an_interface_is_printed),
        cmocka_unit_test(drops_that_nobody_counts_are_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
