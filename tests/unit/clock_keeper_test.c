/* SPDX-License-Identifier: MIT
 *
 * The keeper of the handshakes' clock: what it stores, what it answers, what it gives back, and that it goes
 * on where nothing can be stored.
 */
#include "daemon/clock_keeper.h"

#include "config/clock_state.h"
#include "daemon/log.h"
#include "linux/descriptors.h"
#include "linux/state_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CEILING UINT64_C(1763812345)

static char path[64];
static const uint8_t key[VOLE_KEY_BYTES] = {7, 8, 9}, other_key[VOLE_KEY_BYTES] = {1};
static struct clock_keeper keeper;

static void begin(void)
{
    keeper = (struct clock_keeper){.directory = path, .interface = "wg0", .engine = -1};
}

static int make(void **state)
{
    (void)state;
    log_start("wg0", LOG_LEVEL_SILENT);
    (void)snprintf(path, sizeof path, "/tmp/vole-keeper-XXXXXX");
    if (mkdtemp(path) == NULL)
        return -1;
    begin();
    return 0;
}

static int unmake(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", path);
    return system(command);
}

/* What is in the file; 0: nothing of ours. */
static uint64_t stored(const uint8_t *of)
{
    char name[CLOCK_STATE_NAME_BYTES], text[CLOCK_STATE_BYTES];
    int directory = state_directory_open(path, false);
    struct clock_state state;
    ssize_t length;
    unsigned line;

    assert_true(directory >= 0);
    clock_state_file_name(name, of);
    length = state_file_read(directory, name, text, sizeof text);
    close(directory);
    return length > 0 && clock_state_read(&state, text, (size_t)length, &line) ? state.ceiling_s : 0;
}

static void plant(const char *text)
{
    char name[CLOCK_STATE_NAME_BYTES];
    int directory = state_directory_open(path, false);

    assert_true(directory >= 0);
    clock_state_file_name(name, key);
    assert_int_equal(state_file_write(directory, name, text, strlen(text)), 0);
    close(directory);
}

static void plant_ceiling(uint64_t ceiling_s)
{
    struct clock_state state = {.interface = "wg1", .ceiling_s = ceiling_s};
    char text[CLOCK_STATE_BYTES];

    memcpy(state.public_key, key, sizeof key);
    (void)clock_state_write(text, &state);
    plant(text);
}

static struct keeper_answer ask(enum keeper_kind kind, const uint8_t *about, uint64_t until_s)
{
    struct keeper_request request = {.kind = (uint32_t)kind, .number = 5, .until_s = until_s};
    struct keeper_answer answer;

    memcpy(request.public_key, about, VOLE_KEY_BYTES);
    assert_int_equal(clock_keeper_serve(&keeper, &request, &answer),
                     kind == KEEPER_BEGIN || kind == KEEPER_RESERVE);
    assert_int_equal(answer.number, 5);
    assert_memory_equal(answer.public_key, about, VOLE_KEY_BYTES);
    return answer;
}

static void assert_begun(const uint8_t *about, uint64_t until_s, uint64_t from_s)
{
    struct keeper_answer answer = ask(KEEPER_BEGIN, about, until_s);

    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.from_s, from_s);
    assert_int_equal(answer.until_s, until_s);
}

static void assert_reserved(const uint8_t *about, uint64_t until_s, uint64_t from_s)
{
    struct keeper_answer answer = ask(KEEPER_RESERVE, about, until_s);

    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.from_s, from_s);
    assert_int_equal(answer.until_s, until_s);
}

static void what_is_answered_is_stored(void **state)
{
    (void)state;
    assert_reserved(key, CEILING, 0);
    assert_int_equal(stored(key), CEILING);
    assert_reserved(key, CEILING + 120, 0); /* its own: not where an earlier life stopped */
    assert_int_equal(stored(key), CEILING + 120);
}

static void an_earlier_life_is_told_about_once(void **state)
{
    (void)state;
    plant_ceiling(CEILING);
    assert_reserved(key, CEILING - 1000, CEILING); /* below: nothing to write, the engine will ask for more */
    assert_int_equal(stored(key), CEILING);
    assert_reserved(key, CEILING + 10, 0);
    assert_int_equal(stored(key), CEILING + 10);
}

static void each_key_has_its_own(void **state)
{
    (void)state;
    assert_reserved(key, CEILING, 0);
    assert_reserved(other_key, CEILING + 1, 0);
    assert_int_equal(stored(key), CEILING);
    assert_int_equal(stored(other_key), CEILING + 1);
    assert_reserved(key, CEILING + 2, 0);
    assert_begun(key, CEILING + 3, CEILING + 2); /* back again: what is stored may have been used */
}

/* Also if the next key has reserved before. */
static void what_a_key_did_not_use_is_given_back_when_it_goes(void **state)
{
    (void)state;
    assert_begun(key, CEILING, 0);
    assert_begun(other_key, CEILING + 1, 0);
    (void)ask(KEEPER_RELEASE, key, CEILING - 100);
    assert_int_equal(stored(key), CEILING - 100);
    assert_begun(key, CEILING, CEILING - 100);
    (void)ask(KEEPER_RELEASE, other_key, CEILING - 50);
    assert_int_equal(stored(other_key), CEILING - 50);
    assert_int_equal(stored(key), CEILING);
}

/* An engine that was taken over may ask for anything. */
static void files_are_few_and_only_of_keys_that_were_reserved_for(void **state)
{
    struct keeper_answer answer;
    uint8_t many[VOLE_KEY_BYTES] = {9};

    (void)state;
    plant_ceiling(CEILING);
    (void)ask(KEEPER_FORGET, key, 0);
    (void)ask(KEEPER_RELEASE, key, CEILING - 5);
    assert_int_equal(stored(key), CEILING);
    for (unsigned i = 0; i < KEEPER_KEYS; i++) {
        memcpy(many + 1, &i, sizeof i);
        assert_int_equal(ask(KEEPER_BEGIN, many, i % 64 == 0 ? CEILING : 0).error, 0); /* the disk is slow */
    }
    for (unsigned i = 0; i < 2; i++) {
        answer = ask(i == 0 ? KEEPER_BEGIN : KEEPER_RESERVE, other_key, CEILING);
        assert_int_equal(answer.error, -EDQUOT);
        assert_int_equal(answer.from_s, 0);
        assert_int_equal(answer.until_s, CEILING);
        assert_int_equal(stored(other_key), 0);
    }
    assert_reserved(many, CEILING + 1, 0); /* who was there before stays */
    (void)ask(KEEPER_FORGET, key, 0);
    assert_int_equal(stored(key), CEILING);
}

/* The engine was without this key, and with no other in between. */
static void who_begins_again_is_told_again(void **state)
{
    struct keeper_answer answer;

    (void)state;
    assert_reserved(key, CEILING, 0);
    answer = ask(KEEPER_BEGIN, key, CEILING - 1000);
    assert_int_equal(answer.error, 0);
    assert_int_equal(answer.from_s, CEILING);
    assert_int_equal(stored(key), CEILING);
    (void)ask(KEEPER_RELEASE, key, CEILING - 500); /* it may have been used */
    assert_int_equal(stored(key), CEILING);
    assert_reserved(key, CEILING + 10, 0);
    (void)ask(KEEPER_RELEASE, key, CEILING + 1);
    assert_int_equal(stored(key), CEILING + 1);
}

static void what_was_not_used_is_given_back(void **state)
{
    (void)state;
    assert_reserved(key, CEILING, 0);
    (void)ask(KEEPER_RELEASE, key, CEILING - 100);
    assert_int_equal(stored(key), CEILING - 100);
    begin();
    assert_reserved(key, CEILING, CEILING - 100);
    (void)ask(KEEPER_RELEASE, key, CEILING - 200); /* but never what an earlier life used */
    assert_int_equal(stored(key), CEILING - 100);
}

static void what_others_changed_is_not_given_back(void **state)
{
    char name[CLOCK_STATE_NAME_BYTES], file[160];

    (void)state;
    assert_reserved(key, CEILING, 0);
    plant_ceiling(CEILING + 50); /* another interface with this key */
    (void)ask(KEEPER_RELEASE, key, CEILING - 100);
    assert_int_equal(stored(key), CEILING + 50);
    assert_reserved(key, CEILING + 10, 0); /* covered by theirs, which stays */
    assert_int_equal(stored(key), CEILING + 50);
    assert_reserved(key, CEILING + 60, 0);
    (void)ask(KEEPER_RELEASE, key, CEILING);
    assert_int_equal(stored(key), CEILING + 50);

    clock_state_file_name(name, key); /* reset while it runs */
    (void)snprintf(file, sizeof file, "%s/%s", path, name);
    assert_int_equal(unlink(file), 0);
    (void)ask(KEEPER_RELEASE, key, CEILING);
    assert_int_equal(access(file, F_OK), -1);
}

static void what_is_forgotten_is_gone(void **state)
{
    (void)state;
    plant_ceiling(CEILING * 100);
    assert_reserved(key, CEILING, CEILING * 100);
    (void)ask(KEEPER_FORGET, key, 0);
    assert_int_equal(stored(key), 0);
    assert_reserved(key, CEILING, 0);
    assert_int_equal(stored(key), CEILING);
    (void)ask(KEEPER_RELEASE, key, CEILING - 1);
    assert_int_equal(stored(key), CEILING - 1);
}

static void damaged_files_are_ignored_and_written_anew(void **state)
{
    static const char *const texts[] = {
        "", "nonsense\n", "public_key=AQID\nceiling=5\n",
        "public_key=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nceiling=5\n"};
    char large[CLOCK_STATE_BYTES * 2];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        begin();
        plant(texts[i]);
        assert_reserved(key, CEILING + i, 0);
        assert_int_equal(stored(key), CEILING + i);
    }
    memset(large, '#', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    begin();
    plant(large);
    assert_reserved(key, CEILING, 0);
    assert_int_equal(stored(key), CEILING);
}

static void where_nothing_can_be_stored_all_is_granted(void **state)
{
    struct keeper_answer answer;

    (void)state;
    keeper.directory = "/proc/vole";
    for (unsigned i = 0; i < 3; i++) {
        answer = ask(KEEPER_RESERVE, key, CEILING + i);
        assert_true(answer.error < 0);
        assert_int_equal(answer.from_s, 0);
        assert_int_equal(answer.until_s, CEILING + i);
        assert_true(keeper.failing);
    }
    (void)ask(KEEPER_RELEASE, key, CEILING);
    (void)ask(KEEPER_FORGET, key, 0);
    keeper.directory = path; /* mounted in the meantime, with something from before */
    plant_ceiling(CEILING + 1000);
    assert_reserved(key, CEILING, CEILING + 1000);
    assert_false(keeper.failing);
}

static void unknown_requests_are_not_answered(void **state)
{
    (void)state;
    (void)ask((enum keeper_kind)0, key, CEILING);
    (void)ask((enum keeper_kind)77, key, CEILING);
    assert_int_equal(stored(key), 0);
}

/* ---- the thread ---- */

static void send_to(int engine, enum keeper_kind kind, uint64_t until_s)
{
    struct keeper_request request = {.kind = (uint32_t)kind, .until_s = until_s};

    memcpy(request.public_key, key, VOLE_KEY_BYTES);
    assert_int_equal(send(engine, &request, sizeof request, 0), sizeof request);
}

static void the_thread_does_all_it_was_asked_for_before_it_ends(void **state)
{
    struct keeper_answer answer;
    int pair[2];

    (void)state;
    assert_int_equal(descriptors_pair(pair), 0);
    keeper.engine = pair[0];
    assert_int_equal(clock_keeper_start(&keeper), 0);
    send_to(pair[1], KEEPER_RESERVE, CEILING);
    assert_int_equal(recv(pair[1], &answer, sizeof answer, 0), sizeof answer);
    assert_int_equal(answer.until_s, CEILING);
    send_to(pair[1], KEEPER_RESERVE, CEILING + 1); /* whose answer is left lying */
    send_to(pair[1], KEEPER_RELEASE, CEILING - 7);
    close(pair[1]);
    clock_keeper_stop(&keeper);
    assert_int_equal(stored(key), CEILING - 7);
}

/* The engine learns of it from its end of the pair. */
static void a_thread_that_cannot_be_made_closes_the_pair(void **state)
{
    struct rlimit before, none;
    char byte;
    int pair[2];

    (void)state;
    assert_int_equal(descriptors_pair(pair), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    keeper.engine = pair[0];
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(clock_keeper_start(&keeper), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(recv(pair[1], &byte, 1, MSG_DONTWAIT), 0);
    close(pair[1]);
    clock_keeper_stop(&keeper);
}

static void a_keeper_that_was_not_started_need_not_stop(void **state)
{
    (void)state;
    clock_keeper_stop(&keeper);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(what_is_answered_is_stored),
        TEST(an_earlier_life_is_told_about_once),
        TEST(each_key_has_its_own),
        TEST(what_a_key_did_not_use_is_given_back_when_it_goes),
        TEST(files_are_few_and_only_of_keys_that_were_reserved_for),
        TEST(who_begins_again_is_told_again),
        TEST(what_was_not_used_is_given_back),
        TEST(what_others_changed_is_not_given_back),
        TEST(what_is_forgotten_is_gone),
        TEST(damaged_files_are_ignored_and_written_anew),
        TEST(where_nothing_can_be_stored_all_is_granted),
        TEST(unknown_requests_are_not_answered),
        TEST(the_thread_does_all_it_was_asked_for_before_it_ends),
        TEST(a_thread_that_cannot_be_made_closes_the_pair),
        TEST(a_keeper_that_was_not_started_need_not_stop),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
