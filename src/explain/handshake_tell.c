/* SPDX-License-Identifier: MIT */
#include "explain/handshake_tell.h"

#include "crypto/aead.h"
#include "crypto/memory.h"
#include "explain/value.h"

#include <string.h>

/* Whose keys meet in the Diffie-Hellmans, for each side. */
static const struct {
    enum handshake_move_name move;
    const char *laptop_private, *laptop_public, *server_private, *server_public;
} exchanges[] = {
    {HANDSHAKE_MOVE_ES, "laptop’s one-time private key", "server’s public key", "server’s private key",
     "laptop’s one-time public key"},
    {HANDSHAKE_MOVE_SS, "laptop’s private key", "server’s public key", "server’s private key",
     "laptop’s public key"},
    {HANDSHAKE_MOVE_EE, "laptop’s one-time private key", "server’s one-time public key",
     "server’s one-time private key", "laptop’s one-time public key"},
    {HANDSHAKE_MOVE_SE, "laptop’s private key", "server’s one-time public key",
     "server’s one-time private key", "laptop’s public key"},
};

static void put_keys(json_t *told, const char *side, const uint8_t *private_key, const char *private_name,
                     const uint8_t *public_key, const char *public_name)
{
    json_t *keys = value_object(told, side);

    value_bytes(keys, "private", private_key, 32);
    value_text(keys, "private_name", private_name);
    value_bytes(keys, "public", public_key, 32);
    value_text(keys, "public_name", public_name);
}

/* ss is computed once for a peer, before any handshake, so it is not in the record. */
static void put_exchange(json_t *told, const struct handshake_run *run, enum handshake_move_name name)
{
    const struct handshake_move *laptop = &run->laptop_moves[name], *server = &run->server_moves[name];
    bool ahead = name == HANDSHAKE_MOVE_SS;

    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        if (exchanges[i].move != name)
            continue;
        put_keys(told, "laptop", ahead ? run->laptop->private_key : laptop->private_key,
                 exchanges[i].laptop_private, ahead ? run->server->public_key : laptop->public_key,
                 exchanges[i].laptop_public);
        put_keys(told, "server", ahead ? run->server->private_key : server->private_key,
                 exchanges[i].server_private, ahead ? run->laptop->public_key : server->public_key,
                 exchanges[i].server_public);
    }
}

static void put_sealed(json_t *told, const struct handshake_move *move)
{
    size_t ciphertext = move->hashed_length - AEAD_TAG_BYTES;

    value_bytes(told, "plaintext", move->plaintext, move->plaintext_length);
    value_bytes(told, "sealed", move->hashed, move->hashed_length);
    value_bytes(told, "ciphertext", move->hashed, ciphertext);
    value_bytes(told, "tag", move->hashed + ciphertext, AEAD_TAG_BYTES);
}

/* A move as its maker made it; other: the reader's. */
static json_t *tell_move(const struct handshake_move *move, const struct handshake_move *other)
{
    json_t *told = value_new_object(), *reader;
    bool seal = move->seals || move->opens;

    value_bytes(told, "c_before", move->C_before, 32);
    value_bytes(told, "c", move->C, 32);
    value_truth(told, "c_changes", memcmp(move->C_before, move->C, 32) != 0);
    value_bytes(told, "h_before", move->H_before, 32);
    value_bytes(told, "h", move->H, 32);
    value_truth(told, "h_changes", memcmp(move->H_before, move->H, 32) != 0);
    if (move->yields_k || seal)
        value_bytes(told, "k", move->k, 32);
    else
        value_text(told, "k", NULL);
    value_truth(told, "k_changes", move->yields_k);
    if (move->mixes)
        value_bytes(told, "mixed", move->mixed, 32);
    if (move->hashed_length > 0)
        value_bytes(told, "hashed", move->hashed, move->hashed_length);
    if (seal)
        put_sealed(told, move);
    reader = value_object(told, "reader");
    value_bytes(reader, "c", other->C, 32);
    value_bytes(reader, "h", other->H, 32);
    value_truth(told, "agrees",
                other->made && memory_equal(move->C, other->C, 32) && memory_equal(move->H, other->H, 32));
    return told;
}

json_t *handshake_tell_moves(const struct handshake_run *run)
{
    json_t *moves = value_new_object();

    for (size_t i = 0; i < HANDSHAKE_MOVES; i++) {
        enum handshake_move_name name = (enum handshake_move_name)i;
        bool by_laptop = name < HANDSHAKE_MOVE_RESPONSE_E;
        const struct handshake_move *laptop = &run->laptop_moves[i], *server = &run->server_moves[i];
        const struct handshake_move *made = by_laptop ? laptop : server;
        json_t *told = tell_move(made, by_laptop ? server : laptop);

        value_text(told, "by", by_laptop ? "laptop" : "server");
        if (name == HANDSHAKE_MOVE_PSK)
            value_bytes(told, "temporary", made->temporary, 32);
        if (name == HANDSHAKE_MOVE_E || name == HANDSHAKE_MOVE_RESPONSE_E)
            value_bytes(told, "private", made->private_key, 32);
        put_exchange(told, run, name);
        value_put(moves, handshake_move_name(name), told);
    }
    return moves;
}
