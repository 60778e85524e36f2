/* SPDX-License-Identifier: MIT
 *
 * The host's clocks. MONOTONIC drives timers, BOOTTIME ages keys across suspend, REALTIME stamps
 * handshakes. Reading them costs no system call. Any thread may.
 */
#ifndef VOLE_LINUX_CLOCK_H
#define VOLE_LINUX_CLOCK_H

#include "vole.h"

void clock_now(struct vole_time *now);

#endif
