/* SPDX-License-Identifier: MIT
 *
 * The name is taken by an empty directory first, which fails if there is anything; renaming a directory over
 * an empty one is atomic on every file system.
 */
#include "cli/new_directory.h"

#include "config/key.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIRECTORIES 8

int new_directory_begin(struct new_directory *directory, const char *path)
{
    size_t length = strlen(path);
    struct stat status;

    memset(directory, 0, sizeof(*directory));
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        return -ENOENT;
    if (length + sizeof(".XXXXXX") > sizeof(directory->unfinished))
        return -ENAMETOOLONG;
    (void)snprintf(directory->path, sizeof(directory->path), "%.*s", (int)length, path);
    if (lstat(directory->path, &status) == 0)
        return -EEXIST;
    (void)snprintf(directory->unfinished, sizeof(directory->unfinished), "%.*s.XXXXXX", (int)length, path);
    if (mkdtemp(directory->unfinished) != NULL)
        return 0;
    directory->unfinished[0] = '\0';
    return -errno;
}

FILE *new_directory_open(struct new_directory *directory, const char *folder, const char *name)
{
    char path[PATH_MAX];
    FILE *stream;
    int descriptor;
    int length = snprintf(path, sizeof(path), "%s/%s", directory->unfinished, folder);

    if ((size_t)length + strlen(name) + 2 > sizeof(path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return NULL;
    (void)snprintf(path + length, sizeof(path) - (size_t)length, "/%s", name);
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return NULL;
    stream = fdopen(descriptor, "w");
    if (stream == NULL)
        (void)close(descriptor);
    else
        (void)setvbuf(stream, directory->buffer, _IOFBF, sizeof(directory->buffer));
    return stream;
}

int new_directory_close(struct new_directory *directory, FILE *stream)
{
    int error = 0;

    errno = 0;
    if (fflush(stream) != 0 || ferror(stream) != 0 || fsync(fileno(stream)) != 0)
        error = errno != 0 ? -errno : -EIO;
    if (fclose(stream) != 0 && error == 0)
        error = errno != 0 ? -errno : -EIO;
    key_wipe(directory->buffer, sizeof(directory->buffer));
    return error;
}

int new_directory_finish(struct new_directory *directory)
{
    int error = 0;

    if (mkdir(directory->path, 0700) != 0) {
        error = -errno;
    } else if (rename(directory->unfinished, directory->path) != 0) {
        error = -errno;
        (void)rmdir(directory->path);
    }
    if (error != 0)
        new_directory_abandon(directory);
    directory->unfinished[0] = '\0';
    return error;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void new_directory_abandon(struct new_directory *directory)
{
    if (directory->unfinished[0] != '\0')
        (void)nftw(directory->unfinished, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
    directory->unfinished[0] = '\0';
    key_wipe(directory->buffer, sizeof(directory->buffer));
}
