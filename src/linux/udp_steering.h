/* SPDX-License-Identifier: MIT
 *
 * Which of several UDP sockets on one port gets a datagram.
 *
 * Left alone, the kernel hashes a datagram's addresses and ports. Here a small filter looks inside instead:
 * a transport message goes to socket number (receiver index >> 24) % sockets, so that all of a session
 * arrives at one socket whatever address it comes from, and whoever draws the indices decides which
 * (core/index.h). Everything else, and whatever names a socket that is not there, is hashed as before.
 * A message that receive offload merged goes where its first datagram goes.
 *
 * Sockets are numbered in the order in which they were bound. When one closes, the last takes its number, so
 * the sockets of a port are opened together and closed together; a datagram at a wrong one is not lost, it is
 * only worked on by another thread than usual.
 * Needs no privilege; Linux 4.5 or later.
 */
#ifndef VOLE_LINUX_UDP_STEERING_H
#define VOLE_LINUX_UDP_STEERING_H

#include "vole.h"

/* Steers among the first so many sockets (1 to 256) of the group that fd belongs to; for one family.
 * -EINVAL: fd shares its port with nobody; -ENOPROTOOPT: this kernel cannot. */
VOLE_MUST_CHECK int udp_steer(int fd, unsigned sockets);

#endif
