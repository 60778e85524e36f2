/* SPDX-License-Identifier: MIT
 *
 * What a tunnel leaves behind whose interface vanished without `down`, as when its daemon was killed: the
 * firewall of its default route, and the policy rules of its mark.
 */
#ifndef CLI_LEFTOVERS_H
#define CLI_LEFTOVERS_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>

/* To be called only while there is no interface of this name. The firewall knows the name, and the mark;
 * rules of that mark are taken away if no interface has the mark and its table is empty. Whether something
 * was there. */
bool leftovers_remove(struct tunnel *tunnel);

#endif
