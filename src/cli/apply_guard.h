/* SPDX-License-Identifier: MIT
 *
 * Who takes an `apply --confirm` back when nobody confirms it: a process of its own, with its own session, so
 * that it outlives the terminal and the connection that may break with the change.
 *
 * It is started before the first change and holds the way back in its memory only: nothing of it, and no key,
 * is written to a disk. It listens at /run/vole/NAME.NAMESPACE.confirm (the network namespace's
 * number), where `vole confirm` speaks to it; the same place makes sure that one `apply` at a time works
 * on a tunnel. If `apply` dies on the way, it is taken back at once; the same if the guard is told to end
 * (SIGTERM) before it was confirmed. Nobody's terminal holds it up.
 * The socket is gone when the guard is. Spoken is one line each way: "confirm" is answered by one of the
 * words below, "status" by "waiting SECONDS" or one of them; whoever asks while something is being done or
 * taken back waits for its end. No answer: there was no guard, or it had nothing left to wait for.
 */
#ifndef CLI_APPLY_GUARD_H
#define CLI_APPLY_GUARD_H

#include "cli/tunnel_goal.h"
#include "linux/unix_socket.h"
#include "vole.h"

#include <stdbool.h>

#define APPLY_GUARD_LINE_BYTES 64

#define APPLY_GUARD_CONFIRMED "confirmed"
#define APPLY_GUARD_BACK      "back"   /* too late: all of it was taken back */
#define APPLY_GUARD_PARTLY    "partly" /* too late: some of it could not be taken back */
#define APPLY_GUARD_GONE      "gone"   /* too late, but the interface is another: nothing was taken back */

struct apply_guard {
    char path[UNIX_SOCKET_PATH_BYTES];
    int listener; /* -1: none */
    int channel;  /* to the process; -1: there is none */
};

/* Takes the place where only one may be. False: a message was printed. To be closed whatever the result. */
VOLE_MUST_CHECK bool apply_guard_open(struct apply_guard *guard, const struct tunnel *tunnel);
/* Starts the process, which will go back that way so many seconds after apply_guard_hand_over(). False: a
 * message was printed, and there is none. */
VOLE_MUST_CHECK bool apply_guard_start(struct apply_guard *guard, const struct tunnel *tunnel,
                                       const struct tunnel_goal *back, unsigned seconds);
/* Everything was done: from now on the guard waits. */
void apply_guard_hand_over(struct apply_guard *guard);
/* Ends it without going back, unless it was handed over, and gives the place away. */
void apply_guard_close(struct apply_guard *guard);

/* Says one of the lines above to the guard of a tunnel and reads the answer until the guard ends it; "" if
 * there came none. patience_ms: -1: without a limit. 0, or what unix_socket_connect() returns. */
VOLE_MUST_CHECK int apply_guard_ask(char answer[static APPLY_GUARD_LINE_BYTES], const char *name,
                                    const char *line, int patience_ms);

#endif
