#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The header around the tunnel's datagrams: TOS, ECN, DF, TTL; routing §6."""

import socket

from harness.cases import case, main
from harness.daemon import Daemon, connect
from harness.lab import Failed, expect, expect_equal, wait_for
from harness.packets import (COOKIE_REPLY, DATA, INITIATION, RESPONSE, Relay, Sniffer, receive_tos_on,
                             receive_with_tos, set_tos, sham_initiation, udp_socket)
from harness.traffic import ping, transfer_both

A, B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]
OTHERS = "others set TOS 0 and DF, and copy no ECN"
NOT_ECT, ECT1, ECT0, CE = 0, 1, 2, 3


def pair(lab, version):
    """(one, other, sniffer): two daemons over IPv4 or IPv6 and a sniffer on the cable between them."""
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    outer = ("192.0.2.1", "192.0.2.2") if version == 4 else ("2001:db8::1", "2001:db8::2")
    for host, address in zip((a, b), outer):
        host.address("eth0", address + ("/24" if version == 4 else "/64"))
    sniffer = Sniffer(b, "eth0")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, A, B, other_address=outer[1])
    return one, other, sniffer


def check_headers(lab, version):
    one, other, sniffer = pair(lab, version)
    ping(one.host, "10.9.0.2")
    ping(one.host, "fd09::2")
    for kind, tos in ((INITIATION, 0x88), (RESPONSE, 0x88), (DATA, 0)):
        for seen in sniffer.wait(lambda seen: seen.kind == kind, f"messages of type {kind}"):
            expect_equal(seen.tos, tos, f"TOS of a message of type {kind}")
            expect_equal(seen.ttl, 64, "TTL")
            expect_equal(seen.flow_label, 0, "flow label")
            expect(not seen.dont_fragment, "DF is clear")


@case(voled_only=OTHERS)
def over_ipv4_handshakes_have_tos_0x88_data_0_and_nothing_df(lab):
    check_headers(lab, 4)


@case(voled_only=OTHERS)
def over_ipv6_handshakes_have_class_0x88_data_0_and_flow_label_0(lab):
    check_headers(lab, 6)


def check_fragments(lab, version):
    one, other, sniffer = pair(lab, version)
    ping(one.host, "10.9.0.2")
    for daemon in (one, other):
        daemon.host.run("ip", "link", "set", "eth0", "mtu", "1280")
    ping(one.host, "10.9.0.2", size=1392)
    ping(other.host, "10.9.0.1", size=1392)
    transfer_both(one.host, "10.9.0.1", other.host, "10.9.0.2", size=1 << 20)
    sniffer.wait(lambda seen: seen.fragment and seen.source.endswith("1"), "fragments from a")
    sniffer.wait(lambda seen: seen.fragment and seen.source.endswith("2"), "fragments from b")


@case
def what_is_too_large_for_the_outer_ipv4_network_is_fragmented(lab):
    check_fragments(lab, 4)


@case
def what_is_too_large_for_the_outer_ipv6_network_is_fragmented(lab):
    check_fragments(lab, 6)


@case(voled_only="timing of the flood is made for it")
def a_cookie_reply_has_tos_0_and_only_comes_under_load(lab):
    one, other, sniffer = pair(lab, 4)
    ping(one.host, "10.9.0.2")
    flood = udp_socket(one.host, socket.AF_INET, "192.0.2.1", 0)
    flood.connect(("192.0.2.2", 51820))
    shams = [sham_initiation(other.public_key) for _ in range(4000)]
    flood.send(shams[0])
    flood.settimeout(0.3)
    try:
        flood.recv(100)
        raise Failed("a cookie reply without load")
    except TimeoutError:
        pass

    def one_burst():
        for sham in shams:
            try:
                flood.send(sham)
            except OSError:
                pass
        return [seen for seen in list(sniffer.seen) if seen.kind == COOKIE_REPLY]
    replies = wait_for(one_burst, "a cookie reply under a flood of initiations", 30)
    for seen in replies:
        expect_equal((seen.tos, len(seen.payload), seen.dont_fragment), (0, 64, False), "TOS, length, DF")
    counted = other.transfer(one.public_key)
    ping(one.host, "10.9.0.2")
    expect(other.transfer(one.public_key) > counted, "the session goes on")


def check_encapsulation(lab, version):
    """Inner ECN to outer: copied, except CE, which becomes ECT(0); DSCP is not copied."""
    one, other, sniffer = pair(lab, version)
    ping(one.host, "10.9.0.2")
    for family, target in ((socket.AF_INET, "10.9.0.2"), (socket.AF_INET6, "fd09::2")):
        sender, receiver = udp_socket(one.host, family), udp_socket(other.host, family, target, 7000)
        receive_tos_on(receiver)
        for inner, outer in ((NOT_ECT, 0), (ECT1, 1), (ECT0, 2), (CE, 2), (0xb8 | CE, 2), (0x28 | NOT_ECT, 0)):
            sniffer.seen.clear()
            set_tos(sender, inner)
            sender.sendto(b"x" * 300, (target, 7000))
            _, _, tos = receive_with_tos(receiver)
            expect_equal(tos, inner, "inner TOS on arrival")
            seen = sniffer.wait(lambda seen: seen.kind == DATA and len(seen.payload) > 300, "the datagram")
            expect_equal(seen[0].tos, outer, f"outer TOS for inner {inner:#x}")


@case(voled_only=OTHERS)
def inner_ecn_goes_out_over_ipv4(lab):
    check_encapsulation(lab, 4)


@case(voled_only=OTHERS)
def inner_ecn_goes_out_over_ipv6(lab):
    check_encapsulation(lab, 6)


DECAPSULATION = {NOT_ECT: {NOT_ECT: NOT_ECT, ECT0: NOT_ECT, ECT1: NOT_ECT, CE: NOT_ECT},
                 ECT0: {NOT_ECT: ECT0, ECT0: ECT0, ECT1: ECT1, CE: CE},
                 ECT1: {NOT_ECT: ECT1, ECT0: ECT1, ECT1: ECT1, CE: CE},
                 CE: {NOT_ECT: CE, ECT0: CE, ECT1: CE, CE: CE}}


def check_decapsulation(lab, version):
    """A relay sets the outer ECN on the way; what the inner packet then says, whole table."""
    a, b, middle = lab.host("a"), lab.host("b"), lab.host("middle")
    lab.cable(a, "eth0", middle, "a0")
    lab.cable(b, "eth0", middle, "b0")
    net = "192.0.{}.{}" if version == 4 else "2001:db8:{}::{}"
    mask = "/24" if version == 4 else "/64"
    for host, interface, network, number in ((a, "eth0", 2, 1), (middle, "a0", 2, 9), (b, "eth0", 3, 1),
                                             (middle, "b0", 3, 9)):
        host.address(interface, net.format(network, number) + mask)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    relay = Relay(middle, family, 51820, (net.format(2, 1), 51820), (net.format(3, 1), 51820))
    one, other = Daemon(a), Daemon(b)
    connect(one, other, A, B, one_address=net.format(3, 9), other_address=net.format(2, 9))
    ping(a, "10.9.0.2")
    for inner_family, target in ((socket.AF_INET, "10.9.0.2"), (socket.AF_INET6, "fd09::2")):
        sender, receiver = udp_socket(a, inner_family), udp_socket(b, inner_family, target, 7000)
        receive_tos_on(receiver)
        for inner, row in DECAPSULATION.items():
            for outer, wanted in row.items():
                relay.tos_to_right = outer
                set_tos(sender, 0x48 | inner)
                sender.sendto(b"x", (target, 7000))
                try:
                    _, _, tos = receive_with_tos(receiver)
                except TimeoutError:
                    raise Failed(f"not delivered: inner {inner}, outer {outer}")
                expect_equal(tos, 0x48 | wanted, f"TOS for inner ECN {inner} with outer ECN {outer}")


@case(voled_only=OTHERS)
def outer_ecn_of_ipv4_comes_in_by_the_whole_table(lab):
    check_decapsulation(lab, 4)


@case(voled_only=OTHERS)
def outer_ecn_of_ipv6_comes_in_by_the_whole_table(lab):
    check_decapsulation(lab, 6)


main(__file__)
