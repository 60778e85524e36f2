/* SPDX-License-Identifier: MIT
 *
 * Act 3, "a packet's journey": an app's packet from laptop to server and the answer's way back, with the
 * bytes of every station; all sizes; what happens to spoilt packets; the whole as a capture file.
 *
 *   out, back   a way each: the app's question, and the answer
 *   keepalive   {at, after (s of silence), bytes, length, udp_length, outer_length, counter, fields,
 *               answers (how many datagrams it is answered with)}
 *   sizes       journey_sizes.h
 *   capture     journey_capture.h
 *   trials      [{name, title, text, bytes, length, from, outcome, drop, drop_text, station,
 *               top_before, top_after, received_before, received_after,
 *               endpoint_before, endpoint_after, moved, delivered (inner packet or null), listened (s),
 *               answers (what the server sent in that time): [{after, length, to, bytes}],
 *               answers_without (the datagram), silent (no answers), unnoticed (both are the same)}]
 *   flips       {packet, fields, headers (bytes before the message), bytes, then}
 *     bytes     [{byte, part, before, after, packet, kernel (which of its checksums tells)}], and in those
 *               of the message, with checksums made right: outcome, drop, drop_text, station
 *     then      of the untouched original afterwards: {outcome, drop, drop_text, station, spoilt, dropped,
 *               listened, answers, silent}
 *
 * A way: {name, from, to, at,
 *   app        {protocol, source, destination, source_port, destination_port, text (UDP), payload, packet,
 *              header, length, payload_length, headers_length, header_checksum, checksum, fields}
 *   kernel     {routes: [{prefix, device, via, matches, chosen}], destination, device}
 *   peer       {prefix, name, public_key, endpoint}
 *   padding    {length, multiple, mtu, rounded (without MTU), padded, added, limited, bytes}
 *   counter    {before, number, after, bytes, nonce}
 *   seal       {key, nonce, plaintext, ciphertext, tag, plaintext_length, length}
 *   datagram   {bytes, length, header, header_length, type, type_number, receiver, counter}
 *   udp        {header, source_port, destination_port, header_length, length, checksum}
 *   outer      {bytes, length, header, header_length, source, destination, header_checksum, fields, routes,
 *              device, ipv6_header_length, ipv6_length}
 *   internet   {from, to, length, type, receiver, counter, least_inside, most_inside, travels}
 *   index      {receiver, number (the same as Wireshark writes it), listed, peer, slot, age, most_age}
 *   open       {key, authentic, plaintext, same}
 *   window     {counter, top_before, top_after, word, bit, word_before, word_after, width}
 *   source     {address, owner, sender, allowed}
 *   delivery   {at, packet, length, cut, same, checksums_right}
 *   stages     [{name, title, added ("+16"), length, bytes, fresh: {from, to}, fields: [...]}]: app,
 *              padding, seal, header, udp, outer, open, deliver; fields as in journey_layout.h}
 */
#ifndef EXPLAIN_JOURNEY_ACT_H
#define EXPLAIN_JOURNEY_ACT_H

#include "explain/story.h"

/* The caller's, by json_decref. */
json_t *journey_act_new(const struct story_options *options);

#endif
