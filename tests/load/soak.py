#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An hour of ordinary life, or as many seconds as the command line says, after which memory, descriptors and threads
are what they were:

    client --- home ---+
       :               router --- server
       +- - cafe - - - +
    newcomer ----------+

TCP flows both ways all the time, every byte compared. Meanwhile the client moves, between networks and families;
peers, keys, ports and marks are changed; newcomers come with new keys and go; clients ask on the sockets, politely
and rudely; strangers send handshakes and junk; sessions rekey every two minutes.

Judged: the median of the run's last quarter against that of its second, per process. The first quarter is left out,
in which buffers are touched for the first time.
"""

import itertools
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import Daemon, key_pair, preshared_key
from harness.figures import Usage, counters, median, say
from harness.lab import expect, wait_for
from harness.packets import sham_initiation, udp_socket
from harness.traffic import Transfer, ping

# A number among the words is the run's length; it must outlive the start inside the sandbox.
os.environ["SOAK_SECONDS"] = next((word for word in sys.argv[1:] if word.isdigit()),
                                  os.environ.get("SOAK_SECONDS", "3600"))
sys.argv[1:] = [word for word in sys.argv[1:] if not word.isdigit()]
SECONDS = int(os.environ["SOAK_SECONDS"])

RATE = 200_000  # bytes a second, each way
SAMPLES = 240
TOLERANCE_KIB, TOLERANCE_SHARE, TOLERANCE_COUNT = 128, 0.02, 1  # of memory: whichever is more; of descriptors
NETWORKS = {"1": "home", "2": "cafe"}
PLACES = (("1", 4), ("2", 4), ("2", 6), ("1", 6))
PORT = 51820


class World:
    """The network with its three daemons, and what may happen to them."""

    def __init__(self, lab):
        self.lab, self.random = lab, random.Random(6)
        self.client, self.router, self.server = lab.host("client"), lab.host("router"), lab.host("server")
        self.strange = lab.host("newcomer")
        self.router.forwarding()
        for network, interface in NETWORKS.items():
            lab.cable(self.client, interface, self.router, interface)
            self.router.address(interface, f"192.0.{network}.1/24", f"2001:db8:{network}::1/64")
        for host, interface, number in ((self.server, "server", 5), (self.strange, "strange", 6)):
            lab.cable(host, "eth0", self.router, interface)
            self.router.address(interface, f"203.0.{number}.1/24", f"2001:db8:{number}::1/64")
            host.address("eth0", f"203.0.{number}.2/24", f"2001:db8:{number}::2/64")
            host.route("default", "via", f"203.0.{number}.1")
            host.route("default", "via", f"2001:db8:{number}::1")
        self.at_client, self.at_server, self.at_strange = (Daemon(host) for host in (self.client, self.server, self.strange))
        self.preshared, self.done = preshared_key(), {}
        self.strangers = [key_pair()[1] for _ in range(60)]
        self.places = itertools.cycle(PLACES)
        self.at_client.configure(dict(PublicKey=self.at_server.public_key, Endpoint=f"203.0.5.2:{PORT}",
                                      PersistentKeepalive=1, AllowedIPs="10.9.0.0/24, fd09::/64",
                                      PresharedKey=self.preshared))
        self.at_server.configure(self.client_peer())
        self.at_server.up("10.9.0.1/24", "fd09::1/64")
        self.at_client.up("10.9.0.2/24", "fd09::2/64")
        self.at_strange.up("10.9.0.3/24")
        self.sender = udp_socket(self.strange, socket.AF_INET)

    def client_peer(self):
        return dict(PublicKey=self.at_client.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128",
                    PresharedKey=self.preshared)

    def secret_file(self, text):
        return self.lab.file("secret", text + "\n")

    def move(self):
        network, family = next(self.places)
        for interface in NETWORKS.values():
            self.client.run("ip", "address", "flush", "dev", interface, "scope", "global")
        self.client.run("ip", "-6", "route", "flush", "default")
        prefix = f"2001:db8:{network}::" if family == 6 else f"192.0.{network}."
        self.client.address(NETWORKS[network], prefix + ("2/64" if family == 6 else "2/24"))
        self.client.route("default", "via", prefix + "1")
        self.at_client.set("peer", self.at_server.public_key, "endpoint",
                           f"[2001:db8:5::2]:{PORT}" if family == 6 else f"203.0.5.2:{PORT}")
        wait_for(lambda: self.at_server.endpoint(self.at_client.public_key).startswith(
            f"[{prefix}2]:" if family == 6 else f"{prefix}2:"), f"the server to see the client at {prefix}2", 60, 0.2)

    def change_peers(self):
        """The server's file anew, with as many more peers as chance has it."""
        many = self.random.sample(self.strangers, self.random.randrange(len(self.strangers)))
        lines = [f"[Interface]\nPrivateKey = {self.at_server.private_key}\nListenPort = {PORT}"]
        for peer in [self.client_peer()] + [dict(PublicKey=key, AllowedIPs=f"10.8.{i}.0/24, fd08:{i:x}::/64")
                                            for i, key in enumerate(many)]:
            lines += ["[Peer]"] + [f"{key} = {value}" for key, value in peer.items()]
        self.server.run("wg", "syncconf", "wg0", self.secret_file("\n".join(lines)))

    def change_preshared_key(self):
        self.preshared = preshared_key()
        for daemon, other in ((self.at_server, self.at_client), (self.at_client, self.at_server)):
            daemon.set("peer", other.public_key, "preshared-key", self.secret_file(self.preshared))

    def change_port(self):
        self.at_client.set("listen-port", str(20000 + self.random.randrange(10000)))

    def change_mark(self):
        self.at_server.set("fwmark", str(self.random.randrange(3)))

    def change_keepalive(self):
        self.at_client.set("peer", self.at_server.public_key, "persistent-keepalive", str(1 + self.random.randrange(3)))

    def change_something(self):
        self.random.choice((self.change_peers, self.change_peers, self.change_preshared_key, self.change_port,
                            self.change_mark, self.change_keepalive))()

    def newcomer(self):
        """Somebody new, with a new key, who is a peer for one ping."""
        private, public = key_pair()
        self.at_server.set("peer", public, "allowed-ips", "10.9.0.3/32")
        self.at_strange.set("private-key", self.secret_file(private), "peer", self.at_server.public_key, "allowed-ips",
                            "10.9.0.1/32", "endpoint", f"203.0.5.2:{PORT}")
        ping(self.strange, "10.9.0.1", count=2, seconds=60)
        self.at_strange.set("peer", self.at_server.public_key, "remove")
        self.at_server.set("peer", public, "remove")

    def stranger(self):
        for _ in range(100):
            self.sender.sendto(sham_initiation(self.at_server.public_key), ("203.0.5.2", PORT))
            self.sender.sendto(os.urandom(1 + self.random.randrange(1400)), ("203.0.5.2", PORT))

    def ask(self, _):
        for daemon in (self.at_server, self.at_client, self.at_strange):
            daemon.uapi.request("get=1\n\n", timeout=60)
            daemon.uapi.request("get=vole.1\n\n", timeout=60)

    def ask_rudely(self, count):
        """Half requests, nonsense, and connections that hang until the next one."""
        held = [self.at_server.uapi.connect() for _ in range(count)]
        for number, connection in enumerate(held):
            connection.sendall((b"get=", b"set=1\nprivate_key=0", b"\n\n", b"set=1\npublic_key=00\n\n")[number % 4])
        for connection in held:
            connection.close()


class Background:
    """Calls function(argument) every so often until it is stopped; the first failure is kept."""

    def __init__(self, lab, period, function, argument=None):
        self.problem, self.calls, self._halt = None, 0, threading.Event()
        self._work = (period, function, argument)
        lab.closers.append(self._halt.set)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        period, function, argument = self._work
        while not self._halt.wait(period):
            try:
                function(argument)
                self.calls += 1
            except Exception as error:
                self.problem = error
                return

    def finish(self):
        self._halt.set()
        self._thread.join(90)
        if self.problem:
            raise self.problem


class Record:
    """What each process used, sample after sample."""

    def __init__(self, daemons):
        self.series, self.began = {}, time.monotonic()
        for daemon in daemons:
            for process, role in zip(daemon.processes(), ("parent", "engine")):
                self.series[f"{daemon.host.name} {role}"] = (process, [])

    def sample(self):
        for process, series in self.series.values():
            series.append(Usage(process))

    def say_now(self):
        """So that who waits sees something."""
        say(f"{time.monotonic() - self.began:5.0f} s: " + ", ".join(
            f"{name} {series[-1].pss} KiB" for name, (_, series) in self.series.items() if series))

    def quarter(self, name, field, number):
        """The median of a quarter of the run, 1 to 4."""
        values = [getattr(usage, field) for usage in self.series[name][1]]
        return median(values[(number - 1) * len(values) // 4:number * len(values) // 4])

    def describe(self):
        say(f"{'process':16} {'quantity':12} {'start':>8} {'quarter 2':>9} {'quarter 4':>9} {'most':>8}")
        for name, (_, series) in self.series.items():
            for field in Usage.FIELDS:
                values = [getattr(usage, field) for usage in series]
                say(f"{name:16} {field:12} {values[0]:8} {self.quarter(name, field, 2):9g} "
                    f"{self.quarter(name, field, 4):9g} {max(values):8}")
            say(f"{name:16} {'seconds':12} {series[-1].seconds:8.1f} of processor time")

    def check_flat(self):
        for name in self.series:
            for field in Usage.FIELDS:
                before, after = self.quarter(name, field, 2), self.quarter(name, field, 4)
                allowed = TOLERANCE_COUNT
                if field in ("rss", "pss", "anonymous"):
                    allowed = max(TOLERANCE_KIB, TOLERANCE_SHARE * before)
                expect(after <= before + allowed, f"{name}: {field} grew from {before:g} to {after:g}")


@case(seconds=SECONDS + 900, voled_only="its own promise")
def an_hour_of_ordinary_life_leaves_no_trace(lab):
    world, began = World(lab), time.monotonic()
    world.move()
    ping(world.client, "10.9.0.1", seconds=60)
    transfers = (Transfer(world.client, world.server, "10.9.0.1", rate=RATE),
                 Transfer(world.server, world.client, "fd09::2", rate=RATE))
    background = (Background(lab, 0.5, world.ask), Background(lab, 5, world.ask_rudely, 40))
    record = Record((world.at_client, world.at_server, world.at_strange))

    def progress():
        for transfer in transfers:
            transfer.wait_progress(1, 120)
        for one in background:
            if one.problem:
                raise one.problem

    plan = [[period, began + period, action, 0] for period, action in (
        (17, world.move), (7, world.change_something), (11, world.newcomer), (3, world.stranger), (10, progress),
        (SECONDS / SAMPLES, record.sample), (SECONDS / 12, record.say_now))]
    while time.monotonic() < began + SECONDS:
        for entry in plan:
            if time.monotonic() >= entry[1]:
                entry[2]()
                entry[1] = max(entry[1] + entry[0], time.monotonic())
                entry[3] += 1
        time.sleep(0.05)
    for one in (*transfers, *background):
        one.finish()
    report(world, record, transfers, plan, background, time.monotonic() - began)


def report(world, record, transfers, plan, background, seconds):
    say(f"{seconds:.0f} s; {transfers[0].received} bytes there, {transfers[1].received} back, none wrong")
    say(", ".join(f"{entry[2].__name__} {entry[3]} times" for entry in plan)
        + f", ask {background[0].calls}, ask_rudely {background[1].calls}")
    for daemon in (world.at_client, world.at_server):
        say(f"{daemon.host.name}: {counters(daemon)}")
    record.describe()
    completed = sum(counters(world.at_client).get(f"completed_as_{role}", 0) for role in ("initiator", "responder"))
    expect(completed >= seconds // 180, f"only {completed} handshakes of the client in {seconds:.0f} s")
    if len(record.series["server engine"][1]) >= 20:
        record.check_flat()


main(__file__)
