/* SPDX-License-Identifier: MIT
 *
 * What is doubtful about a configuration on the host it is for: MTUs of the ways to its endpoints, and
 * whether a host that others reach each other through forwards at all.
 *
 * What cannot be found out, for want of rights or programs, is not mentioned. Nothing is changed, nobody is
 * asked over the network: endpoints that are names of hosts are passed over.
 */
#ifndef CLI_CHECK_HOST_H
#define CLI_CHECK_HOST_H

#include "cli/check_findings.h"
#include "config/file.h"

/* name: the interface's; "" if the file has no name of that kind. */
void check_host(struct check_findings *findings, const struct file *file, const char *name);

#endif
