#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""voled whose engine is another user than its parent. That takes a system with more users than root, so it runs as root
only."""

import os
import signal

from harness.cases import Skipped, case, main
from harness.daemon import VOLE, Daemon, connect, processes_named
from harness.lab import expect_equal, wait_for
from harness.sandbox import has_users
from harness.traffic import ping_and_transfer

NOBODY, AS_NOBODY = "65534", {"VOLE_USER": "nobody"}


def status(process):
    """The fields of /proc/PID/status."""
    with open(f"/proc/{process}/status", encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


def two_of_nobodys(lab):
    """Two daemons with a tunnel, whose engines are nobody."""
    if not has_users():
        raise Skipped("there is no user but root here")
    if "sanitizer" in Daemon(lab.host("c")).host.output(VOLE, "show", "wg0", "features"):
        raise Skipped("a sanitizer looks into its own process, which another user's may not be")
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a, environment=AS_NOBODY), Daemon(b, environment=AS_NOBODY)
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    return one, other


@case
def the_engine_is_nobody_for_good_and_the_parent_is_not(lab):
    one, _ = two_of_nobodys(lab)
    parent, engine = one.processes()
    found = status(engine)
    expect_equal(found["Uid"].split(), [NOBODY] * 4, "users of the engine")
    expect_equal(found["Gid"].split(), [NOBODY] * 4, "groups of the engine")
    expect_equal(found["Groups"].split(), [], "further groups of the engine")
    expect_equal([int(found[kind], 16) for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb")], [0] * 4, "its capabilities")
    expect_equal(found["NoNewPrivs"], "1", "that it becomes nobody else")
    expect_equal(status(parent)["Uid"].split(), ["0"] * 4, "users of the parent")
    expect_equal(os.stat(f"/proc/{engine}/status").st_uid, 0, "whose its files in /proc are, as nobody may look into it")
    row = [line.split() for line in one.host.output(VOLE, "show", "wg0", "features").splitlines() if "own_user" in line]
    expect_equal(row[0][:2], ["own_user", "on"], "what it says")


@case
def what_needs_rights_still_works(lab):
    one, other = two_of_nobodys(lab)
    ping_and_transfer(one.host, ["10.9.0.1/24"], other.host, ["10.9.0.2/24"])
    other.set("listen-port", "53", "fwmark", "7")  # a port of root's
    one.set("peer", other.public_key, "endpoint", "192.0.2.2:53")
    other.set("fwmark", "0")
    ping_and_transfer(one.host, ["10.9.0.1/24"], other.host, ["10.9.0.2/24"])
    for daemon in (one, other):
        daemon.host.run("ip", "link", "set", "wg0", "down")
        daemon.host.run("ip", "link", "set", "wg0", "up")
    ping_and_transfer(one.host, ["10.9.0.1/24"], other.host, ["10.9.0.2/24"])


@case
def they_end_together(lab):
    one, other = two_of_nobodys(lab)
    for daemon, which in ((one, 0), (other, 1)):
        os.kill(daemon.processes()[which], signal.SIGKILL)
        daemon.process.wait(20)
        wait_for(lambda: not processes_named(daemon.host, "wg0"), "both processes to end", 20)
        wait_for(lambda: "wg0" not in daemon.host.interfaces(), "the interface to go", 20)


main(__file__, users=True)
