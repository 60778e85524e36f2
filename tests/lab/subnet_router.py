#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A remote host reaches a whole network behind a router; nothing runs on the hosts in there:

    remote --- router --- lan switch --- desk, printer
"""

from harness.cases import case, main
from harness.daemon import Daemon
from harness.traffic import ping, ping_and_transfer

REMOTE = ["10.9.0.2/24", "fd09::2/64"]
DESK = ["192.168.7.10/24", "fd07::10/64"]


@case
def the_network_behind_the_router_is_reached(lab):
    remote, router, switch = lab.host("remote"), lab.host("router"), lab.switch("switch")
    desk, printer = lab.host("desk"), lab.host("printer")
    lab.cable(remote, "eth0", router, "wan0")
    remote.address("eth0", "192.0.2.2/24")
    router.address("wan0", "192.0.2.1/24")
    lab.plug(switch, router, "lan0", "192.168.7.1/24", "fd07::1/64")
    lab.plug(switch, desk, "eth0", *DESK)
    lab.plug(switch, printer, "eth0", "192.168.7.20/24", "fd07::20/64")
    for inside in (desk, printer):
        inside.route("default", "via", "192.168.7.1")
        inside.route("default", "via", "fd07::1")
    router.forwarding()
    at_remote, at_router = Daemon(remote), Daemon(router)
    at_remote.configure(dict(PublicKey=at_router.public_key, Endpoint="192.0.2.1:51820",
                             AllowedIPs="10.9.0.1/32, fd09::1/128, 192.168.7.0/24, fd07::/64"))
    at_router.configure(dict(PublicKey=at_remote.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128"))
    at_router.up("10.9.0.1/24", "fd09::1/64")
    at_remote.up(*REMOTE)
    remote.route("192.168.7.0/24", "dev", "wg0")
    remote.route("fd07::/64", "dev", "wg0")
    ping_and_transfer(remote, REMOTE, desk, DESK)
    ping(remote, "192.168.7.20")
    ping(remote, "fd07::20")
    ping(printer, "10.9.0.2")


main(__file__)
