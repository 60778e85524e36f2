#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two spokes that know only the hub; it forwards between them, in and out of the same interface:

    left --- hub --- right
"""

from harness.cases import case, main
from harness.daemon import Daemon
from harness.lab import expect
from harness.traffic import ping_and_transfer

LEFT, HUB, RIGHT = ["10.9.0.2/24", "fd09::2/64"], ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.3/24", "fd09::3/64"]


@case
def the_hub_forwards_between_the_spokes(lab):
    left, hub, right = lab.host("left"), lab.host("hub"), lab.host("right")
    lab.cable(left, "eth0", hub, "eth0")
    lab.cable(right, "eth0", hub, "eth1")
    left.address("eth0", "192.0.2.2/24")
    hub.address("eth0", "192.0.2.1/24")
    right.address("eth0", "2001:db8::3/64")
    hub.address("eth1", "2001:db8::1/64")
    at_left, at_hub, at_right = Daemon(left), Daemon(hub), Daemon(right)
    hub.forwarding()
    network = "10.9.0.0/24, fd09::/64"
    at_left.configure(dict(PublicKey=at_hub.public_key, AllowedIPs=network, Endpoint="192.0.2.1:51820",
                           PersistentKeepalive=1))
    at_right.configure(dict(PublicKey=at_hub.public_key, AllowedIPs=network, Endpoint="[2001:db8::1]:51820",
                            PersistentKeepalive=1))
    at_hub.configure(dict(PublicKey=at_left.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128"),
                     dict(PublicKey=at_right.public_key, AllowedIPs="10.9.0.3/32, fd09::3/128"))
    for daemon, addresses in ((at_hub, HUB), (at_left, LEFT), (at_right, RIGHT)):
        daemon.up(*addresses)
    at_hub.wait_handshakes()
    ping_and_transfer(left, LEFT, hub, HUB)
    ping_and_transfer(left, LEFT, right, RIGHT)
    for peer in (at_left, at_right):
        received, sent = at_hub.transfer(peer.public_key)
        expect(received > 1 << 20 and sent > 1 << 20, f"the hub's counters: {received} received, {sent} sent")


main(__file__)
