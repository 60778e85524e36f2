/* SPDX-License-Identifier: MIT
 *
 * Reading an RTM_NEWLINK or RTM_DELLINK message: shared by link.c and link_monitor.c.
 */
#ifndef VOLE_LINUX_LINK_MESSAGE_H
#define VOLE_LINUX_LINK_MESSAGE_H

#include "linux/link.h"
#include "linux/netlink_message.h"

/* Fills state from the message; *moved (may be NULL) says that it left for another namespace. -EBADMSG. */
VOLE_MUST_CHECK int link_message_parse(const struct nlmsghdr *message, struct link_state *state, bool *moved);

#endif
