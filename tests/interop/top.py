#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole top in a real terminal emulator: tmux, whose screen is read back and whose keys are pressed."""

import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, Daemon, key_pair
from harness.lab import expect, expect_equal, wait_for
from harness.packets import udp_socket
from harness.traffic import Transfer, ping

PROMPT = "ready>"
BEFORE = "what was here before"
STRANGER = key_pair()[1]
VOLED_ONLY = "it counts drops"


class Terminal:
    """A shell on a host, in a window of tmux of its own."""

    def __init__(self, host, columns=80, rows=24):
        self.host, self.folder = host, host.lab.folder
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                  f"env -i PATH='{os.environ['PATH']}' TERM=screen PS1='{PROMPT} ' sh")
        host.lab.closers.append(lambda: self.tmux("kill-server"))
        self.wait(PROMPT)
        self.line(f"echo {BEFORE}")
        self.wait(f"\n{BEFORE}")
        self.settings = self.terminal_settings()

    def tmux(self, *words):
        return self.host.output("tmux", "-L", "top", *words, environment={"TMUX_TMPDIR": self.folder})

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def line(self, text):
        self.tmux("send-keys", "-l", text)
        self.keys("Enter")

    def text(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, *patterns, seconds=10):
        """Until all of these are on the screen at the same time; the screen then."""
        def found():
            text = self.text()
            return text if all(re.search(pattern, text, re.MULTILINE) for pattern in patterns) else None
        try:
            return wait_for(found, f"{patterns}", seconds, 0.05)
        except Exception:
            print(self.text(), file=sys.stderr)
            raise

    def terminal_settings(self):
        device = self.tmux("display-message", "-p", "#{pane_tty}")
        return self.host.output("stty", "-a", "-F", device)

    def alternate(self):
        return self.tmux("display-message", "-p", "#{alternate_on}#{cursor_flag}")

    def top(self, *arguments):
        self.line(" ".join([VOLE, "top", *arguments]))
        return self.wait(r"^PEER .*ENDPOINT", r"^quit ")

    def is_restored(self, status):
        """The shell is back with the screen and the settings of before, and the program ended so."""
        self.wait(PROMPT + r"\s*\Z")
        expect(BEFORE in self.text() and "ENDPOINT" not in self.text(), f"the screen of before:\n{self.text()}")
        expect_equal(self.alternate(), "01", "the first screen, and a cursor")
        expect_equal(self.terminal_settings(), self.settings, "the terminal's settings")
        self.line("echo status $?")
        self.wait(rf"^status {status}$")

    def peers(self):
        """The first words of the peers' lines, in their order."""
        return re.findall(r"^ (\S+)", self.text(), re.MULTILINE)


def hub(lab):
    """A hub with two real peers that have names, and one that nobody has ever heard of."""
    middle = lab.host("hub")
    os.makedirs("/etc/wireguard", exist_ok=True)
    middle.shell("mount -t tmpfs tmpfs /etc/wireguard")
    center, ends, lines = Daemon(middle), [], []
    for number, name in enumerate(("laptop", "phone"), 1):
        end = lab.host(name)
        lab.cable(middle, f"eth{number}", end, "eth0")
        middle.address(f"eth{number}", f"192.0.{number}.1/24")
        end.address("eth0", f"192.0.{number}.2/24")
        daemon = Daemon(end)
        daemon.configure(dict(PublicKey=center.public_key, AllowedIPs="10.9.0.0/24", Endpoint=f"192.0.{number}.1:51820"))
        daemon.up(f"10.9.0.{number + 1}/24")
        ends.append(daemon)
        lines.append(f"[Peer]\n# Name = {name}\nPublicKey = {daemon.public_key}\nAllowedIPs = 10.9.0.{number + 1}/32\n")
    center.configure(*(dict(PublicKey=daemon.public_key, AllowedIPs=f"10.9.0.{number}/32")
                       for number, daemon in enumerate(ends, 2)), dict(PublicKey=STRANGER))
    center.up("10.9.0.1/24")
    with open(middle.path("/etc/wireguard/wg0.conf"), "w") as out:
        out.write("[Interface]\n" + "".join(lines))
    for daemon in ends:
        ping(daemon.host, "10.9.0.1", count=1)
    return center, ends


RATE = r"\d[\d.]* (?:B|KiB|MiB)"


@case(voled_only=VOLED_ONLY)
def rates_order_reasons_and_sizes(lab):
    center, (laptop, phone) = hub(lab)
    terminal = Terminal(center.host)
    terminal.top("wg0")
    inward = Transfer(laptop.host, center.host, "10.9.0.1", rate=400_000)
    outward = Transfer(center.host, phone.host, "10.9.0.3", rate=200_000)
    fast, slow = r"[1-9]\d\d KiB", r"\d[\d.]* (?:B|KiB)"
    terminal.wait(rf"^ laptop +{fast} +{slow} +\d+s +0 192\.0\.1\.2:51820$",
                  rf"^ phone +{slow} +{fast} +\d+s +0 192\.0\.2\.2:51820$",
                  rf"^ {re.escape(STRANGER[:14])}~ +0 B +0 B +never +0 \(none\)$",
                  r"^wg0 +\d+ KiB +\d+ KiB +\d+s +0 port 51820, 3 peers$",
                  r"^3 peers, 2 connected   in \d+ KiB/s   out \d+ KiB/s   by traffic$")
    for key, title, first in (("i", "by in$", "laptop"), ("o", "by out$", "phone"), ("b", "by traffic$", "laptop"),
                              ("r", "by traffic, reversed$", STRANGER[:14] + "~"), ("p", "by peer, reversed$", STRANGER[:14] + "~"),
                              ("r", "by peer$", "laptop"), ("h", "by handshake$", None)):
        terminal.keys(key)
        terminal.wait(title)
        wait_for(lambda: first is None or terminal.peers()[0] == first, f"{first} first with {key}: {terminal.text()}", 5)
    expect_equal(terminal.peers()[2], STRANGER[:14] + "~", "never is the oldest handshake")
    terminal.keys("t")
    terminal.wait(r"^PEER +IN +OUT +HANDSHAKE", rf"^ laptop +{RATE}")
    stray = udp_socket(laptop.host, socket.AF_INET, "192.0.1.2")
    for _ in range(5):
        stray.sendto(b"hello", ("192.0.1.1", 51820))
    terminal.wait(r"^  drops: malformed 5$", r"^wg0 .* 5 port 51820")
    terminal.keys("w")
    terminal.wait(r"^  5 +datagram is not a WireGuard message$")
    for columns, rows in ((160, 50), (40, 10), (80, 2), (1, 1), (80, 24)):
        terminal.tmux("resize-window", "-x", columns, "-y", rows)
        if columns >= 40 and rows > 3:
            terminal.wait(r"^PEER ", r"^ laptop ", r"^quit ")
        if columns == 160:
            terminal.wait(r"IN/s +OUT/s +IN +OUT +HANDSHAKE", rf"^ {re.escape(STRANGER)} ")
    terminal.wait(r"^PEER .*ENDPOINT", r"^ laptop ", r"^quit ")
    expect_equal(len(terminal.text().splitlines()), 24, "lines on the screen")
    inward.finish()
    outward.finish()
    terminal.keys("q")
    terminal.is_restored(0)


@case(voled_only=VOLED_ONLY)
def peers_and_interfaces_come_and_go(lab):
    center, (laptop, _phone) = hub(lab)
    terminal = Terminal(center.host, 100, 12)
    terminal.top()
    terminal.wait(r"^ laptop ", r"^ phone ", r"^wg0 .*3 peers$")
    center.set("peer", laptop.public_key, "remove")
    text = terminal.wait(r"^wg0 .*2 peers$")
    expect("laptop" not in text, text)
    for number in range(30):
        center.set("peer", key_pair()[1] if number else laptop.public_key, "allowed-ips", "10.9.0.2/32")
    terminal.keys("p")
    terminal.wait(r"^wg0 .*32 peers$", r"^ laptop ")
    terminal.keys("NPage", "NPage", "NPage", "NPage", "NPage", "NPage")
    wait_for(lambda: "laptop" not in terminal.text() and len(terminal.peers()) == 9, "the last peers", 5)
    terminal.keys("Up")
    terminal.keys("PPage", "PPage", "PPage", "PPage", "PPage", "PPage")
    terminal.wait(r"^wg0 .*32 peers$", r"^ laptop ")
    center.stop()
    terminal.wait("there is no WireGuard interface")
    center.start()
    terminal.wait(r"^wg0 +- +- +- .*port 0, 0 peers$|^wg0 .*port 0, 0 peers$")
    terminal.keys("q")
    terminal.is_restored(0)
    terminal.top("wg0")
    center.stop()
    terminal.wait(r"^wg0 +(No such device|Protocol not supported)$")
    terminal.keys("q")
    terminal.is_restored(0)
    terminal.line(f"{VOLE} top wg0; echo status $?")
    terminal.wait("^Unable to access interface: ", "^status 1$")


@case(voled_only=VOLED_ONLY)
def whatever_ends_or_stops_it_gives_the_terminal_back(lab):
    host = lab.host("alone")
    Daemon(host)
    terminal = Terminal(host)
    terminal.top("--interval", "3600")
    expect_equal(terminal.alternate(), "10", "the second screen, and no cursor")
    for rows in (40, 24):
        terminal.tmux("resize-window", "-x", 80, "-y", rows)
        wait_for(lambda: len(terminal.text().splitlines()) == rows, f"{rows} lines, long before the next look", 5)
    terminal.keys("C-c")
    terminal.is_restored(130)
    for name, number in (("TERM", 15), ("HUP", 1), ("QUIT", 3)):
        terminal.top("--interval", "3600")
        host.run("pkill", "-" + name, "-x", "-P", terminal.tmux("display-message", "-p", "#{pane_pid}"), "vole")
        terminal.is_restored(128 + number)
    terminal.top()
    terminal.keys("C-z")
    terminal.wait(PROMPT + r"\s*\Z")
    expect_equal(terminal.terminal_settings(), terminal.settings, "the settings while it is stopped")
    expect_equal(terminal.alternate(), "01", "the first screen while it is stopped")
    terminal.line("fg")
    terminal.wait(r"^PEER .*ENDPOINT", r"^quit ", r"^wg0 ")
    terminal.keys("x", "Escape", "F5", "q")
    terminal.is_restored(0)


@case(voled_only=VOLED_ONLY)
def one_table_where_there_is_no_terminal(lab):
    center, (laptop, phone) = hub(lab)
    inward = Transfer(laptop.host, center.host, "10.9.0.1", rate=300_000)
    result = center.host.run(VOLE, "top", "--sort", "peer")
    inward.finish()
    expect_equal(result.stderr, "", "messages")
    expect("\x1b" not in result.stdout, "no control sequences")
    lines = result.stdout.splitlines()
    expect_equal([line.split()[0] for line in lines], ["PEER", "wg0", "laptop", "phone", STRANGER], "the lines")
    expect_equal(lines[0].split()[1:], ["IN/s", "OUT/s", "IN", "OUT", "HANDSHAKE", "DROPS", "ENDPOINT"], "columns")
    expect(re.search(rf"^ laptop +\d+ KiB +{RATE} +{RATE} +{RATE} +\d+s +0 192.0.1.2:51820$", lines[2]), lines[2])
    for words, says in ((["wg7"], "Unable to access interface: "), (["--sort", "size"], "cannot be sorted by 'size'"),
                        (["--interval", "0"], "'0' is no number of seconds"), (["a", "b"], "'b' is not understood")):
        failed = center.host.run(VOLE, "top", *words, check=False)
        expect_equal((failed.returncode, failed.stdout), (1, ""), f"top {words}")
        expect(says in failed.stderr, failed.stderr)
    terminal = Terminal(center.host, 160, 24)
    terminal.line(f"{VOLE} top --once wg0; echo status $?")
    terminal.wait(r"^ laptop ", "^status 0$", BEFORE)


if subprocess.run(["which", "tmux"], stdout=subprocess.DEVNULL).returncode != 0:
    sys.exit("top: there is no tmux: scripts/setup test installs it")
main(__file__)
