# SPDX-License-Identifier: MIT
"""A WireGuard daemon on a host.

Which daemon: the environment variable VOLED names a program with the command line and socket of voled; the
default is build/voled of this tree (LAB_BUILD names another build directory). LAB_PLAIN=1 turns every
offload of voled off. LAB_WG=vole puts vole, called as wg, in the place of wg. LAB_CROWD=1000 gives each voled so many
idle peers besides those that a test configures, which do not show in what the harness reads.
"""

import os
import re
import signal
import subprocess
import time

from .lab import Failed, expect, wait_for
from .uapi import CROWD, Uapi, hexadecimal

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.abspath(os.environ.get("LAB_BUILD") or os.path.join(TREE, "build"))
VOLED = os.path.abspath(os.environ.get("VOLED") or os.path.join(BUILD, "voled"))
VOLE = os.path.join(BUILD, "vole")
IS_VOLED = os.path.basename(VOLED) == "voled"
PLAIN = os.environ.get("LAB_PLAIN") == "1"
OFFLOAD_SWITCHES = ("VNET_HDR", "TSO", "USO", "UDP_SEGMENT", "UDP_GRO", "TUN_TCP_MERGE", "TUN_UDP_MERGE")
_SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")


def default_environment():
    return {f"VOLE_NO_{switch}": "1" for switch in OFFLOAD_SWITCHES} if PLAIN else {}


def take_the_place_of_wg():
    """Makes vole the wg of everything that is started from here on."""
    place = "/run/called-as-wg"
    os.makedirs(place)
    os.symlink(VOLE, os.path.join(place, "wg"))
    os.environ["PATH"] = f"{place}:{os.environ['PATH']}"


def key_pair():
    """A new (private, public) pair in base64."""
    private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout.strip()
    public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True,
                            check=True).stdout.strip()
    return private, public


def preshared_key():
    return subprocess.run(["wg", "genpsk"], capture_output=True, text=True, check=True).stdout.strip()


class Daemon:
    """One interface with its daemon, running in the foreground of our own process tree.

    private_key and public_key are made at once; `configure` gives them to the daemon.
    """

    def __init__(self, host, interface="wg0", program=None, environment=None, start=True, crowd=True):
        self.host, self.interface, self.program = host, interface, program or VOLED
        self.environment = dict(default_environment(), **(environment or {}))
        self.private_key, self.public_key = key_pair()
        self.uapi = Uapi(host, interface)
        self.process, self.crowd = None, crowd and os.path.basename(self.program) == "voled"
        self.log_path = os.path.join(host.lab.folder, f"{host.name}-{interface}.log")
        host.lab.daemons.append(self)
        if start:
            self.start()

    @property
    def is_voled(self):
        return os.path.basename(self.program) == "voled"

    def start(self, pass_fds=()):
        """Starts it and waits until its socket answers."""
        environment = dict(os.environ, **self.environment)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.host.command(self.program, "--foreground", self.interface),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, pass_fds=pass_fds)
        wait_for(self._ready, f"{self.program} {self.interface} to answer on its socket", 20)

    def _ready(self):
        if self.process.poll() is not None:
            raise Failed(f"{self.program} {self.interface} ended with {self.process.returncode}:\n{self.log()}")
        return self.uapi.answers()

    def processes(self):
        """Process numbers of the daemon: the one we started and its descendants."""
        return descendants(self.process.pid)

    def log(self):
        try:
            with open(self.log_path, errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, seconds=10):
        return wait_for(lambda: re.search(pattern, self.log()), f"'{pattern}' in the log", seconds)

    def wg(self, *words, **options):
        return self.host.output("wg", *words, **options)

    def set(self, *words):
        self.host.run("wg", "set", self.interface, *words)

    def configure(self, *peers, port=51820, **device):
        """Sets key, port and peers with `wg setconf`. A peer is a dict of the file's keys and values."""
        lines = ["[Interface]", f"PrivateKey = {self.private_key}", f"ListenPort = {port}"]
        lines += [f"{key} = {value}" for key, value in device.items()]
        for peer in peers:
            lines += ["[Peer]"] + [f"{key} = {value}" for key, value in peer.items() if value is not None]
        path = self.host.lab.file(f"{self.host.name}-{self.interface}.conf", "\n".join(lines) + "\n")
        self.host.run("wg", "setconf", self.interface, path)
        if CROWD and self.crowd:
            self.uapi.set(*(line for number, key in enumerate(CROWD) for line in
                            (f"public_key={key}", f"allowed_ip=fd63:726f:7764:{number:x}::/64")))

    def up(self, *addresses):
        """Gives the interface its addresses and brings it up."""
        self.host.address(self.interface, *addresses)
        self.host.up(self.interface)

    def show(self, field):
        """`wg show INTERFACE field` as a dict from peer to the rest of its line."""
        rows = (line.split("\t", 1) for line in self.wg("show", self.interface, field).splitlines())
        return {row[0]: row[1] for row in rows if hexadecimal(row[0]) not in CROWD}

    def transfer(self, peer):
        """(received, sent) bytes of the peer with this public key."""
        received, sent = self.show("transfer")[peer].split("\t")
        return int(received), int(sent)

    def endpoint(self, peer):
        return self.show("endpoints")[peer]

    def wait_handshakes(self, seconds=20):
        """Until every peer has completed a handshake."""
        wait_for(lambda: all(value != "0" for value in self.show("latest-handshakes").values()),
                 f"all handshakes of {self.host.name}", seconds)

    def drops(self):
        """voled's drop counters as a dict, from `vole show NAME drops`."""
        text = self.host.output(VOLE, "show", self.interface, "drops")
        return text

    def stop(self, expected=(0,)):
        """Ends it as an operator would and checks that it ends well."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                raise Failed(f"{self.host.name}: {self.program} {self.interface} ignored SIGTERM for 20 s")
            expect(self.process.returncode in expected,
                   f"{self.host.name}: {self.program} exited with {self.process.returncode} on SIGTERM")
        self.check_log()

    def signal(self, number):
        self.process.send_signal(number)

    def check_log(self):
        found = _SANITIZER.search(self.log())
        expect(not found, f"{self.host.name}: a sanitizer complained: {found and found.group()}")
        for key in (self.private_key,):
            expect(key not in self.log(), "the private key is in the log")

    def kill(self):
        if self.process is not None:
            for process in self.processes():
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()

    def describe(self):
        """What helps to see why a test failed."""
        def attempt(*words):
            try:
                result = self.host.run(*words, check=False, timeout=5)
                return (result.stdout + result.stderr).rstrip()
            except Exception as error:
                return f"({error})"
        parts = [f"--- {self.host.name} {self.interface} ({self.program}), log:",
                 "\n".join(self.log().splitlines()[-60:]), "--- wg show", attempt("wg", "show"),
                 "--- ip address", attempt("ip", "-br", "address")]
        if self.is_voled:
            parts += ["--- drops", attempt(VOLE, "show", self.interface, "drops")]
        return "\n".join(parts)


def children_by_parent():
    """A dict from process to its children, zombies left out."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    state, parent = stat.read().rpartition(")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state != "Z":
                children.setdefault(int(parent), []).append(int(entry))
    return children


def descendants(process):
    """The process and all below it that are alive."""
    children, found = children_by_parent(), []
    waiting = [process] if any(process in group for group in children.values()) else []
    while waiting:
        one = waiting.pop(0)
        found.append(one)
        waiting += children.get(one, [])
    return found


def alive(process):
    return any(process in group for group in children_by_parent().values())


def processes_named(host, interface, name=None):
    """Processes of that host whose command line is `.../name ... interface`, also those that left our tree."""
    home, found = os.readlink(f"/proc/{host.pid}/ns/mnt"), []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as command:
                    words = command.read().decode(errors="replace").split("\0")[:-1]
                place = os.readlink(f"/proc/{entry}/ns/mnt")
            except (FileNotFoundError, ProcessLookupError, PermissionError):  # the last: it is about to be gone
                continue
            if words and os.path.basename(words[0]) == (name or os.path.basename(VOLED)) and words[-1] == interface:
                if place == home and alive(int(entry)):
                    found.append(int(entry))
    return sorted(found)


def connect(one, other, one_inner, other_inner, *, one_address=None, other_address=None, psk=None,
            one_extra=None, other_extra=None):
    """Configures two daemons as each other's only peer.

    one_inner/other_inner are lists of addresses with prefix lengths; one_address/other_address are the outer
    addresses under which each is reached (None: not told to the other side).
    """
    def outer(address):
        return None if address is None else (f"[{address}]:51820" if ":" in address else f"{address}:51820")

    def single(addresses):
        return ", ".join(a.split("/")[0] + ("/128" if ":" in a else "/32") for a in addresses)

    one.configure(dict(PublicKey=other.public_key, AllowedIPs=single(other_inner), Endpoint=outer(other_address),
                       PresharedKey=psk, **(one_extra or {})))
    other.configure(dict(PublicKey=one.public_key, AllowedIPs=single(one_inner), Endpoint=outer(one_address),
                         PresharedKey=psk, **(other_extra or {})))
    one.up(*one_inner)
    other.up(*other_inner)
