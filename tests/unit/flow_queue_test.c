/* SPDX-License-Identifier: MIT
 *
 * Where a worker writes what it opened: with many peers to its own queues, with few to all, and a flow always
 * to the same.
 */
#include "daemon/flow_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS    4
#define PER_WORKER 3
#define QUEUES     (WORKERS * PER_WORKER)
#define FLOWS      200
#define MINE       2 /* this worker */

static struct tun queues[QUEUES];

/* A UDP packet from 10.0.0.1 to 10.0.0.2, told apart by its source port. */
static void write_flow(uint8_t packet[static 32], unsigned flow)
{
    static const uint8_t header[32] = {0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};

    memcpy(packet, header, sizeof header);
    packet[20] = (uint8_t)(flow >> 8);
    packet[21] = (uint8_t)flow;
}

/* Asks for every flow, twice; says how many different queues there were, and that all are in the row given.
 */
static unsigned used(const struct flow_queues *all, unsigned first, unsigned count)
{
    bool seen[QUEUES] = {false};
    unsigned different = 0;

    for (unsigned flow = 0; flow < FLOWS; flow++) {
        uint8_t packet[32];
        ptrdiff_t queue;

        write_flow(packet, flow);
        queue = flow_queue(all, &queues[MINE * PER_WORKER], PER_WORKER, packet, sizeof packet) - queues;
        assert_in_range(queue, first, first + count - 1);
        assert_ptr_equal(flow_queue(all, &queues[MINE * PER_WORKER], PER_WORKER, packet, sizeof packet),
                         &queues[queue]);
        different += !seen[queue];
        seen[queue] = true;
    }
    return different;
}

static void flows_of_few_peers_are_dealt_out_to_all(void **state)
{
    struct flow_queues all;

    (void)state;
    flow_queues_init(&all, queues, QUEUES, WORKERS);
    assert_int_equal(used(&all, 0, QUEUES), QUEUES);
    flow_queues_set_peers(&all, 2 * WORKERS - 1);
    assert_int_equal(used(&all, 0, QUEUES), QUEUES);
}

static void flows_of_many_peers_stay_with_the_worker(void **state)
{
    struct flow_queues all;

    (void)state;
    flow_queues_init(&all, queues, QUEUES, WORKERS);
    flow_queues_set_peers(&all, 2 * WORKERS);
    assert_int_equal(used(&all, MINE * PER_WORKER, PER_WORKER), PER_WORKER);
    flow_queues_set_peers(&all, 3); /* some went away */
    assert_int_equal(used(&all, 0, QUEUES), QUEUES);
}

static void a_worker_alone_has_only_its_own(void **state)
{
    struct flow_queues all;

    (void)state;
    flow_queues_init(&all, &queues[MINE * PER_WORKER], PER_WORKER, 1);
    flow_queues_set_peers(&all, 1);
    assert_int_equal(used(&all, MINE * PER_WORKER, PER_WORKER), PER_WORKER);
    assert_int_equal(used(NULL, MINE * PER_WORKER, PER_WORKER), PER_WORKER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_of_few_peers_are_dealt_out_to_all),
        cmocka_unit_test(flows_of_many_peers_stay_with_the_worker),
        cmocka_unit_test(a_worker_alone_has_only_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
