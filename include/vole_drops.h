/* SPDX-License-Identifier: MIT
 *
 * Why a packet was dropped: one list, from which come the enum, the counters and the words.
 *
 * Every place that drops a packet names exactly one of these reasons. They are counted per device, and
 * those that can be blamed on one peer (BLAME is PEER) also per peer. A stranger can never fill a peer's
 * counters: a reason is PEER only where the packet was authenticated as that peer's, or is our own packet
 * to that peer, or hit one of that peer's receiver indices.
 *
 * X(NAME, BLAME, text, advice)
 *   NAME    VOLE_DROP_NAME in the enum; in lower case the stable word for machines
 *   text    what happened
 *   advice  what to tell the operator
 *
 * The order is the walk of a packet: outer datagram, handshake, data, inner packet, then the way out.
 */
#ifndef VOLE_DROPS_H
#define VOLE_DROPS_H

#define VOLE_DROP_REASONS(X)                                                                                 \
    X(MALFORMED, DEVICE, "datagram is not a WireGuard message",                                              \
      "something else talks to this port: a scanner, or another protocol; harmless")                         \
    X(TRUNCATED, DEVICE, "datagram was larger than the receive buffer", "no WireGuard sends such datagrams") \
    X(WRONG_MAC1, DEVICE, "handshake message for another public key",                                        \
      "the sender has a wrong public key for this interface; compare it with 'vole show'")                   \
    X(HANDSHAKE_QUEUE_FULL, DEVICE, "too many handshake messages waiting",                                   \
      "a flood of handshakes; established sessions are not affected")                                        \
    X(COOKIE_REQUIRED, DEVICE, "under load: answered with a cookie reply instead",                           \
      "the sender repeats with the cookie; nothing to do")                                                   \
    X(SOURCE_RATE, DEVICE, "under load: this source address sends too many handshakes",                      \
      "a flood from one address; harmless to others")                                                        \
    X(NO_PRIVATE_KEY, DEVICE, "handshake message but the interface has no private key",                      \
      "set a private key on this interface")                                                                 \
    X(INITIATION_UNREADABLE, DEVICE, "initiation could not be decrypted", "forged, or damaged on the way")   \
    X(UNKNOWN_PEER, DEVICE, "initiation from a public key that is no peer here",                             \
      "add the sender's public key as a peer, or remove this endpoint from its configuration")               \
    X(WEAK_KEY, PEER, "Diffie-Hellman with this peer yields zero",                                           \
      "the peer's public key is not a real key")                                                             \
    X(INITIATION_FORGED, PEER, "initiation in this peer's name could not be verified",                       \
      "somebody uses this peer's public key without its private key")                                        \
    X(INITIATION_REPLAYED, PEER, "initiation not newer than the last one",                                   \
      "a repeated packet; if it keeps happening, the peer's clock went backwards")                           \
    X(INITIATION_TOO_SOON, PEER, "initiations closer together than 20 ms", "the peer floods; harmless")      \
    X(RESPONSE_UNEXPECTED, DEVICE, "response to no outstanding initiation",                                  \
      "it came late or twice, or both sides initiated at once; harmless")                                    \
    X(RESPONSE_UNREADABLE, PEER, "response could not be verified",                                           \
      "the preshared keys of the two sides differ")                                                          \
    X(COOKIE_UNEXPECTED, DEVICE, "cookie reply to no message of ours", "it came late or twice; harmless")    \
    X(COOKIE_UNREADABLE, PEER, "cookie reply could not be decrypted", "forged, or damaged on the way")       \
    X(UNKNOWN_INDEX, DEVICE, "data for a session that does not exist (any more)",                            \
      "this side restarted or the session ended; the sender starts a new one by itself")                     \
    X(SESSION_EXPIRED, PEER, "data for a session older than 180 s",                                          \
      "the sender should have rekeyed; harmless if rare")                                                    \
    X(DATA_UNREADABLE, PEER, "data could not be decrypted", "forged, or damaged on the way")                 \
    X(REPLAYED, PEER, "data received twice, or more than 8128 packets late",                                 \
      "the network duplicates or badly reorders packets")                                                    \
    X(INNER_MALFORMED, PEER, "decrypted packet is neither IPv4 nor IPv6",                                    \
      "the peer sends something else through the tunnel")                                                    \
    X(INNER_LENGTH, PEER, "decrypted packet is shorter than it claims", "the peer sends damaged packets")    \
    X(SOURCE_NOT_ALLOWED, PEER, "decrypted packet's source is not among this peer's allowed IPs",            \
      "add that address to the peer's allowed IPs here, or correct it on the peer")                          \
    X(DELIVERY_FAILED, DEVICE, "this host refused the decrypted packet", "is the interface up?")             \
    X(NOT_IP, DEVICE, "packet to send is neither IPv4 nor IPv6", "only IP goes through a tunnel")            \
    X(NO_PEER, DEVICE, "no peer's allowed IPs contain the destination",                                      \
      "add the destination to a peer's allowed IPs, or remove the route that leads here")                    \
    X(NO_ENDPOINT, PEER, "the peer's address is not known (yet)",                                            \
      "set the peer's endpoint, or wait until it speaks first")                                              \
    X(STAGED_OVERFLOW, PEER, "more than 128 packets waited for a session; the oldest went",                  \
      "the peer does not answer handshakes")                                                                 \
    X(STAGED_MEMORY, PEER, "too much memory in packets waiting for sessions; the oldest went",               \
      "many peers do not answer handshakes")                                                                 \
    X(STAGED_PURGED, PEER, "waiting packets dropped: no handshake after 20 tries, or interface down",        \
      "check the peer's endpoint, keys and firewalls in between")                                            \
    X(SEND_FAILED, PEER, "the network refused the datagram", "is there a route to the peer's endpoint?")     \
    X(INTERFACE_DOWN, DEVICE, "the interface is down", "bring the interface up")                             \
    X(UNSUPPORTED_OFFLOAD, DEVICE, "superpacket of an unknown kind from the network stack",                  \
      "please report it; 'voled --no-vnet-hdr' avoids it")

enum vole_drop {
#define VOLE_DROP_ENUM(name, blame, text, advice) VOLE_DROP_##name,
    VOLE_DROP_REASONS(VOLE_DROP_ENUM)
#undef VOLE_DROP_ENUM
        VOLE_DROP_COUNT
};

#endif
