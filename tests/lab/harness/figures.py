# SPDX-License-Identifier: MIT
"""What processes use and what daemons have counted, for tests that print figures."""

import os
import re
import signal
import statistics
import subprocess

_TICKS = os.sysconf("SC_CLK_TCK")


class Usage:
    """What a process uses at this moment: KiB of memory, descriptors, threads, seconds of processor time."""

    FIELDS = ("rss", "pss", "anonymous", "descriptors", "threads")

    def __init__(self, process):
        with open(f"/proc/{process}/smaps_rollup") as rollup:
            sizes = {line.split()[0]: int(line.split()[1]) for line in rollup if line.endswith("kB\n")}
        self.rss, self.pss, self.anonymous = sizes["Rss:"], sizes["Pss:"], sizes["Anonymous:"]
        self.descriptors = len(os.listdir(f"/proc/{process}/fd"))
        self.threads = len(os.listdir(f"/proc/{process}/task"))
        self.seconds = processor_seconds(process)


def processor_seconds(process):
    """Seconds of processor time that all its threads have used so far."""
    with open(f"/proc/{process}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def daemon_seconds(daemon):
    """The same of both of a daemon's processes."""
    return sum(map(processor_seconds, daemon.processes()))


def daemon_memory(daemon):
    """KiB of both processes, each page they share counted once (PSS)."""
    return sum(Usage(process).pss for process in daemon.processes())


def counters(daemon):
    """What voled has counted since its start: {"source_not_allowed": 17, ...} with drops, and outcomes of handshakes."""
    counted = {}
    for line in daemon.uapi.request("get=vole.1\n\n").splitlines():
        if line.startswith("public_key="):
            break
        if line.startswith(("drop=", "handshake=")):
            name, count = line.partition("=")[2].split()
            counted[name] = int(count)
    return counted


def median(values):
    return statistics.median(list(values))


def say(text):
    """A figure of this run, for people."""
    print(f"     {text}", flush=True)


def udp_counters(host):
    """A host's own UDP counters, IPv4: {"InDatagrams": ..., "RcvbufErrors": ..., ...}."""
    names, values = [line.split()[1:] for line in host.output("cat", "/proc/net/snmp").splitlines()
                     if line.startswith("Udp:")]
    return dict(zip(names, map(int, values)))


def grown(before, after):
    """What was added to counters, without those that stand still."""
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


class PingFlow:
    """A ping every `pause` seconds in the background; finish() tells (sent, answered, mean round trip in ms, worst)."""

    def __init__(self, host, address, pause=0.01):
        self._process = host.start("ping", "-n", "-q", "-i", str(pause), address, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)

    def finish(self):
        self._process.send_signal(signal.SIGINT)
        output = self._process.communicate(timeout=30)[0]
        sent, answered = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", output).groups())
        times = re.search(r"= [\d.]+/([\d.]+)/([\d.]+)/", output)
        return sent, answered, *(map(float, times.groups()) if times else (0.0, 0.0))
