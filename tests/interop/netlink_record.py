#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records what vole and wg say to the kernel's WireGuard over netlink, and what the kernel says, as the data of
the unit tests in tests/unit/netlink. Runs like kernel_netlink.py, and needs strace; nothing runs it but who
changes what is recorded.

A recording's lines: "# " a remark; "= " the configuration that was written, or what `wg show INTERFACE dump`
printed after the exchange; "> " a datagram that was sent and "< " one that was received, in hexadecimal digits,
and "  " goes on with it.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from harness.cases import case, main
from harness.daemon import TREE, VOLE
from harness.lab import expect
from kernel_guest import Kernel, prepare
from kernel_netlink import EVERYTHING, key, section

FOLDER = os.path.join(TREE, "tests", "unit", "netlink")
SPLIT = "\n".join((
    section("Interface", PrivateKey=key(1), ListenPort=12345),
    section("Peer", PublicKey=key(2), Endpoint="192.0.2.2:2"),
    section("Peer", PublicKey=key(3), PresharedKey=key(4), PersistentKeepalive=25, Endpoint="[2001:db8::3]:3",
            AllowedIPs=", ".join(f"10.3.{index // 256}.{index % 256}/32" for index in range(330))),
    section("Peer", PublicKey=key(5), AllowedIPs="fd00:5::/64")))


def datagrams(trace):
    """(direction, bytes) of each datagram in strace's output."""
    found = []
    for line in trace.splitlines():
        call = re.match(r"(send|recv)\w+\(", line)
        dumped = re.match(r" \| [0-9a-f]+  ((?:[0-9a-f]{2} +){1,16})", line)
        if call:
            found.append((">" if call[1] == "send" else "<", bytearray()))
        elif dumped and found:
            found[-1][1].extend(bytes.fromhex(dumped[1]))
    return [(direction, bytes(data)) for direction, data in found if data]


def record(kernel, name, remark, command, equal):
    trace = kernel.run(f"strace -e trace=sendto,recvfrom,recvmsg,sendmsg -e read=3,4,5 -e write=3,4,5 -o /tmp/trace "
                       f"{command} >/dev/null\ncat /tmp/trace")
    lines = ["# SPDX-License-Identifier: MIT", f"# {remark}", f"# {command}"]
    lines += [f"= {line}" for line in equal(kernel).splitlines()]
    for direction, data in datagrams(trace):
        digits = data.hex()
        for start in range(0, len(digits), 112):
            lines.append((direction if start == 0 else " ") + " " + digits[start:start + 112])
    expect(any(line.startswith("<") for line in lines), f"nothing was recorded: {trace}")
    with open(os.path.join(FOLDER, f"{name}.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")


def dump_of(interface):
    return lambda kernel: kernel.run(f"wg show {interface} dump")


@case
def exchanges_are_recorded(lab):
    kernel = Kernel(lab.host("ours"), [])
    kernel.push(VOLE, "/usr/bin/strace")
    for name, text in (("everything", EVERYTHING), ("split", SPLIT),
                       ("other", section("Interface", PrivateKey=key(8), ListenPort=7002))):
        kernel.write(f"/tmp/{name}.conf", text)
    kernel.run("for i in 1 2 3; do ip link add wg$i type wireguard; done")
    record(kernel, "get_nothing", "An interface that nothing was told.", "vole show wg1 dump", dump_of("wg1"))
    record(kernel, "set_everything", "A configuration with everything, written.", "vole setconf wg1 /tmp/everything.conf",
           lambda _: EVERYTHING)
    record(kernel, "set_split", "A peer whose allowed IPs do not fit into one message, written.",
           "vole setconf wg2 /tmp/split.conf", lambda _: SPLIT)
    record(kernel, "get_split", "That peer read, by wg: it asks for small messages.", "wg show wg2 dump", dump_of("wg2"))
    # A handshake and traffic between wg1 and wg3.
    kernel.run("wg setconf wg3 /tmp/other.conf\n"
               "wg set wg1 peer $(wg show wg3 public-key) allowed-ips 10.77.0.2/32 endpoint 127.0.0.1:7002\n"
               "wg set wg3 peer $(wg show wg1 public-key) allowed-ips 10.77.0.1/32\n"
               "ip link set wg1 up; ip link set wg3 up; ip route add 10.77.0.2/32 dev wg1\n"
               "ping -c 1 -W 2 10.77.0.2 || true")
    record(kernel, "get_everything", "An interface with everything, a handshake and traffic.", "vole show wg1 dump",
           dump_of("wg1"))


prepare()
main(__file__)
