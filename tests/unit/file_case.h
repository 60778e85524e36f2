/* SPDX-License-Identifier: MIT
 *
 * A configuration file given as a text, what became of it, and how to look at what was said about it.
 */
#ifndef FILE_CASE_H
#define FILE_CASE_H

#include "config/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY_ONE      "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define KEY_TWO      "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define SECRET       "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define PEER         "[Peer]\nPublicKey = " KEY_ONE "\n"

struct file_case {
    struct file file;
    struct file_problems problems;
    int result;
};

static inline void case_read_bytes(struct file_case *c, enum file_kind kind, const char *text, size_t length)
{
    c->result = file_parse(&c->file, "test.conf", text, length, kind, &c->problems);
}

static inline void case_read(struct file_case *c, enum file_kind kind, const char *text)
{
    case_read_bytes(c, kind, text, strlen(text));
}

static inline void case_free(struct file_case *c)
{
    file_free(&c->file);
    file_problems_free(&c->problems);
}

/* Reads what must be right and give no warning either. */
static inline void case_accept(struct file_case *c, enum file_kind kind, const char *text)
{
    case_read(c, kind, text);
    if (c->result != 0 || c->problems.count != 0)
        fail_msg("result %d, %s, of:\n%s", c->result, c->problems.count != 0 ? c->problems.items[0].what : "",
                 text);
}

/* The number of problems is this one, and it is here and begins like that. */
static inline void assert_problem(const struct file_case *c, size_t index, unsigned line, unsigned column,
                                  bool warning, const char *beginning)
{
    const struct file_problem *problem = &c->problems.items[index];

    if (index >= c->problems.count)
        fail_msg("problem %zu of %zu is missing: %s", index, c->problems.count, beginning);
    if (problem->place.line != line || problem->place.column != column || problem->warning != warning ||
        strncmp(problem->what, beginning, strlen(beginning)) != 0)
        fail_msg("%u:%u: %s%s, instead of %u:%u: %s", problem->place.line, problem->place.column,
                 problem->warning ? "warning: " : "", problem->what, line, column, beginning);
}

/* Reads what must be refused with exactly one problem. */
static inline void refuse(enum file_kind kind, const char *text, unsigned line, unsigned column,
                          const char *beginning)
{
    struct file_case c;

    case_read(&c, kind, text);
    if (c.result != -EINVAL)
        fail_msg("result %d of:\n%s", c.result, text);
    assert_int_equal(c.problems.error_count, 1);
    assert_problem(&c, 0, line, column, false, beginning);
    assert_int_equal(c.problems.count, 1);
    case_free(&c);
}

/* Reads what must be taken with exactly one warning. The caller frees. */
static inline void case_warn(struct file_case *c, enum file_kind kind, const char *text, unsigned line,
                             unsigned column, const char *beginning)
{
    case_read(c, kind, text);
    if (c->result != 0)
        fail_msg("result %d, %s, of:\n%s", c->result, c->problems.items[0].what, text);
    assert_int_equal(c->problems.error_count, 0);
    assert_problem(c, 0, line, column, true, beginning);
    assert_int_equal(c->problems.count, 1);
}

static inline void assert_place(struct file_place place, unsigned line, unsigned column)
{
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

#endif
