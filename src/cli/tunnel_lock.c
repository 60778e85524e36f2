/* SPDX-License-Identifier: MIT
 *
 * A lock file that is removed may have been opened by somebody who locks it afterwards: what counts is to
 * have locked the file that is there.
 */
#include "cli/tunnel_lock.h"

#include "cli/tunnel_file.h"
#include "linux/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOLDER_BYTES      32
#define PAUSE_MS          20
#define HEIRS_PATIENCE_MS 2000

static void lock_path(char path[static PATH_MAX], const struct tunnel *tunnel)
{
    (void)snprintf(path, PATH_MAX, "%s/%s.%" PRIu64 ".lock", TUNNEL_FILE_DIRECTORY, tunnel->name,
                   tunnel_file_namespace());
}

static bool is_there(int fd, const char *path)
{
    struct stat ours;
    struct stat there;

    return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
           ours.st_dev == there.st_dev;
}

/* The process that holds it, as text; "" if it does not say. */
static void read_holder(char holder[static HOLDER_BYTES], int fd)
{
    ssize_t length = pread(fd, holder, HOLDER_BYTES - 1, 0);

    length = length > 0 ? length : 0;
    holder[length] = '\0';
    holder[strspn(holder, "0123456789")] = '\0';
}

/* It was killed. Who still holds its lock is a child of its that was to run a program just then, and ends. */
static bool holder_is_gone(int fd)
{
    char holder[HOLDER_BYTES];

    read_holder(holder, fd);
    return holder[0] != '\0' && kill((pid_t)strtol(holder, NULL, 10), 0) != 0 && errno == ESRCH;
}

static bool fail_as_held(const struct tunnel *tunnel, int fd)
{
    char holder[HOLDER_BYTES];

    read_holder(holder, fd);
    return tunnel_fail(tunnel, "another vole (process %s) is at work on it: try again when it has ended",
                       holder[0] != '\0' ? holder : "unknown");
}

static void pause_a_little(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

    (void)nanosleep(&pause, NULL);
}

/* A descriptor of the locked file, -EWOULDBLOCK after a message (if loud) that somebody else holds it, or why
 * it cannot be locked. */
static int lock_file(const struct tunnel *tunnel, const char *path, bool loud)
{
    int waited_ms = 0;

    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
        bool patient = false;
        int error;

        if (fd < 0)
            return -errno;
        error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
        if (error == 0 && is_there(fd, path))
            return fd;
        if (error == -EWOULDBLOCK && waited_ms < HEIRS_PATIENCE_MS)
            patient = holder_is_gone(fd);
        if (error == -EWOULDBLOCK && loud && !patient)
            (void)fail_as_held(tunnel, fd);
        (void)close(fd);
        if (error != 0 && !patient)
            return error;
        if (patient) {
            pause_a_little();
            waited_ms += PAUSE_MS;
        }
    }
}

static bool take(struct tunnel *tunnel, bool loud)
{
    char path[PATH_MAX];

    lock_path(path, tunnel);
    (void)mkdir(TUNNEL_FILE_DIRECTORY, 0755);
    tunnel->lock = lock_file(tunnel, path, loud);
    if (tunnel->lock >= 0)
        (void)!(ftruncate(tunnel->lock, 0) == 0 && dprintf(tunnel->lock, "%ld\n", (long)getpid()) > 0);
    else if (tunnel->lock != -EWOULDBLOCK)
        (void)tunnel_fail(tunnel, "%s cannot be locked, so nothing keeps another vole from it: %s", path,
                          strerror(-tunnel->lock));
    return tunnel->lock != -EWOULDBLOCK;
}

bool tunnel_lock_take(struct tunnel *tunnel)
{
    return take(tunnel, true);
}

void tunnel_lock_wait(struct tunnel *tunnel, int patience_ms)
{
    char path[PATH_MAX];

    lock_path(path, tunnel);
    if (tunnel->lock >= 0 && flock(tunnel->lock, LOCK_EX | LOCK_NB) == 0 && is_there(tunnel->lock, path))
        return;
    if (tunnel->lock >= 0)
        (void)close(tunnel->lock);
    for (int waited_ms = 0; !take(tunnel, false) && waited_ms < patience_ms; waited_ms += PAUSE_MS)
        pause_a_little();
}

void tunnel_lock_release(struct tunnel *tunnel)
{
    char path[PATH_MAX];

    if (tunnel->lock < 0)
        return;
    lock_path(path, tunnel);
    (void)unlink(path);
    (void)flock(tunnel->lock, LOCK_UN);
    (void)close(tunnel->lock);
    tunnel->lock = -1;
}

int tunnel_lock_host(void)
{
    int fd = open(TUNNEL_FILE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    while (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        if (errno == EINTR && process_signal() == 0)
            continue;
        (void)close(fd);
        return -EINTR;
    }
    return fd;
}
