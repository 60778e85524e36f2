/* SPDX-License-Identifier: MIT
 *
 * Messages with open descriptors between our two processes, over a SOCK_SEQPACKET pair (SCM_RIGHTS).
 *
 * One send is one receive: messages are never split or joined. Received descriptors are close-on-exec and
 * belong to the receiver; the sender's stay open and the sender's.
 * A message or descriptor that does not fit is an error, never silently cut; received ones are then closed.
 */
#ifndef VOLE_LINUX_DESCRIPTORS_H
#define VOLE_LINUX_DESCRIPTORS_H

#include "vole.h"

#include <stddef.h>
#include <sys/types.h>

#define DESCRIPTORS_MAX 16

/* Makes a connected pair, close-on-exec, blocking. */
VOLE_MUST_CHECK int descriptors_pair(int pair[static 2]);

/* Sends length > 0 bytes and count <= DESCRIPTORS_MAX descriptors (fds may be NULL if 0).
 * -EPIPE: the other side is gone (no signal is raised); -EMSGSIZE; -EINVAL; -EAGAIN if non-blocking. */
VOLE_MUST_CHECK int descriptors_send(int socket, const void *message, size_t length, const int *fds,
                                     size_t count);
/* The same, but never waits. -EAGAIN: the other side has not taken what was sent before. */
VOLE_MUST_CHECK int descriptors_send_now(int socket, const void *message, size_t length, const int *fds,
                                         size_t count);

/* Receives one message of at most room bytes and *count descriptors (in: room in fds, out: how many came).
 * Returns its length; 0: the other side is gone. -EMSGSIZE: did not fit; -EAGAIN if non-blocking. */
VOLE_MUST_CHECK ssize_t descriptors_receive(int socket, void *message, size_t room, int *fds, size_t *count);

#endif
