/* SPDX-License-Identifier: MIT
 *
 * Putting the messages together that change a WireGuard interface of the kernel, as bytes: no socket is known
 * here (wireguard_netlink.c has it).
 *
 * A writing packs pieces into messages of at most its limit and hands each full one to send(). Every message
 * names the interface. The interface's own values and REPLACE_PEERS are in the first message only, a peer's
 * own values and REPLACE_ALLOWEDIPS only where it begins; where it goes on, there are its key and the allowed
 * IPs that are left (kernel-netlink §5).
 * The buffer carries keys: it is wiped after each message and by wireguard_writing_end().
 */
#ifndef VOLE_LINUX_WIREGUARD_WRITING_H
#define VOLE_LINUX_WIREGUARD_WRITING_H

#include "linux/wireguard_netlink.h"
#include "vole.h"

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As wg's messages where pages are as large; the kernel would take larger ones. */
#define WIREGUARD_WRITING_BYTES 8192
/* The least limit: a message has room for one peer's own values, or for a key and an allowed IP. */
#define WIREGUARD_WRITING_LEAST 192

struct wireguard_writing {
    union {
        struct nlmsghdr header;
        uint8_t bytes[WIREGUARD_WRITING_BYTES];
    } message; /* secret */
    /* Set by the caller before wireguard_writing_begin(). send() takes a message of header->nlmsg_len bytes
     * whose sequence and port are 0, and returns the kernel's verdict. */
    size_t limit;
    uint16_t family;
    int (*send)(void *context, struct nlmsghdr *header);
    void *context;

    char name[IFNAMSIZ];
    struct nlattr *peers, *peer, *allowed_ips; /* the open nests, or NULL */
    uint8_t public_key[VOLE_KEY_BYTES];        /* of the peer that is open */
    int error;                                 /* the first one: nothing more is sent */
};

/* Starts a change of the interface; name is shorter than IFNAMSIZ. */
void wireguard_writing_begin(struct wireguard_writing *writing, const char *name,
                             const struct wireguard_device_change *device);
/* As the functions of wireguard_netlink.h. -EINVAL: an allowed IP that is none or has no peer. */
VOLE_MUST_CHECK int wireguard_writing_peer(struct wireguard_writing *writing,
                                           const struct wireguard_peer_change *peer);
VOLE_MUST_CHECK int wireguard_writing_allowed_ip(struct wireguard_writing *writing,
                                                 const struct vole_prefix *prefix, bool remove);
/* Sends what is left and wipes. The first error. */
VOLE_MUST_CHECK int wireguard_writing_end(struct wireguard_writing *writing);

#endif
