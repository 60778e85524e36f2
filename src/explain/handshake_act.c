/* SPDX-License-Identifier: MIT */
#include "explain/handshake_act.h"

#include "core/messages.h"
#include "core/outbound.h"
#include "crypto/blake2s.h"
#include "crypto/memory.h"
#include "explain/handshake_broken.h"
#include "explain/handshake_fields.h"
#include "explain/handshake_flips.h"
#include "explain/handshake_knowledge.h"
#include "explain/handshake_load.h"
#include "explain/handshake_run.h"
#include "explain/handshake_tell.h"
#include "explain/handshake_verdict.h"
#include "explain/value.h"

#include <string.h>
#include <time.h>

/* ---- messages ---- */

static void put_message(json_t *messages, const char *name, const struct cast_datagram *datagram,
                        enum handshake_fields fields, const uint8_t *receiver_public)
{
    json_t *message = value_object(messages, name);
    uint8_t key[32];

    value_bytes(message, "bytes", datagram->bytes, datagram->length);
    value_number(message, "length", datagram->length);
    value_seconds(message, "at", datagram->at_ns);
    handshake_fields_put(message, "fields", fields, datagram->bytes, datagram->length);
    if (receiver_public == NULL)
        return;
    handshake_verdict_label_key(key, "mac1----", receiver_public);
    value_bytes(message, "mac1_key", key, sizeof key);
    value_bytes(message, "before_mac1", datagram->bytes, message_mac1_offset(datagram->length));
    value_bytes(message, "before_mac2", datagram->bytes, message_mac2_offset(datagram->length));
}

static void put_messages(json_t *act, const struct handshake_run *run)
{
    json_t *messages = value_object(act, "messages");
    const struct cast_datagram *wire = run->cast.wire;

    put_message(messages, "initiation", &wire[HANDSHAKE_RUN_INITIATION], HANDSHAKE_FIELDS_INITIATION,
                run->server->public_key);
    put_message(messages, "response", &wire[HANDSHAKE_RUN_RESPONSE], HANDSHAKE_FIELDS_RESPONSE,
                run->laptop->public_key);
    put_message(messages, "data", &wire[HANDSHAKE_RUN_DATA], HANDSHAKE_FIELDS_DATA, NULL);
}

/* ---- what stands around ---- */

static void put_constants(json_t *act)
{
    static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s",
                      identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
    json_t *constants = value_object(act, "constants");
    uint8_t c[32], h[32];

    blake2s_hash(c, (const uint8_t *)construction, sizeof construction - 1);
    blake2s_hash2(h, c, sizeof c, (const uint8_t *)identifier, sizeof identifier - 1);
    value_text(constants, "construction", construction);
    value_text(constants, "identifier", identifier);
    value_bytes(constants, "c", c, sizeof c);
    value_bytes(constants, "h", h, sizeof h);
}

/* Reads TAI64N back, as the server does not have to: it only compares. */
static void put_time(json_t *act, const struct handshake_run *run)
{
    const uint8_t *timestamp = run->server_moves[HANDSHAKE_MOVE_TIMESTAMP].plaintext;
    uint64_t seconds = bytes_load_be64(timestamp) - UINT64_C(0x400000000000000a);
    json_t *object = value_object(act, "time");
    time_t when = (time_t)seconds;
    char text[32];
    struct tm utc;

    (void)gmtime_r(&when, &utc);
    (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &utc);
    value_number(object, "seconds", seconds);
    value_number(object, "nanoseconds", bytes_load_be32(timestamp + 8));
    value_text(object, "text", text);
}

static void put_indices(json_t *act, const struct handshake_run *run)
{
    json_t *indices = value_object(act, "indices");

    value_bytes(indices, "laptop", run->cast.wire[HANDSHAKE_RUN_INITIATION].bytes + INITIATION_SENDER, 4);
    value_bytes(indices, "server", run->cast.wire[HANDSHAKE_RUN_RESPONSE].bytes + RESPONSE_SENDER, 4);
}

/* ---- the session ---- */

static void put_session_keys(json_t *session, const char *name, const struct handshake_run_session *keys)
{
    json_t *object;
    uint8_t index[4];

    if (!keys->present) {
        value_text(session, name, NULL);
        return;
    }
    object = value_object(session, name);
    value_bytes(object, "sending", keys->sending, 32);
    value_bytes(object, "receiving", keys->receiving, 32);
    bytes_store_le32(index, keys->own_index);
    value_bytes(object, "own_index", index, sizeof index);
    bytes_store_le32(index, keys->remote_index);
    value_bytes(object, "remote_index", index, sizeof index);
}

static void put_session(json_t *act, const struct handshake_run *run)
{
    const struct handshake_run_session *laptop = &run->laptop_current, *server = &run->server_next;
    json_t *session = value_object(act, "session");

    put_session_keys(session, "laptop", laptop);
    put_session_keys(session, "server", server);
    value_truth(session, "equal",
                laptop->present && server->present && memory_equal(laptop->sending, server->receiving, 32) &&
                    memory_equal(laptop->receiving, server->sending, 32));
    value_truth(session, "server_waits", server->present && !run->server_could_send);
}

static void put_confirm(json_t *act, const struct handshake_run *run)
{
    const struct cast_datagram *data = &run->cast.wire[HANDSHAKE_RUN_DATA];
    json_t *confirm = value_object(act, "confirm");
    uint8_t padded[HANDSHAKE_RUN_PACKET_MOST] = {0};

    memcpy(padded, run->packet, run->packet_length);
    value_text(confirm, "staged", handshake_verdict_outcome(run->sent));
    value_bytes(confirm, "packet", run->packet, run->packet_length);
    value_number(confirm, "packet_length", run->packet_length);
    value_bytes(confirm, "padded", padded, outbound_padded(run->packet_length, VOLE_DEFAULT_MTU));
    value_number(confirm, "padded_length", outbound_padded(run->packet_length, VOLE_DEFAULT_MTU));
    value_number(confirm, "counter", bytes_load_le64(data->bytes + TRANSPORT_COUNTER));
    value_bytes(confirm, "sealed", data->bytes + TRANSPORT_HEADER_BYTES,
                data->length - TRANSPORT_HEADER_BYTES);
    value_text(confirm, "outcome", handshake_verdict_outcome(run->confirmed));
    if (run->cast.delivery_count == 1)
        value_bytes(confirm, "delivered", run->cast.deliveries[0].bytes, run->cast.deliveries[0].length);
    else
        value_text(confirm, "delivered", NULL);
    value_truth(confirm, "server_could_send_before", run->server_could_send);
    value_truth(confirm, "server_can_send_after", run->server_current.present);
}

static void put_broken(json_t *act, const struct story_options *options)
{
    json_t *broken = value_object(act, "broken"), *courses = value_list(broken, "courses");
    json_t *cases = handshake_broken_new(options->seed, courses), *checks;
    const uint8_t mask = HANDSHAKE_FLIPS_MASK;

    value_number(broken, "mask", mask);
    value_put(broken, "flips", handshake_flips_new(options->seed, courses));
    value_put(broken, "summary", handshake_flips_summary(json_object_get(broken, "flips")));
    value_put(act, "load", handshake_load_new(options->seed, cases, courses));
    value_put(broken, "cases", cases);
    checks = value_object(act, "checks");
    value_put(checks, "initiation", handshake_verdict_checks(true));
    value_put(checks, "response", handshake_verdict_checks(false));
}

json_t *handshake_act_new(const struct story_options *options)
{
    json_t *act = value_new_object();
    struct handshake_run run;

    handshake_run_play(&run, options->seed);
    put_messages(act, &run);
    put_constants(act);
    put_time(act, &run);
    put_indices(act, &run);
    value_put(act, "moves", handshake_tell_moves(&run));
    value_put(act, "steps", handshake_knowledge_new(&run));
    put_session(act, &run);
    put_confirm(act, &run);
    handshake_run_fini(&run);
    put_broken(act, options);
    return act;
}
