#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packets that no peer can take are answered with ICMP, as the kernel's device does; routing §4."""

import errno
import socket
import time

from harness.cases import case, main
from harness.daemon import Daemon, key_pair
from harness.lab import Failed, expect, expect_equal
from harness.packets import udp_socket

OTHERS = "others drop silently"
_IP_RECVERR, _IPV6_RECVERR = 11, 25


def device(lab):
    """A daemon whose only peer has 10.9.0.2 and fd09::2 but no endpoint; the rest of the networks has no peer."""
    host = lab.host("a")
    daemon = Daemon(host)
    daemon.configure(dict(PublicKey=key_pair()[1], AllowedIPs="10.9.0.2/32, fd09::2/128"))
    daemon.up("10.9.0.1/24", "fd09::1/64")
    return daemon


def sender(host, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = udp_socket(host, family)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    made.connect((address, 9))
    return made


def error_after_send(made):
    """The errno a UDP program sees, 0 if none came within a second."""
    made.send(b"hello")
    made.settimeout(1)
    try:
        made.recv(10)
    except TimeoutError:
        return 0
    except OSError as error:
        return error.errno
    raise Failed("an answer from nobody")


@case(voled_only=OTHERS)
def no_peer_for_the_destination(lab):
    daemon = device(lab)
    for address in ("10.9.0.77", "fd09::77"):
        expect_equal(error_after_send(sender(daemon.host, address)), errno.EHOSTUNREACH, f"error for {address}")
    expect("no_peer" in daemon.drops() or "no peer" in daemon.drops(), f"counted: {daemon.drops()}")


@case(voled_only=OTHERS)
def no_endpoint_of_the_peer(lab):
    daemon = device(lab)
    for address in ("10.9.0.2", "fd09::2"):
        expect_equal(error_after_send(sender(daemon.host, address)), errno.EHOSTUNREACH, f"error for {address}")


@case(voled_only=OTHERS)
def a_connecting_tcp_program_is_told_at_once(lab):
    daemon = device(lab)
    for address in ("10.9.0.77", "fd09::77"):
        with daemon.host.network():
            made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        made.settimeout(3)
        began = time.monotonic()
        expect_equal(made.connect_ex((address, 80)), errno.EHOSTUNREACH, f"error for {address}")
        expect(time.monotonic() - began < 3, "no waiting for a timeout")
        made.close()


@case(voled_only=OTHERS)
def a_forwarded_packet_is_answered_to_its_sender(lab):
    daemon = device(lab)
    router, inside = daemon.host, lab.host("inside")
    lab.cable(router, "lan0", inside, "eth0")
    router.address("lan0", "192.168.7.1/24", "fd07::1/64")
    inside.address("eth0", "192.168.7.10/24", "fd07::10/64")
    inside.route("default", "via", "192.168.7.1")
    inside.route("default", "via", "fd07::1")
    router.forwarding()
    for address in ("10.9.0.77", "fd09::77"):
        result = inside.run("ping", "-n", "-c", "1", "-W", "2", address, check=False)
        expect("nreachable" in result.stdout and ("192.168.7.1" in result.stdout or "fd07::1" in result.stdout
                                                  or "fd09::1" in result.stdout or "10.9.0.1" in result.stdout),
               f"the router says unreachable for {address}: {result.stdout}")


@case(voled_only=OTHERS)
def the_answers_are_limited(lab):
    daemon = device(lab)
    for address in ("10.9.0.77", "fd09::77"):
        made = sender(daemon.host, address)
        made.setblocking(False)
        errors, sent = 0, 0
        for _ in range(2000):
            try:
                made.send(b"hello")
                sent += 1
            except OSError as error:
                errors += error.errno == errno.EHOSTUNREACH
            # Each waiting error is one ICMP message.
            try:
                while True:
                    made.recvmsg(10, 1000, socket.MSG_ERRQUEUE)
                    errors += 1
            except BlockingIOError:
                pass
        expect(1 <= errors <= sent // 4, f"{errors} ICMP messages for {sent} packets to {address}")


@case
def multicast_is_not_answered(lab):
    daemon = device(lab)
    daemon.host.route("239.1.2.0/24", "dev", "wg0")
    expect_equal(error_after_send(sender(daemon.host, "239.1.2.3")), 0, "error for a multicast destination")


@case
def a_peer_with_an_endpoint_but_no_session_is_waited_for(lab):
    daemon = device(lab)
    peer = list(daemon.show("endpoints"))[0]
    daemon.host.route("192.0.2.0/24", "dev", "lo")
    daemon.set("peer", peer, "endpoint", "192.0.2.9:51820")
    expect_equal(error_after_send(sender(daemon.host, "10.9.0.2")), 0, "error while the handshake is tried")


main(__file__)
