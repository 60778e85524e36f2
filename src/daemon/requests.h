/* SPDX-License-Identifier: MIT
 *
 * What the engine may ask of the privileged parent, and how both speak: one message, one answer, over a
 * SOCK_SEQPACKET pair, open descriptors travelling along (linux/descriptors.h).
 *
 *   sockets    UDP sockets for a port and a mark, in the namespace where the interface was made
 *   mark       another mark on UDP sockets the engine has
 *   place      what belongs to the network namespace the interface is in now: link monitor, link requests,
 *              raw ICMP sockets; a namespace it is new to is prepared for it (routing §5)
 *   redirects  ICMP redirects off on the interface, at each up
 *   processors how many processors there are for us: files tell what the control group may use
 *   ready      start-up is over: in the background, output is let go
 *
 * The list is short so that a captured engine can ask for nothing else. The parent keeps none of the
 * descriptors. The engine's control thread asks and waits: the parent does nothing that can take long.
 * -EPIPE from any request: the parent is gone, the engine must end.
 */
#ifndef DAEMON_REQUESTS_H
#define DAEMON_REQUESTS_H

#include "daemon/place.h"
#include "linux/udp.h"
#include "vole.h"

#include <net/if.h>

enum request_kind {
    REQUEST_SOCKETS = 1,
    REQUEST_MARK,
    REQUEST_PLACE,
    REQUEST_REDIRECTS,
    REQUEST_READY,
    REQUEST_PROCESSORS
};

/* As on the wire between our own two processes: same program, same layout. The parent must not trust it, so
 * there are only types in which every bit pattern means something. */
struct request {
    uint32_t kind;        /* enum request_kind */
    uint32_t mark;        /* sockets, mark */
    uint32_t wishes;      /* sockets: REQUEST_WISH_* */
    uint16_t port;        /* sockets; 0: any */
    uint16_t steer_among; /* sockets: as in struct udp_wishes */
};

#define REQUEST_WISH_SEGMENT         1u
#define REQUEST_WISH_RECEIVE_OFFLOAD 2u
#define REQUEST_WISH_REUSE_PORT      4u
#define REQUEST_WISH_JOIN_PORT       8u

#define REQUEST_DESCRIPTORS 4 /* most that one message carries */

/* The order of descriptors in an answer: v4, v6; or monitor, link, v4, v6; those that are missing are left
 * out. */
struct request_answer {
    int error;     /* 0 or negative errno */
    bool v4, v6;   /* which sockets came along */
    uint16_t port; /* the real one */
    bool segment;  /* as in struct udp_sockets */
    bool receive_offload;
    bool steered;
    uint32_t index; /* of the interface, where it is now */
    uint32_t processors;
    char name[IFNAMSIZ];
};

/* ---- the engine's side; 0 or a negative errno ---- */

/* Opens one pair of sockets, as udp_open() does. */
VOLE_MUST_CHECK int request_sockets(int parent, uint16_t port, uint32_t mark, const struct udp_wishes *wishes,
                                    struct udp_sockets *sockets);
VOLE_MUST_CHECK int request_mark(int parent, const struct udp_sockets *sockets, uint32_t mark);
/* Where the interface is now. -EBADFD: it is gone. -ENODEV: it keeps moving, or the kernel (before 5.10)
 * cannot tell where to. Other errors: nothing is known, nothing open. */
VOLE_MUST_CHECK int request_place(int parent, struct place *place);
VOLE_MUST_CHECK int request_redirects_off(int parent);
VOLE_MUST_CHECK int request_ready(int parent);
VOLE_MUST_CHECK int request_processors(int parent, unsigned *processors);

/* ---- the parent's side ---- */

/* Receives one request and its descriptors, which the caller closes. 0; -EPIPE: the engine is gone; -EPROTO:
 * not a request. */
VOLE_MUST_CHECK int request_receive(int engine, struct request *request, int fds[static REQUEST_DESCRIPTORS],
                                    size_t *count);
/* Answers it; the descriptors stay the caller's. Does not wait: an engine asks one thing at a time, so one
 * that leaves no room for an answer (-EAGAIN) is none of ours. */
VOLE_MUST_CHECK int request_answer(int engine, const struct request_answer *answer, const int *fds,
                                   size_t count);

#endif
