# SPDX-License-Identifier: MIT
"""Handshakes: how many are answered in a second, and what a flood of them costs established traffic."""

import os
import statistics
import subprocess
import time

from harness.daemon import Daemon
from harness.lab import expect

from . import load
from .network import OUTER, pair
from .usage import cpu_seconds

HANDSHAKE_PEERS = 1000  # each may initiate 50 times a second: enough for 50 000
WINDOW = 100  # below wireguard-go's threshold of load (128), so that nobody asks for cookies
WARM_UP_SECONDS = 1

CROWD = ("198.51.100.1", "198.51.100.2")  # the cable the flood comes through: its far end, the right host's
SOURCES = "10.77"  # the flood comes from all 65 536 addresses under this
FLOOD_RATE = 50000  # a second; 70 Mbit/s on the wire
FLOOD_LEAD_SECONDS = 0.7
DAEMON_PORT, SINK_PORT = 51820, 9999


def handshakes(program, seconds):
    """A thousand peers initiate as fast as they are answered; the daemon has both processors, less the tool's share."""
    tool = load.tools["handshakes"]
    with pair(program, start=False) as made:
        daemon = Daemon(made.right, program=program.path, environment=dict(program.environment))
        configuration = made.lab.file("peers.conf", made.right.output(tool, "configure", HANDSHAKE_PEERS, 51820) + "\n")
        daemon.wg("setconf", "wg0", configuration)
        daemon.up("10.255.0.1/8")
        before = cpu_seconds(daemon.processes())
        printed = made.left.output(tool, "run", OUTER[1], 51820, HANDSHAKE_PEERS, WINDOW, WARM_UP_SECONDS, seconds,
                                   timeout=seconds + 30)
        used = cpu_seconds(daemon.processes()) - before
        answered, lost, lasted_ns, strange = map(int, printed.split())
        expect(answered > 0, "no handshake was answered")
        # Warm-up included, so a little too much; it is the same for all.
        return {"handshakes_per_second": answered / (lasted_ns / load.GIGA), "lost": lost, "cookie_replies": strange,
                "daemon_cpus": used / (seconds + WARM_UP_SECONDS)}



class Crowd:
    """A third host that floods the right one through a cable of its own.

    Pinned, so that the scheduler has no say: everything of the right host on one processor; everything else,
    the flood's sender included, on another. What answers the right host sends to the crowd is thrown away there.
    """

    ELSEWHERE, FLOODED = 0, -1  # first and last of the processors we may use

    def __init__(self, made):
        self.made = made
        cpus = sorted(os.sched_getaffinity(0))
        self.elsewhere, self.flooded = cpus[self.ELSEWHERE], cpus[self.FLOODED]
        self.host = made.lab.host("crowd")
        made.lab.cable(self.host, "eth0", made.right, "eth1")
        self.host.address("eth0", f"{CROWD[0]}/24")
        made.right.address("eth1", f"{CROWD[1]}/24")
        made.right.route(f"{SOURCES}.0.0/16", "via", CROWD[0])
        self.host.route(f"{SOURCES}.0.0/16", "dev", "lo")
        made.start()
        for daemon, cpu in zip(made.daemons, (self.elsewhere, self.flooded)):
            for process in daemon.processes():
                daemon.host.run("taskset", "--all-tasks", "--pid", "--cpu-list", cpu, process)

    def throughput(self, kind, seconds, into_sink):
        """Bits per second of TCP through the tunnel while the flood goes to the daemon or to a plain socket."""
        right = self.made.right
        sink = right.start("taskset", "--cpu-list", self.flooded, load.tools["udp_load"], "receive", CROWD[1],
                           SINK_PORT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        expect(sink.stdout.readline() == "ready\n", "the sink does not receive")
        flood = self.host.start("taskset", "--cpu-list", self.elsewhere, load.tools["flood"], CROWD[1],
                                SINK_PORT if into_sink else DAEMON_PORT, SOURCES, kind,
                                self.made.daemons[1].public_key, FLOOD_RATE, seconds + 2 * FLOOD_LEAD_SECONDS,
                                stdout=subprocess.PIPE, text=True)
        time.sleep(FLOOD_LEAD_SECONDS)
        figures = load.tcp(self.made, seconds, client=("taskset", "--cpu-list", self.elsewhere),
                           server=("taskset", "--cpu-list", self.flooded))
        expect(flood.poll() is None, "the flood ended before the stream")
        sent = int(flood.communicate(timeout=30)[0].split()[0])
        received = int(sink.communicate("", timeout=10)[0].split()[0])
        wanted = FLOOD_RATE * (seconds + 2 * FLOOD_LEAD_SECONDS)
        expect(sent > 0.5 * wanted, f"only {sent} of {wanted:.0f} were sent")
        expect((received > 0) == into_sink, f"{received} arrived at the sink")
        return figures["bits_per_second"], sent / (seconds + 2 * FLOOD_LEAD_SECONDS)


def flood_row(kind):
    def measure(program, seconds):
        """Sink, daemon, daemon, sink: drift of the machine hits both alike."""
        with pair(program, start=False) as made:
            crowd = Crowd(made)
            runs = [(into_sink, *crowd.throughput(kind, seconds / 2, into_sink))
                    for into_sink in (True, False, False, True)]
        flooded = statistics.mean(rate for into_sink, rate, _ in runs if not into_sink)
        spared = statistics.mean(rate for into_sink, rate, _ in runs if into_sink)
        return {"kept": flooded / spared, "bits_per_second": flooded,
                "flood_per_second": statistics.mean(sent for _, _, sent in runs)}
    return measure
