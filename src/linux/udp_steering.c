/* SPDX-License-Identifier: MIT
 *
 * The filter of udp_steering.h, in the classic instructions of socket filters. It sees a datagram from the
 * first byte after the UDP header on; its words are big-endian, the protocol's little-endian, so the index's
 * highest byte is the last of its four. Its result is the number of a socket; one that does not exist means
 * "hash".
 */
#include "linux/udp_steering.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

#define STEERING_TYPE       0x04000000u /* a transport message's first word: type 4, three zero bytes */
#define STEERING_MIN_BYTES  32          /* shorter is none (protocol §6) */
#define STEERING_INDEX_HIGH 7           /* where the receiver index's highest byte is */
#define STEERING_HASH       0xffffffffu
#define STEERING_MAX        256

int udp_steer(int fd, unsigned sockets)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, STEERING_MIN_BYTES, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STEERING_TYPE, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, STEERING_INDEX_HIGH),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets),
        BPF_STMT(BPF_RET | BPF_A, 0),
        BPF_STMT(BPF_RET | BPF_K, STEERING_HASH),
    };
    struct sock_fprog filter = {.len = sizeof steps / sizeof steps[0], .filter = steps};

    if (sockets == 0 || sockets > STEERING_MAX)
        return -EINVAL;
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) < 0 ? -errno : 0;
}
