/* SPDX-License-Identifier: MIT
 *
 * The UNIX socket of an interface: made where nobody listens any more, watched while it is ours.
 */
#include "linux/unix_socket.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_SOCKET_BACKLOG 128

_Static_assert(UNIX_SOCKET_PATH_BYTES == sizeof(((struct sockaddr_un *)0)->sun_path), "all of sun_path");

static int unix_socket_address(struct sockaddr_un *address, const char *path)
{
    size_t length = strlen(path);

    if (length == 0)
        return -EINVAL;
    if (length >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length + 1);
    return 0;
}

/* Makes every directory that path lies in. Existing ones are left as they are. */
static int unix_socket_make_directories(const char *path)
{
    char directory[UNIX_SOCKET_PATH_BYTES];

    /* The slash at the start names the root, which exists. */
    for (size_t i = 1; path[i] != '\0' && i < sizeof(directory); i++) {
        if (path[i] != '/')
            continue;
        memcpy(directory, path, i);
        directory[i] = '\0';
        if (mkdir(directory, 0755) == 0) {
            /* The caller's umask must not lock other users out. */
            if (chmod(directory, 0755) < 0)
                return -errno;
        } else if (errno != EEXIST) {
            /* A read-only or foreign parent says so even for what exists. */
            int error = errno;
            struct stat status;

            if (stat(directory, &status) < 0 || !S_ISDIR(status.st_mode))
                return -error;
        }
    }
    return 0;
}

int unix_socket_connect(const char *path)
{
    struct sockaddr_un address;
    int error = unix_socket_address(&address, path);

    if (error < 0)
        return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno == EINTR)
            continue;
        error = -errno;
        (void)close(fd);
        return error;
    }
    return fd;
}

static int unix_socket_bind(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(077);
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

    umask(before);
    return result;
}

/* Removes the file of a socket that nobody listens on any more. -EADDRINUSE: it is not such a file. */
static int unix_socket_remove_stale(const char *path)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EADDRINUSE;
    int fd = unix_socket_connect(path);
    if (fd >= 0) {
        (void)close(fd);
        return -EADDRINUSE;
    }
    /* A full queue of clients (EAGAIN) or no permission to ask: somebody's, not a leftover. */
    if (fd != -ECONNREFUSED && fd != -ENOENT)
        return -EADDRINUSE;
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int unix_socket_listen(const char *path)
{
    struct sockaddr_un address;
    int result = unix_socket_address(&address, path);

    if (result < 0)
        return result;
    result = unix_socket_make_directories(path);
    if (result < 0)
        return result;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    result = unix_socket_bind(fd, &address);
    if (result == -EADDRINUSE) {
        result = unix_socket_remove_stale(path);
        if (result == 0)
            result = unix_socket_bind(fd, &address);
    }
    if (result == 0 && listen(fd, UNIX_SOCKET_BACKLOG) < 0) {
        result = -errno;
        (void)unlink(path);
    }
    if (result == 0)
        return fd;
    (void)close(fd);
    return result;
}

int unix_socket_accept(int listener)
{
    int fd;

    do
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    if (fd >= 0)
        return fd;
    return errno == ECONNABORTED ? -EAGAIN : -errno;
}

int unix_socket_path(int listener, char path[static UNIX_SOCKET_PATH_BYTES])
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);

    memset(&address, 0, sizeof(address));
    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    if (address.sun_family != AF_UNIX || address.sun_path[0] == '\0')
        return -EINVAL;
    size_t bytes = strnlen(address.sun_path, sizeof(address.sun_path));
    if (bytes == sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(path, address.sun_path, bytes);
    path[bytes] = '\0';
    return 0;
}

static bool unix_socket_is_ours(const struct unix_socket_watch *watch)
{
    struct stat status;

    return lstat(watch->path, &status) == 0 && status.st_dev == watch->device &&
           status.st_ino == watch->inode;
}

int unix_socket_watch(struct unix_socket_watch *watch, const char *path)
{
    struct stat status;
    int error;

    memset(watch, 0, sizeof(*watch));
    watch->fd = -1;
    if (strlen(path) >= sizeof(watch->path))
        return -ENAMETOOLONG;
    memcpy(watch->path, path, strlen(path) + 1);
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd < 0)
        return -errno;
    /* Unlinking a file that is still open shows as a changed attribute, its count of names. */
    if (inotify_add_watch(watch->fd, path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) < 0 ||
        lstat(path, &status) < 0) {
        error = -errno;
        unix_socket_unwatch(watch);
        return error;
    }
    watch->device = status.st_dev;
    watch->inode = status.st_ino;
    return 0;
}

bool unix_socket_gone(struct unix_socket_watch *watch)
{
    _Alignas(struct inotify_event) char events[sizeof(struct inotify_event) + NAME_MAX + 1];
    ssize_t length;

    do
        length = read(watch->fd, events, sizeof(events));
    while (length > 0 || (length < 0 && errno == EINTR));
    return !unix_socket_is_ours(watch);
}

void unix_socket_unwatch(struct unix_socket_watch *watch)
{
    if (watch->fd >= 0)
        (void)close(watch->fd);
    watch->fd = -1;
}

void unix_socket_remove(const struct unix_socket_watch *watch)
{
    if (unix_socket_is_ours(watch))
        (void)unlink(watch->path);
}
