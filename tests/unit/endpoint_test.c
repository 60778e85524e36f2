/* SPDX-License-Identifier: MIT
 *
 * A peer's endpoint: what is kept, what counts as a move, and that readers in other threads never see half
 * of one and half of another.
 */
#include "core/endpoint.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct vole_endpoint four = {
    .address = {4, {192, 0, 2, 1}}, .source = {4, {198, 51, 100, 7}}, .port = 51820, .source_interface = 3};
static const struct vole_endpoint six = {.address = {6, {0xfe, 0x80, [15] = 1}},
                                         .source = {6, {0xfe, 0x80, [15] = 2}},
                                         .port = 65535,
                                         .scope = 0xfffffffe};

static void assert_same(const struct vole_endpoint *a, const struct vole_endpoint *b)
{
    assert_int_equal(a->address.family, b->address.family);
    assert_memory_equal(a->address.bytes, b->address.bytes, 16);
    assert_int_equal(a->source.family, b->source.family);
    assert_memory_equal(a->source.bytes, b->source.bytes, 16);
    assert_int_equal(a->port, b->port);
    assert_int_equal(a->scope, b->scope);
    assert_int_equal(a->source_interface, b->source_interface);
}

static void an_endpoint_never_set_reads_as_none(void **state)
{
    struct endpoint_cell cell = {0};
    struct vole_endpoint out;

    (void)state;
    assert_false(endpoint_read(&cell, &out));
    endpoint_clear_source(&cell); /* clearing does not set it */
    assert_false(endpoint_read(&cell, &out));
}

static void every_field_of_both_families_comes_back(void **state)
{
    struct endpoint_cell cell = {0};
    struct vole_endpoint out;

    (void)state;
    endpoint_write(&cell, &four);
    assert_true(endpoint_read(&cell, &out));
    assert_same(&out, &four);
    endpoint_write(&cell, &six);
    assert_true(endpoint_read(&cell, &out));
    assert_same(&out, &six);
}

static void clearing_the_source_keeps_the_destination(void **state)
{
    struct endpoint_cell cell = {0};
    struct vole_endpoint out, expected = six;

    (void)state;
    endpoint_write(&cell, &six);
    endpoint_clear_source(&cell);
    assert_true(endpoint_read(&cell, &out));
    expected.source = (struct vole_address){0};
    assert_same(&out, &expected);
    endpoint_write(&cell, &four);
    endpoint_clear_source(&cell);
    assert_true(endpoint_read(&cell, &out));
    assert_int_equal(out.source_interface, 0);
}

static void only_a_new_destination_is_a_move(void **state)
{
    struct endpoint_cell cell = {0};
    struct vole_endpoint from = four, out;

    (void)state;
    assert_true(endpoint_learn(&cell, &from));
    assert_false(endpoint_learn(&cell, &from));
    from.source.bytes[0]++;
    from.source_interface = 9;
    assert_false(endpoint_learn(&cell, &from)); /* our own side changed: learnt, but no move */
    assert_true(endpoint_read(&cell, &out));
    assert_same(&out, &from);
    from.port++;
    assert_true(endpoint_learn(&cell, &from));
    from.address.bytes[3]++;
    assert_true(endpoint_learn(&cell, &from));
    assert_true(endpoint_learn(&cell, &six));
    from = six;
    from.scope++;
    assert_true(endpoint_learn(&cell, &from));
}

static void learning_unchanged_does_not_write(void **state)
{
    struct endpoint_cell cell = {0};
    uint32_t sequence;

    (void)state;
    endpoint_write(&cell, &four);
    sequence = atomic_load(&cell.sequence);
    assert_int_equal(sequence % 2, 0);
    endpoint_learn(&cell, &four);
    assert_int_equal(atomic_load(&cell.sequence), sequence);
}

static void the_sequence_skips_zero_when_it_wraps(void **state)
{
    struct endpoint_cell cell = {0};
    struct vole_endpoint out;

    (void)state;
    endpoint_write(&cell, &four);
    atomic_store(&cell.sequence, UINT32_MAX - 1);
    endpoint_write(&cell, &six);
    assert_int_equal(atomic_load(&cell.sequence), 2);
    assert_true(endpoint_read(&cell, &out));
}

/* ---- threads ---- */

#define WRITES 30000

static struct endpoint_cell shared;
static atomic_bool finished;

static void *write_often(void *which)
{
    for (int i = 0; i < WRITES; i++) {
        endpoint_write(&shared, which);
        if (i % 100 == 0)
            endpoint_clear_source(&shared);
    }
    return NULL;
}

static void *read_often(void *torn)
{
    struct vole_endpoint out, cleared_four = four, cleared_six = six;

    cleared_four.source = cleared_six.source = (struct vole_address){0};
    cleared_four.source_interface = 0;
    while (!atomic_load(&finished)) {
        const struct vole_endpoint *whole[] = {&four, &six, &cleared_four, &cleared_six};
        bool found = false;

        if (!endpoint_read(&shared, &out))
            continue;
        for (size_t i = 0; i < 4; i++)
            found = found || (memcmp(&out.address, &whole[i]->address, sizeof out.address) == 0 &&
                              memcmp(&out.source, &whole[i]->source, sizeof out.source) == 0 &&
                              out.port == whole[i]->port && out.scope == whole[i]->scope &&
                              out.source_interface == whole[i]->source_interface);
        if (!found)
            atomic_store((atomic_bool *)torn, true);
    }
    return NULL;
}

static void readers_never_see_a_torn_endpoint(void **state)
{
    pthread_t writers[2], reader;
    atomic_bool torn = false;

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, read_often, &torn), 0);
    assert_int_equal(pthread_create(&writers[0], NULL, write_often, (void *)(uintptr_t)&four), 0);
    assert_int_equal(pthread_create(&writers[1], NULL, write_often, (void *)(uintptr_t)&six), 0);
    pthread_join(writers[0], NULL);
    pthread_join(writers[1], NULL);
    atomic_store(&finished, true);
    pthread_join(reader, NULL);
    assert_false(torn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_never_set_reads_as_none),
        cmocka_unit_test(every_field_of_both_families_comes_back),
        cmocka_unit_test(clearing_the_source_keeps_the_destination),
        cmocka_unit_test(only_a_new_destination_is_a_move),
        cmocka_unit_test(learning_unchanged_does_not_write),
        cmocka_unit_test(the_sequence_skips_zero_when_it_wraps),
        cmocka_unit_test(readers_never_see_a_torn_endpoint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
