/* SPDX-License-Identifier: MIT
 *
 * Capabilities where there is no libcap-ng: they stay.
 */
#include "linux/privileges.h"

#include <errno.h>

int privileges_keep(const unsigned *capabilities, size_t count)
{
    (void)capabilities;
    (void)count;
    return -ENOSYS;
}
