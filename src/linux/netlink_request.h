/* SPDX-License-Identifier: MIT
 *
 * Questions to rtnetlink and their answers, one or a whole list: shared by those who ask about links,
 * addresses, routes and rules. Messages are built in a struct netlink_request on the stack and travel over a
 * descriptor that may come from another process.
 */
#ifndef VOLE_LINUX_NETLINK_REQUEST_H
#define VOLE_LINUX_NETLINK_REQUEST_H

#include "vole.h"

#include "linux/netlink_message.h"

#include <stdint.h>

/* Larger than any answer about one link (SR-IOV devices fill many KiB). */
#define NETLINK_ANSWER_BYTES 32768

/* A request with its family's header, built by netlink_request_init() and then extended by netlink_put*. */
struct netlink_request {
    _Alignas(struct nlmsghdr) uint8_t bytes[512];
    struct nlmsghdr *header; /* = bytes */
};

/* Looks at an answer's message; 0 or a negative errno. */
typedef int netlink_answer_function(const struct nlmsghdr *message, void *argument);

/* Opens an rtnetlink descriptor in the current namespace, close-on-exec, subscribed to the multicast groups
 * RTNLGRP_* whose bits (1 << (group - 1)) are set. */
VOLE_MUST_CHECK int netlink_open(uint32_t groups, int extra_flags);
/* The same for another protocol, NETLINK_GENERIC for one. */
VOLE_MUST_CHECK int netlink_open_protocol(int protocol, uint32_t groups, int extra_flags);

/* Starts a request; returns the zeroed family header of header_bytes bytes. */
void *netlink_request_init(struct netlink_request *request, uint16_t type, uint16_t flags,
                           size_t header_bytes);

/* Sends the request and waits for the answer: for each message that is not an acknowledgement, answer is
 * called (may be NULL if none is expected). Returns the kernel's or answer's verdict. */
VOLE_MUST_CHECK int netlink_request_do(int netlink, struct netlink_request *request,
                                       netlink_answer_function *answer, void *argument);

/* The same for a request of any length in the caller's memory, whose sequence is filled in; it and the answer
 * may carry secrets (what was received is wiped). The answer to a request with NLM_F_DUMP ends with the list;
 * -EINTR: all of it was read, but it changed meanwhile. */
VOLE_MUST_CHECK int netlink_exchange(int netlink, struct nlmsghdr *request, netlink_answer_function *answer,
                                     void *argument);

/* Asks for a whole list: the request must have been started with NLM_F_DUMP. restart is called before the
 * first message, and again if the list changed while it was read and all of it comes anew. -EINTR: it never
 * stood still. */
VOLE_MUST_CHECK int netlink_request_dump(int netlink, struct netlink_request *request,
                                         void (*restart)(void *argument), netlink_answer_function *answer,
                                         void *argument);

#endif
