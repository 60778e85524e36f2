/* SPDX-License-Identifier: MIT
 *
 * Counters and times that threads share have 64 bits on every machine. On one of 32 bits they must still be
 * read and changed in one step, without a lock that a library would bring along, and lie at multiples of
 * their size, or processors take their time.
 */
#include "core/drops.h"
#include "core/endpoint.h"
#include "core/handshake_counters.h"
#include "core/keypair.h"
#include "core/peer.h"
#include "core/replay.h"
#include "core/timers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void numbers_of_64_bits_need_no_lock(void **state)
{
    (void)state;
    assert_int_equal(ATOMIC_LLONG_LOCK_FREE, 2);
    assert_int_equal(ATOMIC_POINTER_LOCK_FREE, 2);
    assert_int_equal(ATOMIC_BOOL_LOCK_FREE, 2);
    assert_int_equal(sizeof(_Atomic uint64_t), 8);
    assert_int_equal(_Alignof(_Atomic uint64_t), 8);
}

static void shared_numbers_lie_at_multiples_of_their_size(void **state)
{
    (void)state;
    assert_int_equal(offsetof(struct keypair, sending_counter) % 8, 0);
    assert_int_equal(offsetof(struct keypair, replay.top) % 8, 0);
    assert_int_equal(offsetof(struct vole_peer, received_bytes) % 8, 0);
    assert_int_equal(offsetof(struct vole_peer, sent_bytes) % 8, 0);
    assert_true(_Alignof(struct keypair) >= 8 && _Alignof(struct vole_peer) >= 8);
    assert_true(_Alignof(max_align_t) >= 8); /* of what is allocated */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_64_bits_need_no_lock),
        cmocka_unit_test(shared_numbers_lie_at_multiples_of_their_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
