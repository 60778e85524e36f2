/* SPDX-License-Identifier: MIT
 *
 * What became of handshakes: one list, from which come the enum, the counters and the words. Counted per
 * device. What went wrong with a single message is a drop (vole_drops.h).
 *
 * X(NAME, word, text)
 *   NAME    VOLE_HANDSHAKE_NAME in the enum
 *   word    the same for machines; stable
 *   text    what happened
 */
#ifndef VOLE_HANDSHAKES_H
#define VOLE_HANDSHAKES_H

#define VOLE_HANDSHAKE_OUTCOMES(X)                                                                           \
    X(INITIATED, "initiated", "initiations that were sent, repeated ones included")                          \
    X(ANSWERED, "answered", "initiations of peers that were answered with a response")                       \
    X(COMPLETED_AS_INITIATOR, "completed_as_initiator", "handshakes that a peer answered")                   \
    X(COMPLETED_AS_RESPONDER, "completed_as_responder",                                                      \
      "handshakes of peers that their first data confirmed")                                                 \
    X(GAVE_UP, "gave_up", "20 initiations to a peer that did not answer; nothing more until there is traffic")

enum vole_handshake_outcome {
#define VOLE_HANDSHAKE_ENUM(name, word, text) VOLE_HANDSHAKE_##name,
    VOLE_HANDSHAKE_OUTCOMES(VOLE_HANDSHAKE_ENUM)
#undef VOLE_HANDSHAKE_ENUM
        VOLE_HANDSHAKE_COUNT
};

#endif
