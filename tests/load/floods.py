#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Floods, with an established tunnel and a newcomer beside them. LOAD_SECONDS=N: how long each lasts (default 6).

    a (established) ---+
    newcomer ----------+--- b (flooded)
    crowd (a whole /16) ---+

Handshakes come from the 65 536 addresses of 10.77.0.0/16, as fast as a raw socket sends them: with a right mac1, a wrong one,
or random bytes. Junk comes as fast as UDP segmentation sends it. Judged: the established tunnel answers throughout, the
newcomer's handshake comes through, memory stays bounded, every datagram that arrived was counted. Printed: how fast, how
much of it, what it cost.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import Skipped, case, main
from harness.daemon import BUILD, Daemon
from harness.figures import PingFlow, counters, daemon_memory, daemon_seconds, grown, say, udp_counters
from harness.lab import expect, wait_for
from harness.traffic import Transfer, ping

SECONDS = float(os.environ.get("LOAD_SECONDS") or 6)
PORT = 51820
PATIENCE = 90  # so long a peer tries
MOST_KIB = 24 << 10  # of both processes: 65 536 remembered sources and a full queue are 6 MiB
FLOOD, JUNK = os.path.join(BUILD, "bench/tools/flood"), os.path.join(BUILD, "tests/load/junk")


class Field:
    """a and b with a tunnel, a newcomer, and a crowd with a cable of its own."""

    def __init__(self, lab, program):
        if not os.access(program, os.X_OK):
            raise Skipped(f"there is no {program}: `make load` builds it")
        self.a, self.b, self.new, self.crowd = (lab.host(name) for name in ("a", "b", "new", "crowd"))
        for host, number in ((self.a, 1), (self.new, 2), (self.crowd, 3)):
            lab.cable(host, "eth0", self.b, f"eth{number}")
            host.address("eth0", f"192.0.{number}.1/24")
            self.b.address(f"eth{number}", f"192.0.{number}.2/24")
        self.b.route("10.77.0.0/16", "via", "192.0.3.1")
        self.at_a, self.at_b, self.at_new = (Daemon(host) for host in (self.a, self.b, self.new))
        for daemon, number in ((self.at_a, 1), (self.at_new, 2)):
            daemon.configure(dict(PublicKey=self.at_b.public_key, AllowedIPs="10.9.0.9/32", Endpoint=f"192.0.{number}.2:{PORT}"))
            daemon.up(f"10.9.0.{number}/24")
        self.at_b.configure(*(dict(PublicKey=daemon.public_key, AllowedIPs=f"10.9.0.{number}/32")
                              for daemon, number in ((self.at_a, 1), (self.at_new, 2))))
        self.at_b.up("10.9.0.9/24")
        ping(self.a, "10.9.0.9")

    def under(self, command):
        """Lets the command flood; (its numbers, what voled counted, what the host counted, figures)."""
        quiet = PingFlow(self.a, "10.9.0.9")
        time.sleep(1)
        before = dict(quiet=quiet.finish(), drops=counters(self.at_b), udp=udp_counters(self.b),
                      seconds=daemon_seconds(self.at_b))
        transfer = Transfer(self.a, self.b, "10.9.0.9", rate=1 << 20)
        flow, began = PingFlow(self.a, "10.9.0.9"), time.monotonic()
        flood = self.crowd.start(*command, stdout=-1, text=True)
        wait_for(lambda: udp_counters(self.b)["InDatagrams"] > before["udp"]["InDatagrams"] + 1000, "the flood")
        self.at_new.wg("set", "wg0", "peer", self.at_b.public_key, "remove")  # and with it what it knew of cookies
        came = self.newcomer()
        numbers = list(map(int, flood.communicate(timeout=SECONDS + 60)[0].split()))
        pings, seconds = flow.finish(), time.monotonic() - began
        spent = daemon_seconds(self.at_b) - before["seconds"]
        transfer.finish()
        expect(pings[1] * 4 > pings[0] and transfer.received > 0, f"the established tunnel: {pings} pings, {transfer.received} bytes")
        memory = daemon_memory(self.at_b)
        expect(memory < MOST_KIB, f"memory after the flood: {memory} KiB")
        say(f"flood: {numbers[0]} datagrams, {numbers[0] * 1e9 / numbers[-1]:.0f}/s; newcomer's first answer after {came:.2f} s")
        say(f"established: {pings[1]} of {pings[0]} pings answered in {pings[2]:.2f} ms on average, at most {pings[3]:.1f}; "
            f"before {before['quiet'][2]:.2f} and {before['quiet'][3]:.1f}; {transfer.received / seconds / 1e6:.2f} MB/s of TCP at 1.05")
        say(f"voled: {spent / seconds * 100:.0f} % of a processor, {memory} KiB")
        return grown(before["drops"], counters(self.at_b)), grown(before["udp"], udp_counters(self.b))

    def newcomer(self):
        """Seconds until a peer that has no session yet has one."""
        began = time.monotonic()
        self.at_new.set("peer", self.at_b.public_key, "allowed-ips", "10.9.0.9/32", "endpoint", f"192.0.2.2:{PORT}")
        ping(self.new, "10.9.0.9", count=1, seconds=PATIENCE)
        return time.monotonic() - began


OTHERS = 20000  # datagrams of the tunnels that may have arrived meanwhile, at most
MERGED = 44  # datagrams of junk arrive at the socket as one message


def check_counted(counted, arrived, reasons, what, merged=1):
    """Every datagram of the flood that reached the socket is among these reasons."""
    blamed = sum(counted.get(reason, 0) for reason in reasons)
    say(f"{what}: {arrived.get('InDatagrams', 0)} arrived at the socket, {arrived.get('RcvbufErrors', 0)} did not fit; counted: "
        + ", ".join(f"{reason} {counted.get(reason, 0)}" for reason in reasons if counted.get(reason)))
    messages = arrived["InDatagrams"]
    expect((messages - OTHERS) * merged <= blamed <= messages * merged,
           f"of {messages} messages of {merged} datagrams, {blamed} are among {reasons}: {counted}")


HANDSHAKES = ("cookie_required", "handshake_queue_full", "initiation_unreadable", "source_rate", "wrong_mac1", "malformed")


def handshakes(lab, kind):
    field = Field(lab, FLOOD)
    check_counted(*field.under((FLOOD, "192.0.3.2", PORT, "10.77", kind, field.at_b.public_key, 0, SECONDS)), HANDSHAKES, kind)


@case(seconds=300, voled_only="others have other limits")
def handshakes_with_a_right_mac1_from_65536_addresses(lab):
    handshakes(lab, "valid")


@case(seconds=300, voled_only="others have other limits")
def handshakes_with_a_wrong_mac1_from_65536_addresses(lab):
    handshakes(lab, "junk")


@case(seconds=300, voled_only="others have other limits")
def random_bytes_from_65536_addresses(lab):
    handshakes(lab, "noise")


def junk(kind):
    def one(lab):
        field = Field(lab, JUNK)
        check_counted(*field.under((JUNK, "192.0.3.2", PORT, kind, SECONDS)),
                      HANDSHAKES + ("unknown_index", "truncated", "cookie_unexpected", "response_unexpected"), kind, MERGED)
    one.__name__ = f"junk_as_fast_as_it_can_be_sent_{kind}"
    case(one, seconds=300, voled_only="others count nothing")


for name in ("data", "initiation", "response", "noise", "one", "mixed"):
    junk(name)

main(__file__)
