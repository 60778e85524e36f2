#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each allocation of voled's two processes refused once. At the start it then says why and leaves nothing behind, or runs
as always; while it runs it refuses what was asked, or does it a little later, and goes on: what failed once works when it
is tried again, and the tunnel never ends."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import Skipped, case, main
from harness.daemon import VOLED, Daemon, connect, default_environment, key_pair, preshared_key, processes_named
from harness.lab import Failed, expect, expect_equal, wait_for
from harness.scarce import MOST, Scarce, expect_orderly, sweep
from harness.traffic import ping
from harness.uapi import Uapi, hexadecimal

SECONDS = 3000


@case(seconds=SECONDS)
def it_starts_or_says_why_not_and_leaves_nothing(lab):
    host = lab.host("a")
    scarce, uapi = Scarce(lab, "voled", "voled-engine"), Uapi(host, "wg0")
    private = key_pair()[0]
    path = f"{lab.folder}/start.log"

    def attempt():
        for left in processes_named(host, "wg0"):  # by an attempt that failed
            os.kill(left, signal.SIGKILL)
        wait_for(lambda: not processes_named(host, "wg0"), "what an attempt left to go")
        with open(path, "w", encoding="utf-8") as log:
            process = host.start(VOLED, "-f", "wg0", stdout=log, stderr=log,
                                 environment=dict(default_environment(), VOLE_WORKERS="2", **scarce.environment))
        wait_for(lambda: process.poll() is not None or uapi.answers(), "it to run or to end", 30)
        if process.poll() is None:
            # What failed once, as making the sockets, may be repeated.
            for _ in range(2):
                host.run("wg", "set", "wg0", "private-key", "/dev/stdin", "listen-port", "51820", input=private, check=False)
                host.run("ip", "link", "set", "wg0", "up")
            ports = [host.run("wg", "show", "wg0", "listen-port", check=False).stdout.strip() for _ in range(2)]
            expect("51820" in ports, f"the port, asked for twice: {ports}")
            process.terminate()
            expect_equal(process.wait(20), 0, "exit status after SIGTERM")
        with open(path, encoding="utf-8") as log:
            said = log.read()
        expect_orderly(subprocess.CompletedProcess([], process.returncode, "", said), [private])
        expect(process.returncode in (0, 1), f"exit status {process.returncode}: {said}")
        wait_for(lambda: host.interfaces() == ["lo"] and not uapi.exists() and not processes_named(host, "wg0"),
                 f"all to go: {said}")

    sweep(scarce, "voled's start and end", attempt)


class Pair:
    """Two hosts with a tunnel; the first one's daemon is short of memory when it is told so."""

    def __init__(self, lab, **environment):
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.cable(self.a, "eth0", self.b, "eth0")
        self.a.address("eth0", "192.0.2.1/24", "2001:db8::1/64")
        self.b.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
        self.scarce = Scarce(lab, "voled", "voled-engine")
        self.one = Daemon(self.a, environment=dict(self.scarce.environment, **environment))
        self.other = Daemon(self.b)
        connect(self.one, self.other, ["10.9.0.1/24"], ["10.9.0.2/24"], one_address="192.0.2.1", other_address="192.0.2.2")
        ping(self.a, "10.9.0.2")
        # Room that the allocator kept is used without being asked for.
        self.processes = self.one.processes()

    def lives(self):
        """It is still the same daemon, and its tunnel works."""
        expect_equal(self.one.processes(), self.processes, "processes of the daemon")
        ping(self.a, "10.9.0.2", count=1)
        self.one.check_log()


@case(seconds=SECONDS)
def what_a_set_was_refused_it_is_granted_the_next_time(lab):
    pair = Pair(lab)
    uapi, peer, keys = pair.one.uapi, hexadecimal(pair.other.public_key), [os.urandom(32).hex() for _ in range(40)]
    psk = hexadecimal(preshared_key())
    crowd = [line for i, key in enumerate(keys) for line in
             (f"public_key={key}", f"preshared_key={psk}", f"allowed_ip=10.{i}.0.0/16", f"allowed_ip=fd77:{i:x}::/32",
              f"endpoint=[2001:db8::77]:{i + 1}", "persistent_keepalive_interval=1")]
    changes = {"peers that are new": (crowd, [line for key in keys for line in (f"public_key={key}", "remove=true")]),
               "another port": (["listen_port=51999"], ["listen_port=51820"]),
               "a mark": (["fwmark=9"], ["fwmark=0"]),
               "another preshared key": ([f"public_key={peer}", f"preshared_key={psk}"], [f"public_key={peer}", f"preshared_key={'0' * 64}"]),
               "the same private key": ([f"private_key={hexadecimal(pair.one.private_key)}"], []),
               "another private key": ([f"private_key={'6' * 64}"], [f"private_key={hexadecimal(pair.one.private_key)}"])}

    def insist(lines):
        """One allocation is refused: so what fails at first works then."""
        for _ in range(2):
            try:
                number = uapi.set(*lines)
            except OSError:
                number = None
            if number == 0:
                return
            expect(pair.scarce.refused > 0, f"{number} for {lines}, and nothing was refused")
        raise Failed(f"{number} for {lines} once more")

    for what, (lines, back) in changes.items():
        def attempt():
            insist(lines)
            insist(back)
            expect_equal(pair.one.processes(), pair.processes, "processes of the daemon")

        sweep(pair.scarce, what, attempt)
        expect_equal(len(uapi.get()[1]), 1, "peers left")
    pair.other.host.run("ip", "link", "set", "wg0", "down")
    pair.other.host.run("ip", "link", "set", "wg0", "up")
    pair.lives()


@case(seconds=SECONDS)
def questions_are_answered_whole_or_not_at_all(lab):
    pair = Pair(lab)

    def ask(request):
        try:
            return pair.one.uapi.request(request)
        except OSError:  # closed before it had read all
            return ""

    for request in ("get=1\n\n", "get=vole.1\n\n"):
        def attempt():
            reply = ask(request)
            expect(reply.endswith("errno=0\n\n") or reply in ("", "errno=12\n\n") and pair.scarce.refused > 0, f"answer {reply!r}")

        sweep(pair.scarce, request.strip(), attempt)
    pair.lives()


@case(seconds=SECONDS)
def interfaces_go_down_and_up_and_sessions_begin(lab):
    if MOST:
        raise Skipped("takes as long as handshakes are apart")
    pair = Pair(lab, VOLE_WORKERS="2")

    def up_again():
        pair.a.run("ip", "link", "set", "wg0", "down")
        pair.a.run("ip", "link", "set", "wg0", "up")
        # What could not be opened is opened a second later.
        ping(pair.a, "10.9.0.2", count=1, seconds=30)

    def from_the_other_side():
        pair.b.run("ip", "link", "set", "wg0", "down")
        pair.b.run("ip", "link", "set", "wg0", "up")
        ping(pair.b, "10.9.0.1", count=1, seconds=20)

    sweep(pair.scarce, "down, up and a session of ours", up_again)
    sweep(pair.scarce, "a session of the other side's", from_the_other_side)
    pair.lives()


@case(seconds=SECONDS)
def while_nothing_is_granted_the_tunnel_goes_on(lab):
    if MOST:
        raise Skipped("takes some seconds")
    pair = Pair(lab)
    pair.scarce.refuse(1, 1 << 60)
    ping(pair.a, "10.9.0.2", count=20)
    for lines in (["listen_port=51999"], [f"public_key={'7' * 64}"], ["fwmark=3"]):
        try:
            number = pair.one.uapi.set(*lines)
        except OSError:
            number = None
        expect(number != 0, f"{lines} is granted without memory")
    ping(pair.b, "10.9.0.1", count=20)
    pair.scarce.refuse()
    pair.lives()
    expect_equal(pair.one.uapi.set("listen_port=51999", "fwmark=3", f"public_key={'7' * 64}"), 0, "the errno with memory")
    pair.lives()


@case(seconds=SECONDS)
def a_port_that_cannot_be_had_leaves_the_old_one_or_comes_back_by_itself(lab):
    if MOST:
        raise Skipped("takes some seconds")
    pair = Pair(lab, VOLE_WORKERS="3")
    for first in range(1, 40):
        for together in (1, 4):
            pair.scarce.refuse(first, first + together - 1)
            try:
                number = pair.one.uapi.set("listen_port=51999")
            except OSError:
                number = None
            refused, asked = pair.scarce.refused, pair.scarce.count
            pair.scarce.forgive()
            ping(pair.b, "10.9.0.1", count=1, seconds=30)
            expect_equal(pair.one.processes(), pair.processes, "processes of the daemon")
            expect(number == 0 or refused > 0, f"{number}, and nothing was refused")
            expect_equal(pair.one.uapi.set("listen_port=51820"), 0, "the errno of the way back")
            ping(pair.a, "10.9.0.2", count=1, seconds=30)
        if first > asked:
            return


@case(seconds=SECONDS)
def it_ends_in_order(lab):
    host = lab.host("a")
    scarce = Scarce(lab, "voled", "voled-engine")

    def attempt():
        first = scarce._shared[0:32]
        scarce.refuse()
        daemon = Daemon(host, environment=scarce.environment)
        daemon.set("private-key", "/dev/null", "listen-port", "51820")
        host.up("wg0")
        scarce._shared[0:32] = first
        daemon.signal(signal.SIGTERM)
        expect_equal(daemon.process.wait(20), 0, "exit status")
        daemon.check_log()
        wait_for(lambda: host.interfaces() == ["lo"] and not daemon.uapi.exists(), "all to go")

    sweep(scarce, "voled's end", attempt)


main(__file__)
