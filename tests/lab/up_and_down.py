#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tunnels brought up by `vole up` from their files, on both ends; all of the laptop's traffic goes through one:

    laptop --- gateway --- web
"""

import os

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, default_environment, key_pair, processes_named
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import cannot_ping, ping, ping_and_transfer

LAPTOP, GATEWAY = ["10.9.0.2/24", "fd09::2/64"], ["10.9.0.1/24", "fd09::1/64"]
WEB = ["198.51.100.7/24", "2001:db8:7::7/64"]


class Tunnel:
    """A host's wg0, from a file that is its own."""

    def __init__(self, host, text):
        self.host = host
        os.makedirs("/etc/wireguard", exist_ok=True)
        host.shell("mount -t tmpfs -o mode=700 tmpfs /etc/wireguard")
        with open(os.open(host.path("/etc/wireguard/wg0.conf"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(text)
        self.before = self.state()

    def run(self, *words):
        return self.host.run(VOLE, *words, "wg0",
                             environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED))

    def up(self):
        self.run("up", "--userspace")

    def down(self):
        self.run("down")
        wait_for(lambda: not processes_named(self.host, "wg0"), "the daemon to end")
        expect_equal(self.state(), self.before, f"what is left on {self.host.name}")

    def state(self):
        return self.host.output("sh", "-c", "ip -4 rule; ip -6 rule; ip -4 route show table all; nft list ruleset; "
                                            "ls /sys/class/net /var/run/wireguard")


def pair(lab, laptops_networks):
    """(laptop's tunnel, gateway's tunnel, web)."""
    laptop, gateway, web = lab.host("laptop"), lab.host("gateway"), lab.host("web")
    lab.cable(laptop, "eth0", gateway, "eth0")
    lab.cable(gateway, "eth1", web, "eth0")
    laptop.address("eth0", "192.0.2.2/24")
    gateway.address("eth0", "192.0.2.1/24")
    gateway.address("eth1", "198.51.100.1/24", "2001:db8:7::1/64")
    web.address("eth0", *WEB)
    web.route("default", "via", "198.51.100.1")
    web.route("default", "via", "2001:db8:7::1")
    laptop.route("default", "via", "192.0.2.1")
    (laptop_private, laptop_public), (gateway_private, gateway_public) = key_pair(), key_pair()
    ours = Tunnel(laptop, f"""[Interface]
PrivateKey = {laptop_private}
Address = {", ".join(LAPTOP)}
[Peer]
PublicKey = {gateway_public}
AllowedIPs = {laptops_networks}
Endpoint = 192.0.2.1:51820
""")
    theirs = Tunnel(gateway, f"""[Interface]
PrivateKey = {gateway_private}
ListenPort = 51820
Address = {", ".join(GATEWAY)}
PostUp = echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
[Peer]
PublicKey = {laptop_public}
AllowedIPs = 10.9.0.2/32, fd09::2/128
""")
    return ours, theirs, web


@case
def everything_goes_through_the_tunnel_but_the_tunnel_itself(lab):
    ours, theirs, web = pair(lab, "0.0.0.0/0, ::/0")
    theirs.up()
    ours.up()
    ping_and_transfer(ours.host, LAPTOP, web, WEB)
    ping(ours.host, "192.0.2.1")  # the cable's own network is nearer
    received, sent = map(int, theirs.host.output("wg", "show", "wg0", "transfer").split("\t")[1:])
    expect(received > 1 << 20 and sent > 1 << 20, f"through the tunnel: {received} received, {sent} sent")
    theirs.host.run("ip", "route", "replace", "10.9.0.2", "dev", "eth0")
    cannot_ping(theirs.host, "10.9.0.2")  # addresses of the tunnel are not reached beside it
    ours.host.run("nft", "delete", "table", "ip", "wg-quick-wg0")
    ping(theirs.host, "10.9.0.2")  # and it was the firewall that saw to that
    theirs.host.run("ip", "route", "del", "10.9.0.2", "dev", "eth0")
    ours.down()
    theirs.down()


@case
def two_hosts_with_single_networks(lab):
    ours, theirs, web = pair(lab, "10.9.0.1/32, fd09::1/128, 198.51.100.0/24, 2001:db8:7::/64")
    for _ in range(2):
        theirs.up()
        ours.up()
        ping_and_transfer(ours.host, LAPTOP, theirs.host, GATEWAY)
        ping(ours.host, "198.51.100.7")
        ping(ours.host, "2001:db8:7::7")
        ours.down()
        theirs.down()


main(__file__)
