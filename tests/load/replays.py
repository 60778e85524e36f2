#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replay storms: data, initiations and responses are captured on the cable and sent again, LOAD_REPLAYS=N times (default
100000), by somebody else. Each that arrives is counted for what it is, nothing is delivered twice, no endpoint moves, and
the tunnel goes on.

    a ---+
         switch --- b
    thief ---+
"""

import os
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import Daemon, connect
from harness.figures import counters, daemon_memory, daemon_seconds, grown, say, udp_counters
from harness.lab import expect, expect_equal, wait_for
from harness.packets import DATA, INITIATION, RESPONSE, Sniffer
from harness.traffic import ping, transfer_both

COUNT = int(os.environ.get("LOAD_REPLAYS") or 100000)
CAPTURED = 1000
A, B = "10.9.0.1", "10.9.0.2"
AT_ONCE, PATIENCE = 200, 30
MORE = 200  # datagrams of the tunnel itself meanwhile


class Scene:
    """a and b with a tunnel, whose packets somebody sees who can also send."""

    def __init__(self, lab):
        self.a, self.b, thief = lab.host("a"), lab.host("b"), lab.host("thief")
        switch = lab.switch("switch")
        for host, address in ((self.a, "192.0.2.1/24"), (self.b, "192.0.2.2/24"), (thief, "192.0.2.66/24")):
            lab.plug(switch, host, "eth0", address)
        # single datagrams, so that each can be seen
        self.one, self.other = Daemon(self.a, environment={"VOLE_NO_UDP_SEGMENT": "1"}), Daemon(self.b)
        self.seen_by_a, self.seen_by_b = Sniffer(self.a, "eth0"), Sniffer(self.b, "eth0")
        connect(self.one, self.other, [f"{A}/24"], [f"{B}/24"], one_address="192.0.2.1", other_address="192.0.2.2")
        with thief.network():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        lab.closers.append(self.socket.close)

    def captured(self, sniffer, kind):
        return [seen.payload for seen in list(sniffer.seen) if not seen.outgoing and seen.kind == kind]

    def replay(self, messages, victim, address, quietly):
        """Sends COUNT of them; what voled and its host counted. quietly: never so many at once that it is under load."""
        before, arrived = counters(victim), udp_counters(victim.host)
        memory, seconds, began = daemon_memory(victim), daemon_seconds(victim), time.monotonic()
        for start in range(0, COUNT, AT_ONCE):
            for number in range(start, min(start + AT_ONCE, COUNT)):
                self.socket.sendto(messages[number % len(messages)], (address, 51820))
            if quietly:  # each was looked at before there are more
                wait_for(lambda: self.blamed(before, victim) >= start + AT_ONCE or start + AT_ONCE > COUNT,
                         "them to be counted", PATIENCE, 0.001)
        wait_for(lambda: self.blamed(before, victim) >= udp_counters(victim.host)["InDatagrams"] -
                 arrived["InDatagrams"] - MORE, "all that arrived to be counted", PATIENCE)
        took = time.monotonic() - began
        say(f"{COUNT} in {took:.1f} s; {daemon_seconds(victim) - seconds:.2f} s of processor time; memory {memory} KiB before, "
            f"{daemon_memory(victim)} after")
        return grown(before, counters(victim)), grown(arrived, udp_counters(victim.host))

    @staticmethod
    def blamed(before, victim):
        now = grown(before, counters(victim))
        return sum(count for reason, count in now.items() if reason not in
                   ("initiated", "answered", "completed_as_initiator", "completed_as_responder", "gave_up"))

    def check(self, counted, arrived, reasons):
        """What arrived and was no datagram of the tunnel itself is in these reasons, and nothing is in others."""
        say(f"arrived {arrived['InDatagrams']}, did not fit {arrived.get('RcvbufErrors', 0)}; counted {counted}")
        blamed = sum(counted.get(reason, 0) for reason in reasons)
        expect(arrived["InDatagrams"] - MORE <= blamed <= arrived["InDatagrams"], f"{blamed} in {reasons}")
        expect_equal([reason for reason in counted if reason not in reasons and reason not in
                      ("initiated", "answered", "completed_as_initiator", "completed_as_responder")], [], "other reasons")
        expect_equal(self.other.endpoint(self.one.public_key), "192.0.2.1:51820", "the endpoint of a")
        expect_equal(self.one.endpoint(self.other.public_key), "192.0.2.2:51820", "the endpoint of b")
        ping(self.a, B)
        ping(self.b, A)
        transfer_both(self.a, A, self.b, B, size=1 << 20)


class Numbers:
    """Numbered datagrams through the tunnel, and how often each arrived."""

    def __init__(self, scene):
        with scene.b.network():
            self.receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.receiver.bind((B, 7777))
        with scene.a.network():
            self.sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.times = {}
        scene.a.lab.closers.append(self.receiver.close)
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        while True:
            try:
                number = struct.unpack("!I", self.receiver.recv(2048)[:4])[0]
            except OSError:
                return
            self.times[number] = self.times.get(number, 0) + 1

    def send(self, count):
        for number in range(count):
            self.sender.sendto(struct.pack("!I", number) + bytes(100 + number % 800), (B, 7777))
            if number % 50 == 0:
                time.sleep(0.002)
        wait_for(lambda: len(self.times) == count, f"all of {count} datagrams to arrive")


@case(seconds=300, voled_only="others count nothing")
def data_is_delivered_once(lab):
    scene = Scene(lab)
    ping(scene.a, B)
    numbers = Numbers(scene)
    numbers.send(CAPTURED)
    messages = [message for message in scene.captured(scene.seen_by_b, DATA) if len(message) > 128]
    expect(len(messages) >= CAPTURED, f"{len(messages)} captured")
    counted, arrived = scene.replay(messages, scene.other, "192.0.2.2", False)
    scene.check(counted, arrived, ["replayed"])
    expect_equal(sorted(numbers.times.items()), [(number, 1) for number in range(CAPTURED)], "how often each was delivered")


def initiations(scene):
    """Several of a's, made by giving it b as a new peer again and again."""
    for _ in range(5):
        scene.one.set("peer", scene.other.public_key, "remove")
        scene.one.set("peer", scene.other.public_key, "allowed-ips", f"{B}/32", "endpoint", "192.0.2.2:51820")
        ping(scene.a, B, seconds=60)
    return scene.captured(scene.seen_by_b, INITIATION)


@case(seconds=300, voled_only="others count nothing")
def initiations_one_after_the_other_are_all_refused_as_repeated(lab):
    scene = Scene(lab)
    counted, arrived = scene.replay(initiations(scene), scene.other, "192.0.2.2", True)
    scene.check(counted, arrived, ["initiation_replayed"])
    expect(counted.get("answered", 0) <= 1, f"answers to repeated initiations: {counted}")


@case(seconds=300, voled_only="others count nothing")
def initiations_as_fast_as_they_come_are_refused_as_repeated_or_asked_for_a_cookie(lab):
    scene = Scene(lab)
    counted, arrived = scene.replay(initiations(scene), scene.other, "192.0.2.2", False)
    scene.check(counted, arrived, ["initiation_replayed", "cookie_required", "handshake_queue_full"])
    expect(counted.get("answered", 0) <= 1, f"answers to repeated initiations: {counted}")


@case(seconds=300, voled_only="others count nothing")
def responses_are_expected_once(lab):
    scene = Scene(lab)
    initiations(scene)
    counted, arrived = scene.replay(scene.captured(scene.seen_by_a, RESPONSE), scene.one, "192.0.2.1", True)
    scene.check(counted, arrived, ["response_unexpected"])


main(__file__)
