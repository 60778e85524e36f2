#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""voled and wireguard-go: who initiates × preshared key or not × IPv4 or IPv6 outside; both inside, always."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import main, variants
from harness.daemon import Daemon, connect, preshared_key
from harness.lab import expect, wait_for
from harness.traffic import ping, ping_and_transfer

OTHER = "/usr/bin/wireguard-go"
A, B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]


def understands_wireguard_go(lab, initiates, with_psk, outer):
    ours, theirs = lab.host("ours"), lab.host("theirs")
    lab.cable(ours, "eth0", theirs, "eth0")
    addresses = ("192.0.2.1", "192.0.2.2") if outer == 4 else ("2001:db8::1", "2001:db8::2")
    for host, address in zip((ours, theirs), addresses):
        host.address("eth0", address + ("/24" if outer == 4 else "/64"))
    one, other = Daemon(ours), Daemon(theirs, program=OTHER)
    # Only the side that is to initiate knows where the other is.
    connect(one, other, A, B, psk=preshared_key() if with_psk else None,
            other_address=addresses[1] if initiates else None, one_address=None if initiates else addresses[0])
    ping(*(ours, "10.9.0.2") if initiates else (theirs, "10.9.0.1"))
    ping_and_transfer(ours, A, theirs, B)
    for daemon, peer in ((one, other), (other, one)):
        wait_for(lambda: daemon.show("latest-handshakes")[peer.public_key] != "0", "a latest handshake")
        received, sent = daemon.transfer(peer.public_key)
        expect(received > 1 << 20 and sent > 1 << 20, f"counters: {received} received, {sent} sent")


variants(understands_wireguard_go, **{
    f"{'as_initiator' if initiates else 'as_responder'}_{'with' if psk else 'without'}_psk_over_ipv{outer}":
    (initiates, psk, outer) for initiates in (True, False) for psk in (False, True) for outer in (4, 6)})
main(__file__)
