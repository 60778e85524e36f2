#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A wall clock that goes back: what the peer sees, what is remembered in the state directory, what is said.

    a (voled on a clock that we set) --- b (remembers the last handshake it saw)
"""

import fcntl
import os
import re
import struct
import time

from harness.cases import Skipped, case, main
from harness.daemon import BUILD, VOLE, Daemon, connect
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import cannot_ping, ping
from harness.uapi import hexadecimal

A, B = ["10.9.0.1/24"], ["10.9.0.2/24"]
ON_WRONG_CLOCK = os.path.join(BUILD, "tests/lab/voled-on-wrong-clock")
GO = "/usr/bin/wireguard-go"
OWN = "others forget it"
DAY = 86400
# Runs what the words say while a daemon of wg0 answers every question with an error, and tells how many there were.
BESIDE_A_SICK_DAEMON = """
import os, socket, subprocess, sys, threading
def serve():
    while True:
        asker = listener.accept()[0]
        try:
            questions.append(asker.recv(100))
            asker.sendall(b"errno=5\\n\\n")
        except OSError:
            pass
        asker.close()
questions = []
listener = socket.socket(socket.AF_UNIX)
listener.bind("/var/run/wireguard/wg0.sock")
listener.listen()
threading.Thread(target=serve, daemon=True).start()
status = subprocess.run(sys.argv[1:]).returncode
os.unlink("/var/run/wireguard/wg0.sock")
print("questions:", len([one for one in questions if one]))
sys.exit(status)
"""


class Pair:
    """a, on a clock of our own, with a state directory of its own, and b, which does not know where a is."""

    def __init__(self, lab, other=None, state=None):
        if not os.path.exists(ON_WRONG_CLOCK):
            raise Skipped(f"there is no {ON_WRONG_CLOCK}: configure the build with tests")
        self.a, self.b = lab.host("a"), lab.host("b")
        lab.cable(self.a, "eth0", self.b, "eth0")
        self.a.address("eth0", "192.0.2.1/24")
        self.b.address("eth0", "192.0.2.2/24")
        self.state = os.path.join(lab.folder, "state") if state is None else state
        self.shift_file = os.path.join(lab.folder, "shift")
        self.shift(0)
        self.one = Daemon(self.a, program=ON_WRONG_CLOCK, environment={
            "VOLE_STATE_DIRECTORY": self.state, "LAB_CLOCK_SHIFT": self.shift_file})
        self.other = Daemon(self.b, program=other)
        connect(self.one, self.other, A, B, other_address="192.0.2.2")

    def shift(self, seconds):
        with open(self.shift_file, "wb") as out:
            out.write(struct.pack("q", seconds))

    def again(self, crash=False):
        """The next life of a's daemon, with the same key."""
        if crash:
            self.one.kill()
        else:
            self.one.stop()
        wait_for(lambda: "wg0" not in self.a.interfaces(), "the interface to go")
        self.one.start()
        self.one.configure({"PublicKey": self.other.public_key, "AllowedIPs": "10.9.0.2/32",
                            "Endpoint": "192.0.2.2:51820"})
        self.one.up(*A)

    def refused(self):
        """Until b has refused a handshake of a as older than the last."""
        return wait_for(lambda: "older" in self.other.drops() or "replay" in self.other.drops(), "a refused handshake")

    def files(self):
        return sorted(os.listdir(self.state))

    def file(self):
        files = [name for name in self.files() if name.startswith("clock-")]
        expect_equal(len(files), 1, f"state files in {files}")
        return os.path.join(self.state, files[0])

    def ceiling(self):
        with open(self.file()) as text:
            return int(re.search(r"^ceiling=(\d+)$", text.read(), re.M).group(1))

    def clock(self, *words, check=True):
        return self.a.run(VOLE, "clock", *words, check=check, environment={"VOLE_STATE_DIRECTORY": self.state})


@case(voled_only=OWN)
def a_clock_set_back_while_it_runs(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    pair.shift(-DAY)
    pair.one.set("peer", pair.other.public_key, "remove")
    pair.one.set("peer", pair.other.public_key, "allowed-ips", "10.9.0.2/32", "endpoint", "192.0.2.2:51820")
    ping(pair.a, "10.9.0.2")
    pair.one.wait_log("clock looks wrong: it says .*handshakes were sent up to .*vole clock reset wg0")
    pair.shift(0)
    pair.one.set("private-key", "/dev/null")  # anything that makes it look at the clock
    pair.one.wait_log("clock looks right again")
    expect_equal(pair.one.log().count("looks wrong"), 1, "how often it is said")


@case(voled_only=OWN)
def a_clock_set_back_while_the_key_is_away(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    pair.one.set("private-key", "/dev/null", "peer", pair.other.public_key, "remove")
    pair.shift(-DAY)
    pair.one.set("private-key", lab.file("key", pair.one.private_key + "\n"), "peer", pair.other.public_key,
                 "allowed-ips", "10.9.0.2/32", "endpoint", "192.0.2.2:51820")
    ping(pair.a, "10.9.0.2")


@case(voled_only=OWN)
def a_clock_set_back_over_a_restart(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    pair.shift(-DAY)
    for crash in (False, True):
        pair.again(crash)
        ping(pair.a, "10.9.0.2")
        pair.one.wait_log("clock looks wrong")


@case(voled_only=OWN)
def the_same_with_wireguard_go_at_the_other_end(lab):
    pair = Pair(lab, other=GO)
    ping(pair.a, "10.9.0.2")
    pair.shift(-DAY)
    pair.again(crash=True)
    ping(pair.a, "10.9.0.2")


@case(voled_only=OWN)
def without_a_state_directory_the_peer_refuses(lab):
    pair = Pair(lab, state="")
    ping(pair.a, "10.9.0.2")
    pair.shift(-DAY)
    pair.again()
    cannot_ping(pair.a, "10.9.0.2")
    pair.refused()
    features = pair.a.output(VOLE, "show", "wg0", "features")
    expect(re.search(r"clock_state +off +by an empty --state-directory", features), features)


@case(voled_only=OWN)
def what_is_stored_and_when(lab):
    pair = Pair(lab)
    expect(not os.path.exists(pair.state), "nothing is written before the first handshake")
    before = int(time.time())
    ping(pair.a, "10.9.0.2")
    expect_equal(os.stat(pair.state).st_mode & 0o7777, 0o700, "mode of the directory")
    expect_equal(os.stat(pair.file()).st_mode & 0o7777, 0o600, "mode of the file")
    expect(before + 119 <= pair.ceiling() <= int(time.time()) + 120, f"{pair.ceiling()} is 120 s ahead of {before}")
    with open(pair.file()) as text:
        content = text.read()
    expect(pair.one.public_key in content and pair.one.private_key not in content, "the public key alone is in the file")
    pair.again(crash=True)
    ceiling = pair.ceiling()
    expect(ceiling >= before + 119, "a crash leaves the reservation")
    ping(pair.a, "10.9.0.2")
    expect(pair.ceiling() > ceiling, "the next life goes on above it")
    expect("looks wrong" not in pair.one.log(), "but that is no reason to doubt the clock")
    ceiling = pair.ceiling()
    pair.one.stop()
    expect(pair.ceiling() < ceiling, "an orderly end gives back what was not used")
    expect_equal(len(pair.files()), 1, "files in the directory")


@case(voled_only=OWN)
def a_listener_writes_nothing(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    name = os.path.join(os.environ["VOLE_STATE_DIRECTORY"], "clock-" + hexadecimal(pair.other.public_key))
    expect(not os.path.exists(name), "who only answers needs no memory")
    pair.other.set("peer", pair.one.public_key, "remove")
    pair.other.set("peer", pair.one.public_key, "allowed-ips", "10.9.0.1/32", "endpoint", "192.0.2.1:51820")
    ping(pair.b, "10.9.0.1")
    expect(os.path.exists(name), "but when it initiates itself, it does")


@case(voled_only=OWN)
def a_directory_that_cannot_be_written(lab):
    pair = Pair(lab, state="/proc/vole")
    ping(pair.a, "10.9.0.2")
    pair.one.wait_log("cannot remember the time of handshakes in /proc/vole: .*--state-directory")
    expect_equal(pair.one.log().count("cannot remember"), 1, "how often it is said")
    features = pair.a.output(VOLE, "show", "wg0", "features")
    expect(re.search(r"clock_state +off +the state directory cannot be written", features), features)


@case(voled_only=OWN)
def a_damaged_file_is_named_and_replaced(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    pair.one.stop()
    path = pair.file()
    for content in ("garbage\n", "", f"public_key={pair.one.public_key}\nceiling=-5\n"):
        with open(path, "w") as out:
            out.write(content)
        shown = pair.clock(check=False)
        expect(shown.returncode == 1 and os.path.basename(path) in shown.stderr, shown.stderr)
        pair.shift(1000)  # so that the peer takes it although all is forgotten
        pair.again()
        ping(pair.a, "10.9.0.2")
        pair.one.wait_log(re.escape(path) + ".*: not a state file; it is ignored")
        expect(pair.ceiling() > 0, "written anew")
        pair.one.stop()
        os.unlink(pair.one.log_path)


@case(voled_only=OWN)
def a_ceiling_in_the_far_future_is_obeyed_until_it_is_reset(lab):
    pair = Pair(lab)
    pair.shift(20 * 365 * DAY)
    ping(pair.a, "10.9.0.2")
    pair.shift(0)
    pair.again()
    ping(pair.a, "10.9.0.2")
    pair.one.wait_log("clock looks wrong.*vole clock reset wg0")
    shown = pair.clock("wg0").stdout
    expect(re.search(r"interface: wg0\n  public key: \S+\n  handshakes up to: 20\d\d-.*\n  compared with the clock: "
                     r"(19|20) years.* ahead: .*\n.*vole clock reset wg0", shown), shown)
    expect_equal(pair.clock().stdout, shown, "vole clock without a name")
    expect_equal(pair.clock("show", pair.one.public_key).stdout, shown, "vole clock with the key")
    # Reset while it runs: from now on the peer refuses, which is why nobody should do it without need.
    expect("reset" in pair.clock("reset", "wg0").stdout, "it says so")
    pair.one.wait_log("the time of handshakes was reset")
    wait_for(lambda: not pair.files(), "the file to go")
    pair.one.set("peer", pair.other.public_key, "remove")
    pair.one.set("peer", pair.other.public_key, "allowed-ips", "10.9.0.2/32", "endpoint", "192.0.2.2:51820")
    cannot_ping(pair.a, "10.9.0.2")
    pair.refused()
    expect(pair.ceiling() <= time.time() + 121, "the new reservation follows the clock")
    expect("all is well" in pair.clock("wg0").stdout, "and so says vole clock")


@case(voled_only=OWN)
def reset_of_an_interface_that_does_not_run(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    pair.one.stop()
    expect(pair.one.public_key in pair.clock("reset", "wg0").stdout, "it says what was reset")
    expect_equal(pair.files(), [], "files")
    for words in (["reset", "wg0"], ["wg0"], ["reset", pair.one.public_key]):
        result = pair.clock(*words, check=False)
        expect(result.returncode == 1 and "nothing is remembered of" in result.stderr, result.stderr)
    expect_equal(pair.clock().stdout, "", "vole clock where nothing is stored")
    for words in (["reset"], ["reset", "wg0", "wg1"], ["show", "wg0", "x"], ["--state-directory"]):
        result = pair.clock(*words, check=False)
        expect(result.returncode == 1 and "Usage" in result.stderr, f"{words}: {result.stderr}")


@case(voled_only=OWN)
def nothing_is_reset_behind_the_back_of_a_daemon_that_cannot_be_asked(lab):
    pair = Pair(lab)
    ping(pair.a, "10.9.0.2")
    pair.one.stop()
    for word in ("wg0", pair.one.public_key):
        result = pair.a.run("python3", "-c", BESIDE_A_SICK_DAEMON, VOLE, "clock", "reset", word, check=False,
                            environment={"VOLE_STATE_DIRECTORY": pair.state})
        expect(result.returncode == 1 and "Unable to access interface wg0: Input/output error" in result.stderr,
               f"{word}: {result.stdout}{result.stderr}")
        expect_equal(result.stdout, "questions: 1\n", "a daemon that may hang is asked once")
        expect_equal(len(pair.files()), 1, "files")


@case(voled_only=OWN)
def a_disk_that_hangs_stops_neither_control_nor_handshakes(lab):
    pair = Pair(lab)
    os.mkdir(pair.state, 0o700)
    directory = os.open(pair.state, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)  # its keeper waits for this as it would for a disk
    ping(pair.a, "10.9.0.2")
    pair.one.wait_log("does not answer: handshakes go on")
    expect(pair.one.uapi.answers(), "control answers")
    expect_equal(pair.files(), [], "nothing could be written")
    fcntl.flock(directory, fcntl.LOCK_UN)
    os.close(directory)
    pair.one.wait_log("the disk answers again")
    expect(pair.ceiling() > time.time(), "and what was asked is stored")
    directory = os.open(pair.state, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    pair.one.stop()  # within its patience
    expect("ending without it" in pair.one.log(), "the end says that the disk hangs")
    os.close(directory)


main(__file__)
