/* SPDX-License-Identifier: MIT
 *
 * `vole top` without a terminal: what rates are, in which order peers stand, and that no line and no column
 * goes beyond the screen, whatever a daemon says.
 */
#include "cli/top_sample.h"
#include "cli/top_view.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEERS 5
#define NOW   1800000000

static const struct terminal_styles plain = {"", "", "", "", "", ""};

/* An interface with five peers, whose keys begin with 1 to 5, and two reasons of drops. */
static void make_sample(struct top_sample *sample, uint64_t taken_ns)
{
    struct top_interface *interface = calloc(1, sizeof(*interface));

    memset(sample, 0, sizeof(*sample));
    sample->interfaces = interface;
    sample->count = sample->capacity = 1;
    sample->taken_ns = taken_ns;
    sample->now_s = NOW;
    strcpy(interface->name, "wg0");
    interface->listen_port = 51820;
    interface->counts_drops = true;
    interface->peers = calloc(PEERS, sizeof(*interface->peers));
    interface->peer_count = PEERS;
    for (size_t i = 0; i < PEERS; i++) {
        interface->peers[i].public_key[0] = (uint8_t)(i + 1);
        interface->peers[i].position = i;
        strcpy(interface->peers[i].endpoint, "192.0.2.1:51820");
    }
    interface->drops = calloc(2, sizeof(*interface->drops));
    interface->drop_count = 2;
    strcpy(interface->drops[0].name, "malformed");
    strcpy(interface->drops[1].name, "from_the_future");
}

static char *print(struct top_view *view, const struct top_sample *sample)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    assert_int_equal(top_view_print(stream, view, sample, &plain), 0);
    fclose(stream);
    return text;
}

static void rates_are_differences_over_time(void **state)
{
    struct top_sample before;
    struct top_sample after;
    struct top_interface *interface;

    (void)state;
    make_sample(&before, 1000000000);
    make_sample(&after, 3000000000);
    interface = &after.interfaces[0];
    before.interfaces[0].peers[0].received.total = 1000;
    interface->peers[0].received.total = 5000;
    before.interfaces[0].peers[1].received.total = 7;
    interface->peers[1].received.total = 6; /* counted anew */
    interface->peers[2].public_key[0] = 9;  /* another one, and the sorting stays right */
    interface->peers[3].public_key[0] = 10;
    interface->peers[4].public_key[0] = 11;
    before.interfaces[0].drop_count = 1;
    interface->drops[1].count.total = 8;
    interface->dropped.total = 8;
    top_sample_compare(&after, &before);
    assert_true(interface->peers[0].received.rate == 2000);
    assert_true(interface->peers[0].sent.rate == 0);
    assert_true(interface->peers[1].received.rate == TOP_RATE_UNKNOWN);
    assert_true(interface->peers[2].received.rate == TOP_RATE_UNKNOWN);
    assert_true(interface->received.rate == 2000);
    assert_true(interface->drops[0].count.rate == 0);
    assert_true(interface->drops[1].count.rate == 4); /* a reason that is new began at zero */
    assert_true(interface->dropped.rate == 4);
    before.interfaces[0].error = -ENODEV;
    top_sample_compare(&after, &before);
    assert_true(interface->received.rate == TOP_RATE_UNKNOWN);
    assert_true(interface->drops[1].count.rate == TOP_RATE_UNKNOWN);
    before.taken_ns = after.taken_ns;
    before.interfaces[0].error = 0;
    top_sample_compare(&after, &before);
    assert_true(interface->peers[0].received.rate == TOP_RATE_UNKNOWN);
    top_sample_free(&before);
    top_sample_free(&after);
}

/* The peers' names, which are single letters, in the order of their lines. */
static void assert_order(struct top_view *view, const struct top_sample *sample, const char *order)
{
    char *text = print(view, sample);
    char found[PEERS + 1] = "";
    size_t count = 0;

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line != text;
        if (line[0] == ' ' && line[1] >= 'a' && line[1] <= 'e' && count < PEERS)
            found[count++] = line[1];
    }
    assert_string_equal(found, order);
    free(text);
}

static void peers_are_sorted(void **state)
{
    struct top_view view = {0};
    struct top_sample sample;
    struct top_peer *peers;

    (void)state;
    make_sample(&sample, 1);
    peers = sample.interfaces[0].peers;
    for (size_t i = 0; i < PEERS; i++)
        peers[i].name[0] = "dbaec"[i];
    peers[0].received = (struct top_amount){1, 500};
    peers[1].sent = (struct top_amount){900, 700};
    peers[2].sent = (struct top_amount){800, 100};
    peers[2].received = (struct top_amount){500, 550};
    peers[3].latest_handshake_s = NOW - 5;
    peers[4].latest_handshake_s = NOW - 4;
    peers[4].dropped.total = 3;
    assert_order(&view, &sample, "badec");
    view.sort = TOP_SORT_IN;
    assert_order(&view, &sample, "adbec");
    view.sort = TOP_SORT_OUT;
    assert_order(&view, &sample, "badec");
    view.amounts = true;
    view.sort = TOP_SORT_TRAFFIC;
    assert_order(&view, &sample, "abdec");
    view.sort = TOP_SORT_HANDSHAKE;
    assert_order(&view, &sample, "cedba");
    view.sort = TOP_SORT_DROPS;
    assert_order(&view, &sample, "cdbae");
    view.sort = TOP_SORT_PEER;
    assert_order(&view, &sample, "abcde");
    view.reverse = true;
    assert_order(&view, &sample, "edcba");
    top_sample_free(&sample);
}

static void nothing_goes_beyond_the_screen(void **state)
{
    struct top_sample sample;

    (void)state;
    make_sample(&sample, 1);
    memset(sample.interfaces[0].peers[0].endpoint, '9', SHOW_ENDPOINT_BYTES - 1);
    memset(sample.interfaces[0].peers[1].name, 'n', FILE_NAME_BYTES - 1);
    sample.interfaces[0].peers[1].sent = (struct top_amount){UINT64_MAX, 1e30};
    sample.interfaces[0].peers[2].dropped.total = UINT64_MAX;
    sample.interfaces[0].peers[2].latest_handshake_s = 1;
    for (unsigned columns = 1; columns < 200; columns++) {
        for (unsigned rows = 1; rows < 20; rows++) {
            struct top_view view = {.columns = columns, .rows = rows, .first = columns, .explain = rows % 2};
            char *text = print(&view, &sample);
            unsigned lines = 0;

            for (const char *line = text; *line != '\0'; lines++) {
                size_t length = strcspn(line, "\n");

                assert_true(length <= columns);
                line += length + 1;
            }
            assert_int_equal(lines, rows);
            free(text);
        }
    }
    top_sample_free(&sample);
}

static void only_printable_characters_are_printed(void **state)
{
    struct top_view view = {0};
    struct top_sample sample;
    char *text;

    (void)state;
    make_sample(&sample, 1);
    strcpy(sample.interfaces[0].name, "w\x1b[2J\x7f\xc3\xa4");
    strcpy(sample.interfaces[0].peers[0].endpoint, "[fe80::1%\r\x1b]0;x\a]:1");
    strcpy(sample.interfaces[0].drops[1].name, "\x9b"
                                               "1m\t");
    text = print(&view, &sample);
    for (const char *at = text; *at != '\0'; at++)
        assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
    assert_non_null(strstr(text, "\nw?[2J???"));
    free(text);
    top_sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_differences_over_time),
        cmocka_unit_test(peers_are_sorted),
        cmocka_unit_test(nothing_goes_beyond_the_screen),
        cmocka_unit_test(only_printable_characters_are_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
