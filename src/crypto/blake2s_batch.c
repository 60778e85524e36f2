/* SPDX-License-Identifier: MIT
 *
 * The batches of blake2s.h: sixteen messages at a time where that pays, else one by one.
 */
#include "crypto/blake2s.h"

#include "crypto/blake2s_lanes.h"
#include "crypto/memory.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)BLAKE2S_BLOCK_BYTES)

/* Copies the bytes [at, at + 64) of a ‖ b, zeros behind its end. */
static void cut(uint8_t bytes[static BLAKE2S_BLOCK_BYTES], size_t at, const uint8_t *a, size_t a_length,
                const uint8_t *b, size_t b_length)
{
    size_t used = 0;

    if (at < a_length) {
        used = a_length - at < BLOCK_BYTES ? a_length - at : BLOCK_BYTES;
        memcpy(bytes, a + at, used);
        at = 0;
    } else {
        at -= a_length;
    }
    if (used < BLOCK_BYTES && at < b_length) {
        size_t more = b_length - at < BLOCK_BYTES - used ? b_length - at : BLOCK_BYTES - used;

        memcpy(bytes + used, b + at, more);
        used += more;
    }
    memset(bytes + used, 0, BLOCK_BYTES - used);
}

/* Takes all of every a ‖ b in; before: bytes that the state has seen. */
static void absorb(struct blake2s_lanes *lanes, const struct blake2s_job *jobs, size_t count, size_t a_length,
                   size_t b_length, uint64_t before)
{
    size_t length = a_length + b_length, at = 0;
    struct blake2s_lanes_block block = {.word = {{0}}};
    uint8_t bytes[BLAKE2S_BLOCK_BYTES];

    do {
        size_t end = length - at <= BLOCK_BYTES ? length : at + BLOCK_BYTES;

        for (size_t n = 0; n < count; n++) {
            if (end == at + BLOCK_BYTES && end <= a_length) {
                blake2s_lanes_put(&block, n, 0, jobs[n].a + at, BLOCK_BYTES);
                continue;
            }
            cut(bytes, at, jobs[n].a, a_length, jobs[n].b, b_length);
            blake2s_lanes_put(&block, n, 0, bytes, BLOCK_BYTES);
        }
        blake2s_lanes_compress(lanes, &block, count, before + end, end == length);
        at = end;
    } while (at < length);
    memory_wipe(bytes, sizeof bytes);
    memory_wipe(&block, sizeof block);
}

static void finish(struct blake2s_lanes *lanes, const struct blake2s_job *jobs, size_t count, size_t length)
{
    for (size_t n = 0; n < count; n++)
        blake2s_lanes_get(lanes, n, jobs[n].hash, length);
    memory_wipe(lanes, sizeof *lanes);
    memory_wipe_stack();
}

static size_t some(size_t count)
{
    return count < BLAKE2S_LANES ? count : BLAKE2S_LANES;
}

void blake2s_hash2_batch(const struct blake2s_job *jobs, size_t count, size_t a_length, size_t b_length)
{
    for (size_t taken; count > 0; jobs += taken, count -= taken) {
        taken = some(count);
        if (blake2s_lanes_pay(taken)) {
            struct blake2s_lanes lanes;

            blake2s_lanes_init(&lanes, BLAKE2S_HASH_BYTES);
            absorb(&lanes, jobs, taken, a_length, b_length, 0);
            finish(&lanes, jobs, taken, BLAKE2S_HASH_BYTES);
            continue;
        }
        for (size_t i = 0; i < taken; i++)
            blake2s_hash2(jobs[i].hash, jobs[i].a, a_length, jobs[i].b, b_length);
    }
}

void blake2s_keyed_mac_batch(const struct blake2s_keyed *keyed, const struct blake2s_job *jobs, size_t count,
                             size_t length)
{
    for (size_t taken; count > 0; jobs += taken, count -= taken) {
        taken = some(count);
        if (length > 0 && blake2s_lanes_pay(taken)) {
            struct blake2s_lanes lanes;

            for (size_t i = 0; i < 8; i++)
                for (size_t n = 0; n < BLAKE2S_LANES; n++)
                    lanes.h[i][n] = keyed->h[i];
            absorb(&lanes, jobs, taken, length, 0, BLAKE2S_BLOCK_BYTES);
            finish(&lanes, jobs, taken, BLAKE2S_MAC_BYTES);
            continue;
        }
        for (size_t i = 0; i < taken; i++)
            blake2s_keyed_mac(keyed, jobs[i].hash, jobs[i].a, length);
    }
}
