/* SPDX-License-Identifier: MIT */
#include "explain/handshake_verdict.h"

#include "core/device.h"
#include "crypto/memory.h"
#include "explain/value.h"

#include <assert.h>
#include <string.h>

struct check {
    const char *name, *title, *text;
    enum vole_drop reason;
};

/* In the order of exchange.c (protocol §4.2 and §4.4, cookies §2). */
static const struct check initiation_checks[] = {
    {"type", "Type and length", "the first four bytes are 1, 0, 0, 0 and there are 148 bytes",
     VOLE_DROP_MALFORMED},
    {"mac1", "mac1", "the sender knows our public key", VOLE_DROP_WRONG_MAC1},
    {"mac2", "mac2, only under load", "the sender gets mail at its address", VOLE_DROP_COOKIE_REQUIRED},
    {"rate", "Rate, only under load", "not too many from one address", VOLE_DROP_SOURCE_RATE},
    {"static", "Open the public key", "its seal is whole: nothing before it was changed",
     VOLE_DROP_INITIATION_UNREADABLE},
    {"peer", "Known peer", "this public key is a peer of ours", VOLE_DROP_UNKNOWN_PEER},
    {"timestamp", "Open the timestamp", "only who has the peer’s private key can seal it",
     VOLE_DROP_INITIATION_FORGED},
    {"newer", "Newer", "the timestamp is later than the last one of this peer",
     VOLE_DROP_INITIATION_REPLAYED},
    {"spacing", "Not too soon", "20 ms since the peer’s last initiation", VOLE_DROP_INITIATION_TOO_SOON},
};
static const struct check response_checks[] = {
    {"type", "Type and length", "the first four bytes are 2, 0, 0, 0 and there are 92 bytes",
     VOLE_DROP_MALFORMED},
    {"mac1", "mac1", "the sender knows our public key", VOLE_DROP_WRONG_MAC1},
    {"mac2", "mac2, only under load", "the sender gets mail at its address", VOLE_DROP_COOKIE_REQUIRED},
    {"rate", "Rate, only under load", "not too many from one address", VOLE_DROP_SOURCE_RATE},
    {"index", "Awaited", "it answers an initiation of ours that waits", VOLE_DROP_RESPONSE_UNEXPECTED},
    {"empty", "Open the empty seal", "both sides computed the same, from the same keys",
     VOLE_DROP_RESPONSE_UNREADABLE},
};
/* Further ones, which only follow. */
static const struct check other_checks[] = {
    {"session", "Known session", "the receiver index is one of our sessions", VOLE_DROP_UNKNOWN_INDEX},
    {"data", "Open the packet", "sealed with the session’s key", VOLE_DROP_DATA_UNREADABLE},
    {"cookie", "Awaited", "the cookie reply answers a message of ours", VOLE_DROP_COOKIE_UNEXPECTED},
    {"cookie_seal", "Open the cookie", "sealed for us, about our message", VOLE_DROP_COOKIE_UNREADABLE},
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char *find(const struct check *checks, size_t count, enum vole_drop reason)
{
    for (size_t i = 0; i < count; i++)
        if (checks[i].reason == reason)
            return checks[i].name;
    return NULL;
}

const char *handshake_verdict_check(enum vole_drop reason)
{
    const char *name = find(initiation_checks, COUNT(initiation_checks), reason);

    if (name == NULL)
        name = find(response_checks, COUNT(response_checks), reason);
    return name != NULL ? name : find(other_checks, COUNT(other_checks), reason);
}

json_t *handshake_verdict_checks(bool initiation)
{
    const struct check *checks = initiation ? initiation_checks : response_checks;
    size_t count = initiation ? COUNT(initiation_checks) : COUNT(response_checks);
    json_t *list = value_new_list();

    for (size_t i = 0; i < count; i++) {
        json_t *check = value_object(list, NULL);

        value_text(check, "name", checks[i].name);
        value_text(check, "title", checks[i].title);
        value_text(check, "text", checks[i].text);
        value_text(check, "reason", vole_drop_name(checks[i].reason));
    }
    return list;
}

const char *handshake_verdict_outcome(enum vole_outcome outcome)
{
    static const char *const names[] = {
        [VOLE_SENT] = "sent",           [VOLE_STAGED] = "staged",       [VOLE_DELIVERED] = "delivered",
        [VOLE_KEEPALIVE] = "keepalive", [VOLE_HANDSHAKE] = "handshake", [VOLE_COOKIE] = "cookie",
        [VOLE_DROPPED] = "dropped",
    };

    return names[outcome];
}

void handshake_verdict_label_key(uint8_t key[static 32], const char label[static 8],
                                 const uint8_t public_key[static 32])
{
    blake2s_hash2(key, (const uint8_t *)label, 8, public_key, 32);
}

static void make_mac1(uint8_t mac[static MAC_BYTES], const uint8_t *message, size_t length,
                      const uint8_t receiver_public[static 32])
{
    uint8_t key[32];

    handshake_verdict_label_key(key, "mac1----", receiver_public);
    blake2s_mac(mac, key, sizeof key, message, message_mac1_offset(length));
}

void handshake_verdict_repair(uint8_t *message, size_t length, const uint8_t receiver_public[static 32])
{
    make_mac1(message + message_mac1_offset(length), message, length, receiver_public);
}

/* ---- what was compared ---- */

static void compare(struct handshake_verdict *verdict, const uint8_t *computed, size_t computed_length,
                    const uint8_t *received, size_t received_length)
{
    assert(computed_length <= sizeof verdict->computed && received_length <= sizeof verdict->received);
    memcpy(verdict->computed, computed, computed_length);
    memcpy(verdict->received, received, received_length);
    verdict->computed_length = computed_length;
    verdict->received_length = received_length;
}

static void compare_tags(struct handshake_verdict *verdict)
{
    enum handshake_move_name refused = handshake_moves_refused(verdict->moves);
    const struct handshake_move *move = &verdict->moves[refused];
    uint8_t tag[16];

    assert(refused < HANDSHAKE_MOVES);
    handshake_move_tag(tag, move);
    compare(verdict, tag, sizeof tag, move->hashed + move->hashed_length - sizeof tag, sizeof tag);
}

/* The mac2 that this sender should have sent. */
static void compare_mac2(struct handshake_verdict *verdict, const uint8_t *message, size_t length,
                         const struct vole_endpoint *from)
{
    const struct cookie_maker *maker = &verdict->receiver->device->cookie_maker;
    uint8_t source[6], cookie[COOKIE_BYTES], mac2[MAC_BYTES];

    if (from->address.family != 4)
        return;
    memcpy(source, from->address.bytes, 4);
    bytes_store_be16(source + 4, from->port);
    blake2s_mac(cookie, maker->secret, sizeof maker->secret, source, sizeof source);
    blake2s_mac(mac2, cookie, sizeof cookie, message, message_mac2_offset(length));
    compare(verdict, mac2, sizeof mac2, message + message_mac2_offset(length), MAC_BYTES);
    memory_wipe(cookie, sizeof cookie);
}

static void compare_index(struct handshake_verdict *verdict, const uint8_t *message)
{
    struct vole_peer *peer = vole_peer_next(verdict->receiver->device, NULL);
    uint8_t index[4];

    if (peer == NULL || !peer->handshake_index.listed)
        return;
    bytes_store_le32(index, atomic_load_explicit(&peer->handshake_index.index, memory_order_relaxed));
    compare(verdict, index, sizeof index, message + RESPONSE_RECEIVER, sizeof index);
}

static void compare_timestamps(struct handshake_verdict *verdict)
{
    struct vole_peer *peer =
        vole_peer_find(verdict->receiver->device, verdict->moves[HANDSHAKE_MOVE_S].plaintext);

    assert(peer != NULL);
    compare(verdict, peer->latest_timestamp, TIMESTAMP_BYTES,
            verdict->moves[HANDSHAKE_MOVE_TIMESTAMP].plaintext, TIMESTAMP_BYTES);
}

static void look_why(struct handshake_verdict *verdict, const uint8_t *message, size_t length,
                     const struct vole_endpoint *from)
{
    static const uint8_t initiation[4] = {MESSAGE_INITIATION}, response[4] = {MESSAGE_RESPONSE};
    uint8_t mac1[MAC_BYTES];

    switch (verdict->reason) {
    case VOLE_DROP_MALFORMED:
        compare(verdict, length == INITIATION_BYTES ? initiation : response, 4, message, 4);
        break;
    case VOLE_DROP_WRONG_MAC1:
        make_mac1(mac1, message, length, verdict->receiver->public_key);
        compare(verdict, mac1, sizeof mac1, message + message_mac1_offset(length), MAC_BYTES);
        break;
    case VOLE_DROP_COOKIE_REQUIRED:
        compare_mac2(verdict, message, length, from);
        break;
    case VOLE_DROP_INITIATION_UNREADABLE:
    case VOLE_DROP_INITIATION_FORGED:
    case VOLE_DROP_RESPONSE_UNREADABLE:
        compare_tags(verdict);
        break;
    case VOLE_DROP_INITIATION_REPLAYED:
        compare_timestamps(verdict);
        break;
    case VOLE_DROP_RESPONSE_UNEXPECTED:
        compare_index(verdict, message);
        break;
    case VOLE_DROP_UNKNOWN_PEER:
        compare(verdict, mac1, 0, verdict->moves[HANDSHAKE_MOVE_S].plaintext, 32); /* with all peers */
        break;
    default:
        break;
    }
}

void handshake_verdict_take(struct handshake_verdict *verdict, struct cast_member *receiver,
                            const uint8_t *message, size_t length, const struct vole_endpoint *from)
{
    struct handshake_record record;

    memset(verdict, 0, sizeof *verdict);
    verdict->receiver = receiver;
    handshake_record_begin(&record);
    verdict->outcome = cast_hand(receiver, message, length, from);
    handshake_record_end();
    verdict->reason = vole_device_last_drop(receiver->device);
    handshake_moves_read(verdict->moves, &record,
                         length == INITIATION_BYTES ? HANDSHAKE_MOVE_START : HANDSHAKE_MOVE_RESPONSE_E);
    if (verdict->outcome == VOLE_DROPPED)
        look_why(verdict, message, length, from);
    memory_wipe(&record, sizeof record);
}

static void put_compared(json_t *object, const char *name, const uint8_t *bytes, size_t length)
{
    if (length > 0)
        value_bytes(object, name, bytes, length);
    else
        value_text(object, name, NULL);
}

json_t *handshake_verdict_new(const struct handshake_verdict *verdict)
{
    bool dropped = verdict->outcome == VOLE_DROPPED;
    json_t *object = value_new_object();

    value_text(object, "outcome", handshake_verdict_outcome(verdict->outcome));
    value_text(object, "by", verdict->receiver->name);
    value_text(object, "check", dropped ? handshake_verdict_check(verdict->reason) : NULL);
    value_text(object, "reason", dropped ? vole_drop_name(verdict->reason) : NULL);
    value_text(object, "text", dropped ? vole_drop_text(verdict->reason) : NULL);
    put_compared(object, "computed", verdict->computed, verdict->computed_length);
    put_compared(object, "received", verdict->received, verdict->received_length);
    return object;
}
