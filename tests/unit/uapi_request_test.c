/* SPDX-License-Identifier: MIT
 *
 * Cutting the configuration protocol's stream into requests: grammar, bounds, pipelining, wiping.
 */
#include "daemon/uapi_request.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct uapi_request request;
    size_t budget;
};

static int make(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);

    fixture->budget = UAPI_BUDGET_BYTES;
    uapi_request_init(&fixture->request, &fixture->budget);
    *state = fixture;
    return 0;
}

/* Whatever happened, all memory comes back. */
static int unmake(void **state)
{
    struct fixture *fixture = *state;

    uapi_request_fini(&fixture->request);
    assert_int_equal(fixture->budget, UAPI_BUDGET_BYTES);
    free(fixture);
    return 0;
}

static enum uapi_progress feed(struct uapi_request *request, const char *text)
{
    return uapi_request_feed(request, text, strlen(text));
}

static void assert_lines(const struct uapi_request *request, const char *lines)
{
    assert_int_equal(request->body_end - request->body, strlen(lines));
    assert_memory_equal(request->bytes + request->body, lines, strlen(lines));
}

static void a_set_is_complete_at_its_blank_line(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(feed(request, "set=1\nlisten_port=1\nfwm"), UAPI_PARTIAL);
    assert_int_equal(feed(request, "ark=2\n"), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\n"), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_SET);
    assert_int_equal(request->error, 0);
    assert_lines(request, "listen_port=1\nfwmark=2\n");
}

static void every_way_to_cut_the_stream_gives_the_same(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;
    static const char stream[] = "set=1\nfwmark=2\n\nget=1\n\n";

    for (size_t cut = 1; cut < 16; cut++) {
        assert_int_equal(uapi_request_feed(request, stream, cut), UAPI_PARTIAL);
        assert_int_equal(uapi_request_feed(request, stream + cut, sizeof stream - 1 - cut), UAPI_COMPLETE);
        assert_int_equal(request->operation, UAPI_SET);
        assert_lines(request, "fwmark=2\n");
        assert_int_equal(uapi_request_next(request), UAPI_COMPLETE);
        assert_int_equal(request->operation, UAPI_GET);
        assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    }
}

static void an_empty_set_is_a_request(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(feed(request, "set=1\n\n"), UAPI_COMPLETE);
    assert_lines(request, "");
}

static void unknown_operations_are_refused(void **state)
{
    static const char *const wrong[] = {"\n",       "get=2\n",      "hello\n",       "get=1\r\n",
                                        "set=1 \n", "GET=1\n",      "set=\n",        " set=1\n",
                                        "set=10\n", "get=vole.2\n", "get=vole.1x\n", "set=vole.2\n"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uapi_request_fini(&fixture->request);
        uapi_request_init(&fixture->request, &fixture->budget);
        assert_int_equal(feed(&fixture->request, wrong[i]), UAPI_REFUSED);
    }
}

static void an_endless_first_line_is_refused(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;
    char *longer = calloc(1, UAPI_LINE_BYTES + 2);

    memset(longer, 'x', UAPI_LINE_BYTES + 1);
    assert_int_equal(feed(request, longer), UAPI_REFUSED);
    free(longer);
}

static void our_own_get_is_an_operation(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(feed(request, "get=vole.1\n\n"), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_GET_VOLE);
}

static void our_own_set_is_an_operation_with_lines(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(feed(request, "set=vole.1\nreset_clock=true\n"), UAPI_PARTIAL);
    assert_int_equal(request->operation, UAPI_SET_VOLE);
    assert_int_equal(feed(request, "\n"), UAPI_COMPLETE);
    assert_lines(request, "reset_clock=true\n");
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(feed(request, "set=vole.1\nx=y\n"), UAPI_PARTIAL);
    assert_int_equal(uapi_request_end(request), UAPI_COMPLETE); /* the end is as good as a blank line */
    assert_lines(request, "x=y\n");
}

static void a_get_with_lines_is_answered_at_once_and_passed_over(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(feed(request, "get=1\nx"), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_GET);
    assert_int_equal(request->error, -EINVAL);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(feed(request, "y\nget=1\n"), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\nset=1\n\n"), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_SET);
    assert_int_equal(request->error, 0);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(feed(request, "get=vole.1\nx\ny\n\nset=1\n\nget=1\nz\n"), UAPI_COMPLETE);
    assert_int_equal(request->error, -EINVAL);
    assert_int_equal(uapi_request_next(request), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_SET);
    assert_int_equal(request->error, 0);
    assert_int_equal(uapi_request_next(request), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_GET);
    assert_int_equal(request->error, -EINVAL);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(uapi_request_end(request), UAPI_REFUSED);
}

static void the_end_of_the_stream_completes_a_set(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(feed(request, "set=1\nfwmark=2\nlisten_port=5"), UAPI_PARTIAL);
    assert_int_equal(uapi_request_end(request), UAPI_COMPLETE);
    assert_lines(request, "fwmark=2\nlisten_port=5");
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(uapi_request_end(request), UAPI_REFUSED);
}

static void the_end_of_the_stream_completes_nothing_else(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;

    assert_int_equal(uapi_request_end(request), UAPI_REFUSED);
    assert_int_equal(feed(request, "set=1"), UAPI_PARTIAL);
    assert_int_equal(uapi_request_end(request), UAPI_REFUSED);
    assert_int_equal(feed(request, "\n\n"), UAPI_COMPLETE);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(feed(request, "get=1\n"), UAPI_PARTIAL);
    assert_int_equal(uapi_request_end(request), UAPI_REFUSED);
}

/* The longest line allowed counts; one byte more ends the request's effect in front of it. */
static void a_line_too_long_is_skipped_with_all_that_follows(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;
    char *longer = calloc(1, UAPI_LINE_BYTES + 2);

    memset(longer, 'x', UAPI_LINE_BYTES);
    assert_int_equal(feed(request, "set=1\nfwmark=2\n"), UAPI_PARTIAL);
    assert_int_equal(feed(request, longer), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\n\n"), UAPI_COMPLETE);
    assert_int_equal(request->error, 0);
    assert_int_equal(request->body_end - request->body, 9 + UAPI_LINE_BYTES + 1);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);

    longer[UAPI_LINE_BYTES] = 'x';
    assert_int_equal(feed(request, "set=1\nfwmark=2\n"), UAPI_PARTIAL);
    assert_int_equal(feed(request, longer), UAPI_PARTIAL);
    assert_int_equal(feed(request, longer), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\nfwmark=3\n"), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\nget=1\n\n"), UAPI_COMPLETE);
    assert_int_equal(request->error, -EIO);
    assert_lines(request, "fwmark=2\n");
    assert_int_equal(uapi_request_next(request), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_GET);
    free(longer);
}

static void a_long_line_with_its_end_in_one_piece_is_too_long_as_well(void **state)
{
    struct uapi_request *request = &((struct fixture *)*state)->request;
    char *longer = calloc(1, UAPI_LINE_BYTES + 64);

    memset(longer, 'x', 6 + UAPI_LINE_BYTES + 1);
    memcpy(longer, "set=1\n", sizeof "set=1\n" - 1);
    memcpy(longer + 6 + UAPI_LINE_BYTES + 1, "\n\nget=1\n\n", sizeof "\n\nget=1\n\n");
    assert_int_equal(feed(request, longer), UAPI_COMPLETE);
    assert_int_equal(request->error, -EIO);
    assert_lines(request, "");
    assert_int_equal(uapi_request_next(request), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_GET);
    free(longer);
}

static void a_request_too_long_has_no_effect_and_keeps_no_memory(void **state)
{
    struct fixture *fixture = *state;
    struct uapi_request *request = &fixture->request;
    size_t fed = 0;
    char *lines = malloc(1 << 20);

    for (size_t i = 0; i < 1 << 20; i++)
        lines[i] = i % 16 == 15 ? '\n' : 'x';
    assert_int_equal(feed(request, "set=1\nfwmark=2\n"), UAPI_PARTIAL);
    for (; fed < 2 * (size_t)UAPI_REQUEST_BYTES; fed += 1 << 20) {
        assert_int_equal(uapi_request_feed(request, lines, 1 << 20), UAPI_PARTIAL);
        assert_in_range(UAPI_BUDGET_BYTES - fixture->budget, 0, UAPI_REQUEST_BYTES);
    }
    assert_int_equal(feed(request, "\nget=1\n\n"), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_SET);
    assert_int_equal(request->error, -E2BIG);
    assert_lines(request, "");
    assert_int_equal(uapi_request_next(request), UAPI_COMPLETE);
    assert_int_equal(request->operation, UAPI_GET);
    free(lines);
}

static void an_exhausted_budget_is_an_error_of_that_request_alone(void **state)
{
    struct fixture *fixture = *state;
    struct uapi_request *request = &fixture->request;
    char *longer = calloc(1, 8192);

    memset(longer, 'x', 8191);
    assert_int_equal(feed(request, "set=1\nfwmark=2\nlisten"), UAPI_PARTIAL);
    fixture->budget -= UAPI_BUDGET_BYTES - 8192;
    assert_int_equal(feed(request, longer), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\n"), UAPI_PARTIAL);
    assert_int_equal(feed(request, "\n"), UAPI_COMPLETE);
    assert_int_equal(request->error, -ENOMEM);
    assert_lines(request, "");
    fixture->budget += UAPI_BUDGET_BYTES - 8192;
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(feed(request, "get=1\n\n"), UAPI_COMPLETE);
    free(longer);
}

static void a_finished_request_leaves_neither_memory_nor_key(void **state)
{
    struct fixture *fixture = *state;
    struct uapi_request *request = &fixture->request;

    assert_int_equal(feed(request, "set=1\nprivate_key=SECRET\n\nget=1\n"), UAPI_COMPLETE);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_null(memmem(request->bytes, request->capacity, "SECRET", 6));
    assert_int_equal(feed(request, "\n"), UAPI_COMPLETE);
    assert_int_equal(uapi_request_next(request), UAPI_PARTIAL);
    assert_int_equal(fixture->budget, UAPI_BUDGET_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_set_is_complete_at_its_blank_line),
        TEST(every_way_to_cut_the_stream_gives_the_same),
        TEST(an_empty_set_is_a_request),
        TEST(unknown_operations_are_refused),
        TEST(an_endless_first_line_is_refused),
        TEST(our_own_get_is_an_operation),
        TEST(our_own_set_is_an_operation_with_lines),
        TEST(a_get_with_lines_is_answered_at_once_and_passed_over),
        TEST(the_end_of_the_stream_completes_a_set),
        TEST(the_end_of_the_stream_completes_nothing_else),
        TEST(a_line_too_long_is_skipped_with_all_that_follows),
        TEST(a_long_line_with_its_end_in_one_piece_is_too_long_as_well),
        TEST(a_request_too_long_has_no_effect_and_keeps_no_memory),
        TEST(an_exhausted_budget_is_an_error_of_that_request_alone),
        TEST(a_finished_request_leaves_neither_memory_nor_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
