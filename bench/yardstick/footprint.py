# SPDX-License-Identifier: MIT
"""What a daemon weighs: memory idle, under load and with many peers, and how soon after its start it works."""

import base64
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import time

from harness.daemon import Daemon, key_pair, processes_named
from harness.lab import Failed, expect, wait_for

from . import load
from .network import INNER, OUTER, pair
from .usage import MemoryWatch, pss_bytes

MEBIBYTE = 1 << 20
SETTLE_SECONDS = 0.5


def private_copy(program, folder):
    """The same program from copies of its files (libraries, too), so that no page of them is shared."""
    os.makedirs(folder)
    path = shutil.copy(program.path, folder)
    listed = subprocess.run(["ldd", program.path], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"=> (/\S+)", listed):
        shutil.copy(library, folder)
    return dataclasses.replace(program, path=path, environment=(*program.environment, ("LD_LIBRARY_PATH", folder)))


def memory(program, seconds):
    """Memory of the left end: after the first ping, and the most it ever was under three kinds of load.

    The right end runs from private copies: otherwise each end would be charged for half of what both map.
    """
    with pair(program, start=False) as made:
        made.start(private_copy(program, os.path.join(made.lab.folder, "copy")))
        processes = made.daemons[0].processes()
        time.sleep(SETTLE_SECONDS)
        idle = pss_bytes(processes)
        with MemoryWatch(processes) as watch:
            load.tcp(made, seconds, "--parallel", "4")
            load.tcp(made, seconds, "--parallel", "4", "--reverse")
            load.udp(made, 64, seconds)
    return {"idle_mib": idle / MEBIBYTE, "peak_mib": watch.peak / MEBIBYTE}


def many_peers_file(lab, private_key, count):
    """A file for `wg setconf` with so many peers, each with one allowed address."""
    lines = ["[Interface]", f"PrivateKey = {private_key}", "ListenPort = 51820"]
    for number in range(count):
        key = base64.b64encode(os.urandom(32)).decode()
        address = ".".join(map(str, (10, number >> 16, number >> 8 & 255, number & 255)))
        lines += ["[Peer]", f"PublicKey = {key}", f"AllowedIPs = {address}/32"]
    return lab.file("peers.conf", "\n".join(lines) + "\n")


def peers_row(count):
    def measure(program, _seconds):
        """Time of `wg setconf` before the interface is up, as wg-quick does it, and memory once it is up."""
        with pair(program, start=False) as made:
            path = many_peers_file(made.lab, key_pair()[0], count)
            daemon = Daemon(made.left, program=program.path, environment=dict(program.environment))
            began = time.perf_counter()
            made.left.run("wg", "setconf", "wg0", path, timeout=80)
            setconf = time.perf_counter() - began
            daemon.up("10.255.0.1/8")
            time.sleep(SETTLE_SECONDS)
            found = len(daemon.wg("show", "wg0", "peers", timeout=60).splitlines())
            expect(found == count, f"{found} of {count} peers are there")
            return {"memory_mib": pss_bytes(daemon.processes()) / MEBIBYTE, "setconf_seconds": setconf}
    return measure


# $1 the daemon, $2 its configuration, $3 a batch for ip, $4 whom to ping. The daemon goes into the background by
# itself when it is ready, as wg-quick relies on. Each line tells the time in seconds since 1970; ping tells it of
# its answer.
_START = """
echo $EPOCHREALTIME
"$1" wg0 >/dev/null 2>&1 || exit 1
echo $EPOCHREALTIME
wg setconf wg0 "$2" && ip -batch "$3" && exec ping -D -n -c 1 -i 0.002 -w 10 "$4"
"""


def start_times(printed):
    """Milliseconds from the beginning until (the daemon was ready, the first answer came), from what _START prints."""
    began, ready = (float(line.replace(",", ".")) for line in printed.split("\n")[:2])
    answered = float(re.search(r"^\[([\d.]+)\] .*time=", printed, re.MULTILINE).group(1))
    return (ready - began) * 1000, (answered - began) * 1000


def start(program, _seconds):
    """From starting the left daemon to the first answer through the tunnel; the right end waits, ready."""
    with pair(program, start=False) as made:
        left = Daemon(made.left, program=program.path, environment=dict(program.environment), start=False)
        right = Daemon(made.right, program=program.path, environment=dict(program.environment))
        right.configure(dict(PublicKey=left.public_key, AllowedIPs=f"{INNER[0]}/32"))
        right.up(f"{INNER[1]}/24")
        configuration = made.lab.file("left.conf", f"[Interface]\nPrivateKey = {left.private_key}\n[Peer]\n"
                                      f"PublicKey = {right.public_key}\nAllowedIPs = {INNER[1]}/32\n"
                                      f"Endpoint = {OUTER[1]}:51820\n")
        batch = made.lab.file("left.ip", f"address add {INNER[0]}/24 dev wg0\nlink set wg0 up\n")
        try:
            printed = made.left.output("bash", "-c", _START, "bash", program.path, configuration, batch, INNER[1],
                                       environment=dict(program.environment))
        finally:
            end_background(made.left, program)
    ready, answered = start_times(printed)
    return {"milliseconds": answered, "ready_milliseconds": ready}


def end_background(host, program):
    """Ends a daemon that left our process tree: as an operator would, and by force if that does not help."""
    name = os.path.basename(program.path)
    host.run("ip", "link", "del", "wg0", check=False)
    try:
        wait_for(lambda: not processes_named(host, "wg0", name), f"{name} to end with its interface", 5)
    except Failed:
        for process in processes_named(host, "wg0", name):
            os.kill(process, signal.SIGKILL)
