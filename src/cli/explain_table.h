/* SPDX-License-Identifier: MIT
 *
 * The reader's own table of allowed IPs for vole explain: of a running interface, whichever kind it is, or of
 * a configuration file. Names and prefixes are taken, and whether there is an endpoint; no key is, and key
 * files are not opened. Of an interface that has a file, prefixes that by the file are somebody else's are
 * given to that one first: then who lost them is seen. One thread. Spec: cryptokey-routing §1.
 */
#ifndef CLI_EXPLAIN_TABLE_H
#define CLI_EXPLAIN_TABLE_H

#include "explain/routing_table.h"
#include "vole.h"

#include <stdbool.h>

/* word: an interface; one that is not there stands for its file; or a file, which has a "/" in it or ends
 * with ".conf". False: a message was printed. To be freed with routing_table_fini() whatever the result. */
VOLE_MUST_CHECK bool explain_table_read(struct routing_table *table, const char *word);

#endif
