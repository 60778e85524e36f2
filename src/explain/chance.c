/* SPDX-License-Identifier: MIT */
#include "explain/chance.h"

#include "crypto/blake2s.h"

#include <string.h>

const uint8_t chance_public_seed[CHANCE_SEED_BYTES] = "vole explain";

void chance_init(struct chance *chance, const uint8_t seed[static CHANCE_SEED_BYTES], const char *purpose)
{
    *chance = (struct chance){.purpose = purpose, .used = sizeof chance->left};
    memcpy(chance->seed, seed, CHANCE_SEED_BYTES);
}

static void refill(struct chance *chance)
{
    struct blake2s state;
    uint8_t number[8];

    for (unsigned i = 0; i < sizeof number; i++)
        number[i] = (uint8_t)(chance->block >> (8 * i));
    blake2s_init_keyed(&state, sizeof chance->left, chance->seed, CHANCE_SEED_BYTES);
    blake2s_update(&state, (const uint8_t *)chance->purpose, strlen(chance->purpose));
    blake2s_update(&state, number, sizeof number);
    blake2s_final(&state, chance->left);
    chance->block++;
    chance->used = 0;
}

void chance_bytes(struct chance *chance, uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (chance->used == sizeof chance->left)
            refill(chance);
        bytes[i] = chance->left[chance->used++];
    }
}
