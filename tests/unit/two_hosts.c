/* SPDX-License-Identifier: MIT
 *
 * The fixture: two devices, a log of datagrams, four clocks that go together.
 */
#include "two_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define START_NS     (1000 * SECOND)
#define START_REAL_S 1700000000
#define MOST_TICKS   1000000 /* in one wait: more means that a deadline never moves on */

/* ---- what the devices call ---- */

static int send_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *bytes, size_t length)
{
    struct host *host = context;
    struct two_hosts *hosts = host->hosts;
    struct datagram *datagram;

    if (host->send_error != 0) {
        host->refused++;
        return host->send_error;
    }
    assert_true(length <= DATAGRAM_BYTES);
    if (hosts->logged == hosts->capacity) {
        hosts->capacity = hosts->capacity > 0 ? hosts->capacity * 2 : 64;
        hosts->log = realloc(hosts->log, hosts->capacity * sizeof *hosts->log);
        assert_non_null(hosts->log);
    }
    datagram = &hosts->log[hosts->logged++];
    *datagram = (struct datagram){.from = host->number,
                                  .at_ns = hosts->now.monotonic_ns,
                                  .on_the_wire = !host->cut,
                                  .traffic_class = traffic_class,
                                  .to = *to,
                                  .length = length};
    memcpy(datagram->bytes, bytes, length);
    return 0;
}

static void deliver_packet(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    struct host *host = context;

    assert_true(length <= DATAGRAM_BYTES);
    host->delivered++;
    host->delivered_from = from;
    host->delivered_length = length;
    memcpy(host->delivered_packet, packet, length);
}

static void take_event(void *context, const struct vole_event *event)
{
    struct host *host = context;

    host->events[event->kind]++;
    assert_non_null(event->peer);
}

/* splitmix64 */
void two_hosts_random(struct two_hosts *hosts, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint64_t mixed = hosts->random_state += UINT64_C(0x9e3779b97f4a7c15);

        mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        bytes[i] = (uint8_t)(mixed >> 56);
    }
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    struct host *host = context;

    two_hosts_random(host->hosts, bytes, length);
    if (length == 32 && host->next_ephemeral != NULL) {
        memcpy(bytes, host->next_ephemeral, 32);
        host->next_ephemeral = NULL;
    } else if (length == 4 && host->next_index != NULL) {
        memcpy(bytes, host->next_index, 4);
        host->next_index = NULL;
    } else if (length == 4 && host->jitter_ns != NULL) {
        /* Receiver indices are drawn with the same length and must differ. */
        uint32_t number = *host->jitter_ns + 333000000u * (bytes[0] % 12u);

        memcpy(bytes, &number, 4);
    }
}

/* ---- making them ---- */

static void make_host(struct two_hosts *hosts, int number)
{
    struct host *host = &hosts->host[number];
    struct vole_options options = {
        .hooks = {host, send_datagram, deliver_packet, take_event, draw},
    };

    host->hosts = hosts;
    host->number = number;
    host->address = (struct vole_endpoint){.address = {4, {192, 0, 2, (uint8_t)(number + 1)}},
                                           .port = (uint16_t)(1001 + number)};
    memcpy(host->inner, (uint8_t[]){10, 0, 0, (uint8_t)(number + 1)}, 4);
    two_hosts_random(hosts, host->private_key, sizeof host->private_key);
    vole_public_key(host->public_key, host->private_key);
    host->device = vole_device_new(&options, &hosts->now);
    assert_non_null(host->device);
    vole_device_set_private_key(host->device, host->private_key, &hosts->now);
    vole_device_up(host->device, &hosts->now);
}

void two_hosts_start(struct two_hosts *hosts)
{
    memset(hosts, 0, sizeof *hosts);
    hosts->now = (struct vole_time){START_NS, START_NS, START_REAL_S, 0};
    hosts->connected = true;
    for (int i = 0; i < 2; i++)
        make_host(hosts, i);
    for (int i = 0; i < 2; i++) {
        struct host *host = &hosts->host[i], *other = &hosts->host[!i];
        struct vole_prefix prefix = {.address = {.family = 4}, .length = 32};

        memcpy(prefix.address.bytes, other->inner, 4);
        host->peer = vole_peer_add(host->device, other->public_key, &hosts->now, NULL);
        assert_non_null(host->peer);
        assert_int_equal(vole_peer_allow(host->peer, &prefix), 0);
        vole_peer_set_endpoint(host->peer, &other->address);
    }
}

void two_hosts_stop(struct two_hosts *hosts)
{
    vole_device_free(hosts->host[0].device);
    vole_device_free(hosts->host[1].device);
    free(hosts->log);
    memset(hosts, 0, sizeof *hosts);
}

void two_hosts_start_with_session(struct two_hosts *hosts)
{
    two_hosts_start(hosts);
    vole_peer_handshake(hosts->host[0].peer, &hosts->now);
    two_hosts_deliver(hosts);
    assert_true(two_hosts_peer(hosts, 0).has_session);
    assert_true(two_hosts_peer(hosts, 1).has_session);
    two_hosts_forget(hosts);
}

/* ---- packets ---- */

size_t two_hosts_packet(uint8_t *packet, const uint8_t *source, const uint8_t *destination, size_t length)
{
    assert_true(length >= 20 && length <= 65535);
    memset(packet, 0, length);
    packet[0] = 0x45;
    packet[2] = (uint8_t)(length >> 8);
    packet[3] = (uint8_t)length;
    packet[8] = 64;
    packet[9] = 17;
    memcpy(packet + 12, source, 4);
    memcpy(packet + 16, destination, 4);
    return length;
}

enum vole_outcome two_hosts_send_bytes(struct two_hosts *hosts, int from, size_t length)
{
    uint8_t packet[DATAGRAM_BYTES];

    assert_true(length <= sizeof packet);
    two_hosts_packet(packet, hosts->host[from].inner, hosts->host[!from].inner, length);
    return vole_device_send(hosts->host[from].device, packet, length, &hosts->now);
}

enum vole_outcome two_hosts_send(struct two_hosts *hosts, int from)
{
    return two_hosts_send_bytes(hosts, from, 84);
}

/* ---- the wire ---- */

enum vole_outcome two_hosts_receive_from(struct two_hosts *hosts, int to, const struct datagram *datagram,
                                         const struct vole_endpoint *from)
{
    uint8_t bytes[DATAGRAM_BYTES];
    struct vole_endpoint path = *from;
    uint8_t traffic_class = datagram->traffic_class;
    size_t length = datagram->length;

    if (path.source.family == 0)
        path.source = hosts->host[to].address.address;
    memcpy(bytes, datagram->bytes, length); /* opened in place; and the log may move meanwhile */
    return vole_device_receive(hosts->host[to].device, bytes, length, &path, traffic_class, &hosts->now);
}

enum vole_outcome two_hosts_receive(struct two_hosts *hosts, int to, const struct datagram *datagram)
{
    return two_hosts_receive_from(hosts, to, datagram, &hosts->host[!to].address);
}

void two_hosts_deliver(struct two_hosts *hosts)
{
    for (size_t i = 0; i < hosts->logged; i++) {
        if (!hosts->log[i].on_the_wire)
            continue;
        hosts->log[i].on_the_wire = false;
        (void)two_hosts_receive(hosts, !hosts->log[i].from, &hosts->log[i]);
    }
}

void two_hosts_lose(struct two_hosts *hosts)
{
    for (size_t i = 0; i < hosts->logged; i++)
        hosts->log[i].on_the_wire = false;
}

/* ---- time ---- */

void two_hosts_advance(struct two_hosts *hosts, uint64_t ns)
{
    uint64_t real_ns = hosts->now.real_ns + ns % SECOND;

    hosts->now.monotonic_ns += ns;
    hosts->now.boot_ns += ns;
    hosts->now.real_s += ns / SECOND + real_ns / SECOND;
    hosts->now.real_ns = (uint32_t)(real_ns % SECOND);
}

static void tick(struct two_hosts *hosts)
{
    for (int i = 0; i < 2; i++)
        vole_device_tick(hosts->host[i].device, &hosts->now);
    if (hosts->connected)
        two_hosts_deliver(hosts);
}

void two_hosts_wait(struct two_hosts *hosts, uint64_t ns)
{
    uint64_t end = hosts->now.monotonic_ns + ns;

    if (hosts->connected)
        two_hosts_deliver(hosts);
    for (unsigned ticks = 0; ticks < MOST_TICKS; ticks++) {
        uint64_t first = vole_device_deadline(hosts->host[0].device),
                 second = vole_device_deadline(hosts->host[1].device), next = first < second ? first : second;

        if (next > end) {
            two_hosts_advance(hosts, end - hosts->now.monotonic_ns);
            return;
        }
        if (next > hosts->now.monotonic_ns)
            two_hosts_advance(hosts, next - hosts->now.monotonic_ns);
        tick(hosts);
    }
    fail_msg("a deadline is due again and again");
}

/* ---- the log ---- */

static bool matches(const struct datagram *datagram, int from, int type)
{
    return datagram->from == from && (type == ANY_MESSAGE || datagram->bytes[0] == type);
}

size_t two_hosts_count(const struct two_hosts *hosts, int from, int type)
{
    size_t count = 0;

    for (size_t i = hosts->forgotten; i < hosts->logged; i++)
        count += matches(&hosts->log[i], from, type);
    return count;
}

const struct datagram *two_hosts_nth(const struct two_hosts *hosts, int from, int type, size_t n)
{
    for (size_t i = hosts->forgotten; i < hosts->logged; i++)
        if (matches(&hosts->log[i], from, type) && n-- == 0)
            return &hosts->log[i];
    fail_msg("host %d sent fewer messages of type %d", from, type);
    return NULL;
}

const struct datagram *two_hosts_last(const struct two_hosts *hosts, int from, int type)
{
    size_t count = two_hosts_count(hosts, from, type);

    return two_hosts_nth(hosts, from, type, count > 0 ? count - 1 : 0);
}

void two_hosts_forget(struct two_hosts *hosts)
{
    hosts->forgotten = hosts->logged;
}

struct vole_peer_state two_hosts_peer(const struct two_hosts *hosts, int host)
{
    struct vole_peer_state state;

    vole_peer_read(hosts->host[host].peer, &state);
    return state;
}
