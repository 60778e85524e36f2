#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From which of its addresses, and through which interface, a host answers; routing §9.

    client === two cables === server (several addresses)
"""

import time

from harness.cases import case, main
from harness.daemon import Daemon, connect
from harness.lab import expect, expect_equal, wait_for
from harness.packets import DATA, Sniffer
from harness.traffic import ping, transfer_both

A, B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]


def hosts(lab):
    client, server = lab.host("client"), lab.host("server")
    for host in (client, server):
        for name in ("all", "default"):
            host.shell(f"echo 0 > /proc/sys/net/ipv4/conf/{name}/rp_filter")
    lab.cable(client, "eth0", server, "eth0")
    lab.cable(client, "eth1", server, "eth1")
    client.address("eth0", "192.0.2.1/24", "2001:db8::1/64")
    client.address("eth1", "198.51.100.1/24", "2001:db8:1::1/64")
    server.address("eth0", "192.0.2.2/24", "2001:db8::2/64", "192.0.2.22/24", "2001:db8::22/64")
    server.address("eth1", "198.51.100.2/24", "2001:db8:1::2/64")
    server.shell("echo 1 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries")
    return client, server


def meet(client, server, address):
    one, other = Daemon(client), Daemon(server)
    connect(one, other, A, B, other_address=address)
    ping(client, "10.9.0.2")
    return one, other


def check_contacted_address(lab, address):
    client, server = hosts(lab)
    one, other = meet(client, server, address)
    sniffer = Sniffer(client, "eth0")
    ping(client, "10.9.0.2")
    ping(server, "fd09::1")
    expect_equal({seen.source for seen in sniffer.seen if not seen.outgoing}, {address}, "where the answers come from")
    expect(address in one.endpoint(other.public_key), "the client's view of the server did not move")


@case
def answers_come_from_the_ipv4_address_that_was_contacted(lab):
    check_contacted_address(lab, "192.0.2.22")


@case
def answers_come_from_the_ipv6_address_that_was_contacted(lab):
    check_contacted_address(lab, "2001:db8::22")


def check_vanished(lab, contacted, left, prefix):
    client, server = hosts(lab)
    one, other = meet(client, server, contacted)
    server.run("ip", "address", "del", contacted + prefix, "dev", "eth0")
    began = time.monotonic()
    # The server goes on from the address it has left, and the client follows.
    ping(server, "10.9.0.1")
    wait_for(lambda: left in one.endpoint(other.public_key), f"the client to see the server at {left}")
    ping(client, "fd09::2")
    print(f"     {time.monotonic() - began:.1f} s until both talk again")


@case(voled_only="others wait for a timer")
def an_ipv4_address_that_vanished_is_given_up_at_once(lab):
    check_vanished(lab, "192.0.2.22", "192.0.2.2", "/24")


@case(voled_only="others wait for a timer")
def an_ipv6_address_that_vanished_is_given_up_at_once(lab):
    check_vanished(lab, "2001:db8::22", "2001:db8::2", "/64")


@case(voled_only="others name the interface when they send, which bypasses routing")
def answers_follow_the_routes_not_the_interface_they_came_by(lab):
    client, server = hosts(lab)
    one, other = meet(client, server, "192.0.2.2")
    # From now on the way back to the client leads over the other cable.
    server.run("ip", "route", "add", "192.0.2.1/32", "via", "198.51.100.1", "dev", "eth1")
    sniffer = Sniffer(server, "eth1")
    ping(client, "10.9.0.2", count=5)
    sniffer.wait(lambda seen: seen.outgoing and seen.kind == DATA, "an answer over the other cable")


@case(voled_only="others name the interface when they send, which bypasses routing")
def a_mark_and_a_policy_rule_choose_the_way(lab):
    client, server = hosts(lab)
    one, other = meet(client, server, "192.0.2.2")
    server.run("ip", "rule", "add", "fwmark", "0x77", "table", "77")
    server.run("ip", "route", "add", "192.0.2.1/32", "via", "198.51.100.1", "dev", "eth1", "table", "77")
    ordinary = Sniffer(server, "eth1")
    ping(client, "10.9.0.2")
    expect(not [seen for seen in ordinary.seen if seen.outgoing], "without the mark the ordinary way is taken")
    other.set("fwmark", "0x77")
    marked = Sniffer(server, "eth1")
    ping(client, "10.9.0.2", count=5)
    marked.wait(lambda seen: seen.outgoing and seen.kind == DATA, "an answer over the marked way")
    other.set("fwmark", "off")
    ping(client, "10.9.0.2")
    time_out = Sniffer(server, "eth1")
    ping(client, "10.9.0.2")
    expect(not [seen for seen in time_out.seen if seen.outgoing], "without the mark the ordinary way is taken again")


@case
def link_local_addresses_work_outside(lab):
    client, server = lab.host("client"), lab.host("server")
    lab.cable(client, "eth0", server, "eth0")
    client.address("eth0", "fe80::a1/64")
    server.address("eth0", "fe80::b2/64")
    one, other = Daemon(client), Daemon(server)
    connect(one, other, A, B, other_address="fe80::b2%eth0")
    ping(client, "10.9.0.2")
    transfer_both(client, "fd09::1", server, "fd09::2", size=1 << 20)
    expect("fe80::" in other.endpoint(one.public_key), f"the server's view: {other.endpoint(one.public_key)}")


main(__file__)
