#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Networks and interfaces that break under traffic, and mend: TCP both ways goes on with every byte right, in the same
processes, and memory is what it was.

    a (broken) --- router --- b
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import Daemon, alive
from harness.figures import counters, daemon_memory, grown, say
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import Transfer, ping

A, B = "10.9.0.1", "10.9.0.2"
BROKEN_SECONDS = 1.0
GROWTH_KIB = 2048  # packets wait for a session while it is broken: 128 per peer

# name: (how it breaks, how it is mended, a reason that must be among what is counted, if any)
FAULTS = {
    "the tunnel's interface is down": ("ip link set wg0 down", "ip link set wg0 up", None),
    "the cable is down": ("ip link set eth0 down", "ip link set eth0 up; ip route replace default via 192.0.2.254", None),
    "no route": ("ip route del default", "ip route add default via 192.0.2.254", "send_failed"),
    "a route that says unreachable": ("ip route add unreachable 203.0.113.0/24", "ip route del unreachable 203.0.113.0/24",
                                      "send_failed"),
    "a route that says prohibited": ("ip route add prohibit 203.0.113.0/24", "ip route del prohibit 203.0.113.0/24",
                                     "send_failed"),
    "a route that swallows": ("ip route add blackhole 203.0.113.0/24", "ip route del blackhole 203.0.113.0/24", "send_failed"),
    "the address is gone": ("ip address del 192.0.2.1/24 dev eth0",
                            "ip address add 192.0.2.1/24 dev eth0; ip route replace default via 192.0.2.254", "send_failed"),
    "the firewall refuses what goes out": ("nft add table ip t; nft 'add chain ip t o { type filter hook output priority 0; }'; "
                                           "nft add rule ip t o udp dport 51820 drop", "nft delete table ip t", "send_failed"),
    "the firewall swallows what comes in": ("nft add table ip t; nft 'add chain ip t i { type filter hook input priority 0; }'; "
                                            "nft add rule ip t i udp dport 51820 drop", "nft delete table ip t", None),
    "a queue of one packet (ENOBUFS)": ("tc qdisc add dev eth0 root pfifo limit 1", "tc qdisc del dev eth0 root", None),
    "a slow queue that overflows": ("tc qdisc add dev eth0 root tbf rate 200kbit burst 2kb limit 4kb", "tc qdisc del dev eth0 root",
                                    None),
    "a third of it lost": ("nft add table ip t; nft 'add chain ip t i { type filter hook input priority 0; }'; nft add rule ip t i "
                           "udp dport 51820 numgen random mod 3 0 drop", "nft delete table ip t", None),
    "an MTU of 600 outside": ("ip link set eth0 mtu 600", "ip link set eth0 mtu 1500", None),
    "an MTU of 68 outside": ("ip link set eth0 mtu 68", "ip link set eth0 mtu 1500", None),
    "an MTU of 576 inside": ("ip link set wg0 mtu 576", "ip link set wg0 mtu 1420", None),
    "an MTU of 65000 inside": ("ip link set wg0 mtu 65000", "ip link set wg0 mtu 1420", None),
    "the address inside is gone": (f"ip address del {A}/24 dev wg0", f"ip address add {A}/24 dev wg0", None),
    "the tunnel's interface is down and has another name": (
        "ip link set wg0 down; ip link set wg0 name wg7", "ip link set wg7 name wg0; ip link set wg0 up", None),
}


@case(seconds=600, voled_only="its own promise")
def traffic_outlives_what_breaks_below_and_above(lab):
    a, router, b = lab.host("a"), lab.host("router"), lab.host("b")
    router.forwarding()
    lab.cable(a, "eth0", router, "eth1")
    lab.cable(b, "eth0", router, "eth2")
    a.address("eth0", "192.0.2.1/24")
    router.address("eth1", "192.0.2.254/24")
    router.address("eth2", "203.0.113.254/24")
    b.address("eth0", "203.0.113.2/24")
    a.route("default", "via", "192.0.2.254")
    b.route("default", "via", "203.0.113.254")
    one, other = Daemon(a), Daemon(b)
    one.configure(dict(PublicKey=other.public_key, AllowedIPs=f"{B}/32", Endpoint="203.0.113.2:51820", PersistentKeepalive=1))
    other.configure(dict(PublicKey=one.public_key, AllowedIPs=f"{A}/32"))
    one.up(f"{A}/24")
    other.up(f"{B}/24")
    ping(a, B)
    processes, memory = one.processes(), daemon_memory(one)
    there, back = Transfer(a, b, B, rate=4 << 20), Transfer(b, a, A, rate=4 << 20)
    for name, (breaks, mends, reason) in FAULTS.items():
        for transfer in (there, back):
            transfer.wait_progress(1 << 18, 120)
        before = counters(one)
        a.shell(breaks)
        time.sleep(BROKEN_SECONDS)
        a.shell(mends)
        mended = time.monotonic()
        ping(a, B, count=1, seconds=60)
        came = time.monotonic() - mended
        for transfer in (there, back):
            transfer.wait_progress(1 << 18, 120)
        counted = grown(before, counters(one))
        say(f"{name}: a ping {came * 1000:.0f} ms after it was mended, TCP {time.monotonic() - mended:.1f} s; {counted}")
        expect(reason is None or reason in counted, f"{reason} among {counted}")
        expect_equal(one.processes(), processes, "processes")
    there.finish()
    back.finish()
    say(f"{there.received} bytes there, {back.received} back; memory {memory} KiB before, {daemon_memory(one)} after")
    expect(daemon_memory(one) < memory + GROWTH_KIB, f"memory grew from {memory} KiB to {daemon_memory(one)}")


@case(seconds=120, voled_only="its own promise")
def an_interface_deleted_under_traffic_ends_its_daemon_alone(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    other = Daemon(b)
    other.up(f"{B}/24")
    for _ in range(10):
        one = Daemon(a)
        one.configure(dict(PublicKey=other.public_key, AllowedIPs=f"{B}/32", Endpoint="192.0.2.2:51820"))
        other.configure(dict(PublicKey=one.public_key, AllowedIPs=f"{A}/32", Endpoint="192.0.2.1:51820"))
        one.up(f"{A}/24")
        ping(a, B, seconds=60)
        flows = [host.start("ping", "-q", "-i", "0.001", "-s", "1300", address, stdout=-3, stderr=-3)
                 for host, address in ((a, B), (b, A))]
        time.sleep(0.2)
        processes = one.processes()
        a.run("ip", "link", "del", "wg0")
        expect_equal(one.process.wait(20), 0, "exit status")
        wait_for(lambda: not any(alive(process) for process in processes), "both processes to end")
        expect(not one.uapi.exists(), "the socket is gone")
        for flow in flows:
            flow.kill()
            flow.wait()
    expect(other.uapi.answers(), "the other end serves on")


main(__file__)
