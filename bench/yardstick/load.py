# SPDX-License-Identifier: MIT
"""Load between the two hosts of a pair, and what came of it as figures.

Throughput is what arrived, not what was sent; per second of the run, payload only. Processor time is that of
both daemons, all processes and threads, over the run.
"""

import json
import os
import re
import subprocess
import time

from harness.lab import Failed, expect

from .network import wait_listening
from .usage import cpu_seconds

PORT = 5201
GIGA = 1e9
tools = {}  # name to path; set by the program that runs the rows


def received_from_iperf3(text):
    """(bytes, bits per second) that arrived, both directions together, from what iperf3 --json printed."""
    report = json.loads(text)
    if "error" in report:
        raise Failed(f"iperf3: {report['error']}")
    sums = [report["end"][name] for name in ("sum_received", "sum_received_bidir_reverse") if name in report["end"]]
    return sum(one["bytes"] for one in sums), sum(one["bits_per_second"] for one in sums)


def tcp(pair, seconds, *switches, client=(), server=(), frames=False):
    """One iperf3 run from left to right (--reverse, --bidir, --parallel N are its own switches).

    client and server are words put before its two command lines; frames adds how large the frames were that arrived
    on the right. iperf3 knows whole seconds only.
    """
    seconds = max(1, round(seconds))
    listener = pair.right.start(*server, "iperf3", "--server", "--one-off", "--bind", pair.far, "--port", PORT,
                                stdout=subprocess.DEVNULL)
    wait_listening(pair.right, PORT)
    processes, frames_before = pair.processes(), pair.frames_received()
    cpu_before = cpu_seconds(processes)
    result = pair.left.run(*client, "iperf3", "--client", pair.far, "--port", PORT, "--time", seconds, "--json",
                           *switches, timeout=seconds + 20, check=False)
    used = cpu_seconds(processes) - cpu_before
    arrived, rate = received_from_iperf3(result.stdout)
    expect(arrived > 0, "nothing arrived")
    listener.wait(10)
    figures = {"bits_per_second": rate}
    if frames:
        count, size = (after - before for after, before in zip(pair.frames_received(), frames_before))
        figures["bytes_per_frame"] = size / max(1, count)
    if processes:
        figures["cpu_seconds_per_gigabyte"] = used / (arrived / GIGA)
    return figures


def udp(pair, payload_bytes, seconds):
    """Datagrams of one size from left to right as fast as one thread sends; what arrived is counted there."""
    receiver = pair.right.start(tools["udp_load"], "receive", pair.far, PORT, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
    expect(receiver.stdout.readline() == "ready\n", "udp_load does not receive")
    processes = pair.processes()
    before = cpu_seconds(processes)
    sent, _refused = map(int, pair.left.output(tools["udp_load"], "send", pair.far, PORT, payload_bytes, seconds,
                                              timeout=seconds + 20).split())
    time.sleep(0.2)  # what is still on the way
    used = cpu_seconds(processes) - before
    output, _ = receiver.communicate("", timeout=10)
    datagrams, arrived, lasted_ns = map(int, output.split())
    expect(datagrams > 1 and arrived == datagrams * payload_bytes, f"strange datagrams arrived: {output}")
    figures = {
        "datagrams_per_second": datagrams / (lasted_ns / GIGA),
        "bits_per_second": 8 * arrived / (lasted_ns / GIGA),
        "offered_per_second": sent / seconds,
    }
    if processes:
        figures["cpu_us_per_datagram"] = used / datagrams * 1e6
    return figures


def times_from_ping(text):
    """Round-trip times in milliseconds, one for each answer that ping printed."""
    return [float(value) for value in re.findall(r"time=([\d.]+) ms", text)]


def ping(pair, seconds, interval=0.01):
    """Round-trip times in milliseconds while nothing or something else goes on."""
    count = max(10, int(seconds / interval))
    result = pair.left.run("ping", "-n", "-c", count, "-i", interval, "-w", int(seconds * 2 + 5), pair.far, check=False,
                           timeout=seconds * 2 + 15)
    times = times_from_ping(result.stdout)
    expect(len(times) >= count / 4, f"ping got {len(times)} of {count} answers:\n{result.stdout[-500:]}")
    return times


def find_tools(build):
    """Fills `tools`; a tool that was not built is left out."""
    for name in ("udp_load", "handshakes", "flood"):
        path = os.path.join(build, "bench", "tools", name)
        if os.access(path, os.X_OK):
            tools[name] = path
