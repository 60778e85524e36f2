/* SPDX-License-Identifier: MIT
 *
 * What people write into comments for other people, and what is written into them for vole so that wg skips
 * it. In any case, with or without spaces:
 *
 *     # Name = laptop
 *     # friendly_name = laptop
 *     # vole:Endpoint = other.example:51820
 *
 * A name belongs to the peer in whose section it stands. Only if its comment is a line of its own directly
 * above a [Peer], it belongs to that one - unless that peer has a name inside as well: then names stand at
 * the ends of sections in this file, and the upper one goes to the peer before. Names outside of [Peer] are
 * nobody's. A comment is never an error: what cannot be used is a warning.
 * Used by one thread at a time. Spec: vole.conf(5).
 */
#ifndef CONFIG_FILE_NAMES_H
#define CONFIG_FILE_NAMES_H

#include "config/file_reading.h"

/* The comment of the current line, after its section or key was read. */
void file_names_read_comment(struct file_reading *reading);
/* Gives a name that was held to the latest peer, if that is whose section it stood in (above false) or if it
 * stood above its [Peer]. At the next line, and at the end. */
void file_names_settle(struct file_reading *reading, bool above);

#endif
