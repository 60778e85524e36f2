/* SPDX-License-Identifier: MIT
 *
 * From "host" and "port" as people write them to an endpoint: the system's resolver is asked, so this may
 * wait for seconds. Used by `set` and its kin, `up`, `apply` and `watch`.
 *
 * Numbers are understood without asking anybody. Temporary failures are tried again
 * WG_ENDPOINT_RESOLUTION_RETRIES times (15; "infinity"), a second later and then ever later up to 20 s, which
 * is said on stderr. One thread. Spec: config §1.2.
 */
#ifndef CLI_RESOLVE_H
#define CLI_RESOLVE_H

#include "config/file.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

/* The first address of the name. False: it cannot be resolved, and a message was printed; prefix is what it
 * begins with ("wg0.conf:7:12: " or ""). */
VOLE_MUST_CHECK bool resolve_endpoint(struct vole_endpoint *endpoint, const struct file_endpoint *from,
                                      const char *prefix);
/* The same without trying again, whatever the variable says. */
VOLE_MUST_CHECK bool resolve_endpoint_once(struct vole_endpoint *endpoint, const struct file_endpoint *from,
                                           const char *prefix);
/* All addresses of the name, at most capacity, in the resolver's order, without trying again and without a
 * message. The number; 0: none now. */
size_t resolve_all(struct vole_endpoint *endpoints, size_t capacity, const struct file_endpoint *from);
/* The host is an address already: asking nobody. */
VOLE_MUST_CHECK bool resolve_is_numeric(const struct file_endpoint *from);

#endif
