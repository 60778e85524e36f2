/* SPDX-License-Identifier: MIT
 *
 * The system calls that voled's two processes need, once they have started. These two lists are what
 * confinement (confinement.h) amounts to against somebody who has taken a process over.
 *
 * The engine works on descriptors it has. It opens, connects, runs and signals nothing, and makes no memory
 * executable. Files are refused to it rather than fatal: C libraries open some on their own, differently from
 * version to version (time zones, the number of processors), and do without. The parent opens sockets and
 * files of its own, and enters network namespaces; it runs nothing either, mounts and traces nothing, and
 * loads nothing into the kernel.
 */
#ifndef DAEMON_ALLOWED_CALLS_H
#define DAEMON_ALLOWED_CALLS_H

#include "linux/call_filter.h"

#include <sys/types.h>

/* Each fills a new filter. */
VOLE_MUST_CHECK int allowed_calls_of_engine(struct call_filter *filter);
/* engine: the process it may end. */
VOLE_MUST_CHECK int allowed_calls_of_parent(struct call_filter *filter, pid_t engine);

#endif
