/* SPDX-License-Identifier: MIT
 *
 * libvole with each of its allocations refused once: making devices, peers and prefixes, sessions both ways,
 * traffic, rekeying, new keys, removal. What is refused says so and changes nothing; what failed works the
 * next time; sessions come about, if need be by the next handshake; and in the end nothing is left.
 */
#include "vole.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define SECOND    UINT64_C(1000000000)
#define PEERS     40u
#define PREFIXES  6u
#define WIRE      64
#define MOST_TIME (600 * SECOND)

/* ---- allocations ---- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__real_mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset);

static unsigned asked, refused; /* the number of the one that is, 0: none */

static bool refuses(void)
{
    return ++asked == refused;
}

static bool was_refused(void)
{
    return refused != 0 && asked >= refused;
}

void *__wrap_malloc(size_t bytes)
{
    return refuses() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return refuses() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
    return refuses() ? NULL : __real_realloc(old, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return refuses() ? NULL : __real_aligned_alloc(alignment, bytes);
}

void *__wrap_mmap64(void *where, size_t bytes, int protection, int flags, int file, off_t offset)
{
    if (!refuses())
        return __real_mmap64(where, bytes, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}

/* ---- two devices, and what is on its way between them ---- */

static struct vole_time now;

static struct side {
    struct vole_device *device;
    struct vole_peer *other;
    uint8_t private_key[32], public_key[32];
    unsigned delivered;
    struct {
        size_t length;
        uint8_t bytes[2048];
    } sent[WIRE];
    unsigned count;
} sides[2];

static const struct vole_endpoint places[2] = {{.address = {4, {192, 0, 2, 1}}, .port = 1},
                                               {.address = {4, {192, 0, 2, 2}}, .port = 2}};

static int keep(void *context, const struct vole_endpoint *to, uint8_t traffic_class, const uint8_t *datagram,
                size_t length)
{
    struct side *side = context;

    (void)to, (void)traffic_class;
    if (side->count == WIRE)
        return -ENOBUFS;
    memcpy(side->sent[side->count].bytes, datagram, length);
    side->sent[side->count++].length = length;
    return 0;
}

static void count_delivered(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    (void)from, (void)packet, (void)length;
    ((struct side *)context)->delivered++;
}

static void fill(void *context, uint8_t *bytes, size_t length)
{
    static uint64_t state = 1;

    (void)context;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)((state = state * UINT64_C(6364136223846793005) + 1442695040888963407) >> 56);
}

static void carry(void)
{
    while (sides[0].count + sides[1].count > 0)
        for (int from = 0; from < 2; from++)
            for (unsigned i = 0, count = sides[from].count; i < count; i++) {
                struct side *side = &sides[from];
                uint8_t copy[2048];
                size_t length = side->sent[0].length;

                memcpy(copy, side->sent[0].bytes, length);
                memmove(&side->sent[0], &side->sent[1], (--side->count) * sizeof side->sent[0]);
                (void)vole_device_receive(sides[!from].device, copy, length, &places[from], 0, &now);
            }
}

static void live(uint64_t ns)
{
    for (uint64_t end = now.monotonic_ns + ns; now.monotonic_ns < end;) {
        now.monotonic_ns += SECOND / 4;
        now.boot_ns = now.monotonic_ns;
        now.real_s = now.monotonic_ns / SECOND;
        for (int i = 0; i < 2; i++)
            vole_device_tick(sides[i].device, &now);
        carry();
    }
}

/* ---- what is done, each step until it works ---- */

static void make(int number)
{
    struct side *side = &sides[number];
    const struct vole_options options = {
        .hooks = {.context = side, .send = keep, .deliver = count_delivered, .random = fill},
        .staged_bytes = 65536};

    side->device = vole_device_new(&options, &now);
    if (side->device == NULL) {
        assert_true(was_refused());
        side->device = vole_device_new(&options, &now);
    }
    assert_non_null(side->device);
    fill(NULL, side->private_key, 32);
    vole_public_key(side->public_key, side->private_key);
    vole_device_set_private_key(side->device, side->private_key, &now);
    vole_device_up(side->device, &now);
}

static struct vole_peer *add(struct vole_device *device, const uint8_t key[32])
{
    size_t before = vole_peer_count(device);
    int error = 0;
    struct vole_peer *peer = vole_peer_add(device, key, &now, &error);

    if (peer == NULL) {
        assert_int_equal(error, -ENOMEM);
        assert_true(was_refused());
        assert_int_equal(vole_peer_count(device), before);
        assert_null(vole_peer_find(device, key));
        peer = vole_peer_add(device, key, &now, &error);
    }
    assert_non_null(peer);
    assert_ptr_equal(vole_peer_find(device, key), peer);
    return peer;
}

static void allow(struct vole_peer *peer, const struct vole_prefix *prefix)
{
    size_t before = vole_peer_allowed(peer, NULL, 0);
    int error = vole_peer_allow(peer, prefix);

    if (error != 0) {
        assert_int_equal(error, -ENOMEM);
        assert_true(was_refused());
        assert_int_equal(vole_peer_allowed(peer, NULL, 0), before);
        error = vole_peer_allow(peer, prefix);
    }
    assert_int_equal(error, 0);
    assert_int_equal(vole_peer_allowed(peer, NULL, 0), before + 1);
}

static void know_each_other(void)
{
    for (int i = 0; i < 2; i++) {
        struct vole_prefix prefix = {{4, {10, 0, 0, (uint8_t)(2 - i)}}, 32};

        sides[i].other = add(sides[i].device, sides[!i].public_key);
        vole_peer_set_preshared_key(sides[i].other, (const uint8_t[32]){7});
        vole_peer_set_endpoint(sides[i].other, &places[!i]);
        allow(sides[i].other, &prefix);
    }
}

static void add_a_crowd(void)
{
    for (uint8_t i = 0; i < PEERS; i++) {
        struct vole_peer *peer = add(sides[0].device, (const uint8_t[32]){1, i});

        for (uint8_t j = 0; j < PREFIXES; j++) {
            struct vole_prefix prefix = {{j % 2 == 0 ? 4 : 6, {20, i, (uint8_t)(j << 4), j}},
                                         (uint8_t)(16 + 2 * j)};

            allow(peer, &prefix);
        }
    }
    assert_int_equal(vole_peer_count(sides[0].device), PEERS + 1);
}

static void remove_the_crowd(void)
{
    for (uint8_t i = 0; i < PEERS; i++)
        vole_peer_remove(vole_peer_find(sides[0].device, (const uint8_t[32]){1, i}));
    assert_int_equal(vole_peer_count(sides[0].device), 1);
}

/* A packet arrives within bounded time, whatever was refused. */
static void talk(int from)
{
    uint8_t packet[84] = {0x45, [3] = sizeof packet, [8] = 64, [9] = 17, [12] = 10, [16] = 10};
    unsigned before = sides[!from].delivered;

    packet[15] = (uint8_t)(from + 1);
    packet[19] = (uint8_t)(2 - from);
    for (uint64_t end = now.monotonic_ns + MOST_TIME; sides[!from].delivered == before; live(SECOND)) {
        assert_true(now.monotonic_ns < end);
        assert_int_not_equal(vole_device_send(sides[from].device, packet, sizeof packet, &now),
                             VOLE_DELIVERED);
        carry();
    }
}

static void flood(void)
{
    uint8_t initiation[148] = {1};

    for (unsigned i = 0; i < 600; i++)
        (void)vole_device_queue(sides[0].device, initiation, sizeof initiation, &places[1]);
    live(2 * SECOND);
}

static void a_life(void)
{
    now = (struct vole_time){.monotonic_ns = 1000 * SECOND, .boot_ns = 1000 * SECOND, .real_s = 1000};
    memset(sides, 0, sizeof sides);
    make(0);
    make(1);
    know_each_other();
    talk(0);
    talk(1);
    add_a_crowd();
    live(130 * SECOND);
    talk(0);
    vole_device_suspend(sides[1].device);
    talk(1);
    remove_the_crowd();
    flood();
    vole_device_down(sides[0].device, &now);
    vole_device_up(sides[0].device, &now);
    live(200 * SECOND);
    talk(0);
    fill(NULL, sides[0].private_key, 32); /* which the other one does not know */
    vole_device_set_private_key(sides[0].device, sides[0].private_key, &now);
    vole_public_key(sides[0].public_key, sides[0].private_key);
    for (int i = 0; i < 2; i++)
        vole_peer_remove(sides[i].other);
    know_each_other();
    live(6 * SECOND);
    talk(1);
    for (int i = 0; i < 2; i++)
        vole_device_free(sides[i].device);
}

/* Leaks are AddressSanitizer's to find. */
static void each_allocation_refused_once(void **state)
{
    (void)state;
    for (refused = 1;; refused++) {
        asked = 0;
        a_life();
        if (asked < refused)
            break;
    }
    print_message("%u allocations refused, one in each life\n", refused - 1);
    assert_true(refused > 100);
}

/* From then on there is none for a while, and then there is again. */
static void none_for_a_while_after_a_session(void **state)
{
    (void)state;
    refused = 0;
    now = (struct vole_time){.monotonic_ns = 1000 * SECOND, .boot_ns = 1000 * SECOND, .real_s = 1000};
    memset(sides, 0, sizeof sides);
    make(0);
    make(1);
    know_each_other();
    talk(0);
    for (int i = 0; i < 400; i++) { /* through two rekeyings, with whatever they ask for refused */
        refused = asked + 1;
        live(SECOND / 2);
    }
    refused = 0;
    talk(0);
    talk(1);
    for (int i = 0; i < 2; i++)
        vole_device_free(sides[i].device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_refused_once),
        cmocka_unit_test(none_for_a_while_after_a_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
