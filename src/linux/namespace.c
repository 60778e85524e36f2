/* SPDX-License-Identifier: MIT
 *
 * Network namespaces: finding the TUN's, and visiting it.
 */
#include "linux/namespace.h"

#include "linux/kernel_constants.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* That of a new socket; quicker than /proc. Needs CAP_NET_ADMIN over it, and Linux 4.10. */
static int namespace_of_socket(void)
{
    int any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int fd = any < 0 ? -1 : ioctl(any, SIOCGSKNS);

    if (any >= 0)
        (void)close(any);
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

int namespace_current(void)
{
    int fd = namespace_of_socket();

    if (fd < 0)
        fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int namespace_of_tun(int tun_fd)
{
    int fd = ioctl(tun_fd, TUNGETDEVNETNS);

    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return fd;
    int error = -errno;
    (void)close(fd);
    return error;
}

bool namespace_same(int one, int other)
{
    struct stat first;
    struct stat second;

    return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int namespace_run(int network, int (*function)(void *argument), void *argument)
{
    int home = namespace_current();

    if (home < 0)
        return home;
    int result;
    if (namespace_same(home, network)) {
        result = function(argument);
    } else if (setns(network, CLONE_NEWNET) < 0) {
        result = -errno;
    } else {
        result = function(argument);
        if (setns(home, CLONE_NEWNET) < 0)
            abort();
    }
    (void)close(home);
    return result;
}

struct namespace_name {
    const char *name;
    uint32_t index;
};

static int namespace_look_up(void *argument)
{
    struct namespace_name *link = argument;

    link->index = if_nametoindex(link->name);
    return link->index == 0 ? -errno : 0;
}

int namespace_tun_link(int tun_fd, int network, char name[static IFNAMSIZ], uint32_t *index)
{
    struct ifreq request;
    struct namespace_name link = {.name = name};

    memset(&request, 0, sizeof(request));
    if (ioctl(tun_fd, TUNGETIFF, &request) < 0)
        return -errno;
    memcpy(name, request.ifr_name, IFNAMSIZ);
    name[IFNAMSIZ - 1] = '\0';
    int result = namespace_run(network, namespace_look_up, &link);
    if (result == 0)
        *index = link.index;
    return result;
}
