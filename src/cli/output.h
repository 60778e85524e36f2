/* SPDX-License-Identifier: MIT
 *
 * Standard output as a result that matters: a full disk or a reader that went away makes the command fail,
 * instead of leaving half a key file behind with exit status 0.
 *
 * The buffer of stdout is ours and is wiped in the end, as it may have held keys.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

/* To be called first in main(): makes sure that descriptors 0 to 2 are taken (or a socket could become
 * "stdout"), and that a closed pipe is an error and no signal. */
void output_start(void);
/* To be called last, with the command's status: flushes and wipes. Returns status, or 1, with a message on
 * stderr, if not everything could be written. */
int output_finish(int status);

#endif
