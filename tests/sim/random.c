/* SPDX-License-Identifier: MIT
 *
 * Repeatable random numbers.
 */
#include "random.h"

#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotated(uint64_t x, unsigned bits)
{
    return (x << bits) | (x >> (64 - bits));
}

void random_init(struct random_source *source, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;

    state = splitmix(&state) ^ (stream * UINT64_C(0xd1342543de82ef95));
    for (unsigned i = 0; i < 4; i++)
        source->state[i] = splitmix(&state);
}

uint64_t random_next(struct random_source *source)
{
    uint64_t *s = source->state, result = rotated(s[1] * 5, 7) * 9, shifted = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotated(s[3], 45);
    return result;
}

uint64_t random_below(struct random_source *source, uint64_t bound)
{
    return random_next(source) % bound; /* the bias is far below what matters here */
}

uint64_t random_between(struct random_source *source, uint64_t least, uint64_t most)
{
    return least + random_below(source, most - least + 1);
}

bool random_chance(struct random_source *source, uint32_t per_million)
{
    return per_million > 0 && random_below(source, 1000000) < per_million;
}

void random_fill(struct random_source *source, uint8_t *bytes, size_t length)
{
    while (length > 0) {
        uint64_t number = random_next(source);
        size_t part = length < sizeof number ? length : sizeof number;

        memcpy(bytes, &number, part);
        bytes += part;
        length -= part;
    }
}
