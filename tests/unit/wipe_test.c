/* SPDX-License-Identifier: MIT
 *
 * Keys leave the process's memory when the protocol lets them go (protocol §5, timers §1, §7). Two devices
 * live in this process; after each such moment all of its writable memory - heap, stack, data, what was
 * freed - is searched for the key. Each search is proved able to find the key by finding it, in exactly the
 * places expected, while it lives.
 *
 * The sought keys are kept masked, and read masked from where they live; what is searched is read through
 * /proc/self/mem into one buffer, which alone is left out.
 */
#include "core/handshake_filter.h"
#include "core/outbound.h"
#include "crypto/memory.h"
#include "two_hosts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MASK          0x5a
#define BUFFER_BYTES  ((size_t)1 << 20)
#define LARGEST_BYTES (UINT64_C(1) << 27) /* larger mappings are a sanitizer's shadow */

/* A key, masked. */
struct needle {
    uint8_t masked[32];
};

struct sightings {
    unsigned whole;  /* all 32 bytes */
    unsigned halves; /* the first or the last 16, whether together or apart */
};

static struct two_hosts hosts;
static uint8_t buffer[BUFFER_BYTES + 32];

/* An address sanitizer keeps freed memory for a while, as much as 256 MiB: here that only makes every search
 * longer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=1";
}

/* ---- the search ---- */

/* A byte at a time through volatile, so that no copy of the key comes to lie anywhere. */
static struct needle take(const uint8_t *key)
{
    const volatile uint8_t *from = key;
    struct needle needle;

    for (size_t i = 0; i < sizeof needle.masked; i++)
        needle.masked[i] = from[i] ^ MASK;
    return needle;
}

static bool here(const uint8_t *place, const uint8_t *masked, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((place[i] ^ MASK) != masked[i])
            return false;
    return true;
}

/* How often 16 masked bytes begin within the first length bytes of the buffer. */
static unsigned count_half(const uint8_t *masked, size_t length, const uint8_t *rest, unsigned *whole)
{
    const uint8_t *at = buffer, *end = buffer + length;
    unsigned count = 0;

    for (; (at = memchr(at, masked[0] ^ MASK, (size_t)(end - at))) != NULL; at++)
        if (here(at, masked, 16)) {
            count++;
            if (rest != NULL)
                *whole += here(at + 16, rest, 16);
        }
    return count;
}

/* Looks at every start among length + 32 bytes; a whole needle is counted with its first half. */
static void look(const struct needle *needle, size_t length, struct sightings *seen)
{
    seen->halves += count_half(needle->masked, length, needle->masked + 16, &seen->whole);
    seen->halves += count_half(needle->masked + 16, length, NULL, NULL);
}

/* A key may begin in one range and end in the next: what follows is read with it, but never the buffer. */
static void search_range(int memory, uint64_t from, uint64_t to, const struct needle *needle,
                         struct sightings *seen)
{
    const uint64_t own = (uintptr_t)buffer;

    while (from < to) {
        size_t part = to - from < BUFFER_BYTES ? (size_t)(to - from) : BUFFER_BYTES;
        size_t more = own - (from + part) < 32 ? (size_t)(own - (from + part)) : 32;
        ssize_t got = pread(memory, buffer, part + more, (off_t)from);

        if (got <= 0)
            return; /* not readable after all */
        memset(buffer + got, 0, sizeof buffer - (size_t)got);
        look(needle, part, seen);
        from += part;
    }
}

static struct sightings search(const struct needle *needle)
{
    int memory = open("/proc/self/mem", O_RDONLY);
    FILE *maps = fopen("/proc/self/maps", "r");
    const uint64_t skip_from = (uintptr_t)buffer, skip_to = skip_from + sizeof buffer;
    struct sightings seen = {0, 0};
    char line[512];

    assert_true(memory >= 0);
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        uint64_t from, to;
        char readable, writable;

        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %c%c", &from, &to, &readable, &writable) != 4 ||
            readable != 'r' || writable != 'w' || to - from > LARGEST_BYTES)
            continue;
        if (from < skip_to && to > skip_from) { /* around the buffer */
            search_range(memory, from, skip_from, needle, &seen);
            search_range(memory, skip_to, to, needle, &seen);
        } else {
            search_range(memory, from, to, needle, &seen);
        }
    }
    fclose(maps);
    close(memory);
    return seen;
}

static void assert_in_memory(const struct needle *needle, unsigned times)
{
    struct sightings seen = search(needle);

    assert_int_equal(seen.whole, times);
    if (times == 0)
        assert_int_equal(seen.halves, 0);
}

/* ---- the scenes ---- */

static int start(void **state)
{
    (void)state;
    two_hosts_start(&hosts);
    return 0;
}

static int start_with_session(void **state)
{
    (void)state;
    two_hosts_start_with_session(&hosts);
    two_hosts_send(&hosts, 0);
    two_hosts_send(&hosts, 1);
    two_hosts_deliver(&hosts);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

static struct keypair *current_of(int host)
{
    return atomic_load(&hosts.host[host].peer->keypairs.current);
}

/* Both keys of host 0's current session; host 1 holds the same two. */
struct session {
    struct needle sending, receiving;
};

static struct session take_session(void)
{
    return (struct session){take(current_of(0)->sending_key), take(current_of(0)->receiving_key)};
}

static void assert_session_in_memory(const struct session *session, unsigned times)
{
    assert_in_memory(&session->sending, times);
    assert_in_memory(&session->receiving, times);
}

static void rekey(int initiator)
{
    two_hosts_wait(&hosts, 20 * SECOND);
    vole_peer_handshake(hosts.host[initiator].peer, &hosts.now);
    two_hosts_deliver(&hosts);
    two_hosts_send(&hosts, 0);
    two_hosts_send(&hosts, 1);
    two_hosts_deliver(&hosts);
}

static void the_search_finds_halves_and_wholes_anywhere(void **state)
{
    static uint8_t planted[200];
    struct needle needle;
    uint8_t on_the_stack[33];

    (void)state;
    two_hosts_random(&hosts, planted + 3, 32);
    needle = take(planted + 3);
    assert_in_memory(&needle, 1);
    memcpy(on_the_stack + 1, planted + 3, 32);
    assert_in_memory(&needle, 2);
    memory_wipe(on_the_stack, sizeof on_the_stack);
    memory_wipe(planted + 3, 1); /* the second half is left */
    assert_int_equal(search(&needle).whole, 0);
    assert_int_equal(search(&needle).halves, 1);
    memory_wipe(planted, sizeof planted);
    assert_in_memory(&needle, 0);
}

static void session_keys_lie_once_in_each_device_and_nowhere_else(void **state)
{
    struct session session = take_session();

    (void)state;
    assert_session_in_memory(&session, 2);
    for (int i = 0; i < 20; i++) {
        two_hosts_send(&hosts, i % 2);
        two_hosts_deliver(&hosts);
    }
    assert_session_in_memory(&session, 2);
}

static void session_keys_go_540_s_after_the_last_session(void **state)
{
    struct session session = take_session();

    (void)state;
    two_hosts_wait(&hosts, 539 * SECOND);
    assert_session_in_memory(&session, 2);
    two_hosts_wait(&hosts, 2 * SECOND);
    assert_session_in_memory(&session, 0);
}

static void session_keys_go_when_two_newer_sessions_exist(void **state)
{
    struct session first = take_session(), second;

    (void)state;
    rekey(0);
    second = take_session();
    assert_session_in_memory(&first, 2); /* previous */
    assert_session_in_memory(&second, 2);
    rekey(1); /* the other way round */
    assert_session_in_memory(&first, 0);
    assert_session_in_memory(&second, 2);
}

static void a_next_key_that_is_never_confirmed_goes_when_replaced(void **state)
{
    struct needle next;

    (void)state;
    hosts.connected = false;
    two_hosts_advance(&hosts, 20 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION)); /* the response is lost */
    next = take(hosts.host[1].peer->keypairs.next->sending_key);
    assert_in_memory(&next, 1);
    two_hosts_advance(&hosts, 20 * SECOND);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    assert_in_memory(&next, 0);
}

static void session_keys_go_with_interface_down(void **state)
{
    struct session session = take_session();

    (void)state;
    vole_device_down(hosts.host[0].device, &hosts.now);
    assert_session_in_memory(&session, 1);
    vole_device_down(hosts.host[1].device, &hosts.now);
    assert_session_in_memory(&session, 0);
}

static void session_keys_go_with_suspend(void **state)
{
    struct session session = take_session();

    (void)state;
    vole_device_suspend(hosts.host[0].device);
    assert_session_in_memory(&session, 1);
    vole_device_suspend(hosts.host[1].device);
    assert_session_in_memory(&session, 0);
}

/* Host 1's cookie secret in its maker, and as the workers' filter has it: ready to use. */
static void take_cookie_secret(struct needle *secret, struct needle *ready)
{
    const struct vole_device *device = hosts.host[1].device;

    *secret = take(device->cookie_maker.secret);
    *ready = take((const uint8_t *)atomic_load(&device->filter_keys)->cookie_secret.h);
    assert_in_memory(secret, 1);
    assert_in_memory(ready, 1);
}

static void a_cookie_secret_goes_when_it_is_renewed_and_with_the_device(void **state)
{
    struct needle secret, ready;

    (void)state;
    take_cookie_secret(&secret, &ready);
    hosts.connected = false;
    two_hosts_advance(&hosts, 121 * SECOND);
    hosts.host[1].device->load->last_loaded_ns = hosts.now.boot_ns;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    assert_int_equal(two_hosts_count(&hosts, 1, COOKIE_REPLY), 1);
    assert_in_memory(&secret, 0);
    assert_in_memory(&ready, 0);
    take_cookie_secret(&secret, &ready);
    two_hosts_stop(&hosts);
    assert_in_memory(&secret, 0);
    assert_in_memory(&ready, 0);
    two_hosts_start(&hosts); /* something to stop */
}

static void all_of_a_peers_secrets_go_with_it(void **state)
{
    uint8_t psk[32];
    struct needle preshared, static_static;
    struct session session = take_session();

    (void)state;
    two_hosts_random(&hosts, psk, sizeof psk);
    preshared = take(psk);
    for (int i = 0; i < 2; i++)
        vole_peer_set_preshared_key(hosts.host[i].peer, psk);
    memory_wipe(psk, sizeof psk);
    rekey(0);
    static_static = take(hosts.host[0].peer->remote.static_static);
    session = take_session();
    for (unsigned left = 2; left > 0; left--) {
        assert_in_memory(&preshared, left);
        assert_in_memory(&static_static, left);
        assert_session_in_memory(&session, left);
        vole_peer_remove(hosts.host[left - 1].peer);
    }
    assert_in_memory(&preshared, 0);
    assert_in_memory(&static_static, 0);
    assert_session_in_memory(&session, 0);
}

static void a_replaced_preshared_key_goes(void **state)
{
    uint8_t psk[32];
    struct needle old;

    (void)state;
    two_hosts_random(&hosts, psk, sizeof psk);
    old = take(psk);
    vole_peer_set_preshared_key(hosts.host[0].peer, psk);
    two_hosts_random(&hosts, psk, sizeof psk);
    assert_in_memory(&old, 1);
    vole_peer_set_preshared_key(hosts.host[0].peer, psk);
    assert_in_memory(&old, 0);
}

static void a_replaced_private_key_goes_with_what_was_made_from_it(void **state)
{
    struct needle old = take(hosts.host[0].device->identity.private_key), static_static;

    (void)state;
    static_static = take(hosts.host[0].peer->remote.static_static);
    memory_wipe(hosts.host[0].private_key, 32); /* the fixture's copy */
    assert_in_memory(&old, 1);
    assert_in_memory(&static_static, 2);
    two_hosts_random(&hosts, hosts.host[0].private_key, 32);
    vole_device_set_private_key(hosts.host[0].device, hosts.host[0].private_key, &hosts.now);
    assert_in_memory(&old, 0);
    assert_in_memory(&static_static, 1); /* the other end still has it */
}

static void everything_goes_with_the_device(void **state)
{
    struct needle identity = take(hosts.host[0].device->identity.private_key);
    struct session session = take_session();

    (void)state;
    memory_wipe(hosts.host[0].private_key, 32);
    assert_in_memory(&identity, 1);
    vole_device_free(hosts.host[0].device);
    hosts.host[0].device = NULL;
    assert_in_memory(&identity, 0);
    assert_session_in_memory(&session, 1);
}

/* Clamped already, so that the drawn and the stored key are the same. */
static void script_ephemeral(int host, uint8_t ephemeral[static 32])
{
    two_hosts_random(&hosts, ephemeral, 32);
    ephemeral[0] &= 0xf8;
    ephemeral[31] = (uint8_t)((ephemeral[31] & 0x7f) | 0x40);
    hosts.host[host].next_ephemeral = ephemeral;
}

static void a_finished_handshake_leaves_no_ephemeral_and_no_chaining_key(void **state)
{
    uint8_t scripted[32];
    struct needle ephemeral, response_ephemeral, chaining_key;

    (void)state;
    hosts.connected = false;
    script_ephemeral(0, scripted);
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    memory_wipe(scripted, sizeof scripted);
    ephemeral = take(hosts.host[0].peer->handshake.ephemeral_private);
    chaining_key = take(hosts.host[0].peer->handshake.chaining_key);
    assert_in_memory(&ephemeral, 1);
    assert_in_memory(&chaining_key, 1);

    script_ephemeral(1, scripted);
    response_ephemeral = take(scripted);
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    assert_in_memory(&response_ephemeral, 1); /* the script itself */
    memory_wipe(scripted, sizeof scripted);
    assert_in_memory(&response_ephemeral, 0); /* the responder is done at once */
    assert_in_memory(&chaining_key, 1);

    two_hosts_deliver(&hosts);
    assert_true(two_hosts_peer(&hosts, 1).has_session);
    assert_in_memory(&ephemeral, 0);
    assert_in_memory(&chaining_key, 0);
}

static void each_retry_forgets_the_ephemeral_before(void **state)
{
    struct needle first;

    (void)state;
    hosts.host[0].cut = true;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    first = take(hosts.host[0].peer->handshake.ephemeral_private);
    two_hosts_wait(&hosts, 4 * SECOND);
    assert_in_memory(&first, 1);
    two_hosts_wait(&hosts, 2 * SECOND);
    assert_in_memory(&first, 0);
}

static void an_abandoned_handshake_goes_540_s_after_giving_up(void **state)
{
    struct needle last;

    (void)state;
    hosts.host[0].cut = true;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    two_hosts_wait(&hosts, 110 * SECOND);
    last = take(hosts.host[0].peer->handshake.ephemeral_private);
    assert_in_memory(&last, 1);
    two_hosts_wait(&hosts, 540 * SECOND);
    assert_in_memory(&last, 0);
}

static void a_forged_response_leaves_nothing_behind(void **state)
{
    struct needle ephemeral, chaining_key;
    struct datagram response;

    (void)state;
    hosts.connected = false;
    vole_peer_handshake(hosts.host[0].peer, &hosts.now);
    ephemeral = take(hosts.host[0].peer->handshake.ephemeral_private);
    chaining_key = take(hosts.host[0].peer->handshake.chaining_key);
    vole_peer_set_preshared_key(hosts.host[1].peer, hosts.host[0].public_key); /* any other than none */
    two_hosts_receive(&hosts, 1, two_hosts_last(&hosts, 0, INITIATION));
    response = *two_hosts_last(&hosts, 1, RESPONSE);
    assert_int_equal(two_hosts_receive(&hosts, 0, &response), VOLE_DROPPED);
    assert_int_equal(vole_device_last_drop(hosts.host[0].device), VOLE_DROP_RESPONSE_UNREADABLE);
    assert_in_memory(&ephemeral, 1); /* the pending handshake, and no copy */
    assert_in_memory(&chaining_key, 1);
}

static void plaintext_that_waits_goes_when_it_is_sent_or_purged(void **state)
{
    struct needle secret;
    uint8_t packet[84];

    (void)state;
    two_hosts_packet(packet, hosts.host[0].inner, hosts.host[1].inner, sizeof packet);
    two_hosts_random(&hosts, packet + 30, 32);
    secret = take(packet + 30);
    hosts.connected = false;
    vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now);
    memory_wipe(packet, sizeof packet);
    memory_wipe(hosts.host[0].device->run->bytes, sizeof hosts.host[0].device->run->bytes); /* scratch */
    assert_in_memory(&secret, 1);
    vole_device_down(hosts.host[0].device, &hosts.now);
    assert_in_memory(&secret, 0);
}

/* What is freed stays in the process here, or the kernel would do the wiping. */
static void a_packet_in_the_devices_buffer_goes_with_the_device(void **state)
{
    struct needle secret;
    uint8_t packet[84];

    (void)state;
    two_hosts_packet(packet, hosts.host[0].inner, hosts.host[1].inner, sizeof packet);
    two_hosts_random(&hosts, packet + 30, 32);
    secret = take(packet + 30);
    hosts.connected = false;
    vole_device_send(hosts.host[0].device, packet, sizeof packet, &hosts.now);
    memory_wipe(packet, sizeof packet);
    assert_in_memory(&secret, 2); /* the buffer's, and the one that waits */
    vole_device_free(hosts.host[0].device);
    hosts.host[0].device = NULL;
    assert_in_memory(&secret, 0);
}

#define WITH_START(test)   cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, start_with_session, stop)

/* Kernels wipe the stack below them by extent, and a sanitizer's frames are larger than that. */
static int plain_under_sanitizer(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    (void)vole_limit_vectors(VOLE_VECTORS_NONE);
#endif
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_START(the_search_finds_halves_and_wholes_anywhere),
        WITH_SESSION(session_keys_lie_once_in_each_device_and_nowhere_else),
        WITH_SESSION(session_keys_go_540_s_after_the_last_session),
        WITH_SESSION(session_keys_go_when_two_newer_sessions_exist),
        WITH_SESSION(a_next_key_that_is_never_confirmed_goes_when_replaced),
        WITH_SESSION(session_keys_go_with_interface_down),
        WITH_SESSION(session_keys_go_with_suspend),
        WITH_START(a_cookie_secret_goes_when_it_is_renewed_and_with_the_device),
        WITH_SESSION(all_of_a_peers_secrets_go_with_it),
        WITH_START(a_replaced_preshared_key_goes),
        WITH_SESSION(a_replaced_private_key_goes_with_what_was_made_from_it),
        WITH_SESSION(everything_goes_with_the_device),
        WITH_START(a_finished_handshake_leaves_no_ephemeral_and_no_chaining_key),
        WITH_START(each_retry_forgets_the_ephemeral_before),
        WITH_START(an_abandoned_handshake_goes_540_s_after_giving_up),
        WITH_START(a_forged_response_leaves_nothing_behind),
        WITH_START(plaintext_that_waits_goes_when_it_is_sent_or_purged),
        WITH_START(a_packet_in_the_devices_buffer_goes_with_the_device),
    };

    (void)mallopt(M_MMAP_THRESHOLD, 1 << 25);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 28);
    return cmocka_run_group_tests(tests, plain_under_sanitizer, NULL);
}
