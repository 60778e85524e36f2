# SPDX-License-Identifier: MIT
"""Two hosts joined by a cable (a veth pair), with a daemon of one program on each: what is measured on.

    left (192.0.2.1) ======== right (192.0.2.2)        outside, MTU 1500
    10.9.0.1 ------- tunnel ------- 10.9.0.2           inside, MTU 1420

For the bare veth the cable itself has MTU 1420 and its addresses are the ends.
"""

import contextlib

from harness.daemon import Daemon, connect
from harness.lab import Lab, expect, wait_for
from harness.packets import DATA, Sniffer

from .programs import CRYPTOLESS

MTU = 1420
OUTER = ("192.0.2.1", "192.0.2.2")
INNER = ("10.9.0.1", "10.9.0.2")
MARK = b"readable"
# Without these the kernel cuts and merges nothing on the way: each datagram crosses the cable by itself.
OFFLOADS = ("tx-udp-segmentation", "generic-receive-offload", "rx-udp-gro-forwarding", "rx-gro-list")


class Pair:
    """The two hosts and their daemons (none for the bare veth); near and far are the tunnel's addresses."""

    def __init__(self, lab, program, offloads=True):
        self.lab, self.program, self.daemons = lab, program, []
        self.left, self.right = lab.host("left"), lab.host("right")
        lab.cable(self.left, "eth0", self.right, "eth0")
        for host, address in zip((self.left, self.right), OUTER):
            host.address("eth0", f"{address}/24")
            if not offloads:
                switch_off(host)
        self.near, self.far = INNER if program.path else OUTER

    def start(self, right_program=None):
        """Starts and configures the daemons and waits until a ping has come back."""
        if self.program.path:
            self.daemons = [Daemon(host, program=program.path, environment=dict(program.environment))
                            for host, program in ((self.left, self.program),
                                                  (self.right, right_program or self.program))]
            connect(*self.daemons, [f"{INNER[0]}/24"], [f"{INNER[1]}/24"], one_address=OUTER[0],
                    other_address=OUTER[1])
            for daemon in self.daemons:
                daemon.host.run("ip", "link", "set", "wg0", "mtu", MTU)  # not every program's default
        else:
            for host in (self.left, self.right):
                host.run("ip", "link", "set", "eth0", "mtu", MTU)
        self.left.run("ping", "-n", "-q", "-c", "3", "-i", "0.05", "-w", "15", self.far)

    def processes(self):
        """All processes of both daemons."""
        return [process for daemon in self.daemons for process in daemon.processes()]

    def frames_received(self):
        """(frames, bytes) that the right host's end of the cable has received; a merged frame counts once."""
        with open(f"/proc/{self.right.pid}/net/dev", encoding="ascii") as table:
            fields = next(line.split() for line in table if line.strip().startswith("eth0:"))
        return int(fields[2]), int(fields[1])


@contextlib.contextmanager
def pair(program, offloads=True, start=True):
    """A Pair that is gone after the block; a daemon's log is shown when something failed."""
    lab = Lab()
    try:
        made = Pair(lab, program, offloads)
        if start:
            made.start()
        yield made
    except Exception:
        lab.show_logs()
        raise
    finally:
        lab.close()


def check_wire(program):
    """Fails unless what a program sends is as readable on the cable as it should be: not at all for a WireGuard,
    in clear for voled without cryptography. Otherwise the two would be measured under each other's names."""
    with pair(program) as made:
        sniffer = Sniffer(made.right, "eth0")
        made.left.run("ping", "-n", "-q", "-c", "3", "-i", "0.02", "-s", "200", "-p", MARK.hex(), "-w", "5", made.far)
        sniffer.wait(lambda seen: seen.kind == DATA, "data messages", count=6)
        readable = any(MARK * 4 in seen.payload for seen in sniffer.seen)
    expect(readable == (program.key == CRYPTOLESS),
           f"{program.path}: what it sends {'can' if readable else 'cannot'} be read on the cable")


def features(host):
    """The cable's offloads as ethtool names them: a dict from name to on (True) or off."""
    lines = (line.strip().split(": ") for line in host.output("ethtool", "-k", "eth0").splitlines())
    return {words[0]: words[1].startswith("on") for words in lines if len(words) == 2}


def switch_off(host):
    """Switches OFFLOADS off and makes sure that they are."""
    for name in OFFLOADS:
        host.run("ethtool", "-K", "eth0", name, "off", check=False)
    left_on = [name for name, on in features(host).items() if on and name in OFFLOADS]
    expect(not left_on, f"could not switch off {left_on} on the cable")


def wait_listening(host, port, kind="tcp", seconds=10):
    """Until somebody on that host listens on (tcp) or has bound (udp) the port."""
    wanted = f":{port:04X}"

    def listening():
        for suffix in ("", "6"):
            with open(f"/proc/{host.pid}/net/{kind}{suffix}", encoding="ascii") as table:
                for line in list(table)[1:]:
                    words = line.split()
                    if words[1].endswith(wanted) and (kind == "udp" or words[3] == "0A"):
                        return True
        return False
    wait_for(listening, f"{host.name} to listen on {kind} port {port}", seconds, 0.005)
