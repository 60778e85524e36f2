/* SPDX-License-Identifier: MIT
 *
 * The example's peers in the order in which the server was told of them.
 */
#include "explain/routing_example.h"

#include "config/address.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct example_peer {
    const char *name, *about;
    const char *allowed[4];
    bool has_endpoint;
} example_peers[] = {
    {"laptop", "one machine", {"10.0.0.2/32", "fd00::2/128"}, false},
    {"old-phone", "a phone that was replaced", {"10.0.0.3/32"}, false},
    {"phone",
     "the new one, set up from a copy of the old one's entry",
     {"10.0.0.3/32", "fd00::3/128"},
     false},
    {"office",
     "a router with a whole network behind it",
     {"10.0.0.8/32", "192.168.20.0/24", "2001:db8:20::/48"},
     true},
    {"lab", "a part of that network, by a way of its own", {"192.168.20.64/26", "2001:db8:20:7::/64"}, true},
    {"printer", "one machine in that part, by yet another way", {"192.168.20.77/32"}, true},
    {"branch", "another site", {"10.8.0.0/16", "fd00:8::/32"}, true},
    {"gateway", "the way to the rest of IPv4", {"0.0.0.0/0"}, true},
};
#define PEERS (sizeof example_peers / sizeof *example_peers)

const struct routing_question routing_example_destinations[] = {
    {"host", "10.0.0.2", "one machine"},
    {"nested", "192.168.20.77", "inside three networks at once"},
    {"lab", "192.168.20.100", "inside two"},
    {"office", "192.168.20.10", "behind a router"},
    {"stolen", "10.0.0.3", "given away twice"},
    {"branch", "10.8.3.4", "another site"},
    {"near", "10.0.0.4", "next to the phone, but nobody's own"},
    {"internet", "192.0.2.80", "far away"},
    {"host_v6", "fd00::2", "the laptop again, in IPv6"},
    {"nested_v6", "2001:db8:20:7::1", "inside two networks"},
    {"office_v6", "2001:db8:20:1::1", "behind the router"},
    {"missing", "2001:db8:99::1", "nobody's"},
    {NULL},
};

const struct routing_question routing_example_sources[] = {
    {"laptop", "10.0.0.2", "the laptop's"},
    {"phone", "10.0.0.3", "the phone's, once the old phone's"},
    {"office", "192.168.20.10", "in the office's network"},
    {"lab", "192.168.20.100", "in the lab's part of it"},
    {"printer", "192.168.20.77", "the printer's"},
    {"branch", "10.8.3.4", "at the other site"},
    {"internet", "192.0.2.80", "far away"},
    {"laptop_v6", "fd00::2", "the laptop's in IPv6"},
    {"nobody_v6", "2001:db8:99::1", "nobody's"},
    {NULL},
};

static void check_memory(int error)
{
    if (error == 0)
        return;
    fputs("vole explain: not enough memory\n", stderr);
    exit(1);
}

static void give(struct routing_table *table, size_t peer, const char *text, bool remove)
{
    struct vole_prefix prefix;
    int error = address_read_prefix(&prefix, text, strlen(text));

    assert(error == 0);
    (void)error;
    check_memory(routing_table_give(table, peer, &prefix, remove));
}

void routing_example_fill(struct routing_table *table)
{
    routing_table_init(table, ROUTING_TABLE_EXAMPLE, "wg0");
    for (size_t i = 0; i < PEERS; i++) {
        check_memory(routing_table_add_peer(table, example_peers[i].name, example_peers[i].has_endpoint));
        for (size_t j = 0; j < 4 && example_peers[i].allowed[j] != NULL; j++)
            give(table, i, example_peers[i].allowed[j], false);
    }
}

const char *routing_example_about(size_t peer)
{
    return example_peers[peer].about;
}

void routing_example_change(struct routing_table *table, const char *peer, const char *prefix, bool remove)
{
    give(table, routing_table_find(table, peer), prefix, remove);
}
