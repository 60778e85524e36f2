/* SPDX-License-Identifier: MIT
 *
 * The difference between a tunnel's file and what runs: made from both, shown to people or programs, and
 * what `apply` goes by.
 *
 * What the file does not give stays as it is and is no difference: the private key, port, mark and MTU; and
 * DNS if hooks may have set it. Of the routes, only those to the peers' networks are the tunnel's own: others
 * stay. An endpoint given as a name is no difference as long as one of its addresses is in use.
 * What takes rules and a firewall (a default route that comes, goes, or changes its mark) and another Table
 * cannot be done while it runs: such are in restart.
 * Zeros are an empty plan; ended by tunnel_plan_free(), which wipes all keys. One thread. Spec: config §6.
 */
#ifndef CLI_TUNNEL_PLAN_H
#define CLI_TUNNEL_PLAN_H

#include "cli/allowed_ip_owners.h"
#include "cli/tunnel_goal.h"
#include "cli/tunnel_state.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

#define TUNNEL_PLAN_RESTARTS      5
#define TUNNEL_PLAN_RESTART_BYTES 120

/* One peer that differs. Pointers are into the plan. */
struct tunnel_plan_peer {
    const uint8_t *public_key;
    const struct model_peer *running; /* NULL: it is added */
    const struct change_peer *change; /* NULL: it only loses networks to others */
    const struct allowed_ip_move *moves;
    size_t move_count;
};

struct tunnel_plan {
    struct tunnel_state running;
    struct tunnel_goal goal;
    struct change difference; /* of the device */
    struct allowed_ip_owners owners;
    struct tunnel_plan_peer *peers; /* removed ones, then in the file's order, then those that only lose */
    size_t peer_count;
    char restart[TUNNEL_PLAN_RESTARTS][TUNNEL_PLAN_RESTART_BYTES]; /* why `down` and `up` are needed */
    size_t restart_count;
};

/* The tunnel runs: sets its index. False: a message was printed that says what to do. */
VOLE_MUST_CHECK bool tunnel_plan_can_begin(struct tunnel *tunnel);
/* Reads what runs, and everything the file wants, names resolved: nothing of what can be known before is left
 * for later. The tunnel's interface must be there. To be freed whatever the result. False: messages were
 * printed. */
VOLE_MUST_CHECK bool tunnel_plan_make(struct tunnel_plan *plan, const struct tunnel *tunnel);
void tunnel_plan_free(struct tunnel_plan *plan);
VOLE_MUST_CHECK bool tunnel_plan_differs(const struct tunnel_plan *plan);

/* Print on stdout, for people (nothing if nothing differs) and for programs (one object of docs/json.md).
 * False: out of memory, and a message was printed. */
void tunnel_plan_print(const struct tunnel_plan *plan, const struct tunnel *tunnel);
VOLE_MUST_CHECK bool tunnel_plan_print_json(const struct tunnel_plan *plan, const struct tunnel *tunnel);

#endif
