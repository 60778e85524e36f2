/* SPDX-License-Identifier: MIT
 *
 * A stranger knocks at the server's port with all he may have: nothing, another protocol, the look of a
 * message, the server's public key, recordings. Each knock goes into the real device, and what it sends back
 * is counted.
 */
#include "core/constants.h"
#include "core/messages.h"
#include "explain/cast.h"
#include "explain/life_packet.h"
#include "explain/life_parts.h"
#include "explain/value.h"

#include <string.h>

#define RANDOM_BYTES 148

struct scan {
    struct cast cast;
    struct cast_member *laptop, *server;
    json_t *knocks;
};

/* What a stranger's own device would send to whom he takes for the server. */
static struct cast_datagram initiation_to(struct scan *scan, const char *name, const struct cast_member *of)
{
    struct cast_member *stranger = cast_add(&scan->cast, name, &cast_stranger_address);
    struct vole_peer *peer = cast_introduce(stranger, of, "10.0.0.5/32", NULL, true);
    struct vole_time now;

    cast_time(stranger, &now);
    vole_peer_handshake(peer, &now);
    return scan->cast.wire[scan->cast.wire_count - 1];
}

static void knock(struct scan *scan, const char *name, const char *title, const char *needs,
                  const uint8_t *bytes, size_t length)
{
    json_t *item = value_object(scan->knocks, NULL);
    size_t before = scan->cast.wire_count, answers = 0, answered_bytes = 0;
    enum vole_outcome outcome;
    enum vole_drop reason;

    value_text(item, "name", name);
    value_text(item, "title", title);
    value_text(item, "needs", needs);
    value_number(item, "length", length);
    value_bytes(item, "bytes", bytes, length);
    outcome = cast_hand(scan->server, bytes, length, &cast_stranger_address);
    reason = vole_device_last_drop(scan->server->device);
    value_truth(item, "dropped", outcome == VOLE_DROPPED);
    value_text(item, "reason", outcome == VOLE_DROPPED ? vole_drop_name(reason) : NULL);
    value_text(item, "words", outcome == VOLE_DROPPED ? vole_drop_text(reason) : NULL);
    for (size_t i = before; i < scan->cast.wire_count; i++) {
        answers++;
        answered_bytes += scan->cast.wire[i].length;
    }
    value_truth(item, "heard", answers > 0);
    value_number(item, "answers", answers);
    value_number(item, "answered_bytes", answered_bytes);
}

/* Who knows nothing but that there is a port. */
static void knock_blindly(struct scan *scan)
{
    static const uint8_t question[] = {
        0x1d, 0x0e, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,                /* header */
        7,    'e',  'x',  'a',  'm',  'p',  'l',  'e',  3,    'o',  'r',  'g',  0, 0, 1, 0, 1, /* A, IN */
    };
    uint8_t bytes[RANDOM_BYTES] = {0};
    struct chance chance;

    chance_init(&chance, scan->cast.seed, "scanner");
    knock(scan, "empty", "an empty datagram, as port scanners send it", "nothing", bytes, 0);
    knock(scan, "dns", "a DNS question for example.org", "nothing", question, sizeof question);
    chance_bytes(&chance, bytes, sizeof bytes);
    knock(scan, "random", "148 random bytes", "nothing", bytes, sizeof bytes);
    memcpy(bytes, (const uint8_t[]){MESSAGE_INITIATION, 0, 0, 0}, 4);
    knock(scan, "shape", "148 random bytes that begin like an initiation", "the protocol", bytes,
          sizeof bytes);
    memcpy(bytes, (const uint8_t[]){MESSAGE_TRANSPORT, 0, 0, 0}, 4);
    knock(scan, "data", "148 random bytes that begin like data", "the protocol", bytes, sizeof bytes);
}

/* The nth datagram of this member (from 0). False: there is none. */
static bool find_sent(const struct scan *scan, const char *name, size_t nth, struct cast_datagram *found)
{
    for (size_t i = 0; i < scan->cast.wire_count; i++)
        if (strcmp(scan->cast.wire[i].sender->name, name) == 0 && nth-- == 0) {
            *found = scan->cast.wire[i];
            return true;
        }
    return false;
}

static void knock_knowingly(struct scan *scan)
{
    struct cast_datagram datagram;
    struct vole_endpoint elsewhere = cast_server_address;
    const struct cast_member *wrong;

    elsewhere.port++; /* a server that is not in this story */
    wrong = cast_add(&scan->cast, "another server", &elsewhere);
    datagram = initiation_to(scan, "stranger with a wrong key", wrong);
    knock(scan, "wrong_mac1", "a real initiation, made for another server's public key", "WireGuard",
          datagram.bytes, datagram.length);
    datagram = initiation_to(scan, "stranger", scan->server);
    knock(scan, "unknown_peer", "a real initiation for this server, by somebody it does not know",
          "the server's public key", datagram.bytes, datagram.length);
    if (find_sent(scan, "laptop", 0, &datagram))
        knock(scan, "recorded_initiation", "the laptop's own initiation, recorded and sent again",
              "a recording", datagram.bytes, datagram.length);
    if (find_sent(scan, "laptop", 1, &datagram))
        knock(scan, "recorded_data", "the laptop's own data, recorded and sent again", "a recording",
              datagram.bytes, datagram.length);
}

/* The one answer there is: under load, to who has the server's public key, a cookie reply. */
static void knock_under_load(struct scan *scan)
{
    struct cast_datagram datagram;

    if (!find_sent(scan, "stranger", 0, &datagram))
        return;
    for (unsigned i = 0; i < UNDER_LOAD_FROM; i++)
        if (!vole_device_queue(scan->server->device, datagram.bytes, datagram.length, &cast_stranger_address))
            return;
    knock(scan, "under_load", "the same initiation while 512 others wait: the server is under load",
          "the server's public key, and a flood", datagram.bytes, datagram.length);
}

json_t *life_scanner_new(const struct story_options *options)
{
    const struct vole_address source = life_packet_address("10.0.0.2");
    const struct vole_address destination = life_packet_address("10.0.0.5");
    json_t *scanner = value_new_object();
    uint8_t packet[LIFE_PACKET_BYTES];
    struct scan scan = {.knocks = value_list(scanner, "knocks")};

    cast_init(&scan.cast, options->seed);
    cast_add_two(&scan.cast, &scan.laptop, &scan.server);
    life_packet_echo(packet, &source, &destination, false, 1);
    (void)cast_send(scan.laptop, packet, sizeof packet);
    (void)cast_hand_all(&scan.cast, 0);
    cast_pass(&scan.cast, NS_PER_SECOND);
    value_endpoint(scanner, "from", &cast_stranger_address);
    value_endpoint(scanner, "to", &cast_server_address);
    knock_blindly(&scan);
    knock_knowingly(&scan);
    knock_under_load(&scan);
    cast_fini(&scan.cast);
    return scanner;
}
