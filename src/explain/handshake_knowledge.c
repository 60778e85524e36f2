/* SPDX-License-Identifier: MIT */
#include "explain/handshake_knowledge.h"

#include "core/messages.h"
#include "crypto/memory.h"
#include "explain/value.h"

#include <string.h>

#define NOWHERE SIZE_MAX

const struct handshake_step handshake_steps[] = {
    {"before", NULL, NULL, 0, 0, -1, -1, -1},
    {"start", "laptop", "initiation", 0, 8, HANDSHAKE_MOVE_START, HANDSHAKE_MOVE_START, -1},
    {"e", "laptop", "initiation", 8, 40, HANDSHAKE_MOVE_E, HANDSHAKE_MOVE_E, -1},
    {"es", "laptop", "initiation", 40, 40, HANDSHAKE_MOVE_ES, HANDSHAKE_MOVE_ES, -1},
    {"s", "laptop", "initiation", 40, 88, HANDSHAKE_MOVE_S, HANDSHAKE_MOVE_S, -1},
    {"ss", "laptop", "initiation", 88, 88, HANDSHAKE_MOVE_SS, HANDSHAKE_MOVE_SS, -1},
    {"timestamp", "laptop", "initiation", 88, 116, HANDSHAKE_MOVE_TIMESTAMP, HANDSHAKE_MOVE_TIMESTAMP, -1},
    {"mac1", "laptop", "initiation", 116, 132, -1, -1, -1},
    {"mac2", "laptop", "initiation", 132, 148, -1, -1, -1},
    {"checks", "server", "initiation", 148, 148, -1, -1, 0},
    {"who", "server", "initiation", 148, 148, HANDSHAKE_MOVE_START, HANDSHAKE_MOVE_S, 0},
    {"when", "server", "initiation", 148, 148, HANDSHAKE_MOVE_SS, HANDSHAKE_MOVE_TIMESTAMP, 0},
    {"response_e", "server", "response", 0, 44, HANDSHAKE_MOVE_RESPONSE_E, HANDSHAKE_MOVE_RESPONSE_E, 0},
    {"ee", "server", "response", 44, 44, HANDSHAKE_MOVE_EE, HANDSHAKE_MOVE_EE, 0},
    {"se", "server", "response", 44, 44, HANDSHAKE_MOVE_SE, HANDSHAKE_MOVE_SE, 0},
    {"psk", "server", "response", 44, 44, HANDSHAKE_MOVE_PSK, HANDSHAKE_MOVE_PSK, 0},
    {"empty", "server", "response", 44, 60, HANDSHAKE_MOVE_EMPTY, HANDSHAKE_MOVE_EMPTY, 0},
    {"response_macs", "server", "response", 60, 92, -1, -1, 0},
    {"opens", "laptop", "response", 92, 92, HANDSHAKE_MOVE_RESPONSE_E, HANDSHAKE_MOVE_EMPTY, 1},
    {"keys", NULL, NULL, 0, 0, -1, -1, 1},
    {"confirm", "laptop", "data", 0, 0, -1, -1, 2},
    {NULL, NULL, NULL, 0, 0, -1, -1, -1},
};

/* One thing to know. */
struct fact {
    const char *name, *label, *path;
    const uint8_t *bytes;
    size_t length;
    bool secret;
    bool laptop_had, server_had; /* from the beginning */
    bool passing;                /* wiped with the handshake */
};

#define FACTS_MOST 24

static size_t step_named(const char *name)
{
    size_t step = 0;

    while (handshake_steps[step].name != NULL && strcmp(handshake_steps[step].name, name) != 0)
        step++;
    return step;
}

static bool is(const uint8_t *bytes, size_t length, const struct fact *fact)
{
    return length == fact->length && memory_equal(bytes, fact->bytes, length);
}

static bool is_in_move(const struct handshake_move *move, const struct fact *fact)
{
    return (move->mixes && is(move->mixed, 32, fact)) ||
           (move->exchanged && (is(move->private_key, 32, fact) || is(move->public_key, 32, fact))) ||
           (move->authentic && is(move->plaintext, move->plaintext_length, fact));
}

/* The step in which this side first had it. */
static size_t known_since(const struct handshake_run *run, bool laptop, const struct fact *fact)
{
    const struct handshake_move *moves = laptop ? run->laptop_moves : run->server_moves;

    if (laptop ? fact->laptop_had : fact->server_had)
        return 0;
    for (size_t i = 0; handshake_steps[i].name != NULL; i++) {
        const struct handshake_step *step = &handshake_steps[i];

        if (step->first < 0 || step->by == NULL || (strcmp(step->by, "laptop") == 0) != laptop)
            continue;
        for (int move = step->first; move <= step->last; move++)
            if (is_in_move(&moves[move], fact))
                return i;
    }
    return NOWHERE;
}

static bool contains(const uint8_t *bytes, size_t length, const struct fact *fact)
{
    return memmem(bytes, length, fact->bytes, fact->length) != NULL;
}

/* The step in which everybody on the way could read it. */
static size_t wire_since(const struct handshake_run *run, const struct fact *fact)
{
    for (size_t i = 0; handshake_steps[i].name != NULL; i++)
        for (int number = 0; number <= handshake_steps[i].arrived; number++)
            if (contains(run->cast.wire[number].bytes, run->cast.wire[number].length, fact))
                return i;
    return NOWHERE;
}

/* until: the step in which it is forgotten. */
static void put_known(json_t *list, const struct fact *fact, size_t since, size_t until, size_t step)
{
    json_t *known;

    if (since > step || until < step)
        return;
    known = value_object(list, NULL);
    value_text(known, "name", fact->name);
    value_text(known, "label", fact->label);
    value_text(known, "path", fact->path);
    value_truth(known, "secret", fact->secret);
    value_truth(known, "new", since == step);
    value_truth(known, "forgotten", until == step);
}

static size_t collect(const struct handshake_run *run, struct fact facts[static FACTS_MOST])
{
    const struct handshake_move *laptop = run->laptop_moves, *server = run->server_moves;
    const struct fact all[] = {
        {"laptop_private", "laptop’s private key", "cast.laptop.private_key", run->laptop->private_key, 32,
         true, true, false},
        {"laptop_public", "laptop’s public key", "cast.laptop.public_key", run->laptop->public_key, 32, false,
         true, true},
        {"server_private", "server’s private key", "cast.server.private_key", run->server->private_key, 32,
         true, false, true},
        {"server_public", "server’s public key", "cast.server.public_key", run->server->public_key, 32, false,
         true, true},
        {"preshared_key", "preshared key", "cast.preshared_key", run->preshared, 32, true, true, true},
        {"laptop_ephemeral_private", "laptop’s one-time private key", "handshake.moves.e.private",
         laptop[HANDSHAKE_MOVE_ES].private_key, 32, true, false, false, true},
        {"laptop_ephemeral", "laptop’s one-time public key", "handshake.moves.e.mixed",
         laptop[HANDSHAKE_MOVE_E].mixed, 32, false, false, false},
        {"es", "es", "handshake.moves.es.mixed", laptop[HANDSHAKE_MOVE_ES].mixed, 32, true, false, false,
         true},
        {"ss", "ss", "handshake.moves.ss.mixed", laptop[HANDSHAKE_MOVE_SS].mixed, 32, true, false, false},
        {"timestamp", "the time it was sent", "handshake.moves.timestamp.plaintext",
         laptop[HANDSHAKE_MOVE_TIMESTAMP].plaintext, TIMESTAMP_BYTES, false, false, false},
        {"server_ephemeral_private", "server’s one-time private key", "handshake.moves.response_e.private",
         server[HANDSHAKE_MOVE_EE].private_key, 32, true, false, false, true},
        {"server_ephemeral", "server’s one-time public key", "handshake.moves.response_e.mixed",
         server[HANDSHAKE_MOVE_RESPONSE_E].mixed, 32, false, false, false},
        {"ee", "ee", "handshake.moves.ee.mixed", server[HANDSHAKE_MOVE_EE].mixed, 32, true, false, false,
         true},
        {"se", "se", "handshake.moves.se.mixed", server[HANDSHAKE_MOVE_SE].mixed, 32, true, false, false,
         true},
    };

    memcpy(facts, all, sizeof all);
    return sizeof all / sizeof all[0];
}

/* Of these the record of a side says nothing: when they are derived, the session's keypair has them. */
static void put_transport_keys(json_t *list, size_t since, size_t step)
{
    static const struct fact to_server = {.name = "key_to_server",
                                          .label = "key laptop → server",
                                          .path = "handshake.session.laptop.sending",
                                          .secret = true},
                             to_laptop = {.name = "key_to_laptop",
                                          .label = "key server → laptop",
                                          .path = "handshake.session.laptop.receiving",
                                          .secret = true};

    put_known(list, &to_server, since, NOWHERE, step);
    put_known(list, &to_laptop, since, NOWHERE, step);
}

static void put_step(json_t *steps, const struct handshake_run *run, size_t step, const struct fact *facts,
                     size_t count)
{
    const struct handshake_step *told = &handshake_steps[step];
    json_t *object = value_object(steps, NULL), *laptop, *server, *wire;

    value_text(object, "name", told->name);
    value_text(object, "by", told->by);
    value_text(object, "message", told->message);
    value_number(object, "from", told->from);
    value_number(object, "filled", told->filled);
    laptop = value_list(object, "laptop");
    server = value_list(object, "server");
    wire = value_list(object, "wire");
    for (size_t i = 0; i < count; i++) {
        size_t wiped = facts[i].passing ? step_named("keys") : NOWHERE;

        put_known(laptop, &facts[i], known_since(run, true, &facts[i]), run->laptop_wiped ? wiped : NOWHERE,
                  step);
        put_known(server, &facts[i], known_since(run, false, &facts[i]), run->server_wiped ? wiped : NOWHERE,
                  step);
        put_known(wire, &facts[i], wire_since(run, &facts[i]), NOWHERE, step);
    }
    put_transport_keys(laptop, run->laptop_current.present ? step_named("keys") : NOWHERE, step);
    put_transport_keys(server, run->server_next.present ? step_named("keys") : NOWHERE, step);
}

json_t *handshake_knowledge_new(const struct handshake_run *run)
{
    json_t *steps = value_new_list();
    struct fact facts[FACTS_MOST];
    size_t count = collect(run, facts);

    for (size_t step = 0; handshake_steps[step].name != NULL; step++)
        put_step(steps, run, step, facts, count);
    return steps;
}
