/* SPDX-License-Identifier: MIT
 *
 * One interface under `watch`, with the file that belongs to it: looks at it whenever it is told to, and sets
 * endpoints of peers that cannot be reached. An interface that is not there or not up is waited for; a file
 * that changes is read again, and one that cannot be read any more leaves things as they were.
 * Each thing done is one line on stderr: "vole: NAME: PEER: what". One thread. Times: monotonic milliseconds.
 */
#ifndef CLI_WATCH_TUNNEL_H
#define CLI_WATCH_TUNNEL_H

#include "cli/device.h"
#include "cli/watch_peers.h"
#include "vole.h"

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define WATCH_TUNNEL_LOOKUPS_MAX 8 /* at the same time */

struct watch_tunnel {
    const char *word; /* of the command line */
    char name[DEVICE_NAME_BYTES];
    char path[PATH_MAX];
    struct timespec changed; /* of the file that was read */
    off_t length;
    ino_t inode;
    uint32_t index; /* of the interface that is up; 0: none */
    bool is_missed; /* that there is none was said */
    int error;      /* why it could not be asked, as it was said */
    struct watch_peers peers;
};

/* word: the interface's name or its file's path. Reads the file. False: messages were printed. To be freed
 * whatever the result. */
VOLE_MUST_CHECK bool watch_tunnel_begin(struct watch_tunnel *tunnel, const char *word);
void watch_tunnel_free(struct watch_tunnel *tunnel);

/* Looks once and does what is to be done. netlink is of link_open(). Returns after how many milliseconds the
 * next look is due. */
int watch_tunnel_look(struct watch_tunnel *tunnel, int netlink, int64_t now_ms);
/* The descriptors, at most WATCH_TUNNEL_LOOKUPS_MAX, whose hangup makes the next look due at once. */
size_t watch_tunnel_waits_for(const struct watch_tunnel *tunnel,
                              struct pollfd descriptors[static WATCH_TUNNEL_LOOKUPS_MAX]);

#endif
