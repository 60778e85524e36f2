/* SPDX-License-Identifier: MIT */
#include "explain/handshake_fields.h"

#include "explain/value.h"

/* Up to the message's end: fields have no gaps between them. */
#define TO_THE_END 0

struct field {
    const char *name, *title;
    size_t to;
    const char *formula, *source;
};

static const struct field initiation[] = {
    {"type", "type", 4, "1, then three zero bytes", NULL},
    {"sender", "sender index", 8, "random", "renew_index"},
    {"ephemeral", "one-time public key", 40, "X25519(one-time private key, 9)",
     "handshake_create_initiation"},
    {"static", "laptop’s public key, sealed", 88, "AEAD(k, 0, laptop's public key, H)", "seal_and_hash"},
    {"timestamp", "time, sealed", 116, "AEAD(k, 0, TAI64N, H)", "seal_and_hash"},
    {"mac1", "mac1", 132, "MAC(HASH(\"mac1----\" ‖ server's public key), all bytes before)",
     "cookie_add_macs"},
    {"mac2", "mac2", 148, "zeros, or MAC(cookie, all bytes before)", "cookie_add_macs"},
    {NULL, NULL, 0, NULL, NULL},
};
static const struct field response[] = {
    {"type", "type", 4, "2, then three zero bytes", NULL},
    {"sender", "sender index", 8, "random", "renew_index"},
    {"receiver", "receiver index", 12, "the initiation's sender index", "handshake_create_responses"},
    {"ephemeral", "one-time public key", 44, "X25519(one-time private key, 9)", "multiply"},
    {"empty", "nothing, sealed", 60, "AEAD(k, 0, nothing, H)", "handshake_create_responses"},
    {"mac1", "mac1", 76, "MAC(HASH(\"mac1----\" ‖ laptop's public key), all bytes before)",
     "cookie_add_macs"},
    {"mac2", "mac2", 92, "zeros, or MAC(cookie, all bytes before)", "cookie_add_macs"},
    {NULL, NULL, 0, NULL, NULL},
};
static const struct field cookie_reply[] = {
    {"type", "type", 4, "3, then three zero bytes", NULL},
    {"receiver", "receiver index", 8, "the refused message's sender index", "cookie_create_reply"},
    {"nonce", "nonce", 32, "24 random bytes", "cookie_create_reply"},
    {"cookie", "cookie, sealed", 64,
     "XAEAD(HASH(\"cookie--\" ‖ server's public key), nonce, cookie, mac1 of the refused message)",
     "cookie_create_reply"},
    {NULL, NULL, 0, NULL, NULL},
};
static const struct field data[] = {
    {"type", "type", 4, "4, then three zero bytes", NULL},
    {"receiver", "receiver index", 8, "the response's sender index", "seal"},
    {"counter", "counter", 16, "0 for the first packet, then one more each time", "keypair_reserve"},
    {"packet", "packet, sealed", TO_THE_END, "AEAD(key laptop → server, counter, packet with zeros up to 16)",
     "seal"},
    {NULL, NULL, 0, NULL, NULL},
};

static const struct field *const messages[] = {initiation, response, cookie_reply, data};

void handshake_fields_put(json_t *parent, const char *name, enum handshake_fields which,
                          const uint8_t *message, size_t length)
{
    json_t *list = value_list(parent, name);
    size_t from = 0;

    for (const struct field *field = messages[which]; field->name != NULL; field++) {
        json_t *object = value_object(list, NULL);
        size_t to = field->to == TO_THE_END ? length : field->to;

        value_text(object, "name", field->name);
        value_text(object, "title", field->title);
        value_number(object, "from", from);
        value_number(object, "to", to);
        value_bytes(object, "bytes", message + from, to - from);
        value_text(object, "formula", field->formula);
        value_text(object, "source", field->source);
        from = to;
    }
}

const char *handshake_fields_title(enum handshake_fields which, size_t byte)
{
    const struct field *field = messages[which];

    while (field->name != NULL && field->to != TO_THE_END && byte >= field->to)
        field++;
    return field->title;
}
