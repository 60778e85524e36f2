/* SPDX-License-Identifier: MIT
 *
 * An allowed IP belongs to one peer at a time: whoever is given it takes it from the one that had it, which
 * then silently gets no traffic. Here is who loses what to whom.
 *
 * Lost is what a peer would have had after the change, by its own lines alone, but for another peer that was
 * given the same prefix later. Prefixes that merely overlap take nothing from each other. Spec:
 * cryptokey-routing §2, uapi §3.
 */
#ifndef CLI_ALLOWED_IP_THEFT_H
#define CLI_ALLOWED_IP_THEFT_H

#include "cli/allowed_ip_owners.h"
#include "config/change.h"
#include "config/model.h"
#include "vole.h"

#include <stddef.h>

struct allowed_ip_theft {
    struct vole_prefix prefix; /* masked */
    const uint8_t *from;       /* public keys; borrowed from change or running */
    const uint8_t *to;
};

/* What applying change to running takes from whom, in the order of prefixes; freed by the caller with free().
 * -ENOMEM. */
VOLE_MUST_CHECK int allowed_ip_theft_find(struct allowed_ip_theft **thefts, size_t *count,
                                          const struct model_device *running, const struct change *change);
/* Warns on stderr of what applying change to the interface will take. Says nothing when called as wg, or if
 * the interface cannot be read. */
void allowed_ip_theft_warn(const char *interface, const struct change *change);
/* The same for a goal that replaces all peers, and of what the winner does not have already: a file that
 * gives something twice is not told of again each time it is applied. */
void allowed_ip_theft_warn_anew(const char *interface, const struct change *goal,
                                const struct allowed_ip_owners *owners);

#endif
