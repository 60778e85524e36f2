/* SPDX-License-Identifier: MIT
 *
 * Write, fsync, rename, fsync of the directory. Signals that end the program wait meanwhile: a half-written
 * file beside the old one would keep its keys for ever.
 */
#include "cli/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHERS (S_IRWXU | S_IRWXG | S_IRWXO)

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        length -= (size_t)written;
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

/* The new file is whose the old one was; an owner that cannot be kept is no reason to lose the text, but then
 * nobody else may read it. */
static int take_after(int fd, const char *path)
{
    struct stat old;

    if (stat(path, &old) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (fchown(fd, old.st_uid, old.st_gid) != 0)
        return 0;
    return fchmod(fd, old.st_mode & OTHERS) == 0 ? 0 : -errno;
}

/* Makes the renaming last; a file system that cannot synchronise directories is left alone. */
static void sync_directory(const char *path)
{
    char directory[PATH_MAX];
    char *slash;
    int fd;

    (void)snprintf(directory, sizeof(directory), "%s", path);
    slash = strrchr(directory, '/');
    if (slash == NULL)
        return;
    slash[slash == directory ? 1 : 0] = '\0';
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

static int replace(const char *path, const char *bytes, size_t length)
{
    char beside[PATH_MAX];
    int written = snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
    int fd;
    int error;

    if (written < 0 || (size_t)written >= sizeof(beside))
        return -ENAMETOOLONG;
    fd = mkostemp(beside, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return -errno;
    error = take_after(fd, path);
    if (error == 0)
        error = write_all(fd, bytes, length);
    if (close(fd) != 0 && error == 0)
        error = -errno;
    if (error == 0 && rename(beside, path) != 0)
        error = -errno;
    if (error != 0)
        (void)unlink(beside);
    else
        sync_directory(path);
    return error;
}

int file_replace(const char *path, const char *bytes, size_t length)
{
    sigset_t endings, before;
    int error;

    sigemptyset(&endings);
    sigaddset(&endings, SIGINT);
    sigaddset(&endings, SIGTERM);
    sigaddset(&endings, SIGHUP);
    sigaddset(&endings, SIGQUIT);
    (void)sigprocmask(SIG_BLOCK, &endings, &before);
    error = replace(path, bytes, length);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return error;
}
