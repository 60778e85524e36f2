#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""voled --memory-limit: what does not fit is refused in words, what there is goes on, and the kernel holds both processes
to their parts (docs/memory.md)."""

import base64
import contextlib
import os
import re
import resource
import subprocess

from harness.cases import Skipped, case, main
from harness.daemon import VOLE, VOLED, Daemon, connect, descendants
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping, transfer
from harness.uapi import Uapi

MIB = 1 << 20


def sanitized(daemon):
    with open(f"/proc/{daemon.process.pid}/maps", encoding="utf-8") as maps:
        return "san.so" in maps.read()


def limited(lab, limit, **more):
    """Two hosts with a tunnel, the first with a limit."""
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a, environment=dict(VOLE_MEMORY_LIMIT=limit, **more)), Daemon(b, environment=dict(VOLE_MEMORY_LIMIT=""))
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], one_address="192.0.2.1", other_address="192.0.2.2")
    ping(a, "10.9.0.2")
    return one, other


def room(daemon):
    """How many peers it says that there is room for."""
    features = daemon.host.output(VOLE, "show", daemon.interface, "features")
    return int(re.search(r"memory_limit +\d+ .*: room for (\d+) peers", features).group(1))


def peers(count, first=0):
    """Lines of a set: idle peers with an allowed IP each."""
    return "".join(f"public_key={os.urandom(32).hex()}\nallowed_ip=10.{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}/32\n"
                   for i in range(first, first + count))


def anonymous(daemon):
    """Bytes of memory of their own that the daemon's processes have, and may have."""
    used = may = 0
    for process in descendants(daemon.process.pid):
        with open(f"/proc/{process}/status", encoding="utf-8") as status:
            found = dict(line.split(":", 1) for line in status)
        used += int(found["VmData"].split()[0]) * 1024 + int(found["VmStk"].split()[0]) * 1024
        soft, hard = resource.prlimit(process, resource.RLIMIT_DATA)
        expect_equal(soft, hard, "a wall that the process could move")
        may += soft
    return used, may


@case(voled_only="the option is its own")
def what_does_not_fit_is_refused_in_words_and_the_tunnel_goes_on(lab):
    one, other = limited(lab, "8M")
    fitting = room(one)
    expect(50 < fitting < 2000, f"room for {fitting}")
    reply = one.uapi.request(f"set=1\n{peers(fitting + 200)}\n")
    expect("errno=-12" in reply, reply)
    one.wait_log("a peer or an allowed IP was refused: the .* take what the memory limit of 8 MiB leaves")
    count = len(one.wg("show", "wg0", "peers").split())
    expect(fitting - 2 <= count <= fitting + 2, f"{count} peers where there is room for {fitting}")
    expect("errno=0" in one.uapi.request("get=1\n\n"), "all of them can be listed")
    for program in ("wg", VOLE):
        refused = one.host.run(program, "set", "wg0", "peer", base64.b64encode(os.urandom(32)).decode(), check=False)
        expect_equal(refused.returncode, 1, "exit status")
        expect("memory" in refused.stderr, refused.stderr)
    expect("--memory-limit" in refused.stderr, refused.stderr)
    ping(one.host, "10.9.0.2")
    # A new session for who was there: the other one forgets its own.
    other.host.run("ip", "link", "set", "wg0", "down")
    other.host.run("ip", "link", "set", "wg0", "up")
    transfer(other.host, one.host, "10.9.0.1", 1 << 20)
    # And who is removed makes room.
    one.set("peer", next(peer for peer in one.wg("show", "wg0", "peers").split() if peer != other.public_key), "remove")
    one.set("peer", base64.b64encode(os.urandom(32)).decode())


@case(voled_only="the option is its own")
def the_kernel_holds_both_processes_to_their_parts(lab):
    one, other = limited(lab, "32M", VOLE_WORKERS="2")
    if sanitized(one):
        raise Skipped("a sanitizer's memory would be measured")
    expect("errno=0" in one.uapi.request(f"set=1\n{peers(1000)}\n"), "1000 peers fit into 32 MiB")
    for port in (51821, 51820):
        one.set("listen-port", port)
    used, may = anonymous(one)
    print(f"     voled with 1000 peers, limit 32 MiB: {used // 1024} KiB writable, most of it never touched")
    expect(used <= may < 32 * MIB, f"{used} bytes, of {may}")
    ping(other.host, "10.9.0.1")


@case(voled_only="the option is its own")
def a_long_request_is_refused_whole_and_clients_make_way(lab):
    one, _ = limited(lab, "8M")
    before = one.wg("showconf", "wg0")
    reply = one.uapi.request(f"set=1\nreplace_peers=true\n{peers(20000)}\n", timeout=60)
    expect("errno=-12" in reply, reply)
    one.wait_log("a configuration request was refused")
    expect_equal(one.wg("showconf", "wg0"), before, "the configuration")
    clients = [one.uapi.connect() for _ in range(40)]
    for client in clients:
        with contextlib.suppress(OSError):  # it may have made way already
            client.send(b"set=1\n")
    ping(one.host, "10.9.0.2")
    expect("errno=0" in one.uapi.request("get=1\n\n"), "one more is answered")
    for client in clients:
        client.close()


@case(voled_only="the option is its own")
def too_little_says_how_much_it_takes_and_that_is_enough(lab):
    host = lab.host("a")
    for words, environment in ((["--memory-limit", "100K"], {}), ([], {"VOLE_MEMORY_LIMIT": "5M"}),
                               (["--memory-limit=6M", "--workers", "4"], {})):
        refused = host.run(VOLED, *words, "-f", "wg0", check=False, environment=environment)
        expect_equal(refused.returncode, 1, "exit status")
        least = re.search(r"too little: .* need (--memory-limit) (\d+K)", refused.stderr)
        expect(least, refused.stderr)
        expect_equal(host.interfaces(), ["lo"], "interfaces")
        more = words[words.index("--workers"):] if "--workers" in words else ["--workers", "1"]
        process = host.start(VOLED, least.group(1), least.group(2), *more, "-f", "wg0", stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        wait_for(Uapi(host, "wg0").answers, "it to run with what it said", 20)
        process.terminate()
        expect_equal(process.wait(10), 0, "exit status")


main(__file__)
