#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What happens when the interface goes up, down, elsewhere, or gets another MTU; timers §7, routing §5, uapi §8."""

import os
import signal

from harness.cases import case, main
from harness.daemon import Daemon, connect
from harness.lab import expect, expect_equal, wait_for
from harness.packets import DATA, INITIATION, Sniffer
from harness.traffic import cannot_ping, ping, transfer_both

A, B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]
PORT = 51820


def pair(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, A, B, other_address="192.0.2.2")
    return one, other


def open_ports(host):
    """The UDP ports open in the host's network, as a set of (family, port)."""
    found = set()
    for family, name in ((4, "udp"), (6, "udp6")):
        with open(f"/proc/{host.pid}/net/{name}") as table:
            found |= {(family, int(line.split()[1].split(":")[1], 16)) for line in table.readlines()[1:]}
    return found


def flags(host, interface="wg0"):
    return set(host.output("ip", "link", "show", interface).split("<")[1].split(">")[0].split(","))


@case(voled_only="others have sockets at any time")
def sockets_are_open_only_while_the_link_is_up(lab):
    host = lab.host("a")
    daemon = Daemon(host)
    daemon.set("listen-port", str(PORT))
    expect_equal(open_ports(host), set(), "ports of an interface that was never up")
    host.up("wg0")
    wait_for(lambda: open_ports(host) == {(4, PORT), (6, PORT)}, "both ports to open")
    host.run("ip", "link", "set", "wg0", "down")
    wait_for(lambda: open_ports(host) == set(), "both ports to close")
    host.up("wg0")
    wait_for(lambda: open_ports(host) == {(4, PORT), (6, PORT)}, "both ports to open again")
    daemon.set("listen-port", "0")
    wait_for(lambda: (4, PORT) not in open_ports(host) and len(open_ports(host)) == 2, "the port to change")
    expect_equal({(4, int(daemon.wg("show", "wg0", "listen-port"))), (6, int(daemon.wg("show", "wg0", "listen-port")))},
                 open_ports(host), "the port shown and the ports open")


@case(voled_only="others choose the port at start")
def a_random_port_survives_down_and_up(lab):
    host = lab.host("a")
    daemon = Daemon(host)
    expect_equal(daemon.wg("show", "wg0", "listen-port"), "0", "port before the first up")
    host.up("wg0")
    wait_for(lambda: daemon.wg("show", "wg0", "listen-port") != "0", "a port")
    port = daemon.wg("show", "wg0", "listen-port")
    host.run("ip", "link", "set", "wg0", "down")
    wait_for(lambda: not open_ports(host), "the ports to close")
    host.up("wg0")
    wait_for(lambda: open_ports(host) == {(4, int(port)), (6, int(port))}, "the same port")


@case(voled_only="others do not notice link down")
def down_ends_the_sessions_and_up_makes_new_ones(lab):
    one, other = pair(lab)
    a, b = one.host, other.host
    ping(a, "10.9.0.2")
    sniffer = Sniffer(b, "eth0")
    before = one.transfer(other.public_key)
    a.run("ip", "link", "set", "wg0", "down")
    wait_for(lambda: not open_ports(a), "the ports to close")
    cannot_ping(b, "10.9.0.1")
    expect(not [seen for seen in sniffer.seen if seen.source == "192.0.2.1" and seen.kind], "a is silent while down")
    expect_equal(one.endpoint(other.public_key), "192.0.2.2:51820", "the endpoint is kept")
    a.up("wg0")
    ping(a, "10.9.0.2")
    sniffer.wait(lambda seen: seen.kind == INITIATION and seen.source == "192.0.2.1", "a new initiation")
    expect(one.transfer(other.public_key) > before, "counters go on, they do not restart")


@case
def the_mtu_bounds_the_padding(lab):
    one, other = pair(lab)
    ping(one.host, "10.9.0.2")
    sniffer = Sniffer(other.host, "eth0")

    def outer_length(inner):
        """Of the datagram that carries an inner packet of that length."""
        sniffer.seen.clear()
        ping(one.host, "10.9.0.2", count=1, size=inner - 28)
        seen = sniffer.wait(lambda seen: seen.kind == DATA and not seen.keepalive and seen.source == "192.0.2.1",
                            "a data packet")
        return len(seen[0].payload)

    expect_equal(outer_length(100), 112 + 32, "inner 100 is padded to 112")
    expect_equal(outer_length(1418), 1420 + 32, "inner 1418 at MTU 1420 is padded to 1420, not 1424")
    expect_equal(outer_length(1420), 1420 + 32, "inner 1420 at MTU 1420 is not padded")
    one.host.run("ip", "link", "set", "wg0", "mtu", "1440")
    # The daemon learns the MTU from an event, a moment later.
    wait_for(lambda: outer_length(1418) == 1424 + 32, "inner 1418 at MTU 1440 to be padded to 1424")
    one.host.run("ip", "link", "set", "wg0", "mtu", "1399")
    wait_for(lambda: outer_length(1398) == 1399 + 32, "inner 1398 at MTU 1399 to be padded to 1399")
    expect_equal(outer_length(1399), 1399 + 32, "inner 1399 at MTU 1399 is not padded")


@case
def a_large_mtu_carries_large_packets_both_ways(lab):
    one, other = pair(lab)
    for daemon in (one, other):
        daemon.host.run("ip", "link", "set", "wg0", "mtu", "9000")
    ping(one.host, "10.9.0.2", size=8972)
    transfer_both(one.host, "10.9.0.1", other.host, "10.9.0.2")


@case(voled_only="others do not notice link changes in another namespace")
def moved_to_another_namespace_it_still_notices_the_link(lab):
    a, b, inside = lab.host("a"), lab.host("b"), lab.host("inside")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a), Daemon(b)
    one.configure(dict(PublicKey=other.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128", Endpoint="192.0.2.2:51820"))
    other.configure(dict(PublicKey=one.public_key, AllowedIPs="10.9.0.1/32, fd09::1/128"))
    other.up(*B)
    a.run("ip", "link", "set", "wg0", "netns", str(inside.pid))
    inside.address("wg0", A[0])
    for _ in range(3):
        inside.up("wg0")
        inside.run("ip", "address", "replace", A[1], "dev", "wg0", "nodad")  # down takes IPv6 addresses away
        # The sockets stay where the interface was made.
        wait_for(lambda: open_ports(a) == {(4, PORT), (6, PORT)}, "the ports to open")
        expect_equal(open_ports(inside), set(), "ports in the namespace the interface is in")
        ping(inside, "10.9.0.2")
        ping(b, "fd09::1")
        inside.run("ip", "link", "set", "wg0", "down")
        wait_for(lambda: not open_ports(a), "the ports to close")
    inside.up("wg0")
    inside.run("ip", "link", "set", "wg0", "mtu", "1300")
    transfer_both(inside, "10.9.0.1", b, "10.9.0.2")
    inside.run("ip", "link", "del", "wg0")
    expect_equal(one.process.wait(10), 0, "exit status after the interface was deleted there")


@case(voled_only="others do not notice link changes in another namespace")
def moved_again_and_again_it_is_found_in_the_end(lab):
    """By somebody who does not wait: while the daemon asks how the interface is, that has gone on."""
    host, inside, further = lab.host("a"), lab.host("inside"), lab.host("further")
    daemon = Daemon(host)
    places = [inside, further, host]
    here = host
    for number in range(60):
        there = places[number % 3]
        here.run("ip", "link", "set", "wg0", "netns", str(there.pid))
        here = there
    here.up("wg0")
    wait_for(lambda: len(open_ports(host)) == 2, "the ports to open")
    expect(daemon.process.poll() is None, "the daemon lives")
    here.run("ip", "link", "del", "wg0")
    expect_equal(daemon.process.wait(10), 0, "exit status after the interface was deleted there")


@case(voled_only="others look like any TUN")
def away_and_back_before_anybody_looked_it_still_does(lab):
    host, inside = lab.host("a"), lab.host("inside")
    daemon = Daemon(host)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        if number == signal.SIGCONT:
            host.run("ip", "link", "set", "wg0", "netns", str(inside.pid))
            inside.run("ip", "link", "set", "wg0", "netns", str(host.pid))
        for process in daemon.processes():
            os.kill(process, number)
    daemon.wait_log("now in another network namespace")
    host.up("wg0")
    wait_for(lambda: open_ports(host), "the ports to open")
    expect("fe80" not in host.output("ip", "address", "show", "dev", "wg0"), "no link-local address")


@case(voled_only="others look like any TUN")
def it_looks_like_the_kernels_own_device(lab):
    host = lab.host("a")
    Daemon(host)
    for _ in range(2):
        host.up("wg0")
        link = host.output("ip", "-d", "link", "show", "wg0")
        expect("mtu 1420" in link and "qlen 1000" in link and "qdisc noqueue" in link,
               f"mtu 1420, qlen 1000 and qdisc noqueue: {link}")
        expect({"POINTOPOINT", "NOARP", "UP"} <= flags(host), f"flags {flags(host)}")
        expect("MULTICAST" not in flags(host), f"no MULTICAST: {flags(host)}")
        expect("fe80" not in host.output("ip", "address", "show", "dev", "wg0"), "no link-local address")
        for name in ("wg0", "all"):
            wait_for(lambda: host.output("cat", f"/proc/sys/net/ipv4/conf/{name}/send_redirects") == "0",
                     f"send_redirects of {name} to be off")
        host.run("ip", "link", "set", "wg0", "down")
        host.shell("echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects")


main(__file__)
