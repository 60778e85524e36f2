/* SPDX-License-Identifier: MIT
 *
 * The two policy rules of a default route through a tunnel, as `ip rule` adds, deletes and lists them:
 *
 *     not from all fwmark N lookup N                          everything but the tunnel's own packets
 *     from all lookup main suppress_prefixlength 0            but first whatever main knows better
 *
 * Rules have no owner. Whose they are follows from the number, and from where they stand: the second right in
 * front of the first, so that it is asked first.
 * Uses a descriptor of link_open(). family is 4 or 6. Results: 0 or a negative errno, the kernel's own where
 * it answered with one. Spec: config §6.3, §6.4.
 */
#ifndef VOLE_LINUX_ROUTING_RULE_H
#define VOLE_LINUX_ROUTING_RULE_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct routing_rule {
    enum { ROUTING_RULE_MARK, ROUTING_RULE_SUPPRESS } kind;
    uint8_t family;
    uint32_t mark;     /* of ROUTING_RULE_MARK: N; table and mark are the same number */
    uint32_t priority; /* the lower, the earlier it is asked; 0 when adding: the kernel chooses */
};

struct routing_rule_list {
    struct routing_rule *rules; /* by priority */
    size_t count;
    size_t capacity;
};

/* The priority of a rule, and of another right in front of it, for which there is room: in front of all
 * others but the very first, the kernel's own, as the kernel itself would choose; where somebody's rules
 * leave no room there, behind these. -ENOSPC: nowhere. */
VOLE_MUST_CHECK int routing_rule_place(int netlink, uint8_t family, uint32_t *priority);

/* -EEXIST: there is such a rule at that very priority. Without a priority, a second one is made. */
VOLE_MUST_CHECK int routing_rule_add(int netlink, const struct routing_rule *rule);
/* Deletes that very rule, whose priority must be given. -ENOENT: there is none. */
VOLE_MUST_CHECK int routing_rule_delete(int netlink, const struct routing_rule *rule);

/* All rules of one family that are of these two kinds; others are passed over. list must be zeros or of an
 * earlier call, and is to be freed whatever the result. -ENOMEM. */
VOLE_MUST_CHECK int routing_rule_read(int netlink, uint8_t family, struct routing_rule_list *list);
void routing_rule_list_free(struct routing_rule_list *list);

#endif
