/* SPDX-License-Identifier: MIT
 *
 * What voled's two processes give up, for good, once all is open that they need (design: confinement).
 *
 * The engine, which reads what strangers send: its user, if there is one for it; all capabilities; the file
 * system; all system calls but those on a list; being looked into, and dumps. The parent: all capabilities
 * but those for its requests, and all system calls but those on another list. Both can never become more
 * again by running a program.
 *
 * Each part is taken as the system has it; what is missing is told by features.h and changes nothing else.
 * Everything here is per thread, so it is done by a process's only thread before it starts others. A
 * forbidden call ends the process. The engine tells the parent which one it was (log_relay.h); of the
 * parent's own the kernel's log tells. With a sanitizer built in, system calls, files and dumps stay as they
 * are: it needs them.
 */
#ifndef DAEMON_CONFINEMENT_H
#define DAEMON_CONFINEMENT_H

#include "daemon/options.h"

#include <sys/types.h>

/* Per part 0, or a negative errno that says why it is not so; -ECANCELED: by --no-sandbox. */
struct confinement {
    int user;         /* another one than started us */
    int capabilities; /* none */
    int calls;        /* filtered */
    int files;        /* none */
};

/* parent: our parent process, with whom we end, however stuck; if it has ended, so does this process. */
void confinement_of_engine(struct confinement *confinement, const struct options *options, int relay,
                           pid_t parent);
/* engine: the only process it may end. Says what fails and need not. */
void confinement_of_parent(const struct options *options, pid_t engine);

/* Why a part is off, in words; NULL: it is on. */
const char *confinement_reason(int part, const struct options *options);

#endif
