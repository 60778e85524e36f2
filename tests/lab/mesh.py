#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Three hosts on one switch, each with a tunnel to each:

        a --- b
         \\   /
           c
"""

from harness.cases import case, main
from harness.daemon import Daemon
from harness.lab import expect_equal
from harness.traffic import SIZE, ping_and_transfer

NUMBERS = {"a": 1, "b": 2, "c": 3}


def inner(name):
    return [f"10.9.0.{NUMBERS[name]}/24", f"fd09::{NUMBERS[name]}/64"]


@case
def every_host_talks_to_every_other(lab):
    switch = lab.switch("switch")
    daemons = {}
    for name, number in NUMBERS.items():
        host = lab.host(name)
        lab.plug(switch, host, "eth0", f"192.0.2.{number}/24", f"2001:db8::{number}/64")
        daemons[name] = Daemon(host)
    for name, daemon in daemons.items():
        peers = []
        for other, number in NUMBERS.items():
            if other != name:
                # Half of the tunnels run over IPv6.
                endpoint = f"192.0.2.{number}:51820" if "b" in (name, other) else f"[2001:db8::{number}]:51820"
                peers.append(dict(PublicKey=daemons[other].public_key, Endpoint=endpoint,
                                  AllowedIPs=f"10.9.0.{number}/32, fd09::{number}/128"))
        daemon.configure(*peers)
        daemon.up(*inner(name))
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        ping_and_transfer(daemons[one].host, inner(one), daemons[other].host, inner(other), size=SIZE // 2)
    for daemon in daemons.values():
        expect_equal(len(daemon.show("latest-handshakes")), 2, "peers of each host")


main(__file__)
