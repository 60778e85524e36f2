/* SPDX-License-Identifier: MIT
 *
 * Act 2: the table of allowed IPs as routing table and as filter. All of it comes from a real device that was
 * told the table; each WALK is a packet really sent, each CLAIM a datagram really opened.
 *
 *     {"example": TABLE, "own": TABLE (only with a table of the reader's own), "telling": {name: WALK of the
 *      example, by name}, "broken": BROKEN}
 *     TABLE {"name", "kind": "example", "file" or "interface", "is_file", "peers": [PEER], "peer_count",
 *            "more_peers": not listed, or null, "prefix_count", "losses": [LOSS], "v4": TRIE, "v6": TRIE,
 *            "walks": [WALK], "inbound": {"sources": [{"address", "why"}], "senders": [{"name", "claims":
 *            [CLAIM]}]}, "too_large": if true, there are no tries, walks and inbound}
 *     PEER  {"number", "name", "about" or null, "has_endpoint", "allowed": [prefix], "more": not listed, or
 *            null, "lost": [LOSS]}
 *     LOSS  {"prefix", "from", "to"}: given to both, the latter has it
 *     TRIE  {"family", "bits", "nodes": [{"prefix", "length", "bytes", "parent": node or null, "children":
 *            [node or null, the same], "peer": name or null, "indent": in the example, spaces}]}: node 0 is
 *            the root, a child's place is the bit after the prefix
 *     WALK  {"name", "why", "destination", "family", "bytes", "digits", "steps": [{"node", "prefix",
 *            "length", "digits", "contains", "equal": how many leading bits are, "peer", "best", and if the
 *            walk may go on "bit": number from 1, "next": "0" or "1", "below", "ends"}], "compared",
 *            "winner", "prefix", "outcome", "reason", "text", "advice", "packet", "packet_length",
 *            "datagram", "datagram_length", "to", "icmp": null or {"protocol", "type", "code", "says",
 *            "length", "bytes": the ICMP message}}
 *     CLAIM {"sender", "source", "packet", "datagram", "owner", "prefix", "delivered", "outcome", "reason",
 *            "text", "advice", "answers": datagrams that the server sent upon it}
 *     BROKEN {"foreign_source": {"honest": CLAIM, "foreign": CLAIM},
 *             "stolen_prefix", "missing_route": {"peer": who was given or lost it, "prefix", "table": TABLE,
 *             "before": WALK, "after": WALK}; stolen_prefix also has CLAIMs "claim_before", "claim_after"}
 *
 * Peers are their names everywhere; a table of the reader's own brings no key with it.
 */
#ifndef EXPLAIN_ROUTING_ACT_H
#define EXPLAIN_ROUTING_ACT_H

#include "explain/story.h"

#include <jansson.h>

/* The caller's. Out of memory ends the program (explain/value.h). */
json_t *routing_act_new(const struct story_options *options);

#endif
