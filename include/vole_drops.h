/* SPDX-License-Identifier: MIT
 *
 * Why a packet was dropped: one list, from which come the enum, the counters and the words.
 *
 * Every place that drops a packet names exactly one of these reasons. They are counted per device, and
 * those that can be blamed on one peer (BLAME is PEER) also per peer. A stranger can never fill a peer's
 * counters: a reason is PEER only where the packet was authenticated as that peer's, or is our own packet
 * to that peer, or hit one of that peer's receiver indices.
 *
 * X(NAME, word, BLAME, text, advice)
 *   NAME    VOLE_DROP_NAME in the enum
 *   word    the same for machines; stable
 *   text    what happened
 *   advice  what to tell the operator
 *
 * The order is the walk of a packet: outer datagram, handshake, data, inner packet, then the way out.
 */
#ifndef VOLE_DROPS_H
#define VOLE_DROPS_H

#define VOLE_DROP_REASONS(X)                                                                                 \
    X(MALFORMED, "malformed", DEVICE, "datagram is not a WireGuard message",                                 \
      "something else talks to this port: a scanner, or another protocol; harmless")                         \
    X(TRUNCATED, "truncated", DEVICE, "datagram was larger than the receive buffer",                         \
      "no WireGuard sends such datagrams")                                                                   \
    X(WRONG_MAC1, "wrong_mac1", DEVICE, "handshake message for another public key",                          \
      "the sender has a wrong public key for this interface; compare it with 'vole show'")                   \
    X(HANDSHAKE_QUEUE_FULL, "handshake_queue_full", DEVICE, "too many handshake messages waiting",           \
      "a flood of handshakes; established sessions are not affected")                                        \
    X(COOKIE_REQUIRED, "cookie_required", DEVICE, "under load: answered with a cookie reply instead",        \
      "the sender repeats with the cookie; nothing to do")                                                   \
    X(SOURCE_RATE, "source_rate", DEVICE, "under load: this source address sends too many handshakes",       \
      "a flood from one address; harmless to others")                                                        \
    X(NO_PRIVATE_KEY, "no_private_key", DEVICE, "handshake message but the interface has no private key",    \
      "set a private key on this interface")                                                                 \
    X(INITIATION_UNREADABLE, "initiation_unreadable", DEVICE, "initiation could not be decrypted",           \
      "forged, or damaged on the way")                                                                       \
    X(UNKNOWN_PEER, "unknown_peer", DEVICE, "initiation from a public key that is no peer here",             \
      "add the sender's public key as a peer, or remove this endpoint from its configuration")               \
    X(WEAK_KEY, "weak_key", PEER, "Diffie-Hellman with this peer yields zero",                               \
      "the peer's public key is not a real key")                                                             \
    X(INITIATION_FORGED, "initiation_forged", DEVICE, "initiation in a peer's name could not be verified",   \
      "somebody uses a peer's public key without its private key")                                           \
    X(INITIATION_REPLAYED, "initiation_replayed", PEER, "initiation not newer than the last one",            \
      "a repeated packet; if it keeps happening, the peer's clock went backwards")                           \
    X(INITIATION_TOO_SOON, "initiation_too_soon", PEER, "initiations closer together than 20 ms",            \
      "the peer floods; harmless")                                                                           \
    X(RESPONSE_UNEXPECTED, "response_unexpected", DEVICE, "response to no outstanding initiation",           \
      "it came late or twice, or both sides initiated at once; harmless")                                    \
    X(RESPONSE_UNREADABLE, "response_unreadable", PEER, "response could not be verified",                    \
      "the preshared keys of the two sides differ")                                                          \
    X(COOKIE_UNEXPECTED, "cookie_unexpected", DEVICE, "cookie reply to no message of ours",                  \
      "it came late or twice; harmless")                                                                     \
    X(COOKIE_UNREADABLE, "cookie_unreadable", PEER, "cookie reply could not be decrypted",                   \
      "forged, or damaged on the way")                                                                       \
    X(UNKNOWN_INDEX, "unknown_index", DEVICE, "data for a session that does not exist (any more)",           \
      "this side restarted or the session ended; the sender starts a new one by itself")                     \
    X(SESSION_EXPIRED, "session_expired", PEER, "data for a session older than 180 s",                       \
      "the sender should have rekeyed; harmless if rare")                                                    \
    X(DATA_UNREADABLE, "data_unreadable", PEER, "data could not be decrypted",                               \
      "forged, or damaged on the way")                                                                       \
    X(REPLAYED, "replayed", PEER, "data received twice, or more than 8128 packets late",                     \
      "the network duplicates or badly reorders packets")                                                    \
    X(INNER_MALFORMED, "inner_malformed", PEER, "decrypted packet is neither IPv4 nor IPv6",                 \
      "the peer sends something else through the tunnel")                                                    \
    X(INNER_LENGTH, "inner_length", PEER, "decrypted packet is shorter than it claims",                      \
      "the peer sends damaged packets")                                                                      \
    X(SOURCE_NOT_ALLOWED, "source_not_allowed", PEER,                                                        \
      "decrypted packet's source is not among this peer's allowed IPs",                                      \
      "add that address to the peer's allowed IPs here, or correct it on the peer")                          \
    X(DELIVERY_FAILED, "delivery_failed", DEVICE, "this host refused the decrypted packet",                  \
      "is the interface up?")                                                                                \
    X(NOT_IP, "not_ip", DEVICE, "packet to send is neither IPv4 nor IPv6", "only IP goes through a tunnel")  \
    X(NO_PEER, "no_peer", DEVICE, "no peer's allowed IPs contain the destination",                           \
      "add the destination to a peer's allowed IPs, or remove the route that leads here")                    \
    X(NO_ENDPOINT, "no_endpoint", PEER, "the peer's address is not known (yet)",                             \
      "set the peer's endpoint, or wait until it speaks first")                                              \
    X(STAGED_OVERFLOW, "staged_overflow", PEER,                                                              \
      "more than 128 packets waited for a session; the oldest went", "the peer does not answer handshakes")  \
    X(STAGED_MEMORY, "staged_memory", PEER,                                                                  \
      "too much memory in packets waiting for sessions; the oldest went",                                    \
      "many peers do not answer handshakes")                                                                 \
    X(STAGED_PURGED, "staged_purged", PEER,                                                                  \
      "waiting packets dropped: no handshake after 20 tries, or interface down",                             \
      "check the peer's endpoint, keys and firewalls in between")                                            \
    X(SEND_FAILED, "send_failed", PEER, "the network refused the datagram",                                  \
      "is there a route to the peer's endpoint?")                                                            \
    X(INTERFACE_DOWN, "interface_down", DEVICE, "the interface is down", "bring the interface up")           \
    X(UNSUPPORTED_OFFLOAD, "unsupported_offload", DEVICE,                                                    \
      "superpacket of an unknown kind from the network stack",                                               \
      "please report it; 'voled --no-vnet-hdr' avoids it")

enum vole_drop {
#define VOLE_DROP_ENUM(name, word, blame, text, advice) VOLE_DROP_##name,
    VOLE_DROP_REASONS(VOLE_DROP_ENUM)
#undef VOLE_DROP_ENUM
        VOLE_DROP_COUNT
};

#endif
