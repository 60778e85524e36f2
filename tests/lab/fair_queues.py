#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several queues of the TUN for each worker:  a --- b"""

import fcntl
import os
import re
import struct

from harness.cases import case, main
from harness.daemon import PLAIN, VOLE, Daemon, connect, default_environment
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import SIZE, Transfer, ping

QUEUES = 8          # of one worker
ALL_QUEUES = 256    # of a device
LARGEST_MTU = 65535
OWN = "others have one queue"


def queues(host, interface="wg0"):
    """(sending, receiving) queues that the kernel uses of the interface; sending ones are those that voled reads."""
    names = os.listdir(host.path(f"/sys/class/net/{interface}/queues"))
    return sum(name.startswith("tx-") for name in names), sum(name.startswith("rx-") for name in names)


def features(daemon):
    lines = daemon.host.output(VOLE, "show", daemon.interface, "features").splitlines()
    return {words[0]: " ".join(words[1:]) for words in map(str.split, lines)}


def open_tuns(daemon):
    """How many descriptors of the TUN the engine has; others may be closed while this looks."""
    folder, count = f"/proc/{daemon.processes()[-1]}/fd", 0
    for name in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{name}") == "/dev/net/tun"
        except FileNotFoundError:
            pass
    return count


def two_hosts(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    return a, b


def one_worker(**switches):
    return dict({"VOLE_WORKERS": "1"}, **switches)


@case(voled_only=OWN)
def a_worker_has_several_queues(lab):
    daemon = Daemon(lab.host("a"), environment=one_worker())
    expect_equal(queues(daemon.host), (QUEUES, QUEUES), "queues in use")
    expect_equal(open_tuns(daemon), QUEUES, "the engine's descriptors")
    expect_equal(features(daemon)["fair_queues"], "on", "fair_queues")
    expect("fair_queues on" in daemon.log(), f"the log says so:\n{daemon.log()}")
    daemon.stop()
    wait_for(lambda: "wg0" not in daemon.host.interfaces(), "the interface to go with its last queue")


@case(voled_only=OWN)
def switched_off_it_has_one(lab):
    daemon = Daemon(lab.host("a"), environment=one_worker(VOLE_NO_FAIR_QUEUES="1"))
    expect_equal(queues(daemon.host), (1, 1), "queues in use")
    expect_equal(open_tuns(daemon), 1, "the engine's descriptors")
    expect_equal(features(daemon)["fair_queues"], "off by --no-fair-queues", "fair_queues")
    expect("multi_queue" not in daemon.host.output("ip", "-d", "link", "show", "wg0"), "it is no multi-queue device")


@case(voled_only=OWN)
def a_queue_handed_over_stays_the_only_one(lab):
    a, b = two_hosts(lab)
    with a.network():
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"wg0", 0x0001 | 0x1000 | 0x4000 | 0x0100))  # TUNSETIFF
    one = Daemon(a, start=False)
    one.environment.update(WG_TUN_FD=str(tun), VOLE_WORKERS="1")
    one.start(pass_fds=(tun,))
    os.close(tun)
    expect_equal(queues(a), (1, 1), "queues in use")
    expect_equal(open_tuns(one), 1, "the engine's descriptors")
    expect_equal(features(one)["fair_queues"], "off the interface has no more queues for us", "fair_queues")
    connect(one, Daemon(b), ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2")


@case(voled_only=OWN)
def an_interface_that_has_one_queue_keeps_one(lab):
    host = lab.host("a")
    host.run("ip", "tuntap", "add", "dev", "wg0", "mode", "tun")
    daemon = Daemon(host, environment=one_worker())
    expect_equal(features(daemon)["fair_queues"], "off the interface has no more queues for us", "fair_queues")
    expect("single queue" not in daemon.log(), f"one worker has what it needs:\n{daemon.log()}")


def pings_during(host, address, work):
    """How many of a hundred pings were answered while work() went on."""
    pinging = host.start("ping", "-n", "-q", "-c", "100", "-i", "0.02", "-W", "5", address, stdout=-1, text=True)
    work()
    output, _ = pinging.communicate(timeout=60)
    return int(re.search(r"(\d+) received", output).group(1))


@case(voled_only=OWN, seconds=240)
def flows_and_a_ping_arrive_intact_together(lab):
    a, b = two_hosts(lab)
    inner_a, inner_b = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]
    for switches in ({}, {"VOLE_NO_FAIR_QUEUES": "1"}, {"VOLE_WORKERS": "3"}):
        one, other = Daemon(a, environment=one_worker(**switches)), Daemon(b, environment=one_worker(**switches))
        connect(one, other, inner_a, inner_b, other_address="192.0.2.2")
        ping(a, "10.9.0.2")

        def work():
            flows = [Transfer(sender, receiver, address, size=SIZE // 2)
                     for sender, receiver, addresses in ((a, b, inner_b), (b, a, inner_a))
                     for address in (addresses[0].split("/")[0], addresses[1].split("/")[0]) for _ in range(3)]
            for flow in flows:
                flow.finish()

        # Without superpackets a stream that shares the ping's queue can fill it, and the host drops what comes then.
        expect(pings_during(a, "10.9.0.2", work) >= (50 if PLAIN else 100),
               f"a hundred pings are answered with {switches or 'fair queues'}")
        for daemon in (one, other):
            expect("no packet was dropped" in daemon.drops(), f"{daemon.host.name} drops nothing:\n{daemon.drops()}")
            daemon.stop()


@case(voled_only=OWN)
def many_workers_share_the_queues_there_are(lab):
    a, b = two_hosts(lab)
    one = Daemon(a, environment={"VOLE_WORKERS": "64", "VOLE_MEMORY_LIMIT": ""})  # they would need 54 MiB
    expect_equal(queues(a), (ALL_QUEUES, ALL_QUEUES), "queues in use")
    expect_equal(features(one)["workers"], "64", "workers")
    expect_equal(features(one)["fair_queues"], "on", "fair_queues")
    expect("workers 64" in one.log() and "fair_queues on" in one.log(), f"the log says so:\n{one.log()}")
    connect(one, Daemon(b), ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2", count=20)
    Transfer(a, b, "10.9.0.2", size=1 << 20).finish()
    one.stop()


@case(voled_only=OWN)
def the_longest_packets_that_a_host_can_hand_over_do_no_harm(lab):
    a, b = two_hosts(lab)
    one, other = Daemon(a, environment=default_environment()), Daemon(b)
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    for host in (a, b):
        host.run("ip", "link", "set", "wg0", "mtu", str(LARGEST_MTU))
    ping(a, "10.9.0.2", size=65400 - 28)
    too_long = (65503, 65504, 65535)  # datagrams of 65535 bytes and more, which no UDP header can announce
    for length in too_long:
        a.run("ping", "-n", "-q", "-c", "1", "-W", "0.2", "-s", length - 28, "10.9.0.2", check=False)
    ping(a, "10.9.0.2")
    expect(re.search(rf"^ *{len(too_long)} .*send_failed", one.drops(), re.MULTILINE),
           f"all {len(too_long)} are refused, none is cut and sent:\n{one.drops()}")


main(__file__)
