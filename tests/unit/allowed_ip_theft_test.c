/* SPDX-License-Identifier: MIT
 *
 * Who loses which allowed IP to whom when a change is applied: only what was not given up by itself counts.
 */
#include "cli/allowed_ip_theft.h"

#include "config/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct model_device running;
static struct change change;

static int begin(void **state)
{
    (void)state;
    model_init(&running);
    change_init(&change);
    return 0;
}

static int end(void **state)
{
    (void)state;
    model_free(&running);
    change_free(&change);
    return 0;
}

static struct vole_prefix prefix_of(const char *text)
{
    struct vole_prefix prefix;

    assert_int_equal(address_read_prefix(&prefix, text, strlen(text)), 0);
    return prefix;
}

/* Peers are named by one letter, which their keys consist of. */
static void runs(char name, const char *prefix)
{
    uint8_t key[VOLE_KEY_BYTES];
    struct vole_prefix parsed = prefix_of(prefix);
    struct model_peer *peer;

    memset(key, name, sizeof(key));
    peer = model_add_peer(&running, key);
    assert_non_null(peer);
    assert_int_equal(model_allow(peer, &parsed), 0);
}

/* words: prefixes, "-PREFIX" to take one away, all separated by spaces. */
static struct change_peer *wants(char name, bool replace, const char *words)
{
    uint8_t key[VOLE_KEY_BYTES];
    struct change_peer *peer;
    char *copy = strdup(words);
    char *rest = copy;
    char *word;

    memset(key, name, sizeof(key));
    peer = change_add_peer(&change, key);
    assert_non_null(peer);
    peer->replace_allowed_ips = replace;
    while ((word = strsep(&rest, " ")) != NULL) {
        bool remove = word[0] == '-';

        if (word[0] != '\0') {
            struct vole_prefix prefix = prefix_of(word + remove);
            assert_int_equal(change_allow(peer, &prefix, remove), 0);
        }
    }
    free(copy);
    return peer;
}

/* expected: "a>b PREFIX, ..." */
static void expect_thefts(const char *expected)
{
    struct allowed_ip_theft *thefts;
    char text[1000] = "";
    size_t count;

    assert_int_equal(allowed_ip_theft_find(&thefts, &count, &running, &change), 0);
    for (size_t i = 0; i < count; i++) {
        char prefix[ADDRESS_PREFIX_TEXT_BYTES];
        size_t length = strlen(text);

        address_write_prefix(prefix, &thefts[i].prefix);
        (void)snprintf(text + length, sizeof(text) - length, "%s%c>%c %s", i == 0 ? "" : ", ",
                       thefts[i].from[0], thefts[i].to[0], prefix);
    }
    assert_string_equal(text, expected);
    free(thefts);
}

static void nothing_is_taken_from_nobody(void **state)
{
    (void)state;
    expect_thefts("");
    runs('a', "10.0.0.0/8");
    expect_thefts("");
    wants('b', true, "10.0.0.0/9 11.0.0.0/8 ::/0");
    wants('a', false, "10.0.0.0/8");
    expect_thefts("");
}

static void exact_prefix_is_taken(void **state)
{
    (void)state;
    runs('a', "10.0.0.0/8");
    runs('b', "fd00::/64");
    wants('c', false, "10.1.2.3/8 fd00::1/64");
    expect_thefts("a>c 10.0.0.0/8, b>c fd00::/64");
}

static void families_are_apart(void **state)
{
    (void)state;
    runs('a', "0.0.0.0/0");
    wants('b', true, "::/0");
    expect_thefts("");
}

static void what_the_loser_gives_up_is_not_taken(void **state)
{
    (void)state;
    runs('a', "10.0.0.0/8");
    runs('b', "11.0.0.0/8");
    runs('c', "12.0.0.0/8");
    wants('d', true, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8");
    wants('a', true, "13.0.0.0/8");
    wants('b', false, "")->remove = true;
    wants('c', false, "-12.0.0.0/8");
    expect_thefts("");
}

static void peers_may_swap(void **state)
{
    (void)state;
    runs('a', "10.0.0.0/8");
    runs('b', "11.0.0.0/8");
    wants('a', true, "11.0.0.0/8");
    wants('b', true, "10.0.0.0/8");
    expect_thefts("");
}

static void last_of_the_change_has_it(void **state)
{
    (void)state;
    runs('a', "10.0.0.0/8");
    wants('b', true, "10.0.0.0/8");
    wants('c', true, "10.0.0.0/8");
    wants('b', false, "10.0.0.0/8");
    expect_thefts("a>b 10.0.0.0/8, c>b 10.0.0.0/8");
}

static void replaced_peers_cannot_lose(void **state)
{
    (void)state;
    runs('a', "10.0.0.0/8");
    wants('b', true, "10.0.0.0/8");
    change.replace_peers = true;
    expect_thefts("");
    wants('c', true, "10.0.0.0/8");
    expect_thefts("b>c 10.0.0.0/8");
}

static void given_back_is_given_back(void **state)
{
    (void)state;
    runs('a', "10.0.0.0/8");
    wants('b', true, "10.0.0.0/8");
    wants('b', false, "")->remove = true;
    expect_thefts("");
}

static void many_claims_to_one_prefix_stay_fast(void **state)
{
    struct allowed_ip_theft *thefts;
    size_t count;

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t key[VOLE_KEY_BYTES] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        struct change_peer *peer = change_add_peer(&change, key);
        struct vole_prefix prefix = prefix_of("0.0.0.0/0");

        assert_non_null(peer);
        peer->replace_allowed_ips = true;
        assert_int_equal(change_allow(peer, &prefix, false), 0);
    }
    assert_int_equal(allowed_ip_theft_find(&thefts, &count, &running, &change), 0);
    assert_int_equal(count, 99999);
    free(thefts);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_taken_from_nobody),
        CASE(exact_prefix_is_taken),
        CASE(families_are_apart),
        CASE(what_the_loser_gives_up_is_not_taken),
        CASE(peers_may_swap),
        CASE(last_of_the_change_has_it),
        CASE(replaced_peers_cannot_lose),
        CASE(given_back_is_given_back),
        CASE(many_claims_to_one_prefix_stay_fast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
