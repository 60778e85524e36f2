#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Handshakes that are meant while others flood: they come through within a few tries; cookies §2, §6.

The flood comes from one address, has right mac1s and random mac2s, and is more than control has time for, so
the queue of handshakes is full of it. How long a handshake takes is not asserted: only that it does not take
more tries than a peer makes.
"""

import os
import socket
import threading
import time

from harness.cases import case, main
from harness.daemon import Daemon
from harness.lab import expect, wait_for
from harness.packets import sham_initiation, udp_socket
from harness.traffic import ping

OTHERS = "others have other limits"
RATE, BURST = 50000, 250  # a second; at once
TRIES_SECONDS = 90  # a peer gives up then
PORT = 51820


class Flood:
    """Initiations from `host` to the daemon at `address`, until stop()."""

    def __init__(self, host, address, public_key):
        self._socket = udp_socket(host, socket.AF_INET)
        self._socket.connect((address, PORT))
        self._messages = [sham_initiation(public_key)[:-16] + os.urandom(16) for _ in range(BURST)]
        self._stopping = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._send, daemon=True)
        host.lab.closers.append(self.stop)
        self._thread.start()

    def _send(self):
        began = time.monotonic()
        while not self._stopping.is_set():
            for message in self._messages:
                try:
                    self._socket.send(message)
                except OSError:
                    pass  # its own queue is full: then more slowly
            self.sent += BURST
            self._stopping.wait(max(0.0, began + self.sent / RATE - time.monotonic()))

    def stop(self):
        self._stopping.set()
        self._thread.join()


def flooded(lab):
    """(one, other): two daemons that know each other, the latter under a flood, neither with a session yet."""
    a, b, crowd = lab.host("a"), lab.host("b"), lab.host("crowd")
    lab.cable(a, "eth0", b, "eth0")
    lab.cable(crowd, "eth0", b, "eth1")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    crowd.address("eth0", "198.51.100.1/24")
    b.address("eth1", "198.51.100.2/24")
    one, other = Daemon(a), Daemon(b)
    one.configure(dict(PublicKey=other.public_key, AllowedIPs="10.9.0.2/32", Endpoint=f"192.0.2.2:{PORT}"))
    other.configure(dict(PublicKey=one.public_key, AllowedIPs="10.9.0.1/32", Endpoint=f"192.0.2.1:{PORT}"))
    one.up("10.9.0.1/24")
    other.up("10.9.0.2/24")
    flood = Flood(crowd, "198.51.100.2", other.public_key)
    for reason in ("cookie_required", "handshake_queue_full"):
        wait_for(lambda reason=reason: reason in other.drops(), f"{reason} among the drops", 30, 0.2)
    return one, other, flood


def check_still_flooded(flood):
    sent = flood.sent
    wait_for(lambda: flood.sent > sent, "the flood to go on")


@case(seconds=180, voled_only=OTHERS)
def a_new_peer_comes_through_a_flood(lab):
    one, other, flood = flooded(lab)
    ping(one.host, "10.9.0.2", seconds=TRIES_SECONDS)
    check_still_flooded(flood)
    expect("source_rate" not in other.drops(), "a cookie was made for somebody else")


@case(seconds=180, voled_only=OTHERS)
def our_own_handshake_comes_through_a_flood(lab):
    one, other, flood = flooded(lab)
    ping(other.host, "10.9.0.1", seconds=TRIES_SECONDS)
    check_still_flooded(flood)


main(__file__)
