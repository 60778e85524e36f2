/* SPDX-License-Identifier: MIT
 *
 * The world of vole explain: what follows from a seed, how time passes, what is kept of what happened.
 */
#include "core/constants.h"
#include "explain/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t packet[] = {0x45, 0, 0, 24, 0,  0, 0, 0, 64, 253, 0, 0,
                                 10,   0, 0, 2,  10, 0, 0, 5, 1,  2,   3, 4};

/* One packet from laptop to server, with the handshake before it. */
static void live(struct cast *cast, const uint8_t *seed)
{
    struct cast_member *laptop, *server;

    cast_init(cast, seed);
    cast_add_two(cast, &laptop, &server);
    assert_int_equal(cast_send(laptop, packet, sizeof packet), VOLE_STAGED);
    assert_int_equal(cast_hand_all(cast, 0), 3);
}

static void the_same_seed_is_the_same_life_byte_for_byte(void **state)
{
    uint8_t other_seed[CHANCE_SEED_BYTES] = {1};
    struct cast one, two, other;

    (void)state;
    live(&one, chance_public_seed);
    live(&two, chance_public_seed);
    live(&other, other_seed);
    for (size_t i = 0; i < one.wire_count; i++) {
        assert_int_equal(one.wire[i].length, two.wire[i].length);
        assert_memory_equal(one.wire[i].bytes, two.wire[i].bytes, one.wire[i].length);
        assert_memory_not_equal(one.wire[i].bytes, other.wire[i].bytes, one.wire[i].length);
    }
    assert_memory_not_equal(one.members[0].private_key, one.members[1].private_key, VOLE_KEY_BYTES);
    assert_memory_not_equal(one.members[0].private_key, other.members[0].private_key, VOLE_KEY_BYTES);
    cast_fini(&one);
    cast_fini(&two);
    cast_fini(&other);
}

static void what_happened_is_kept_with_its_time_and_who_it_was(void **state)
{
    struct cast cast;

    (void)state;
    live(&cast, chance_public_seed);
    assert_int_equal(cast.wire[0].length, 148);
    assert_int_equal(cast.wire[1].length, 92);
    assert_ptr_equal(cast.wire[1].sender, &cast.members[1]);
    assert_int_equal(cast.wire[1].to.port, cast_laptop_address.port);
    assert_int_equal(cast.delivery_count, 1);
    assert_ptr_equal(cast.deliveries[0].member, &cast.members[1]);
    assert_ptr_equal(cast.deliveries[0].peer, &cast.members[0]);
    assert_memory_equal(cast.deliveries[0].bytes, packet, sizeof packet);
    assert_int_equal(cast.event_count, 3);
    assert_int_equal(cast.events[0].kind,
                     VOLE_EVENT_ENDPOINT_MOVED); /* the server did not know where it is */
    assert_string_equal(cast.events[0].member->name, "server");
    assert_int_equal(cast.events[1].kind, VOLE_EVENT_HANDSHAKE_COMPLETE);
    assert_string_equal(cast.events[1].member->name, "laptop");
    assert_string_equal(cast.events[1].peer->name, "server");
    assert_int_equal(cast.events[2].kind, VOLE_EVENT_HANDSHAKE_COMPLETE);
    cast_fini(&cast);
}

static void time_stops_at_every_deadline(void **state)
{
    struct cast_member *laptop, *server;
    struct cast cast;

    (void)state;
    cast_init(&cast, chance_public_seed);
    cast_add_two(&cast, &laptop, &server);
    assert_int_equal(cast_send(laptop, packet, sizeof packet), VOLE_STAGED);
    cast_pass(&cast, 20 * NS_PER_SECOND); /* nobody answers */
    assert_int_equal(cast.now_ns, 20 * NS_PER_SECOND);
    assert_int_equal(cast.wire_count, 4);
    for (size_t i = 1; i < cast.wire_count; i++) {
        uint64_t gap = cast.wire[i].at_ns - cast.wire[i - 1].at_ns;

        assert_in_range(gap, REKEY_TIMEOUT, REKEY_TIMEOUT + RETRANSMIT_JITTER + NS_PER_MS);
    }
    cast_fini(&cast);
}

static void a_wrong_clock_is_only_its_owners(void **state)
{
    struct cast_member *laptop, *server;
    struct vole_time wrong, right;
    struct cast cast;

    (void)state;
    cast_init(&cast, chance_public_seed);
    cast_add_two(&cast, &laptop, &server);
    cast_pass(&cast, 7 * NS_PER_SECOND);
    laptop->clock_wrong_by_s = -3600;
    cast_time(laptop, &wrong);
    cast_time(server, &right);
    assert_int_equal(right.real_s, CAST_BEGINS_S + 7);
    assert_int_equal(wrong.real_s, CAST_BEGINS_S + 7 - 3600);
    assert_int_equal(wrong.monotonic_ns, right.monotonic_ns);
    cast_fini(&cast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_is_the_same_life_byte_for_byte),
        cmocka_unit_test(what_happened_is_kept_with_its_time_and_who_it_was),
        cmocka_unit_test(time_stops_at_every_deadline),
        cmocka_unit_test(a_wrong_clock_is_only_its_owners),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
