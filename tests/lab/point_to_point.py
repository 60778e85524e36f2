#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two hosts on one cable:  a --- b, a tunnel between them, over IPv4 and IPv6, carrying both."""

from harness.cases import main, variants
from harness.daemon import Daemon, connect, preshared_key
from harness.traffic import ping_and_transfer

INNER_A, INNER_B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]


def carries_both_families(lab, outer_a, outer_b, with_psk):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", outer_a + "/64" if ":" in outer_a else outer_a + "/24")
    b.address("eth0", outer_b + "/64" if ":" in outer_b else outer_b + "/24")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, INNER_A, INNER_B, one_address=outer_a, other_address=outer_b,
            psk=preshared_key() if with_psk else None)
    ping_and_transfer(a, INNER_A, b, INNER_B)


variants(carries_both_families,
         over_ipv4=("192.0.2.1", "192.0.2.2", False),
         over_ipv6=("2001:db8::1", "2001:db8::2", False),
         over_ipv4_with_preshared_key=("192.0.2.1", "192.0.2.2", True))
main(__file__)
