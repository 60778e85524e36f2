/* SPDX-License-Identifier: MIT
 *
 * Our header in front of TUN packets has the kernel's layout (offload §3).
 */
#include "packet/vnet.h"

#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void layout_and_constants_are_the_kernels(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct virtio_net_hdr), VNET_HEADER_BYTES);
    assert_int_equal(VIRTIO_NET_HDR_F_NEEDS_CSUM, VNET_NEEDS_CHECKSUM);
    assert_int_equal(VIRTIO_NET_HDR_F_DATA_VALID, VNET_DATA_VALID);
    assert_int_equal(VIRTIO_NET_HDR_GSO_TCPV4, VNET_KIND_TCP4);
    assert_int_equal(VIRTIO_NET_HDR_GSO_UDP, VNET_KIND_UDP_FRAGMENTS);
    assert_int_equal(VIRTIO_NET_HDR_GSO_TCPV6, VNET_KIND_TCP6);
    assert_int_equal(VIRTIO_NET_HDR_GSO_ECN, VNET_KIND_ECN);
    struct virtio_net_hdr kernel = {.flags = 1,
                                    .gso_type = 0x84,
                                    .hdr_len = 0x1234,
                                    .gso_size = 0x2345,
                                    .csum_start = 0x3456,
                                    .csum_offset = 0x4567};
    uint8_t bytes[VNET_HEADER_BYTES], again[VNET_HEADER_BYTES];
    memcpy(bytes, &kernel, sizeof bytes);
    struct vnet_header header;
    vnet_header_parse(&header, bytes);
    assert_int_equal(header.flags, 1);
    assert_int_equal(header.segment_kind, 0x84);
    assert_int_equal(header.header_bytes, 0x1234);
    assert_int_equal(header.segment_bytes, 0x2345);
    assert_int_equal(header.checksum_start, 0x3456);
    assert_int_equal(header.checksum_offset, 0x4567);
    vnet_header_serialise(&header, again);
    assert_memory_equal(again, bytes, sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layout_and_constants_are_the_kernels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
