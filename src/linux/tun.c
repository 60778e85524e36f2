/* SPDX-License-Identifier: MIT
 *
 * The TUN device: made or adopted with as much offload as the kernel offers, then read and written.
 */
#include "linux/tun.h"

#include "linux/kernel_constants.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_DEVICE       "/dev/net/tun"
#define TUN_PIECES_MAX   1024 /* what one writev() takes */
#define TUN_ALL_OFFLOADS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6)

/* The kernel's own rule for names, so that EINVAL later can only mean something else. */
static bool tun_name_is_legal(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == ':' || (name[i] >= '\t' && name[i] <= '\r') || name[i] == ' ')
            return false;
    const char *percent = strchr(name, '%');
    return !percent || (percent[1] == 'd' && !strchr(percent + 1, '%'));
}

static int tun_open_device(void)
{
    int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    switch (errno) {
    case ENODEV: /* the file is there, but no driver behind it */
    case ENXIO:
        return -ENOENT;
    case EACCES:
        return -EPERM;
    default:
        return -errno;
    }
}

/* Binds a fresh descriptor to the device name, making it if it does not exist, and learns the real name. */
static int tun_attach(struct tun *tun, const char *name, short flags)
{
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
    request.ifr_flags = flags;
    if (ioctl(tun->fd, TUNSETIFF, &request) < 0) {
        int error = -errno;

        /* An interface that is no TUN, or another sort of TUN, is EINVAL like an illegal name. */
        if (error == -EINVAL && if_nametoindex(name) != 0)
            return -EBUSY;
        return error;
    }
    memcpy(tun->name, request.ifr_name, IFNAMSIZ);
    tun->name[IFNAMSIZ - 1] = '\0';
    tun->vnet_header = flags & IFF_VNET_HDR;
    tun->multi_queue = flags & IFF_MULTI_QUEUE;
    return 0;
}

static bool tun_accepts(const struct tun *tun, unsigned offloads)
{
    return ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)offloads) == 0;
}

/* Asks for as much as is wished: for all at once, since each call takes its time, and if that is refused, as
 * it is as a whole for one unknown bit, step by step. False: the kernel takes nothing at all, so the header
 * would be useless. */
static bool tun_probe_offloads(struct tun *tun, const struct tun_wishes *wishes)
{
    unsigned accepted = TUN_F_CSUM;

    tun->tso = false;
    tun->uso = false;
    if (!wishes->vnet_header)
        return tun_accepts(tun, 0);
    if (wishes->tso && wishes->uso && tun_accepts(tun, TUN_ALL_OFFLOADS)) {
        tun->tso = true;
        tun->uso = true;
        return true;
    }
    if (!tun_accepts(tun, accepted))
        return false;
    if (wishes->tso) {
        unsigned tso = accepted | TUN_F_TSO4 | TUN_F_TSO6;

        tun->tso = tun_accepts(tun, tso);
        if (tun->tso)
            accepted = tso;
        if (tun->tso && tun_accepts(tun, tso | TUN_F_TSO_ECN))
            accepted = tso | TUN_F_TSO_ECN;
    }
    if (wishes->uso)
        tun->uso = tun_accepts(tun, accepted | TUN_F_USO4 | TUN_F_USO6);
    return true;
}

static int tun_try_create(struct tun *tun, const char *name, short flags)
{
    memset(tun, 0, sizeof(*tun));
    tun->fd = tun_open_device();
    if (tun->fd < 0)
        return tun->fd;
    int result = tun_attach(tun, name, flags);
    if (result < 0)
        tun_close(tun);
    return result;
}

int tun_create(struct tun *tun, const char *name, const struct tun_wishes *wishes)
{
    short flags = IFF_TUN | IFF_NO_PI;
    int result;

    memset(tun, 0, sizeof(*tun));
    tun->fd = -1;
    if (!tun_name_is_legal(name))
        return -EINVAL;
    if (wishes->multi_queue)
        flags |= IFF_MULTI_QUEUE;
    if (wishes->vnet_header) {
        result = tun_try_create(tun, name, (short)(flags | IFF_VNET_HDR));
        if (result == 0 && tun_probe_offloads(tun, wishes))
            return 0;
        if (result < 0 && result != -EINVAL)
            return result;
        /* The kernel has no such header, or one without any use: do without. */
        tun_close(tun);
    }
    return tun_try_create(tun, name, flags);
}

int tun_adopt(struct tun *tun, int fd, const struct tun_wishes *wishes)
{
    struct ifreq request;
    int header_bytes = VNET_HEADER_BYTES;

    memset(tun, 0, sizeof(*tun));
    memset(&request, 0, sizeof(request));
    tun->fd = -1;
    if (ioctl(fd, TUNGETIFF, &request) < 0)
        return errno == EINVAL ? -ENOTTY : -errno;
    if ((request.ifr_flags & IFF_TAP) || !(request.ifr_flags & IFF_NO_PI))
        return -EINVAL;
    tun->vnet_header = request.ifr_flags & IFF_VNET_HDR;
    tun->multi_queue = request.ifr_flags & IFF_MULTI_QUEUE;
    if (tun->vnet_header && ioctl(fd, TUNSETVNETHDRSZ, &header_bytes) < 0)
        return -EINVAL;
    int status = fcntl(fd, F_GETFL);
    if (status < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    memcpy(tun->name, request.ifr_name, IFNAMSIZ);
    tun->name[IFNAMSIZ - 1] = '\0';
    tun->fd = fd;
    if (tun->vnet_header)
        (void)tun_probe_offloads(tun, wishes);
    return 0;
}

int tun_add_queue(struct tun *queue, const struct tun *first)
{
    short flags = IFF_TUN | IFF_NO_PI | IFF_MULTI_QUEUE;

    if (!first->multi_queue)
        return -EINVAL;
    if (first->vnet_header)
        flags |= IFF_VNET_HDR;
    int result = tun_try_create(queue, first->name, flags);
    if (result < 0)
        return result;
    queue->tso = first->tso;
    queue->uso = first->uso;
    return 0;
}

void tun_close(struct tun *tun)
{
    if (tun->fd >= 0)
        (void)close(tun->fd);
    tun->fd = -1;
}

ssize_t tun_read(const struct tun *tun, struct vnet_header *header, uint8_t *packet, size_t room)
{
    uint8_t bytes[VNET_HEADER_BYTES] = {0};
    struct iovec pieces[2] = {{.iov_base = bytes, .iov_len = sizeof(bytes)},
                              {.iov_base = packet, .iov_len = room}};
    ssize_t length;

    do
        length = tun->vnet_header ? readv(tun->fd, pieces, 2) : read(tun->fd, packet, room);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return -errno;
    vnet_header_parse(header, bytes);
    if (!tun->vnet_header)
        return length;
    return length < VNET_HEADER_BYTES ? -EBADMSG : length - VNET_HEADER_BYTES;
}

int tun_write(const struct tun *tun, const struct iovec *pieces, int piece_count)
{
    ssize_t written;

    if (!tun->vnet_header) {
        pieces++;
        piece_count--;
    }
    if (piece_count < 1 || piece_count > TUN_PIECES_MAX)
        return -EINVAL;
    do
        written = writev(tun->fd, pieces, piece_count);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : 0;
}
