/* SPDX-License-Identifier: MIT
 *
 * Giving up capabilities through libcap-ng: see privileges.h.
 */
#include "linux/privileges.h"

#include <cap-ng.h>
#include <errno.h>

int privileges_keep(const unsigned *capabilities, size_t count)
{
    bool had[CAP_LAST_CAP + 1] = {false};
    bool may_bound;

    if (capng_get_caps_process() < 0)
        return -errno;
    may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    for (size_t i = 0; i < count; i++)
        had[capabilities[i]] = capng_have_capability(CAPNG_PERMITTED, capabilities[i]) != 0;
    capng_clear(CAPNG_SELECT_ALL);
    for (size_t i = 0; i < count; i++)
        if (had[capabilities[i]] &&
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, capabilities[i]) <
                0)
            return -EINVAL;
    errno = 0;
    if (capng_apply(may_bound ? CAPNG_SELECT_ALL : (CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT)) < 0)
        return errno != 0 ? -errno : -EPERM;
    return 0;
}
