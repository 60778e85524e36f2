/* SPDX-License-Identifier: MIT
 *
 * The division of voled's memory: whatever the limit, the parts are no more than the whole, nobody goes
 * without, and what is too little is known beforehand.
 */
#include "daemon/memory_plan.h"

#include "core/handshake_queue.h"
#include "core/load.h"
#include "core/room.h"
#include "daemon/grace.h"
#include "daemon/uapi_server.h"
#include "daemon/worker_state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

/* All that the engine can come to have at the same time, each table filled to its bound. */
static uint64_t filled(const struct memory_plan *plan)
{
    uint64_t buffers = plan->receive_buffers * (uint64_t)UDP_BUFFER_BYTES;

    return plan->staged_bytes + plan->peer_bytes + ROOM_SPARE_BYTES + plan->request_bytes +
           plan->clients * UINT64_C(33) * 1024 + plan->sources * (uint64_t)load_source_bytes() +
           LOAD_BUCKETS * sizeof(void *) + GRACE_BATCH * sizeof(struct keypair) +
           MAX_QUEUED_INCOMING_HANDSHAKES * sizeof(struct queued_handshake) +
           plan->workers * (sizeof(struct worker) + WORKER_STACK_BYTES + buffers) + buffers;
}

static void all_tables_filled_fit_and_leave_something_over(void **state)
{
    static const unsigned workers[] = {1, 2, 3, 8, 64};

    (void)state;
    for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++)
        for (uint64_t limit = memory_plan_least(workers[i]); limit < 64 * 1024 * MIB; limit += limit / 7) {
            struct memory_plan plan;

            assert_int_equal(memory_plan_make(&plan, limit, workers[i], false), 0);
            assert_int_equal(plan.workers, workers[i]);
            assert_true(plan.parent + plan.engine < limit);
            assert_true(filled(&plan) + MIB / 2 <= plan.engine);
            assert_true(plan.staged_bytes >= 64 * 1024);
            assert_true(plan.clients > 0 && plan.clients <= UAPI_CLIENTS);
            assert_true(plan.sources > 0 && plan.sources <= LOAD_MAX_SOURCES);
            assert_true(plan.receive_buffers > 0);
            assert_true(memory_plan_peers(&plan) > 50);
            /* Twice that, four ways, is what the kernel keeps for each worker. */
            assert_true(plan.socket_bytes > 0 && plan.socket_bytes <= 7 * (int)MIB);
        }
}

static void a_byte_less_than_the_least_is_too_little(void **state)
{
    struct memory_plan plan;

    (void)state;
    for (unsigned workers = 1; workers <= 64; workers++) {
        uint64_t least = memory_plan_least(workers);

        assert_int_equal(memory_plan_make(&plan, least - 1, workers, false), -ENOMEM);
        assert_int_equal(memory_plan_make(&plan, least, workers, false), 0);
        assert_int_equal(memory_plan_make(&plan, memory_plan_least(1), workers, true), 0);
        assert_int_equal(plan.workers, 1);
    }
    assert_true(memory_plan_least(1) <= 7 * MIB); /* what the manual page says */
}

static void without_a_limit_everything_is_as_its_own_file_says(void **state)
{
    struct memory_plan plan;

    (void)state;
    assert_int_equal(memory_plan_make(&plan, 0, 5, true), 0);
    assert_int_equal(plan.workers, 5);
    assert_int_equal(plan.peer_bytes, 0);
    assert_int_equal(plan.staged_bytes, STAGED_BYTES_DEFAULT);
    assert_int_equal(plan.request_bytes, UAPI_BUDGET_BYTES);
    assert_int_equal(plan.clients, UAPI_CLIENTS);
    assert_int_equal(plan.sources, LOAD_MAX_SOURCES);
    assert_int_equal(memory_plan_wall(plan.engine), 0);
}

static void the_documented_32_mib_have_room_for_1000_peers_and_two_workers(void **state)
{
    struct memory_plan plan;

    (void)state;
    assert_int_equal(memory_plan_make(&plan, 32 * MIB, 2, true), 0);
    assert_int_equal(plan.workers, 2);
    assert_true(memory_plan_peers(&plan) >= 2000);
}

static void behind_the_wall_memory_is_refused_and_nothing_falls(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct rlimit wall;
        char *memory;

        if (memory_plan_wall(8 * MIB) != 0 || getrlimit(RLIMIT_DATA, &wall) != 0)
            _exit(1);
        memory = malloc(16 * MIB);
        if (wall.rlim_cur == 8 * MIB) /* not with a sanitizer */
            _exit(memory != NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void sizes_are_said_as_people_say_them(void **state)
{
    char text[MEMORY_PLAN_TEXT_BYTES];

    (void)state;
    assert_string_equal(memory_plan_text(text, 32 * MIB), "32 MiB");
    assert_string_equal(memory_plan_text(text, 32 * MIB + MIB / 2), "32.5 MiB");
    assert_string_equal(memory_plan_text(text, 1000000), "0.9 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_tables_filled_fit_and_leave_something_over),
        cmocka_unit_test(a_byte_less_than_the_least_is_too_little),
        cmocka_unit_test(without_a_limit_everything_is_as_its_own_file_says),
        cmocka_unit_test(the_documented_32_mib_have_room_for_1000_peers_and_two_workers),
        cmocka_unit_test(behind_the_wall_memory_is_refused_and_nothing_falls),
        cmocka_unit_test(sizes_are_said_as_people_say_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
