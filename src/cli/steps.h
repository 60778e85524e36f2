/* SPDX-License-Identifier: MIT
 *
 * What `up` and `down` do, said while it is done, and how `up` takes it back when a later step fails.
 *
 * Each step is said on stderr as the command of ip, wg or nft that does the same, as wg-quick says it. A step
 * that leaves something behind pushes its inverse before it begins, so that half a step is taken back, too;
 * an inverse therefore copes with finding nothing. steps_undo() runs the inverses, the last one first.
 * Addresses and routes have none: they go with their interface.
 * One thread. Spec: config §6.2.
 */
#ifndef CLI_STEPS_H
#define CLI_STEPS_H

#include "linux/routing_rule.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

/* The link, the daemon's DNS, src_valid_mark, and for each family two rules and a firewall. */
#define STEPS_MAX 16

struct tunnel;
struct step;

typedef void step_undo_function(struct tunnel *tunnel, const struct step *step);

struct step {
    step_undo_function *undo;
    struct routing_rule rule; /* for the inverses that need one; family alone for the firewall's */
};

/* Zeros are an empty list. */
struct steps {
    struct step items[STEPS_MAX];
    size_t count;
};

/* Prints "[#] " and the command as one line on stderr. */
void steps_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* rule may be NULL. The step, which may still be written to until the next one is pushed. */
struct step *steps_push(struct steps *steps, step_undo_function *undo, const struct routing_rule *rule);
/* Takes everything back and empties the list. Whoever asks us to end meanwhile waits until it is done. */
void steps_undo(struct steps *steps, struct tunnel *tunnel);

#endif
