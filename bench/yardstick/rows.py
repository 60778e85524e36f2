# SPDX-License-Identifier: MIT
"""Every measurement, by name.

A row's function is given a Program and the run's seconds, builds a fresh pair of hosts for it, and returns a
dict of figures. Who takes part in a row stands beside it; the runner goes through all of them in each round.
"""

import dataclasses
import statistics
import threading
from collections.abc import Callable

from harness.lab import expect

from . import flood, footprint, load, programs
from .network import MTU, pair

PLAIN_FRAME = MTU + 60 + 14 + 40  # the largest frame of one sealed packet, with room to spare


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    says: str
    measure: Callable
    ours: tuple = (programs.VOLED,)
    others: bool = True  # whether other people's programs take part
    rounds: int | None = None  # at most so many
    repeats: int = 1  # so many times in each round

    def members(self, available):
        """The keys of the programs that take part, those that are compared side by side."""
        return [key for key in self.ours if key in available] + (programs.others(available) if self.others else [])


def tcp_row(*switches, frames=False):
    def measure(program, seconds):
        with pair(program) as made:
            return load.tcp(made, seconds, *switches, frames=frames)
    return measure


def tcp_plain_cable(program, seconds):
    """One stream while neither UDP segmentation nor GRO work on the cable, which is proven by its frames."""
    with pair(program, offloads=False) as made:
        figures = load.tcp(made, seconds, frames=True)
    expect(figures["bytes_per_frame"] <= PLAIN_FRAME,
           f"frames of {figures['bytes_per_frame']:.0f} bytes on average: the cable still merges")
    return figures


def udp_row(payload_bytes):
    def measure(program, seconds):
        with pair(program) as made:
            return load.udp(made, payload_bytes, seconds)
    return measure


def ping_idle(program, seconds):
    with pair(program) as made:
        return {"median_ms": statistics.median(load.ping(made, seconds))}


def ping_under_load(program, seconds):
    """Ping during one TCP stream that begins before it and ends after it."""
    with pair(program) as made:
        stream = {}
        thread = threading.Thread(target=lambda: stream.update(load.tcp(made, seconds + 2)), daemon=True)
        thread.start()
        threading.Event().wait(1)
        times = load.ping(made, seconds * 0.8, 0.02)
        expect(thread.is_alive(), "the stream ended before the last ping")
        thread.join(30)
        expect("bits_per_second" in stream, "the stream broke")
    return {"median_ms": statistics.median(times), "bits_per_second": stream["bits_per_second"]}


ROWS = [
    Row("tcp-one", "TCP, one stream", tcp_row(frames=True), (programs.VOLED, programs.CRYPTOLESS, programs.VETH)),
    Row("tcp-four", "TCP, four streams", tcp_row("--parallel", "4"), (programs.VOLED, programs.VETH)),
    Row("tcp-reverse", "TCP, one stream, reverse", tcp_row("--reverse")),
    Row("tcp-both", "TCP, one stream each way", tcp_row("--bidir"), (programs.VOLED, programs.VETH)),
    Row("plain-cable", "TCP, one stream, no UDP segmentation or GRO on the veth", tcp_plain_cable),
    Row("no-vectors", "TCP, one stream, vector code off", tcp_row(), (programs.AVX2_ONLY, programs.NO_VECTORS)),
    Row("udp-64", "UDP, 64 bytes", udp_row(64), (programs.VOLED, programs.CRYPTOLESS, programs.VETH)),
    Row("udp-1372", "UDP, 1372 bytes", udp_row(1372), (programs.VOLED, programs.VETH)),
    Row("ping-idle", "ping, idle", ping_idle, (programs.VOLED, programs.VETH)),
    Row("ping-load", "ping under a TCP stream", ping_under_load),
    Row("memory", "memory of one end", footprint.memory, rounds=3),
    Row("peers-10000", "10 000 peers", footprint.peers_row(10000), rounds=3),
    Row("peers-100000", "100 000 peers", footprint.peers_row(100000), others=False, rounds=2),
    Row("start", "from starting the daemon to the first ping reply", footprint.start, repeats=4),
    Row("handshakes", "handshakes answered", flood.handshakes,
        (programs.VOLED, programs.AVX2_ONLY, programs.NO_VECTORS), rounds=3),
    Row("flood-valid", "TCP while initiations with a right mac1 flood in", flood.flood_row("valid"), rounds=3),
    Row("flood-junk", "TCP while initiations with a wrong mac1 flood in", flood.flood_row("junk"), rounds=3),
]
