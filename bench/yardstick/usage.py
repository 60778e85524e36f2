# SPDX-License-Identifier: MIT
"""Processor time and memory of processes, from /proc.

Processor time is user and system time of all threads, those that ended included, in seconds; the kernel counts
it exactly and shows it in hundredths. Memory is the proportional set size (Pss of smaps_rollup) in bytes: a
page shared by n processes counts 1/n for each.
"""

import os
import threading
import time

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(processes):
    return sum(cpu_from_stat(_read(f"/proc/{process}/stat")) for process in processes)


def cpu_from_stat(text):
    """User plus system time from a line of /proc/PID/stat; the name in it may hold anything."""
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss_bytes(processes):
    return sum(pss_from_rollup(_read(f"/proc/{process}/smaps_rollup")) for process in processes)


def pss_from_rollup(text):
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no Pss in smaps_rollup")


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def machine_times(text):
    """(idle, stolen, all) seconds of all processors since the start, from /proc/stat; stolen by the host machine."""
    fields = [int(field) / _TICKS for field in text.split("\n", 1)[0].split()[1:9]]
    return fields[3] + fields[4], fields[7], sum(fields)


def machine_now():
    return machine_times(_read("/proc/stat"))


def wait_quiet(seconds=20.0, pause=0.2, idle_enough=0.9):
    """Until nothing else keeps the machine busy; False if that does not happen within so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        idle, _, total = machine_now()
        time.sleep(pause)
        idle_after, _, total_after = machine_now()
        if idle_after - idle >= idle_enough * (total_after - total):
            return True
        if time.monotonic() >= deadline:
            return False


class MemoryWatch:
    """Within its block, looks at the memory of these processes ten times a second; `peak` is the largest sum."""

    def __init__(self, processes, pause=0.1):
        self._processes, self._pause, self.peak = processes, pause, 0
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self._halt.wait(self._pause):
            self.peak = max(self.peak, pss_bytes(self._processes))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._halt.set()
        self._thread.join()
        self.peak = max(self.peak, pss_bytes(self._processes))
