#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What goes wrong on real machines: processes killed at any moment, disks full, descriptors and processes used up.

Moments are random: each case prints its seed, and LAB_SEED=N repeats it as far as the scheduler does. LAB_KILLS=N
kills that often (`make load` does so many times more than the default).
"""

import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

from harness.cases import Skipped, case, main
from harness.daemon import (VOLE, VOLED, Daemon, connect, default_environment, descendants, key_pair, processes_named)
from harness.figures import counters, grown, median, say
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping
from harness.uapi import Uapi, hexadecimal

KILLS = int(os.environ.get("LAB_KILLS") or 4)  # the default keeps to five seconds for the whole file
OWN = "its own promise"
A, B = "10.9.0.1", "10.9.0.2"
RESOLVCONF = """#!/bin/sh
case "$1" in
-a) cat > /etc/wireguard/dns.set;;
-d) rm -f /etc/wireguard/dns.set;;
-l) cat /etc/wireguard/dns.set 2>/dev/null;;
esac
exit 0
"""
# All that `vole up` makes on a host, and where it remembers things.
STATE = """ip -o link | sed 's/^[0-9]*://'; ip -o address | sed 's/^[0-9]*://'
ip -4 route show table all; ip -6 route show table all; ip -4 rule; ip -6 rule; nft list ruleset
ls /var/run/wireguard; ls /etc/wireguard; cat /etc/wireguard/dns.set 2>/dev/null || true; ls -A /run/vole 2>/dev/null || true"""
FULL_TUNNEL = """[Interface]
PrivateKey = {private}
ListenPort = 51820
Address = 10.9.0.1/24, fd09::1/64
DNS = 10.9.0.53
PostUp = true
[Peer]
PublicKey = {peer}
AllowedIPs = 0.0.0.0/0, ::/0, 10.20.0.0/16
Endpoint = 192.0.2.2:51820
"""


def chance():
    seed = int(os.environ.get("LAB_SEED") or random.SystemRandom().randrange(1 << 32))
    say(f"LAB_SEED={seed}")
    return random.Random(seed)


def pair(lab):
    """Two hosts with a cable."""
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    return a, b


# ---- voled's processes ----

class Mortal:
    """A voled in the background on host a, which dies again and again, beside a steady one on host b."""

    def __init__(self, lab):
        self.a, b = pair(lab)
        self.other, self.uapi = Daemon(b), Uapi(self.a, "wg0")
        self.private, self.public = key_pair()
        self.file = lab.file("a.conf", f"[Interface]\nPrivateKey = {self.private}\nListenPort = 51820\n[Peer]\n"
                             f"PublicKey = {self.other.public_key}\nAllowedIPs = {B}/32\nEndpoint = 192.0.2.2:51820\n")
        self.other.configure(dict(PublicKey=self.public, AllowedIPs=f"{A}/32", Endpoint="192.0.2.1:51820"))
        self.other.up(f"{B}/24")
        for host, address in ((self.a, B), (b, A)):  # both ways all the time, whether or not there is a tunnel
            host.start("sh", "-c", f"while :; do ping -q -i 0.005 -s 1000 {address}; sleep 0.01; done",
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.halt = threading.Event()
        lab.closers.append(self.halt.set)
        threading.Thread(target=self.reconfigure, daemon=True).start()

    def reconfigure(self):
        """Changes something all the time; whoever is being killed does not answer."""
        stranger = hexadecimal(key_pair()[1])
        for change in self.changes(stranger):
            if self.halt.wait(0.003):
                return
            try:
                self.uapi.request(f"set=1\n{change}\n\n", timeout=2)
                self.uapi.request("get=1\n\n", timeout=2)
            except OSError:
                continue

    @staticmethod
    def changes(stranger):
        number = 0
        while True:
            number += 1
            yield f"public_key={stranger}\nallowed_ip=10.8.{number % 250}.0/24\npersistent_keepalive_interval=1"
            yield f"public_key={stranger}\nremove=true"
            yield f"fwmark={number % 2}"
            if KILLS >= 20:  # an answer to a handshake may come for the old port, and the next one is 5 s later
                yield f"listen_port={51820 + number % 3}"

    def start(self):
        self.a.run(VOLED, "wg0", environment=default_environment())

    def serve(self):
        """From nothing to an answered ping."""
        self.start()
        self.a.run("wg", "setconf", "wg0", self.file)
        self.a.address("wg0", f"{A}/24")
        self.a.up("wg0")
        ping(self.a, B, count=1, seconds=60)

    def processes(self):
        return processes_named(self.a, "wg0")

    def gone(self):
        wait_for(lambda: not self.processes() and "wg0" not in self.a.interfaces(),
                 "the other process and the interface to go", 30, 0.002)
        with socket.socket(socket.AF_UNIX) as asker:
            try:
                asker.connect(self.uapi.path)
            except OSError as error:
                return "refused" if isinstance(error, ConnectionRefusedError) else "gone"
        raise AssertionError("somebody answers on the socket of a daemon that was killed")


def kill(process):
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass


@case(seconds=60 + 4 * KILLS, voled_only=OWN)
def either_process_killed_amid_traffic_and_changes(lab):
    mortal, moments = Mortal(lab), chance()
    ends, starts, sockets, known = [], [], [], {}
    for number in range(KILLS):
        began = time.monotonic()
        mortal.serve()
        starts.append(time.monotonic() - began)
        if starts[-1] > 2:
            say(f"a slow start, {starts[-1]:.1f} s: a {counters(mortal)}, b {grown(known, counters(mortal.other))}")
        known = counters(mortal.other)
        time.sleep(moments.uniform(0, 0.1))
        victims = mortal.processes()
        expect_equal(len(victims), 2, "processes")
        began = time.monotonic()
        kill(victims[number % 2])
        sockets.append(mortal.gone())
        ends.append(time.monotonic() - began)
    mortal.serve()
    say(f"{KILLS} kills, parent and engine in turn; all gone after {median(ends) * 1000:.0f} ms, at most {max(ends) * 1000:.0f}; "
        f"from a start to an answered ping {median(starts) * 1000:.0f} ms, at most {max(starts) * 1000:.0f}; "
        f"sockets left that refuse: {sockets.count('refused')}")


@case(seconds=60 + 4 * KILLS, voled_only=OWN)
def either_process_killed_amid_its_start(lab):
    mortal, moments = Mortal(lab), chance()
    began = time.monotonic()
    mortal.start()
    whole = 2 * (time.monotonic() - began)  # the engine's part goes on behind the starter's back
    for process in mortal.processes():
        kill(process)
    mortal.gone()
    hit = 0
    for number in range(KILLS):
        starting = mortal.a.start(VOLED, "wg0", environment=default_environment(), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0, whole))
        found = mortal.processes()
        if found:
            hit += 1
            kill(moments.choice(found))
        starting.wait(20)
        for process in mortal.processes():  # the start was over, or only who waited for it was killed
            kill(process)
        mortal.gone()
    mortal.serve()
    say(f"{KILLS} starts, {hit} of them killed within {whole * 1000:.0f} ms")


# ---- vole up and down ----

class Laptop:
    """A host with a file for a tunnel that takes all traffic, name servers included."""

    def __init__(self, lab):
        self.host = lab.host("laptop")
        os.makedirs("/etc/wireguard", exist_ok=True)
        self.host.shell("mount -t tmpfs -o mode=700 tmpfs /etc/wireguard; mkdir /etc/wireguard/bin; "
                        "ip link add eth0 type veth peer name far0; "
                        "for i in eth0 far0; do ip link set $i addrgenmode none up; done; "
                        "ip address add 192.0.2.1/24 dev eth0; ip route add default via 192.0.2.254")
        wait_for(lambda: self.state().count("ff00::/8 dev") == 2, "the cable")
        self.private, self.peer = key_pair()[0], key_pair()[1]
        self.write("bin/resolvconf", RESOLVCONF, 0o755)
        self.write("wg0.conf", FULL_TUNNEL.format(private=self.private, peer=self.peer))
        os.makedirs("/run/vole", exist_ok=True)
        self.before = self.state()

    def write(self, name, text, mode=0o600):
        path = self.host.path(f"/etc/wireguard/{name}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
            out.write(text)

    def environment(self):
        return dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED,
                    PATH=f"/etc/wireguard/bin:{os.environ['PATH']}")

    def vole(self, *words, check=False):
        return self.host.run(VOLE, *words, check=check, timeout=60, environment=self.environment())

    def state(self):
        return "\n".join(sorted(self.host.shell(STATE).stdout.splitlines()))

    def is_clean(self):
        """All that was made is gone. What a key's handshakes were reserved up to stays, as it must."""
        wait_for(lambda: not processes_named(self.host, "wg0"), "the daemon to end", 20)
        left = set(self.state().splitlines()) ^ set(self.before.splitlines())
        return all(line.startswith("clock-") for line in left) or left


@case(seconds=60 + 4 * KILLS, voled_only=OWN)
def up_killed_at_any_moment_is_cleared_by_down_and_by_up(lab):
    laptop, moments = Laptop(lab), chance()
    began = time.monotonic()
    laptop.vole("up", "--userspace", "wg0", check=True)
    whole, up = time.monotonic() - began, laptop.state()
    laptop.vole("down", "wg0", check=True)
    expect_equal(laptop.is_clean(), True, "what is left of a tunnel that nobody killed")
    done, nothing = 0, 0
    for number in range(KILLS):
        process = laptop.host.start(VOLE, "up", "--userspace", "wg0", environment=laptop.environment(),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(moments.uniform(0, whole))
        process.kill()
        process.wait()
        down = laptop.vole("down", "wg0")
        nothing += down.returncode
        expect_equal(laptop.is_clean(), True, f"what is left after kill {number + 1} and this: {down.stderr}")
        if number % 2:  # and all is there again the next time
            done += 1
            laptop.vole("up", "--userspace", "wg0", check=True)
            expect_equal(set(laptop.state().splitlines()) ^ set(up.splitlines()), set(), "a later up")
            laptop.vole("down", "wg0", check=True)
    say(f"{KILLS} times killed within {whole * 1000:.0f} ms; down had nothing to do {nothing} times; {done} times up again")


@case(seconds=60 + 8 * KILLS, voled_only=OWN)
def a_tunnel_whose_daemon_was_killed_is_cleared_by_down_and_by_up(lab):
    laptop, moments = Laptop(lab), chance()
    for number in range(max(2, KILLS // 4)):
        laptop.vole("up", "--userspace", "wg0", check=True)
        up = laptop.state()
        kill(moments.choice(processes_named(laptop.host, "wg0")))
        wait_for(lambda: "wg0" not in laptop.host.interfaces(), "the interface to go")
        wait_for(lambda: not processes_named(laptop.host, "wg0"), "the daemon to end", 20)
        if number % 2:
            laptop.vole("up", "--userspace", "wg0", check=True)
            expect_equal(set(laptop.state().splitlines()) ^ set(up.splitlines()), set(), "up after its daemon was killed")
        down = laptop.vole("down", "wg0")
        expect_equal(down.returncode, 0, f"down: {down.stderr}")
        expect_equal(laptop.is_clean(), True, f"what is left after: {down.stderr}")


@case(voled_only=OWN)
def ctrl_c_amid_down_keeps_nothing_from_being_taken_away(lab):
    laptop = Laptop(lab)
    laptop.vole("up", "--userspace", "wg0", check=True)
    for name in ("resolvconf", "nft"):  # as somebody at the terminal would: vole and what it runs are told
        real = "/etc/wireguard/bin/real-resolvconf" if name == "resolvconf" else "/usr/sbin/nft"
        laptop.write("bin/real-resolvconf", RESOLVCONF, 0o755)
        laptop.write(f"bin/{name}", f'#!/bin/sh\nkill -INT $PPID; kill -TERM $PPID\n{real} "$@"\n', 0o755)
    down = laptop.vole("down", "wg0")
    expect_equal(down.returncode, 0, f"down: {down.stderr}")
    for name in ("resolvconf", "real-resolvconf"):
        laptop.write(f"bin/{name}", RESOLVCONF, 0o755)
    laptop.host.run("rm", "/etc/wireguard/bin/nft", "/etc/wireguard/bin/real-resolvconf")
    expect_equal(laptop.is_clean(), True, f"what is left after: {down.stderr}")
    text = FULL_TUNNEL.format(private=laptop.private, peer=laptop.peer)
    laptop.write("wg0.conf", text.replace("PostUp = true", "PreDown = kill -INT $PPID"))
    laptop.vole("up", "--userspace", "wg0", check=True)
    up, down = laptop.state(), laptop.vole("down", "wg0")
    expect(down.returncode == 1 and "Interrupt: the tunnel stays up" in down.stderr, down.stderr)
    expect_equal(laptop.state(), up, "the host after a signal before the first step")
    laptop.write("wg0.conf", text)
    laptop.vole("down", "wg0", check=True)


def down_of_a_daemon_that_hangs_takes_ten_seconds(lab):
    laptop = Laptop(lab)
    laptop.vole("up", "--userspace", "wg0", check=True)
    daemon = processes_named(laptop.host, "wg0")
    for process in daemon:
        os.kill(process, signal.SIGSTOP)
    began = time.monotonic()
    down = laptop.vole("down", "wg0")
    say(f"down took {time.monotonic() - began:.1f} s")
    for process in daemon:
        os.kill(process, signal.SIGCONT)
    expect(down.returncode == 0 and "its daemon does not answer" in down.stderr, down.stderr)
    expect_equal(laptop.is_clean(), True, f"what is left after: {down.stderr}")


if KILLS >= 20:  # asked for
    case(down_of_a_daemon_that_hangs_takes_ten_seconds, voled_only=OWN)


# ---- full disks ----

def small_disk(host, path, kibibytes=16):
    """Makes path a disk of its own on that host."""
    host.shell(f"mkdir -p {path} && mount -t tmpfs -o size={kibibytes}k,mode=700 tmpfs {path}")


def fill(host, path):
    host.run("sh", "-c", f"cat /dev/zero > {path}/filler", check=False)


@case(voled_only=OWN)
def a_full_disk_keeps_what_was_saved_and_says_so(lab):
    laptop = Laptop(lab)
    small_disk(laptop.host, "/etc/wireguard/small")
    text = FULL_TUNNEL.format(private=laptop.private, peer=laptop.peer).replace("DNS = 10.9.0.53\n", "SaveConfig = true\n")
    laptop.write("small/wg0.conf", text.replace("0.0.0.0/0, ::/0, ", ""))
    path = "/etc/wireguard/small/wg0.conf"
    laptop.vole("up", "--userspace", path, check=True)
    laptop.host.run("wg", "set", "wg0", "peer", laptop.peer, "allowed-ips", "10.30.0.0/16")
    with open(laptop.host.path(path)) as file:
        before = file.read()
    fill(laptop.host, "/etc/wireguard/small")
    files = laptop.host.output("ls", "-A", "/etc/wireguard/small")
    for words in (("save", "wg0"), ("down", "wg0")):  # SaveConfig: down saves first, or does nothing
        result = laptop.vole(*words)
        expect(result.returncode == 1 and f"{path}' cannot be written: No space left on device" in result.stderr, result.stderr)
        with open(laptop.host.path(path)) as file:
            expect_equal(file.read(), before, f"the file after {words}")
        expect_equal(laptop.host.output("ls", "-A", "/etc/wireguard/small"), files, "files beside it")
        expect("wg0" in laptop.host.interfaces(), "the tunnel is up")
    laptop.host.run("rm", "/etc/wireguard/small/filler")
    laptop.vole("down", "wg0", check=True)
    with open(laptop.host.path(path)) as file:
        expect("10.30.0.0/16" in file.read(), "what was set is saved now")


@case(voled_only=OWN)
def a_full_disk_stops_no_handshakes_and_loses_no_reservation(lab):
    a, b = pair(lab)
    small_disk(a, "/var/tmp/state")
    one = Daemon(a, environment={"VOLE_STATE_DIRECTORY": "/var/tmp/state"})
    other = Daemon(b)
    connect(one, other, [f"{A}/24"], [f"{B}/24"], other_address="192.0.2.2")
    ping(a, B)
    stored = a.output("sh", "-c", "cat /var/tmp/state/clock-*")
    one.stop()
    fill(a, "/var/tmp/state")
    given_back = a.output("sh", "-c", "cat /var/tmp/state/clock-*")
    expect("ceiling=" in stored and "ceiling=" in given_back, "the file is whole")
    peer = dict(PublicKey=other.public_key, AllowedIPs=f"{B}/32", Endpoint="192.0.2.2:51820")

    def again():
        one.start()
        one.configure(peer)
        one.up(f"{A}/24")
        ping(a, B)

    again()  # begins where the last life ended, to the second; what it uses up cannot be stored
    one.wait_log("cannot remember the time of handshakes in /var/tmp/state: No space left on device")
    expect_equal(a.output("sh", "-c", "cat /var/tmp/state/clock-*"), given_back, "what was stored before the disk was full")
    expect_equal(a.output("ls", "-A", "/var/tmp/state").count("new"), 0, "half files")
    a.run("rm", "/var/tmp/state/filler")
    one.stop()
    ceiling = int(re.search(r"ceiling=(\d+)", given_back).group(1))
    wait_for(lambda: time.time() > ceiling + 1, "the clock to be beyond what was used up")
    again()  # the next life finds room
    wait_for(lambda: a.output("sh", "-c", "cat /var/tmp/state/clock-*") != given_back, "a new reservation")


# ---- descriptors and processes ----

def limit_descriptors(process, most):
    subprocess.run(["prlimit", "--pid", str(process), f"--nofile={most}:"], check=True)


def highest_descriptor(process):
    return max(map(int, os.listdir(f"/proc/{process}/fd")))


def descriptors_under_way(lab, count):
    """So many of this user are in messages that nobody takes: who may have few open may then send none either."""
    ends = socket.socketpair()
    lab.closers.extend(end.close for end in ends)
    for _ in range(count):
        socket.send_fds(ends[0], [b"."], [0])


@case(voled_only=OWN)
def without_descriptors_left_it_serves_on_and_recovers(lab):
    a, b = pair(lab)
    descriptors_under_way(lab, 60)
    one, other = Daemon(a), Daemon(b)
    connect(one, other, [f"{A}/24"], [f"{B}/24"], other_address="192.0.2.2")
    ping(a, B)
    parent, engine = one.processes()
    for spare in (0, 3):
        for process in (parent, engine):
            limit_descriptors(process, highest_descriptor(process) + 1 + spare)
        crowd = [one.uapi.connect() for _ in range(100)]
        ping(a, B)
        for number in range(2):  # neither the parent can open sockets, nor the engine take them; the old ones stay
            a.run("wg", "set", "wg0", "listen-port", str(51900 + number), check=False)
            ping(a, B)
        for connection in crowd:
            connection.close()
        for process in (parent, engine):
            limit_descriptors(process, 1024)
        wait_for(one.uapi.answers, "an answer on the socket")
        a.run("wg", "set", "wg0", "listen-port", str(52000 + spare))
        expect_equal(one.wg("show", "wg0", "listen-port"), str(52000 + spare), "the port when there are descriptors again")
        ping(a, B)
    expect_equal(descendants(one.process.pid), [parent, engine], "processes")


class FewProcesses:
    """Within the block, this process namespace has so many process numbers left as allow() says; Linux 6.14 and later."""

    LIMIT, FIRST = "/proc/sys/kernel/pid_max", 301  # numbers begin at 300 again when the last was given

    def __enter__(self):
        with open(self.LIMIT) as file:
            self.before = file.read()
        while self.last() < self.FIRST:  # so that they do
            process = os.fork()
            if process == 0:
                os._exit(0)
            os.waitpid(process, 0)
        return self

    @staticmethod
    def last():
        with open("/proc/loadavg") as file:
            return int(file.read().split()[-1])

    def set(self, text):
        try:
            with open(self.LIMIT, "w") as file:
                file.write(text)
        except OSError as error:
            raise Skipped(f"{self.LIMIT}: {error}") from error

    def allow(self, count):
        self.set(str(self.FIRST + count))

    def __exit__(self, *_):
        self.set(self.before)


@case(voled_only=OWN)
def without_processes_left_a_start_fails_and_leaves_nothing(lab):
    host, failed, started = lab.host("a"), 0, 0
    uapi = Uapi(host, "wg0")
    for free in (1, 2, 3, 4, 5, 7, 10):
        with FewProcesses() as few:
            few.allow(free)
            try:
                result = host.run(VOLED, "wg0", check=False, timeout=20, environment=default_environment())
            except OSError:
                continue  # not even one for nsenter
        if result.returncode == 0:
            wait_for(lambda: uapi.answers() or not processes_named(host, "wg0"), "it to start or to end")
        else:
            expect(result.returncode == 1 and result.stderr, f"status {result.returncode}: {result.stderr}")
        failed += result.returncode != 0
        started += uapi.exists() and uapi.answers()
        for process in processes_named(host, "wg0"):
            os.kill(process, signal.SIGTERM)
        wait_for(lambda: not processes_named(host, "wg0") and "wg0" not in host.interfaces() and not uapi.exists(),
                 f"all to go that was there with {free} processes")
    expect(failed > 0 and started > 0, f"{failed} failed and {started} started")


main(__file__)
