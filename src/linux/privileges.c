/* SPDX-License-Identifier: MIT
 *
 * User, dumps and no_new_privs: see privileges.h. Capabilities are in capabilities.c.
 */
#include "linux/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PRIVILEGES_USERS       "/etc/passwd"
#define PRIVILEGES_ENTRY_BYTES 1024

int privileges_find_user(const char *name, struct privileges_user *found)
{
    FILE *users = fopen(PRIVILEGES_USERS, "re");
    char bytes[PRIVILEGES_ENTRY_BYTES];
    struct passwd entry;
    struct passwd *read = NULL;
    int error = 0;

    if (users == NULL)
        return -errno;
    while (error == 0) {
        error = fgetpwent_r(users, &entry, bytes, sizeof bytes, &read);
        if (error == ERANGE) /* somebody else's long line; what is left of it is no entry */
            error = 0;
        else if (error == 0 && read != NULL && strcmp(read->pw_name, name) == 0)
            break;
    }
    (void)fclose(users);
    if (error != 0)
        return -error;
    *found = (struct privileges_user){.user = read->pw_uid, .group = read->pw_gid};
    return 0;
}

int privileges_become(const struct privileges_user *user)
{
    /* Where groups may not be set, as in most user namespaces, there are none worth giving up. */
    if (setgroups(0, NULL) < 0 && errno != EPERM)
        return -errno;
    if (setresgid(user->group, user->group, user->group) < 0 ||
        setresuid(user->user, user->user, user->user) < 0)
        return -errno;
    return 0;
}

int privileges_no_new(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) < 0 ? -errno : 0;
}

int privileges_hide(void)
{
    return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) < 0 ? -errno : 0;
}
