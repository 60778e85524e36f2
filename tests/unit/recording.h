/* SPDX-License-Identifier: MIT
 *
 * Recorded netlink exchanges with the kernel's WireGuard, from netlink/NAME.txt: what tests/interop/
 * netlink_record.py wrote there, and how it is written.
 *
 * A recording is owned by the caller until recording_free(); whatever is wrong with a file ends the test.
 */
#ifndef VOLE_TESTS_RECORDING_H
#define VOLE_TESTS_RECORDING_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording_datagram {
    bool sent;
    size_t length;
    uint8_t *bytes;
};

struct recording {
    char *text; /* its "= " lines without that, each ended by a line feed */
    struct recording_datagram *datagrams;
    size_t count;
};

void recording_read(struct recording *recording, const char *name);
void recording_free(struct recording *recording);

/* The WireGuard family's next netlink message that was sent (or received) behind *datagram and *offset, which
 * start as 0; NULL: there is none any more. With its header, length bytes. */
const uint8_t *recording_next(const struct recording *recording, bool sent, size_t *datagram, size_t *offset,
                              size_t *length);

#endif
