/* SPDX-License-Identifier: MIT
 *
 * What a host's owner remembers of its handshakes' clock from one life to the next: a ceiling per key, stored
 * as vole.h demands of hooks.reserve, on a disk that takes its time.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <vole.h>

#define DISK_KEYS 64u

struct host;

struct disk {
    struct {
        uint8_t public_key[VOLE_KEY_BYTES];
        uint64_t ceiling_s;
    } stored[DISK_KEYS]; /* the latest keys, overwritten in turn */
    unsigned next;
    /* of the present life */
    bool asked;
    bool asked_knowing; /* where its timestamps are: else it is told what is stored */
    uint8_t asked_key[VOLE_KEY_BYTES];
    uint64_t asked_until_s, due_ns;
};

/* Of hooks.reserve. */
void disk_ask(struct host *host, const uint8_t public_key[VOLE_KEY_BYTES], uint64_t until_s);
/* When it answers, in the world's time; UINT64_MAX: nothing was asked. */
uint64_t disk_due(const struct host *host);
void disk_answer(struct host *host);
/* The device, or its key, is about to go: orderly, so that what was not used is given back, or not. */
void disk_end(struct host *host, bool orderly);

#endif
