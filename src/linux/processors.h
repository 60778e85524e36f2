/* SPDX-License-Identifier: MIT
 *
 * How many processors there are for us: not those of the machine, but those that this process may run on and
 * may keep busy. A container usually has fewer than its host, by a set of processors (sched_setaffinity,
 * cpusets) or by a share of their time (cpu.max of control groups, version 2).
 *
 * Asked once at start; what changes later is not followed. Nothing here can fail: what cannot be found out
 * does not limit.
 */
#ifndef VOLE_LINUX_PROCESSORS_H
#define VOLE_LINUX_PROCESSORS_H

/* At least 1. A share such as two and a half processors counts as three. */
unsigned processors_usable(void);

/* The part about the set: quick, while the shares are in files of control groups. At least 1. */
unsigned processors_allowed(void);

/* The part about control groups: the smallest share in whole processors of the group named in membership (as
 * /proc/self/cgroup) and the groups above it, under root (as /sys/fs/cgroup). 0: no limit. */
unsigned processors_of_group(const char *root, const char *membership);

#endif
