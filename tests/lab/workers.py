#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hub with four workers and eight spokes:

        s1 s2 s3 s4 ... s8
          \\  |  |  |   /
              hub
"""

import os
import socket
import threading

from harness.cases import case, main
from harness.daemon import VOLE, Daemon
from harness.lab import expect, expect_equal, wait_for
from harness.packets import udp_socket
from harness.traffic import SIZE, Transfer, ping

SPOKES, WORKERS = 8, 4
OWN = "others have no workers to count"


def star(lab, environment=None, spokes=SPOKES, keepalive=None):
    """The hub's daemon and the spokes', all connected."""
    switch, hub = lab.switch("switch"), lab.host("hub")
    lab.plug(switch, hub, "eth0", "192.0.2.100/24", "2001:db8::100/64")
    at_hub = Daemon(hub, environment=dict({"VOLE_WORKERS": str(WORKERS)}, **(environment or {})))
    at_spokes, peers = [], []
    for number in range(1, spokes + 1):
        host = lab.host(f"s{number}")
        lab.plug(switch, host, "eth0", f"192.0.2.{number}/24", f"2001:db8::{number}/64")
        daemon = Daemon(host)
        daemon.configure(dict(PublicKey=at_hub.public_key, AllowedIPs="10.9.0.100/32",
                              Endpoint="192.0.2.100:51820" if number % 2 else "[2001:db8::100]:51820"))
        peers.append(dict(PublicKey=daemon.public_key, AllowedIPs=f"10.9.0.{number}/32", PersistentKeepalive=keepalive))
        at_spokes.append(daemon)
    at_hub.configure(*peers)
    at_hub.up("10.9.0.100/24")
    for number, daemon in enumerate(at_spokes, 1):
        daemon.up(f"10.9.0.{number}/24")
        ping(daemon.host, "10.9.0.100", count=1)
    return at_hub, at_spokes


def workers(daemon):
    """The threads of the engine but control: how often each has waited so far."""
    engine, waited = daemon.processes()[-1], {}
    for thread in os.listdir(f"/proc/{engine}/task"):
        if int(thread) != engine:
            with open(f"/proc/{engine}/task/{thread}/status") as status:
                waited[thread] = next(int(line.split()[1]) for line in status if line.startswith("voluntary"))
    return waited


def who_works(daemon, work):
    """The workers that something kept busy, busiest first, with how often each was woken."""
    before = workers(daemon)
    work()
    woken = {thread: count - before[thread] for thread, count in workers(daemon).items()}
    return sorted(woken.items(), key=lambda item: -item[1])


def features(daemon):
    lines = daemon.host.output(VOLE, "show", daemon.interface, "features").splitlines()
    return {words[0]: " ".join(words[1:]) for words in map(str.split, lines)}


@case(voled_only=OWN)
def each_peer_is_one_workers_and_all_have_as_many(lab):
    at_hub, at_spokes = star(lab)
    expect_equal(features(at_hub)["workers"], str(WORKERS), "workers")
    expect_equal(features(at_hub)["udp_steering"], "on", "udp_steering")
    peers_of = {}
    for daemon in at_spokes:
        woken = who_works(at_hub, lambda: ping(daemon.host, "10.9.0.100", count=15))
        # On a busy machine several pings wait for one awakening; a sanitizer's own thread wakes up now and then as well.
        expect(woken[0][1] >= 4 and woken[1][1] < woken[0][1] * 2 / 3,
               f"one worker answers {daemon.host.name}, not {woken}")
        peers_of[woken[0][0]] = peers_of.get(woken[0][0], 0) + 1
    expect_equal(sorted(peers_of.values()), [SPOKES // WORKERS] * WORKERS, "peers of each worker")


@case(voled_only=OWN)
def without_steering_everything_still_arrives(lab):
    at_hub, at_spokes = star(lab, environment={"VOLE_NO_UDP_STEERING": "1"}, spokes=3)
    expect_equal(features(at_hub)["udp_steering"], "off by --no-udp-steering", "udp_steering")
    for daemon in at_spokes:
        ping(daemon.host, "10.9.0.100", count=20)
    expect("no packet was dropped" in at_hub.drops(), f"nothing is dropped:\n{at_hub.drops()}")


class Numbered:
    """Numbered datagrams from one host to another; what arrives must be in order.

    No more than WINDOW are on their way: a slow build is not asked for more than it can do, and what else crosses
    the tunnels gets its turn."""

    WINDOW = 100

    def __init__(self, sender, sender_address, receiver, receiver_address):
        self.arrived, self.disorder, self.halt, self._last = 0, [], threading.Event(), -1
        self.name = f"{sender.name} -> {receiver.name}"
        self._in = udp_socket(receiver, socket.AF_INET, receiver_address)
        self._in.settimeout(0.2)
        self._out = udp_socket(sender, socket.AF_INET, sender_address)
        self._to = self._in.getsockname()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._receive, self._send)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        number = 0
        while not self.halt.wait(0.004):
            if number - self._last > self.WINDOW:
                continue
            for _ in range(20):
                self._out.sendto(number.to_bytes(8, "big") + bytes(92), self._to)
                number += 1

    def _receive(self):
        while True:
            try:
                number = int.from_bytes(self._in.recv(200)[:8], "big")
            except TimeoutError:
                if self.halt.is_set():
                    return
                continue
            self.arrived += 1
            if number <= self._last:
                self.disorder.append((self._last, number))
            self._last = number

    def finish(self):
        self.halt.set()
        for thread in self._threads:
            thread.join()
        expect(self.arrived > 100, f"{self.name}: {self.arrived} numbered datagrams arrived")
        expect_equal(self.disorder, [], f"{self.name}: out of order, of {self.arrived}")


@case(voled_only=OWN)
def nothing_is_reordered_or_dropped_under_traffic_of_all(lab):
    at_hub, at_spokes = star(lab)
    running = []
    for number, daemon in enumerate(at_spokes[:4], 1):
        there, here = "10.9.0.100", f"10.9.0.{number}"
        running += [Numbered(daemon.host, here, at_hub.host, there), Numbered(at_hub.host, there, daemon.host, here),
                    Numbered(at_hub.host, there, daemon.host, here),
                    Transfer(daemon.host, at_hub.host, there, rate=4 << 20),
                    Transfer(at_hub.host, daemon.host, here, rate=4 << 20)]
    for transfer in running:
        if isinstance(transfer, Transfer):
            transfer.wait_progress(SIZE // 4)
    for transfer in running:
        transfer.finish()
    for daemon in [at_hub] + at_spokes[:4]:
        expect("no packet was dropped" in daemon.drops(), f"{daemon.host.name} drops nothing:\n{daemon.drops()}")


@case(voled_only=OWN)
def the_port_changes_under_traffic(lab):
    at_hub, at_spokes = star(lab, spokes=4, keepalive=1)
    transfers = [Transfer(daemon.host, at_hub.host, "10.9.0.100", rate=4 << 20) for daemon in at_spokes]
    for port in (51821, 51822, 51820):
        for transfer in transfers:
            transfer.wait_progress(SIZE // 8)
        at_hub.set("listen-port", str(port))
        expect_equal(features(at_hub)["udp_steering"], "on", "udp_steering")
    for transfer in transfers:
        transfer.wait_progress(SIZE // 8)
        transfer.finish()
    expect("replay" not in at_hub.drops(), f"nothing counts as repeated:\n{at_hub.drops()}")


@case(voled_only=OWN)
def an_interface_with_a_single_queue_has_one_worker(lab):
    host = lab.host("a")
    host.run("ip", "tuntap", "add", "dev", "wg0", "mode", "tun")
    daemon = Daemon(host, environment={"VOLE_WORKERS": "3"})
    daemon.wait_log("single queue: one worker instead of 3")
    expect_equal(features(daemon)["workers"], "1", "workers")
    expect_equal(features(daemon)["udp_steering"], "off one worker", "udp_steering")
    daemon.stop()
    wait_for(lambda: "wg0" in host.interfaces(), "the interface, which is not voled's own, to stay")


main(__file__)
