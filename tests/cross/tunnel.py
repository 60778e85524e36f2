#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two hosts on one cable, one of them with a voled that was built for another machine: OTHER_VOLED names the program,
or a script of the name voled that has an emulator run it. scripts/check-cross starts this."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import main, variants  # noqa: E402
from harness.daemon import VOLED, Daemon, connect, preshared_key  # noqa: E402
from harness.lab import wait_for  # noqa: E402
from harness.traffic import ping_and_transfer  # noqa: E402

OTHER = os.environ["OTHER_VOLED"]
with open(OTHER, "rb") as program:
    EMULATED = program.read(2) == b"#!"
INNER_A, INNER_B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]


def carry_both_families(lab, programs, outer_a, outer_b):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    length = "/64" if ":" in outer_a else "/24"
    a.address("eth0", outer_a + length)
    b.address("eth0", outer_b + length)
    one, other = Daemon(a, program=programs[0]), Daemon(b, program=programs[1])
    connect(one, other, INNER_A, INNER_B, one_address=outer_a, other_address=outer_b, psk=preshared_key())
    ping_and_transfer(a, INNER_A, b, INNER_B)
    for daemon in (one, other):
        daemon.set("listen-port", "40000")  # asks the parent for other sockets
        if not EMULATED:  # qemu's sockets know no marks
            daemon.set("fwmark", "7")
            daemon.set("fwmark", "0")
    one.set("peer", other.public_key, "endpoint", ("[%s]:40000" if ":" in outer_b else "%s:40000") % outer_b)
    wait_for(lambda: a.run("ping", "-c", "1", "-W", "1", "10.9.0.2", check=False).returncode == 0, "a ping over the new ports", 20)


variants(carry_both_families,
         this_machine_begins=((VOLED, OTHER), "192.0.2.1", "192.0.2.2"),
         the_other_machine_begins=((OTHER, VOLED), "2001:db8::1", "2001:db8::2"),
         both_are_the_other=((OTHER, OTHER), "192.0.2.1", "192.0.2.2"))
main(__file__)
