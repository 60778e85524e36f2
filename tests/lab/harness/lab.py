# SPDX-License-Identifier: MIT
"""Hosts, cables and switches, and the one place that takes them all down again.

A Host is a network namespace plus a mount namespace in which /var/run/wireguard is its own (socket names
would collide otherwise). It lives as long as its holder process. A Lab owns the hosts and daemons of one
test: leaving its `with` block ends every process and prints the logs if the test failed.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_HOLDER = ("mkdir -p /var/run/wireguard && mount -t tmpfs -o mode=755 tmpfs /var/run/wireguard && "
           "{ mount -t sysfs sysfs /sys 2>/dev/null || true; } && ip link set lo up && "
           "for f in all default; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done && "
           "echo ready && exec sleep infinity")


class Failed(Exception):
    """What a test expected did not happen."""


def wait_for(condition, what, seconds=10.0, pause=0.01):
    """Polls until condition() is true and returns its value; Failed after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Failed(f"waited {seconds:g} s in vain for: {what}")
        time.sleep(pause)


def expect(condition, what):
    if not condition:
        raise Failed(what)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: got {got!r}, wanted {wanted!r}")


def _enter_network(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Host:
    def __init__(self, lab, name):
        self.lab, self.name = lab, name
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", _HOLDER],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise Failed(f"host {name} could not be made: {self.holder.stderr.read()}")
        self.pid = self.holder.pid

    def command(self, *words):
        """The same command, to be run on this host. The working directory becomes /."""
        return ["nsenter", "-t", str(self.pid), "--net", "--mount", "--", *map(str, words)]

    def run(self, *words, check=True, input=None, timeout=30, environment=None):
        """Runs a command to its end; Failed with its output if it fails and check is set."""
        result = subprocess.run(self.command(*words), input=input, capture_output=True, text=True,
                                errors="replace", timeout=timeout, env=dict(os.environ, **(environment or {})),
                                **({} if input is not None else {"stdin": subprocess.DEVNULL}))
        if check and result.returncode != 0:
            raise Failed(f"{self.name}: {' '.join(map(str, words))}: exit {result.returncode}\n"
                         f"{result.stdout}{result.stderr}")
        return result

    def output(self, *words, **options):
        return self.run(*words, **options).stdout.strip()

    def shell(self, script, **options):
        return self.run("sh", "-ec", script, **options)

    def start(self, *words, environment=None, **options):
        """Starts a command and returns its Popen; the lab ends it at the latest when the test does."""
        process = subprocess.Popen(self.command(*words), env=dict(os.environ, **(environment or {})),
                                   **dict({"stdin": subprocess.DEVNULL}, **options))
        self.lab.processes.append(process)
        return process

    @contextlib.contextmanager
    def network(self):
        """Within the block, sockets made by this thread belong to this host."""
        with open("/proc/thread-self/ns/net") as home, open(f"/proc/{self.pid}/ns/net") as away:
            _enter_network(away.fileno())
            try:
                yield
            finally:
                _enter_network(home.fileno())

    def path(self, path):
        """A path of this host's file system as seen from here."""
        return f"/proc/{self.pid}/root{path}"

    def publish(self):
        """Makes the host visible to `ip -n NAME` and others that look in /run/netns."""
        place = f"/run/netns/{self.name}"
        os.makedirs("/run/netns", exist_ok=True)
        with open(place, "w"):
            pass
        subprocess.run(["mount", "--bind", f"/proc/{self.pid}/ns/net", place], check=True)
        self.lab.closers.append(lambda: os.unlink(place))
        self.lab.closers.append(lambda: subprocess.run(["umount", place], check=True))
        return self.name

    def address(self, interface, *addresses):
        for address in addresses:
            nodad = ["nodad"] if ":" in address else []
            self.run("ip", "address", "add", address, "dev", interface, *nodad)

    def up(self, interface):
        self.run("ip", "link", "set", interface, "up")

    def route(self, *words):
        family = ["-6"] if any(":" in word for word in words) else []
        self.run("ip", *family, "route", "add", *words)

    def forwarding(self):
        self.shell("echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")

    def interfaces(self):
        lines = self.output("ip", "-o", "link").splitlines()
        return [line.split(": ")[1].split("@")[0] for line in lines]


class Lab:
    """One test's network. Use as a context manager."""

    def __init__(self):
        self.hosts, self.daemons, self.processes, self.closers = [], [], [], []
        self.folder = tempfile.mkdtemp(prefix="vole-lab-", dir="/run")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                for daemon in self.daemons:
                    daemon.stop()
        except Exception:
            self.show_logs()
            raise
        else:
            if kind is not None and not issubclass(kind, (GeneratorExit, KeyboardInterrupt)):
                if kind.__name__ != "Skipped":
                    self.show_logs()
        finally:
            self.close()
        return False

    def host(self, name):
        host = Host(self, name)
        self.hosts.append(host)
        return host

    def cable(self, one, one_interface, other, other_interface):
        """A veth pair between two hosts, both ends up."""
        subprocess.run(["ip", "link", "add", one_interface, "netns", str(one.pid), "type", "veth",
                        "peer", "name", other_interface, "netns", str(other.pid)], check=True)
        one.up(one_interface)
        other.up(other_interface)

    def switch(self, name, **addresses):
        """A host that is a switch, with one cable to each (host, interface, *addresses)."""
        switch = self.host(name)
        switch.run("ip", "link", "add", "br0", "type", "bridge")
        switch.up("br0")
        return switch

    def plug(self, switch, host, interface, *addresses):
        """Connects host's new interface to the switch and gives it addresses."""
        port = f"p{len(switch.interfaces())}"
        self.cable(switch, port, host, interface)
        switch.run("ip", "link", "set", port, "master", "br0")
        host.address(interface, *addresses)

    def file(self, name, text):
        """A file that all hosts can read."""
        path = os.path.join(self.folder, name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as out:
            out.write(text)
        return path

    def show_logs(self):
        for daemon in self.daemons:
            print(daemon.describe(), file=sys.stderr)
        sys.stderr.flush()

    def close(self):
        """Ends everything; never raises."""
        for closer in reversed(self.closers):
            with contextlib.suppress(Exception):
                closer()
        for daemon in self.daemons:
            daemon.kill()
        for process in self.processes + [host.holder for host in self.hosts]:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            process.wait()
            for stream in (process.stdout, process.stderr, process.stdin):
                if stream:
                    stream.close()
        shutil.rmtree(self.folder, ignore_errors=True)
