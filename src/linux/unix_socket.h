/* SPDX-License-Identifier: MIT
 *
 * The UNIX stream socket on which an interface is configured (uapi §1, §7): listening, connecting, and
 * noticing that somebody removed its file, which is how users end the program.
 *
 * Access is governed by file permissions alone: the socket is made with mode 0700.
 * umask is changed while binding, so listening is for start-up, when there is one thread.
 * Descriptors are non-blocking (listening, watching) or blocking (connecting), all close-on-exec.
 */
#ifndef VOLE_LINUX_UNIX_SOCKET_H
#define VOLE_LINUX_UNIX_SOCKET_H

#include "vole.h"

#include <stdbool.h>
#include <sys/types.h>

/* Longest path, with its terminating zero: what a socket address holds. */
#define UNIX_SOCKET_PATH_BYTES 108

/* Listens at path and returns the descriptor. Missing directories are made with mode 0755. A socket file
 * nobody listens on any more is replaced.
 * -EADDRINUSE: somebody answers there, or the file is not a socket; -ENAMETOOLONG: path has no room in a
 * socket address; -EACCES, -EROFS, ...: directory not writable. */
VOLE_MUST_CHECK int unix_socket_listen(const char *path);

/* Accepts one client, non-blocking and close-on-exec; returns its descriptor. -EAGAIN: none waits; a client
 * that left again before it was accepted is -EAGAIN too. */
VOLE_MUST_CHECK int unix_socket_accept(int listener);

/* Connects to path; returns the descriptor. -ENOENT: no such file; -ECONNREFUSED: nobody listens; -EACCES. */
VOLE_MUST_CHECK int unix_socket_connect(const char *path);

/* Stores the path of the file a descriptor is bound to. -EINVAL: it is not a UNIX socket with a path. */
VOLE_MUST_CHECK int unix_socket_path(int listener, char path[static UNIX_SOCKET_PATH_BYTES]);

struct unix_socket_watch {
    int fd; /* readable when something happened to the file; then ask unix_socket_gone() */
    char path[UNIX_SOCKET_PATH_BYTES];
    dev_t device;
    ino_t inode;
};

/* Watches the file at path (inotify). -ENOENT: it is gone already. */
VOLE_MUST_CHECK int unix_socket_watch(struct unix_socket_watch *watch, const char *path);
/* Empties the descriptor; true if path is no longer the file that was watched. */
bool unix_socket_gone(struct unix_socket_watch *watch);
void unix_socket_unwatch(struct unix_socket_watch *watch);

/* Removes the file at path if it is the one that is watched, so that a successor's is left alone. */
void unix_socket_remove(const struct unix_socket_watch *watch);

#endif
