#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""voled and the Linux kernel's own WireGuard, which runs in a small guest on a tap:

    ours (voled) --- tap --- guest (wg0 of the kernel)

Not part of `make check`; `make check-kernel` runs it. See kernel_guest.py.
"""

import hashlib
import os
import re
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from harness.cases import case, main, variants
from harness.daemon import Daemon, preshared_key
from harness.lab import expect, expect_equal, wait_for
from harness.packets import DATA, INITIATION, RESPONSE, Relay, Sniffer
from harness.traffic import ping
from kernel_guest import GUEST, OUTER, Kernel, prepare

OURS = ["10.9.0.1/24", "fd09::1/64"]


def endpoint(address, port=51820):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def meet(lab, *, outer=4, we_initiate=True, psk=None):
    """(daemon, kernel, sniffer): configured as each other's peer; only the initiator knows the endpoint."""
    ours = lab.host("ours")
    daemon = Daemon(ours)
    our_address, guest_address = OUTER[outer]
    kernel = Kernel(ours, [dict(PublicKey=daemon.public_key, PresharedKey=psk, AllowedIPs="10.9.0.1/32, fd09::1/128",
                                Endpoint=None if we_initiate else endpoint(our_address))])
    daemon.configure(dict(PublicKey=kernel.public_key, PresharedKey=psk, AllowedIPs="10.9.0.2/32, fd09::2/128",
                          Endpoint=endpoint(guest_address) if we_initiate else None))
    sniffer = Sniffer(ours, "kp-peer")
    daemon.up(*OURS)
    return daemon, kernel, sniffer


def tcp_echo(host, address, size):
    """Sends bytes to the guest's echo service and compares what comes back."""
    with host.network():
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    connection.settimeout(30)
    connection.connect((address, 7))
    sent, received, chunk = hashlib.sha256(), hashlib.sha256(), os.urandom(60000)
    with connection:
        for _ in range(size // len(chunk)):
            connection.sendall(chunk)
            sent.update(chunk)
            left = len(chunk)
            while left:
                part = connection.recv(left)
                expect(part, "the guest closed the connection")
                received.update(part)
                left -= len(part)
    expect_equal(received.hexdigest(), sent.hexdigest(), f"SHA-256 of {size} bytes to {address} and back")


def talks_to_the_kernel(lab, we_initiate, with_psk, outer):
    daemon, kernel, sniffer = meet(lab, outer=outer, we_initiate=we_initiate, psk=preshared_key() if with_psk else None)
    if we_initiate:
        ping(daemon.host, "10.9.0.2")
    else:
        kernel.ping("10.9.0.1")
    first = sniffer.wait(lambda seen: seen.kind == INITIATION, "an initiation")[0]
    expect_equal(first.source, OUTER[outer][0 if we_initiate else 1], "who initiated")
    for theirs, mine in zip(GUEST, OURS):
        ping(daemon.host, theirs.split("/")[0])
        kernel.ping(mine.split("/")[0])
        tcp_echo(daemon.host, theirs.split("/")[0], 6_000_000)
    counted = daemon.transfer(kernel.public_key)
    expect(counted[0] > 6_000_000 and counted[1] > 6_000_000, f"our counters: {counted}")
    # Both count the same bytes, up to what is still on its way.
    wait_for(lambda: tuple(map(int, kernel.show("transfer")[daemon.public_key].split())) ==
             daemon.transfer(kernel.public_key)[::-1], "both sides to count the same bytes", 15, pause=0.5)


variants(talks_to_the_kernel, **{
    f"{'as_initiator' if initiates else 'as_responder'}_{'with' if psk else 'without'}_psk_over_ipv{outer}":
    (initiates, psk, outer) for initiates in (True, False) for psk in (False, True) for outer in (4, 6)})


@case
def tcp_in_both_directions_at_full_speed(lab):
    daemon, kernel, _ = meet(lab)
    ping(daemon.host, "10.9.0.2")
    for words in ([], ["-R"]):
        result = daemon.host.run("iperf3", "-c", "10.9.0.2", "-t", "2", *words, timeout=30)
        rates = re.findall(r"([\d.]+ \w+/sec).*receiver", result.stdout)
        print(f"     iperf3 {' '.join(words)}: {rates}")
        expect(rates and not rates[0].startswith("0.00 "), f"iperf3: {result.stdout}")


@case
def both_sides_roam(lab):
    daemon, kernel, _ = meet(lab)
    ours = daemon.host
    daemon.set("peer", kernel.public_key, "persistent-keepalive", "1")
    ping(ours, "10.9.0.2")

    def guest_sees(wanted):
        wait_for(lambda: kernel.show("endpoints")[daemon.public_key] == wanted, f"the kernel to see us at {wanted}", 20)
        ping(ours, "10.9.0.2")
        kernel.ping("10.9.0.1")

    guest_sees("192.0.2.1:51820")
    ours.run("ip", "address", "add", "192.0.2.77/24", "dev", "kp-peer")
    ours.run("sysctl", "-q", "-w", "net.ipv4.conf.all.promote_secondaries=1", check=False)
    ours.shell("echo 1 > /proc/sys/net/ipv4/conf/kp-peer/promote_secondaries")
    ours.run("ip", "address", "del", "192.0.2.1/24", "dev", "kp-peer")
    guest_sees("192.0.2.77:51820")
    # To IPv6: IPv4 goes away, so that the kernel cannot call us back to it.
    ours.run("ip", "address", "del", "192.0.2.77/24", "dev", "kp-peer")
    daemon.set("peer", kernel.public_key, "endpoint", "[2001:db8::2]:51820")
    guest_sees("[2001:db8::1]:51820")
    # Now the kernel moves.
    kernel.run("ip address add 2001:db8::99/64 dev eth0; ip address del 2001:db8::2/64 dev eth0")
    kernel.run("ping -c 1 -W 5 10.9.0.1 || true")
    wait_for(lambda: daemon.endpoint(kernel.public_key) == "[2001:db8::99]:51820", "us to see the kernel move", 20)
    ping(ours, "fd09::2")


@case
def a_restarted_side_is_followed(lab):
    daemon, kernel, _ = meet(lab)
    kernel.run(f"wg set wg0 peer {daemon.public_key} endpoint 192.0.2.1:51820")
    ping(daemon.host, "10.9.0.2")
    kernel.run("ip link set wg0 down; ip link set wg0 up")
    kernel.ping("10.9.0.1")
    ping(daemon.host, "10.9.0.2")
    daemon.host.run("ip", "link", "set", "wg0", "down")
    daemon.host.up("wg0")
    ping(daemon.host, "10.9.0.2")
    kernel.ping("10.9.0.1")


@case(seconds=300)
def sessions_are_renewed_after_120_seconds_by_either_initiator(lab):
    """Two of our hosts against one kernel device: with one we initiate, with the other it does."""
    ours, behind = lab.host("ours"), lab.host("behind")
    lab.cable(ours, "eth0", behind, "eth0")
    ours.address("eth0", "203.0.113.1/24")
    behind.address("eth0", "203.0.113.2/24")
    behind.route("default", "via", "203.0.113.1")
    ours.forwarding()
    first, second = Daemon(ours), Daemon(behind)
    kernel = Kernel(ours, [dict(PublicKey=first.public_key, AllowedIPs="10.9.0.1/32"),
                           dict(PublicKey=second.public_key, AllowedIPs="10.9.0.11/32", Endpoint="203.0.113.2:51820")])
    first.configure(dict(PublicKey=kernel.public_key, AllowedIPs="10.9.0.2/32", Endpoint="192.0.2.2:51820"))
    second.configure(dict(PublicKey=kernel.public_key, AllowedIPs="10.9.0.2/32"))
    first.up("10.9.0.1/24")
    second.up("10.9.0.11/24")
    ping(ours, "10.9.0.2")
    kernel.ping("10.9.0.11")
    sniffer = Sniffer(ours, "kp-peer")
    began = time.monotonic()
    before = [daemon.show("latest-handshakes")[kernel.public_key] for daemon in (first, second)]
    out = ours.start("ping", "-n", "-q", "-i", "0.2", "-w", "130", "-I", "10.9.0.1", "10.9.0.2", stdout=subprocess.PIPE,
                     text=True)
    lost = 0
    while time.monotonic() - began < 130:
        text = kernel.run("ping -c 15 -W 2 10.9.0.11 || true")
        lost += 15 - int(re.search(r"(\d+) packets received", text)[1])
    text, _ = out.communicate(timeout=30)
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", text).groups())
    expect(sent - received <= 1, f"our pings while sessions were renewed: {text}")
    expect_equal(lost, 0, "the kernel's pings lost while sessions were renewed")
    after = [daemon.show("latest-handshakes")[kernel.public_key] for daemon in (first, second)]
    expect(int(after[0]) >= int(before[0]) + 115, f"we renewed ours: {before[0]} {after[0]}")
    expect(int(after[1]) >= int(before[1]) + 115, f"the kernel renewed its own: {before[1]} {after[1]}")
    initiators = {seen.source for seen in sniffer.seen if seen.kind == INITIATION}
    expect_equal(initiators, {"192.0.2.1", "192.0.2.2"}, "who initiated anew")


def echo_tos(host, tos):
    """TOS of the answer to an echo request sent with that TOS to the guest's inner address."""
    with host.network():
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with raw:
        raw.settimeout(5)
        raw.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        mark = os.urandom(32)
        body = struct.pack("!BBHHH", 8, 0, 0, 7, 7) + mark
        total = sum(struct.unpack("!20H", body))
        total = (total & 0xffff) + (total >> 16)
        checksum = ~((total & 0xffff) + (total >> 16)) & 0xffff
        raw.sendto(body[:2] + struct.pack("!H", checksum) + body[4:], ("10.9.0.2", 0))
        while True:
            packet = raw.recv(1000)
            if packet[20] == 0 and packet.endswith(mark):
                return packet[1]


@case
def outer_headers_are_what_the_kernel_writes(lab):
    daemon, kernel, sniffer = meet(lab)
    ping(daemon.host, "10.9.0.2")
    kernel.run("ip link set wg0 down; ip link set wg0 up")
    kernel.run(f"wg set wg0 peer {daemon.public_key} endpoint 192.0.2.1:51820")
    kernel.ping("10.9.0.1")

    def header(seen):
        return dict(tos=seen.tos, ttl=seen.ttl, dont_fragment=seen.dont_fragment)

    for kind in (INITIATION, RESPONSE):
        ours = sniffer.wait(lambda seen: seen.kind == kind and seen.source == "192.0.2.1", "our handshake")[0]
        theirs = sniffer.wait(lambda seen: seen.kind == kind and seen.source == "192.0.2.2", "its handshake")[0]
        expect_equal(header(ours), header(theirs), f"our header and the kernel's on a message of type {kind}")
    for tos in (0, 1, 2, 3, 0xb8, 0xbb, 0x29):
        sniffer.seen.clear()
        expect_equal(echo_tos(daemon.host, tos), tos, "TOS of the echo")
        data = [sniffer.wait(lambda seen: seen.kind == DATA and not seen.keepalive and seen.source == source,
                             "an echo")[0] for source in ("192.0.2.1", "192.0.2.2")]
        expect_equal(header(data[0]), header(data[1]), f"our outer header and the kernel's for inner TOS {tos:#x}")


@case
def the_kernel_and_we_agree_on_congestion_marks(lab):
    """A relay on our host sets the outer ECN of one direction; the echo shows what became of the inner."""
    ours = lab.host("ours")
    daemon = Daemon(ours)
    kernel = Kernel(ours, [dict(PublicKey=daemon.public_key, AllowedIPs="10.9.0.1/32", Endpoint="192.0.2.1:4500")])
    daemon.configure(dict(PublicKey=kernel.public_key, AllowedIPs="10.9.0.2/32", Endpoint="127.0.0.1:4500"))
    relay = Relay(ours, socket.AF_INET, 4500, ("127.0.0.1", 51820), ("192.0.2.2", 51820))
    daemon.up("10.9.0.1/24")
    ping(ours, "10.9.0.2")
    decapsulated = {0: (0, 0, 0, 0), 1: (1, 1, 1, 3), 2: (2, 1, 2, 3), 3: (3, 3, 3, 3)}  # by outer 0, 1, 2, 3
    for inner, row in decapsulated.items():
        for outer, wanted in enumerate(row):
            relay.tos_to_left, relay.tos_to_right = outer, 0
            expect_equal(echo_tos(ours, 0x48 | inner), 0x48 | wanted, f"we: inner {inner}, outer {outer}")
            relay.tos_to_left, relay.tos_to_right = 0, outer
            expect_equal(echo_tos(ours, 0x48 | inner), 0x48 | wanted, f"the kernel: inner {inner}, outer {outer}")


prepare()
main(__file__)
