# SPDX-License-Identifier: MIT
"""What vole is to reach, and whether it did.

A goal is about one figure of one row: the figure itself, or how many times that of another program (or of the same
program in another row) it is. A ratio is that of the medians over all rounds.
"""

import dataclasses

from . import programs


@dataclasses.dataclass(frozen=True)
class Goal:
    test: str
    row: str
    figure: str
    must: float
    aim: float | None = None
    at_least: bool = True  # else at most
    program: str = programs.VOLED
    against: str | None = programs.GO  # None: the figure itself counts
    needs: str | None = None  # what the processor must have for it
    against_row: str | None = None  # where the other's figure is, if not in the same row

    def measured(self, results):
        """The number held against the goal, None if it was not measured."""
        if self.needs and self.needs not in results.content["machine"]["vector_code"]:
            return None
        value = results.median(self.row, self.program, self.figure)
        if value is None or self.against is None:
            return value
        other = results.median(self.against_row or self.row, self.against, self.figure)
        return value / other if other else None

    def reached(self, value, goal):
        return value >= goal if self.at_least else value <= goal

    def verdict(self, results):
        """"aim", "must", "no", or None where nothing was measured."""
        value = self.measured(results)
        if value is None:
            return None
        if self.aim is not None and self.reached(value, self.aim):
            return "aim"
        return "must" if self.reached(value, self.must) else "no"


def at_most(*arguments, **more):
    return Goal(*arguments, at_least=False, **more)


_ALONE = {"against": None}

GOALS = [
    Goal("TCP, one stream", "tcp-one", "bits_per_second", 9, 14),
    Goal("TCP, four streams", "tcp-four", "bits_per_second", 9, 14),
    Goal("TCP, reverse", "tcp-reverse", "bits_per_second", 9, 14),
    Goal("TCP, both ways at once", "tcp-both", "bits_per_second", 9, 14),
    at_most("daemons' CPU for 10⁹ bytes, both ends", "tcp-one", "cpu_seconds_per_gigabyte", 2.0, 1.4, **_ALONE),
    Goal("throughput ÷ that without cryptography", "tcp-one", "bits_per_second", 0.6, 0.75,
         against=programs.CRYPTOLESS),
    Goal("TCP, no UDP segmentation/GRO on the veth", "plain-cable", "bits_per_second", 4,
         against_row="tcp-one"),
    Goal("UDP 64 B, delivered", "udp-64", "datagrams_per_second", 3),
    at_most("daemons' CPU for a 64 B datagram delivered", "udp-64", "cpu_us_per_datagram", 4, **_ALONE),
    Goal("UDP 1372 B, delivered", "udp-1372", "datagrams_per_second", 4),
    at_most("ping, idle", "ping-idle", "median_ms", 0.5),
    at_most("ping, under a TCP stream", "ping-load", "median_ms", 0.35),
    at_most("memory, idle", "memory", "idle_mib", 4, **_ALONE),
    at_most("memory, peak under load", "memory", "peak_mib", 8, **_ALONE),
    at_most("memory with 10 000 peers", "peers-10000", "memory_mib", 16, **_ALONE),
    at_most("memory with 100 000 peers", "peers-100000", "memory_mib", 150, **_ALONE),
    at_most("wg setconf of 10 000 peers", "peers-10000", "setconf_seconds", 0.3, **_ALONE),
    Goal("handshakes answered, with IFMA", "handshakes", "handshakes_per_second", 12000, 20000, needs="avx512ifma",
         **_ALONE),
    Goal("handshakes answered, without IFMA", "handshakes", "handshakes_per_second", 7000,
         program=programs.AVX2_ONLY, **_ALONE),
    Goal("TCP while initiations flood in ÷ while they flood a plain socket", "flood-valid", "kept", 0.9, **_ALONE),
    Goal("the same, initiations with a wrong mac1", "flood-junk", "kept", 0.9, **_ALONE),
    at_most("process start to first ping reply", "start", "milliseconds", 10, **_ALONE),
]
