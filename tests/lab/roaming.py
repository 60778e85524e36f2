#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client that moves while TCP data flows both ways:

    client --- home ---+
       :               router --- server
       +- - cafe - - - +

First it is in one network, then in another, then it speaks IPv6 instead of IPv4, then it goes home, then back
to IPv4. It has one address at a time. The server is told nothing; it learns from authenticated packets.
"""

from harness.cases import case, main
from harness.daemon import Daemon
from harness.lab import wait_for
from harness.traffic import Transfer, ping

NETWORKS = {"1": "home", "2": "cafe"}
STEP, RATE = 1 << 18, 8 << 20


@case
def a_transfer_survives_moves_between_networks_and_families(lab):
    client, router, server = lab.host("client"), lab.host("router"), lab.host("server")
    router.forwarding()
    for network, interface in NETWORKS.items():
        lab.cable(client, interface, router, interface)
        router.address(interface, f"192.0.{network}.1/24", f"2001:db8:{network}::1/64")
    lab.cable(server, "eth0", router, "server")
    router.address("server", "203.0.113.1/24", "2001:db8:5::1/64")
    server.address("eth0", "203.0.113.2/24", "2001:db8:5::2/64")
    server.route("default", "via", "203.0.113.1")
    server.route("default", "via", "2001:db8:5::1")

    def move(network, family):
        """Gives up the client's only address and takes one in that network."""
        for interface in NETWORKS.values():
            client.run("ip", "address", "flush", "dev", interface, "scope", "global")
        client.run("ip", "-6", "route", "flush", "default")
        prefix = f"2001:db8:{network}::" if family == 6 else f"192.0.{network}."
        client.address(NETWORKS[network], prefix + ("2/64" if family == 6 else "2/24"))
        client.route("default", "via", prefix + "1")
        return f"[{prefix}2]:51820" if family == 6 else f"{prefix}2:51820"

    at_client, at_server = Daemon(client), Daemon(server)
    at_client.configure(dict(PublicKey=at_server.public_key, Endpoint="203.0.113.2:51820", PersistentKeepalive=1,
                             AllowedIPs="10.9.0.0/24, fd09::/64"))
    at_server.configure(dict(PublicKey=at_client.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128"))
    first = move("1", 4)
    at_server.up("10.9.0.1/24", "fd09::1/64")
    at_client.up("10.9.0.2/24", "fd09::2/64")

    def seen_at(endpoint):
        wait_for(lambda: at_server.endpoint(at_client.public_key) == endpoint,
                 f"the server to see the client at {endpoint}", 20)
        up.wait_progress(STEP)
        down.wait_progress(STEP)

    def speak_to(endpoint):
        at_client.set("peer", at_server.public_key, "endpoint", endpoint)

    ping(client, "10.9.0.1")
    up = Transfer(client, server, "10.9.0.1", rate=RATE)
    down = Transfer(server, client, "fd09::2", rate=RATE)
    seen_at(first)
    seen_at(move("2", 4))
    moved = move("2", 6)
    speak_to("[2001:db8:5::2]:51820")
    seen_at(moved)
    seen_at(move("1", 6))
    moved = move("1", 4)
    speak_to("203.0.113.2:51820")
    seen_at(moved)
    up.finish()
    down.finish()


main(__file__)
