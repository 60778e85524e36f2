/* SPDX-License-Identifier: MIT
 *
 * A set of hosts that `genconf` makes configuration files for: who they are, what they are called in the
 * tunnel, which of them know each other, and their keys.
 *
 * The first host of a hub or gateway is the one in the middle. Of two hosts that know each other at least one
 * has an endpoint. genconf_plan_init() makes it, genconf_plan_free() ends it and wipes its keys. One thread.
 */
#ifndef CLI_GENCONF_PLAN_H
#define CLI_GENCONF_PLAN_H

#include "config/file.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GENCONF_MAX_HOSTS      1000
#define GENCONF_ENDPOINT_BYTES 280 /* a name of 253, brackets, port */
#define GENCONF_PORT           51820

enum genconf_topology { GENCONF_PAIR, GENCONF_MESH, GENCONF_HUB, GENCONF_GATEWAY, GENCONF_TOPOLOGY_COUNT };

extern const char *const genconf_topology_names[GENCONF_TOPOLOGY_COUNT];

struct genconf_host {
    char name[FILE_NAME_BYTES];
    char endpoint[GENCONF_ENDPOINT_BYTES]; /* "host:port"; "": none */
    uint16_t port;                         /* 0: any */
    uint8_t private_key[VOLE_KEY_BYTES];   /* secret */
    uint8_t public_key[VOLE_KEY_BYTES];
};

struct genconf_plan {
    enum genconf_topology topology;
    struct vole_prefix networks[2]; /* of the tunnel: masked, one of a family at most */
    size_t network_count;
    struct genconf_host *hosts;
    size_t host_count;
    size_t host_capacity;
    uint8_t (*preshared_keys)[VOLE_KEY_BYTES]; /* secret; of each two hosts, see genconf_preshared_key() */
};

void genconf_plan_init(struct genconf_plan *plan);
void genconf_plan_free(struct genconf_plan *plan);

/* Each takes what somebody wrote. False: a message was printed. */
VOLE_MUST_CHECK bool genconf_set_topology(struct genconf_plan *plan, const char *word);
VOLE_MUST_CHECK bool genconf_add_network(struct genconf_plan *plan, const char *word);
VOLE_MUST_CHECK bool genconf_add_host(struct genconf_plan *plan, const char *word);
/* When all of that was said: looks whether it fits together, and makes networks, if none was given, and keys.
 * False: a message was printed. */
VOLE_MUST_CHECK bool genconf_complete(struct genconf_plan *plan);

/* Whether the two know each other. */
VOLE_MUST_CHECK bool genconf_are_peers(const struct genconf_plan *plan, size_t one, size_t other);
/* Of a complete plan; the same for (one, other) and (other, one). */
const uint8_t *genconf_preshared_key(const struct genconf_plan *plan, size_t one, size_t other);
/* The host's address in a network of the plan, with the network's length. */
struct vole_prefix genconf_address(const struct genconf_plan *plan, size_t host, size_t network);

#endif
