#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hub with many live peers: LOAD_PEERS=N of them (default 10000) for LOAD_SECONDS=N (default 300), which is more than two
sessions' lives. Each has its own key, address and timers (tests/load/peers.c), shakes hands and rekeys every two minutes. Of
four, two ping the hub through the tunnel every 5 s, one every 30 s with keepalives in between, and one sends every 30 s what
the hub answers with a keepalive.

    peers (10.128.0.0/10) --- hub (voled)
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import Skipped, case, main
from harness.daemon import BUILD, Daemon
from harness.figures import Usage, counters, daemon_memory, daemon_seconds, say, udp_counters
from harness.lab import expect, expect_equal, wait_for

PEERS = int(os.environ.get("LOAD_PEERS") or 10000)
SECONDS = int(os.environ.get("LOAD_SECONDS") or 300)
RAMP, PAUSE = 20, 5
PROGRAM = os.path.join(BUILD, "tests/load/peers")
INNER = "10.64.255.254"


def live_sessions(daemon):
    """How many peers have shaken hands within the life of a session."""
    now = time.time()
    return sum(value != "0" and now - int(value) < 180 for value in daemon.show("latest-handshakes").values())


@case(seconds=SECONDS + 300, voled_only="its own promise")
def a_hub_serves_all_of_its_peers(lab):
    if not os.access(PROGRAM, os.X_OK):
        raise Skipped(f"there is no {PROGRAM}: `make load` builds it")
    hub, crowd = lab.host("hub"), lab.host("peers")
    lab.cable(hub, "eth0", crowd, "eth0")
    hub.address("eth0", "192.0.2.1/24")
    crowd.address("eth0", "192.0.2.2/24")
    hub.route("10.128.0.0/10", "via", "192.0.2.2")
    crowd.run("ip", "route", "add", "local", "10.128.0.0/10", "dev", "lo")
    daemon = Daemon(hub)
    daemon.describe = lambda: daemon.log()[-2000:]  # all of its peers would be too much to read
    empty = daemon_memory(daemon)
    configuration = hub.run(PROGRAM, "configure", PEERS, 51820).stdout
    hub.run("wg", "setconf", "wg0", lab.file("hub.conf", configuration))
    daemon.up(f"{INNER}/10")
    configured = daemon_memory(daemon)
    say(f"memory: {empty} KiB without peers, {configured} with {PEERS} that have not spoken")
    before = udp_counters(hub)
    players = crowd.start(PROGRAM, "run", "192.0.2.1", 51820, INNER, PEERS, RAMP, SECONDS, PAUSE, stdout=-1, stderr=-1, text=True)
    began, spent, most = time.monotonic(), daemon_seconds(daemon), 0
    wait_for(lambda: live_sessions(daemon) == PEERS or players.poll() is not None, "all sessions", RAMP + 120, 1)
    say(f"all {PEERS} sessions after {time.monotonic() - began:.0f} s (they came over {RAMP} s), "
        f"{daemon_seconds(daemon) - spent:.2f} s of voled's processor time, {daemon_memory(daemon)} KiB")
    settled, began = daemon_seconds(daemon), time.monotonic()
    while players.poll() is None:
        time.sleep(0.5)
        most = max(most, daemon_memory(daemon))
    passed, spent = time.monotonic() - began, daemon_seconds(daemon) - settled
    output, complaints = players.communicate()
    expect_equal((players.returncode, complaints), (0, ""), "the peers' end")
    found = {name: int(number) for name, number in (line.split() for line in output.splitlines())}
    counted, engine = counters(daemon), Usage(daemon.processes()[1])
    say(f"peers: {found}")
    say(f"hub: {counted}; datagrams that did not fit into the socket: {udp_counters(hub)['RcvbufErrors'] - before['RcvbufErrors']}")
    say(f"hub afterwards: {daemon_memory(daemon)} KiB, at most {most}; engine {engine.rss} KiB resident, {engine.threads} threads, "
        f"{engine.descriptors} descriptors; {spent / passed * 100:.1f} % of a processor in {passed:.0f} s")
    expect_equal(live_sessions(daemon), PEERS, "sessions alive at the hub")
    expect_equal((found["alive"], found["quiet"], found["wrong"], found["twice"]), (PEERS, 0, 0, 0),
                 "peers with a session; without an answer lately; wrong answers; answers that came twice")
    expect(found["answers"] >= found["pings"] * 0.999, f"{found['answers']} of {found['pings']} pings were answered")
    if SECONDS > RAMP + 125:
        expect_equal(found["rekeyed"], PEERS, "peers with a second session")


main(__file__)
