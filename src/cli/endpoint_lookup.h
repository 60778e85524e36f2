/* SPDX-License-Identifier: MIT
 *
 * Looking up all names of one peer at the same time, each in a child process: the system's resolver may take
 * half a minute and cannot be told to stop. A child can: it is ended when its time is up, while what the
 * others found is kept, and it ends with its parent.
 *
 * Endpoints to which this host has no route just now are left out, unless that would leave none; so are those
 * of which, where there is a choice, an ICMP message says at once that nothing gets there. That is asked with
 * an empty datagram, of all at the same time: a peer has one endpoint at a time, so that handshakes cannot be
 * raced.
 * The parent has one thread. Results: negative errno.
 */
#ifndef CLI_ENDPOINT_LOOKUP_H
#define CLI_ENDPOINT_LOOKUP_H

#include "config/file.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ENDPOINT_LOOKUP_NAMES_MAX 16 /* of one peer; further ones are not looked at */

/* All zero: none runs. */
struct endpoint_lookup {
    pid_t children[ENDPOINT_LOOKUP_NAMES_MAX];
    size_t count;
    int results; /* a pipe's end; it reports a hangup as soon as all is found */
    int64_t until_ms;
};

/* names are copied. mark: the interface's own, by which its packets are routed. now_ms: monotonic. */
VOLE_MUST_CHECK int endpoint_lookup_start(struct endpoint_lookup *lookup, const struct file_endpoint *names,
                                          size_t count, uint32_t mark, int64_t now_ms);
bool endpoint_lookup_runs(const struct endpoint_lookup *lookup);
/* Everything is found, or its time is up. */
VOLE_MUST_CHECK bool endpoint_lookup_is_over(const struct endpoint_lookup *lookup, int64_t now_ms);
/* Ends it, however far it came; returns how many endpoints it wrote, in the order of the names and, within
 * each, of trying. *unknown: the index of the first name without any address, or SIZE_MAX. */
size_t endpoint_lookup_end(struct endpoint_lookup *lookup, struct vole_endpoint *endpoints, size_t capacity,
                           size_t *unknown);

#endif
