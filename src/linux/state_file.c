/* SPDX-License-Identifier: MIT
 *
 * Replacing a file so that a crash cannot show half of it: see state_file.h. A new file is written beside the
 * old one, brought to the disk, and takes its name; the directory's lock makes the name beside it ours.
 */
#include "linux/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the directory ---- */

static int state_directory_lock(int directory)
{
    int result;

    do
        result = flock(directory, LOCK_EX);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

int state_directory_open(const char *path, bool make)
{
    int directory, error;

    /* A file system that is read-only may hold it all the same. */
    if (make && mkdir(path, 0700) < 0 && errno != EEXIST && errno != EROFS)
        return -errno;
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return make && errno == ENOENT ? -EROFS : -errno;
    error = state_directory_lock(directory);
    if (error < 0)
        close(directory);
    return error < 0 ? error : directory;
}

int state_directory_each(int directory, int (*function)(void *context, const char *name), void *context)
{
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    int error = 0;

    if (stream == NULL) {
        error = -errno;
        if (again >= 0)
            close(again);
        return error;
    }
    while (error == 0 && (entry = readdir(stream)) != NULL)
        error = function(context, entry->d_name);
    (void)closedir(stream);
    return error;
}

/* ---- a file ---- */

static ssize_t state_file_read_all(int file, char *bytes, size_t room)
{
    size_t length = 0;

    for (;;) {
        char beyond;
        ssize_t got = length < room ? read(file, bytes + length, room - length) : read(file, &beyond, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return (ssize_t)length;
        if (length == room)
            return -EFBIG;
        length += (size_t)got;
    }
}

ssize_t state_file_read(int directory, const char *name, char *bytes, size_t room)
{
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    ssize_t length;

    if (file < 0)
        return errno == ELOOP ? -EINVAL : -errno;
    if (fstat(file, &status) < 0)
        length = -errno;
    else if (!S_ISREG(status.st_mode))
        length = -EINVAL;
    else
        length = state_file_read_all(file, bytes, room);
    close(file);
    return length;
}

static int state_file_fill(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        bytes += written;
        length -= (size_t)written;
    }
    return fsync(file) < 0 ? -errno : 0;
}

/* Some file systems cannot sync a directory and have no need to. */
static int state_directory_sync(int directory)
{
    return fsync(directory) < 0 && errno != EINVAL ? -errno : 0;
}

int state_file_write(int directory, const char *name, const char *bytes, size_t length)
{
    char beside[STATE_FILE_NAME_BYTES + 8];
    int file, error;

    (void)snprintf(beside, sizeof beside, ".%s.new", name);
    if (unlinkat(directory, beside, 0) < 0 && errno != ENOENT)
        return -errno;
    file = openat(directory, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return -errno;
    error = state_file_fill(file, bytes, length);
    if (close(file) < 0 && error == 0)
        error = -errno;
    if (error == 0 && renameat(directory, beside, directory, name) < 0)
        error = -errno;
    if (error == 0)
        return state_directory_sync(directory);
    (void)unlinkat(directory, beside, 0);
    return error;
}

int state_file_remove(int directory, const char *name)
{
    return unlinkat(directory, name, 0) < 0 ? -errno : state_directory_sync(directory);
}
