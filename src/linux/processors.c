/* SPDX-License-Identifier: MIT
 *
 * See processors.h. cpu.max is "QUOTA PERIOD" in microseconds, or "max PERIOD"; a group has at most what each
 * group above it has.
 */
#include "linux/processors.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSORS_ROOT       "/sys/fs/cgroup"
#define PROCESSORS_MEMBERSHIP "/proc/self/cgroup"

/* The machine may have more than the set has room for; then all that are online count. */
unsigned processors_allowed(void)
{
    cpu_set_t set;
    long online;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

/* The share that the group at this path gives, 0: no limit of its own. */
static unsigned processors_of_quota(const char *path)
{
    char name[PATH_MAX + sizeof "/cpu.max"], line[64] = "", *end;
    unsigned long long quota, period;
    FILE *file;

    (void)snprintf(name, sizeof name, "%s/cpu.max", path);
    file = fopen(name, "re");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    (void)fclose(file);
    if (line[0] < '0' || line[0] > '9') /* "max" */
        return 0;
    quota = strtoull(line, &end, 10);
    period = strtoull(end, NULL, 10);
    if (quota == 0 || period == 0 || quota / period >= UINT_MAX)
        return 0;
    return (unsigned)(quota / period + (quota % period != 0));
}

/* The version 2 group's path below root, with a leading slash; false: it is in none. */
static bool processors_group(const char *membership, char path[static PATH_MAX])
{
    FILE *file = fopen(membership, "re");
    bool found = false;

    if (file == NULL)
        return false;
    while (!found && fgets(path, PATH_MAX, file) != NULL)
        found = strncmp(path, "0::/", 4) == 0;
    (void)fclose(file);
    if (found) {
        memmove(path, path + 3, strlen(path + 3) + 1);
        path[strcspn(path, "\n")] = '\0';
    }
    return found;
}

unsigned processors_of_group(const char *root, const char *membership)
{
    char group[PATH_MAX], path[PATH_MAX];
    unsigned least = 0;

    if (!processors_group(membership, group))
        return 0;
    if (strstr(group, "/..") != NULL) /* outside of what we can see: its limits are those of the root */
        group[0] = '\0';
    for (;;) {
        char *last = strrchr(group, '/');
        unsigned share;

        if (snprintf(path, sizeof path, "%s%s", root, group) >= (int)sizeof path)
            return least;
        share = processors_of_quota(path);
        if (share != 0 && (least == 0 || share < least))
            least = share;
        if (last == NULL)
            return least;
        *last = '\0';
    }
}

unsigned processors_usable(void)
{
    unsigned allowed = processors_allowed();
    unsigned share = processors_of_group(PROCESSORS_ROOT, PROCESSORS_MEMBERSHIP);

    if (share != 0 && share < allowed)
        allowed = share;
    return allowed;
}
