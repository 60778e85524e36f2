#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vole`, also called as `wg`, beside Debian's wg on the same inputs: files, words, keys, environment, errors.

Each of the three drives an interface of its own, or, where there are many inputs, vole's is driven by both
names in turn; the interfaces must be the same afterwards, as must exit
status and stdout. Messages are compared loosely: there are some, or there are none. Inputs are in
wg_inputs.py. Host names come from a file, so that nobody outside is asked.
"""

import contextlib
import itertools
import os
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

import wg_inputs as inputs
from harness.cases import case, main
from harness.daemon import VOLE, Daemon
from harness.lab import expect, expect_equal
from harness.uapi import Uapi, read_reply

FIELDS = ["public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints", "allowed-ips",
          "latest-handshakes", "transfer", "persistent-keepalive", "dump"]
TAKEN = r"^Warning: (allowed IP |\d+ more allowed IPs )"
PLACED = re.compile(r"^\S+:\d+:\d+: .|^(vole|wg) \w+: wg\d was not changed$|" + TAKEN)
WG_IS_OLDER = "v1.0.20210914 " in subprocess.run(["wg", "--version"], capture_output=True, text=True, check=True).stdout
NUMBERED = re.compile(r"^argument \d+: .|" + TAKEN)


class Golden:
    """A host with one interface for each of the three programs; or, in_turn, with one for both names of vole."""

    def __init__(self, lab, count=3, in_turn=False):
        self.lab, self.host, self.in_turn = lab, lab.host("a"), in_turn
        link = os.path.join(lab.folder, "wg")
        os.symlink(VOLE, link)
        self.names = itertools.cycle((VOLE, link))
        self.programs = {"wg0": "wg", "wg1": VOLE} if in_turn else {"wg0": "wg", "wg1": VOLE, "wg2": link}
        self.daemons = [Daemon(self.host, name) for name in list(self.programs)[:count]]
        self.paths = {name: lab.file(name, text) for name, text in inputs.SECRETS.items()}
        self.paths |= {"missing": os.path.join(lab.folder, "missing"), "nothing": "", "space": " "}
        self.bind("/etc/nsswitch.conf", "hosts: files\nservices: files\n")
        self.bind("/etc/hosts", "192.0.2.77 named.example\n")

    def bind(self, place, text):
        """Puts another file in the place of one of the system's, on this host."""
        self.host.run("mount", "--bind", self.lab.file(os.path.basename(place), text), place)

    def run(self, interface, *words, **options):
        """Runs this interface's program."""
        return self.host.run(self.programs[interface], *words, check=False, **options)

    def state(self, interface):
        """Everything of an interface."""
        return self.daemons[int(interface[2:])].uapi.request("get=1\n\n")

    def words(self, interface, text):
        return [interface] + [word.format(**self.paths) for word in text.split()]

    def each(self, command, arguments, **options):
        """Runs `COMMAND INTERFACE ...` with all; their results by interface."""
        self.next_turn()
        return {name: self.run(name, command, *arguments(name), **options) for name in self.programs}

    def next_turn(self):
        if self.in_turn:
            self.programs["wg1"] = next(self.names)

    def ours(self):
        """The interfaces that are not wg's."""
        return list(self.programs)[1:]

    def compare(self, what, results, messages=None, states=True):
        """Raises Failed if the programs or their interfaces differ."""
        wanted = results["wg0"]
        for name in self.ours():
            got, label = results[name], f"{what}, {os.path.basename(self.programs[name])}"
            expect_equal(got.returncode, wanted.returncode, f"{label}: exit status ({wanted.stderr!r}, {got.stderr!r})")
            expect_equal(got.stdout, wanted.stdout, f"{label}: output")
            odd = [line for line in got.stderr.splitlines() if "Warning: " not in line]
            expect(got.stderr if wanted.stderr else not odd, f"{label}: messages {got.stderr!r}, {wanted.stderr!r}")
            if states:
                expect_equal(self.state(name), self.state("wg0"), f"{label}: the interface")
        for line in results["wg1"].stderr.splitlines() if messages else []:
            expect(messages.search(line), f"{what}: a message without its place: {line}")

    def differ(self, what, reason, results):
        """Raises Failed if the programs do not differ, which they are said to do."""
        if reason == inputs.OLDER and not WG_IS_OLDER:
            self.compare(what, results)
            return
        seen = {name: (result.returncode, result.stdout, self.state(name)) for name, result in results.items()}
        expect(seen["wg1"] != seen["wg0"], f"{what} ({reason}): is listed as different but is the same")
        expect_equal(seen["wg2"], seen["wg1"], f"{what}: called as wg and as vole")

    def equal_dumps(self):
        """What a user sees of the interfaces in the end."""
        dumps = {self.host.output("wg", "show", name, "dump") for name in self.programs}
        expect_equal(len(dumps), 1, f"the number of different dumps: {dumps}")

    def start_over(self, text=inputs.EVERYTHING):
        path = self.lab.file("start.conf", text)
        for name in self.programs:
            self.host.run("wg", "setconf", name, path)


def sorted_state(text):
    """A state with each peer's allowed IPs in alphabetical order."""
    peers = text.split("public_key=")
    return ["".join(sorted(peer.splitlines(keepends=True))) for peer in peers]


@case
def files_that_are_good(lab):
    golden = Golden(lab, in_turn=True)
    for name, text in inputs.GOOD_FILES.items():
        path = lab.file("good.conf", text)
        for command in ("addconf", "setconf"):
            golden.compare(f"{command}: {name}", golden.each(command, lambda interface: [interface, path]), PLACED)
    golden.equal_dumps()


@case
def files_that_are_bad_change_nothing(lab):
    golden = Golden(lab, in_turn=True)
    golden.start_over()
    before = golden.state("wg1")
    for number, (name, text) in enumerate(inputs.BAD_FILES.items()):
        path, command = lab.file("bad.conf", text), ("setconf", "addconf", "syncconf")[number % 3]
        results = golden.each(command, lambda interface: [interface, path])
        expect_equal(results["wg1"].returncode, 1, f"{name}: exit status")
        expect(inputs.PRIVATE[:40] not in results["wg1"].stderr, f"{name}: the private key is shown")
        golden.compare(f"{command}: {name}", results, PLACED)
    expect_equal(golden.state("wg1"), before, "the interface")


@case
def syncconf_from_one_file_to_the_next(lab):
    golden = Golden(lab, in_turn=True)
    start = re.sub("(PresharedKey|PersistentKeepalive).*\n", "", inputs.EVERYTHING)  # see the next case
    for name, text in inputs.GOOD_FILES.items():
        golden.start_over(f"{start}[Peer]\nPublicKey = {inputs.THREE}\nAllowedIPs = 10.7.0.0/16\n")
        path = lab.file("next.conf", text)
        for time in ("once", "twice"):
            results = golden.each("syncconf", lambda interface: [interface, path])
            golden.compare(f"syncconf {time}: {name}", results, PLACED, states=False)
            expect_equal(*(sorted_state(golden.state(interface)) for interface in ("wg1", "wg0")),
                         f"syncconf {time}: {name}: the interface")


@case
def differences_in_files_are_those_listed(lab):
    golden = Golden(lab)
    for name, (text, reason) in inputs.DIFFERENT_FILES.items():
        golden.start_over()
        path = lab.file("different.conf", text)
        golden.differ(name, reason, golden.each("setconf", lambda interface: [interface, path]))


@case
def syncconf_differs_as_listed(lab):
    golden = Golden(lab)

    def sync(text):
        path = lab.file("next.conf", text)
        return golden.each("syncconf", lambda interface: [interface, path])
    golden.start_over()
    golden.differ("a preshared key and an interval that the file does not give", inputs.OLDER,
                  sync(f"{inputs.INTERFACE}{inputs.PEER}"))
    expect(f"preshared_key={'0' * 64}\n" in golden.state("wg1"), "the preshared key is gone")
    expect("persistent_keepalive_interval=25" not in golden.state("wg1"), "the interval is gone")
    golden.start_over()
    golden.differ("allowed IPs in another order", "vole leaves those alone that stay",
                  sync(inputs.EVERYTHING.replace("10.1.0.0/16, fd01::/64", "fd01::/64, 10.1.0.0/16")))
    expect_equal(sorted_state(golden.state("wg1")), sorted_state(golden.state("wg0")), "but for their order")


@case
def words_of_set(lab):
    golden = Golden(lab, in_turn=True)
    for text in inputs.GOOD_WORDS:
        golden.compare(f"set: {text}", golden.each("set", lambda interface: golden.words(interface, text)), NUMBERED)
    golden.equal_dumps()


@case
def wrong_words_of_set_change_nothing(lab):
    golden = Golden(lab, in_turn=True)
    golden.start_over()
    before = golden.state("wg1")
    for text in inputs.BAD_WORDS:
        results = golden.each("set", lambda interface: golden.words(interface, text))
        expect_equal(results["wg1"].returncode, 1, f"{text}: exit status")
        expect(inputs.PRIVATE[:40] not in results["wg1"].stderr, f"{text}: the private key is shown")
        golden.compare(f"set: {text}", results, NUMBERED)
    expect_equal(golden.state("wg1"), before, "the interface")


@case
def differences_in_words_are_those_listed(lab):
    golden = Golden(lab)
    golden.start_over(inputs.EVERYTHING.replace("10.1.2.3/32", "10.99.0.0/16, 10.96.0.0/16"))
    for text, reason in inputs.DIFFERENT_WORDS.items():
        golden.differ(text, reason, golden.each("set", lambda interface: golden.words(interface, text)))
    allowed = golden.host.output("wg", "show", "wg1", "allowed-ips").splitlines()[0].split("\t")[1].split()
    expect("10.99.0.0/16" not in allowed and {"10.96.0.0/16", "10.97.0.0/16", "10.98.0.0/16"} <= set(allowed),
           f"what was added and taken: {allowed}")


@case
def files_from_pipes_and_stdin(lab):
    golden = Golden(lab)
    for command in ("setconf", "addconf", "syncconf"):
        golden.compare(f"{command} /dev/stdin", golden.each(command, lambda interface: [interface, "/dev/stdin"],
                                                            input=inputs.EVERYTHING))
        path = lab.file("piped.conf", inputs.EVERYTHING)
        golden.compare(f"{command} <(...)", {name: golden.host.run(
            "bash", "-c", f'"$@" <(cat {path})', "bash", golden.programs[name], command, name, check=False)
            for name in golden.programs})
    golden.equal_dumps()


@case
def names_that_cannot_be_resolved(lab):
    golden = Golden(lab)
    golden.bind("/etc/nsswitch.conf", "hosts: dns\nservices: files\n")  # no server answers: try again
    golden.bind("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    words = f"peer {inputs.ONE} endpoint somewhere.example:1"
    for retries, tries in (("0", 0), ("", 0), ("1", 1)):
        results = golden.each("set", lambda interface: golden.words(interface, words),
                              environment={"WG_ENDPOINT_RESOLUTION_RETRIES": retries})
        golden.compare(f"{retries!r} retries", results, NUMBERED)
        for name, result in results.items():
            expect_equal(result.stderr.count("Trying again in 1.00 seconds..."), tries, f"{name}: {result.stderr}")
    for retries in ("nonsense", "-1", "5x", "4294967296", "Infinity"):
        words = f"peer {inputs.ONE} endpoint 192.0.2.1:1"
        results = golden.each("set", lambda interface: golden.words(interface, words),
                              environment={"WG_ENDPOINT_RESOLUTION_RETRIES": retries})
        expect_equal(results["wg1"].returncode, 1, f"{retries} retries: exit status")
        golden.compare(f"{retries} retries", results, NUMBERED)


# ---- show and showconf: all programs read the same interfaces ----

def same_output(golden, *words, environment=None):
    """Runs the same words with all programs; wg's result."""
    golden.next_turn()
    wanted = golden.run("wg0", *words, environment=environment)
    for name in golden.ours():
        got = golden.run(name, *words, environment=environment)
        label = f"{os.path.basename(golden.programs[name])} {' '.join(words)} {environment or ''}"
        expect_equal((got.returncode, got.stdout), (wanted.returncode, wanted.stdout), label)
        expect_equal(bool(got.stderr), bool(wanted.stderr), f"{label}: messages {wanted.stderr!r}, {got.stderr!r}")
    return wanted


def forms_of_show(names):
    for words in ([], ["show"], ["show", "all"], *(["show", name] for name in names)):
        for environment in ({"WG_COLOR_MODE": "always"}, {"WG_COLOR_MODE": "never"}, {"WG_HIDE_KEYS": "never"},
                            {"WG_COLOR_MODE": "always", "WG_HIDE_KEYS": "never"},
                            {"WG_HIDE_KEYS": "", "WG_COLOR_MODE": ""}):
            yield words, environment
    for field in FIELDS:
        # the older wg forgets the interface before all endpoints but the first
        if field != "endpoints":
            yield ["show", "all", field], {}
        for name in names:
            yield ["show", name, field], {"WG_COLOR_MODE": "always"}
    yield ["show", "interfaces"], {}


@case
def show_in_every_form_with_up_to_three_interfaces(lab):
    golden = Golden(lab, count=0, in_turn=True)
    for count in range(4):
        names = [f"wg{number}" for number in range(count)]
        if count > 0:
            golden.daemons.append(Daemon(golden.host, names[-1]))
        if count == 2:
            golden.host.run("wg", "setconf", "wg1", lab.file("all.conf", inputs.EVERYTHING))
        if count == 3:
            golden.host.run("wg", "setconf", "wg2", lab.file("all.conf", inputs.GOOD_FILES["many peers"]))
        for words, environment in forms_of_show(names):
            same_output(golden, *words, environment=environment)
        for name in names:
            same_output(golden, "showconf", name)


@case
def all_endpoints_differ_as_listed(lab):
    golden = Golden(lab, count=2)
    golden.host.run("wg", "setconf", "wg1", lab.file("all.conf", inputs.EVERYTHING))
    outputs = {name: golden.run(name, "show", "all", "endpoints").stdout for name in golden.programs}
    expect_equal(outputs["wg1"] == outputs["wg0"], not WG_IS_OLDER, "whether they are the same")
    expect_equal(outputs["wg1"], outputs["wg2"], "called as wg and as vole")
    expect(all(line.startswith("wg1\t") for line in outputs["wg1"].splitlines()), outputs["wg1"])


@case
def what_showconf_prints_makes_the_same_interface(lab):
    golden = Golden(lab, in_turn=True)
    for text in inputs.GOOD_FILES.values():
        golden.next_turn()
        golden.host.run("wg", "setconf", "wg0", lab.file("one.conf", text))
        copy = lab.file("copy.conf", golden.run("wg1", "showconf", "wg0").stdout)
        golden.host.run(golden.programs["wg1"], "setconf", "wg1", copy)
        expect_equal(golden.state("wg1"), golden.state("wg0"), f"the copy of {text[:200]}")


@case
def interfaces_that_are_not_there(lab):
    golden = Golden(lab, count=1, in_turn=True)
    path = lab.file("all.conf", inputs.EVERYTHING)
    for name in ("wg9", "lo", "a/b", "..", "", "n" * 15, "n" * 40, "wg0/", " wg0"):
        for words in (["show", name], ["show", name, "dump"], ["showconf", name], ["set", name, "listen-port", "1"],
                      ["set", name, "peer", inputs.ONE, "remove"], ["setconf", name, path], ["addconf", name, path],
                      ["syncconf", name, path]):
            expect_equal(same_output(golden, *words).returncode, 1, f"exit status of {words}")


@case
def names_that_are_too_long_are_cut_by_wg_only(lab):
    golden = Golden(lab, count=0)
    daemon = Daemon(golden.host, "wg-fifteen-long")
    statuses = {name: golden.run(name, "set", "wg-fifteen-longer", "listen-port", "7").returncode
                for name in golden.programs}
    expect_equal(statuses, {"wg0": 0, "wg1": 1, "wg2": 0}, "vole asks for the right name, wg takes what it can get")
    expect("listen_port=7\n" in daemon.uapi.request("get=1\n\n"), "the port")


# ---- what goes over the socket ----

class Recorder:
    """In the place of a daemon: keeps what it is asked to set and answers as it is told."""

    def __init__(self, host, interface):
        self.answer, self.requests = "errno=0\n\n", []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(Uapi(host, interface).path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        host.lab.closers.append(self.stop)

    def stop(self):
        """Before its descriptor is closed, and used again, nobody may wait on it any more."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                with self.listener.accept()[0] as connection, contextlib.suppress(OSError):
                    request = read_reply(connection).decode()
                    if request.startswith("set=1\n"):
                        self.requests.append(request)
                    connection.sendall((self.answer if request.startswith("set") else "errno=0\n\n").encode())


@case
def requests_are_those_of_wg(lab):
    golden = Golden(lab, count=0, in_turn=True)
    recorder = Recorder(golden.host, "wg9")

    def requests(label, *words):
        recorder.requests.clear()
        golden.next_turn()
        for name in golden.programs:
            golden.run(name, *words)
        expect_equal(len(recorder.requests), 2, f"the number of requests of {label}")
        expect_equal(recorder.requests[1], recorder.requests[0], f"the request of {label}")
    for name, text in inputs.GOOD_FILES.items():
        path = lab.file("good.conf", text)
        requests(f"setconf: {name}", "setconf", "wg9", path)
        requests(f"addconf: {name}", "addconf", "wg9", path)
    for text in inputs.GOOD_WORDS:
        requests(f"set: {text}", "set", *golden.words("wg9", text))


@case
def answers_of_a_daemon(lab):
    golden = Golden(lab, count=0)
    recorder = Recorder(golden.host, "wg9")
    for answer, status, words in (
            ("errno=0\n\n", 0, ""), ("errno=-22\n\n", 1, "Invalid argument"), ("errno=-98\n\n", 1, "already in use"),
            ("errno=-1\n\n", 1, "not permitted"), ("", 1, "Protocol error"), ("nonsense\n\n", 1, "Protocol error"),
            ("errno=x\n\n", 1, "Protocol error"), ("\n", 1, "Protocol error")):
        recorder.answer = answer
        result = same_output(golden, "set", "wg9", "listen-port", "5")
        expect_equal(result.returncode, status, f"the answer {answer!r}: {result.stderr}")
        said = golden.run("wg1", "set", "wg9", "listen-port", "5").stderr
        expect(words in said, f"the answer {answer!r} in words: {said!r}")
    recorder.answer = "errno=22\n\n"  # a daemon that takes the sign for that of get
    expect("Unknown error" in golden.run("wg0", "set", "wg9", "listen-port", "5").stderr, "wg does not know it")
    expect("Invalid argument" in golden.run("wg1", "set", "wg9", "listen-port", "5").stderr, "vole takes either sign")


@case
def what_a_daemon_refuses_is_an_error(lab):
    golden = Golden(lab)
    other = Daemon(golden.host, "other")
    golden.host.up("other")
    other.set("listen-port", "40009")
    for name in golden.programs:
        golden.host.up(name)
    results = golden.each("set", lambda interface: [interface, "listen-port", "40009", "peer", inputs.ONE])
    golden.compare("a port in use", results, states=False)
    expect_equal([result.stderr for result in results.values()],
                 ["Unable to modify interface: Address already in use\n"] * 3, "the message")


# ---- arguments, keys, failures ----

@case
def wrong_arguments(lab):
    golden = Golden(lab, count=1)
    for words in (["nonsense"], ["show", "wg0", "nonsense"], ["show", "wg0", "dump", "x"], ["showconf"],
                  ["showconf", "wg0", "x"], ["set"], ["set", "wg0"], ["setconf"], ["setconf", "wg0"],
                  ["setconf", "wg0", "/dev/null", "x"],
                  ["addconf", "wg0"], ["syncconf", "wg0"], ["genkey", "x"], ["genpsk", "x"], ["pubkey", "x"],
                  ["setconf", "wg0", "/nothing/there"], ["SHOW"], ["show", "wg0", "Dump"]):
        expect_equal(same_output(golden, *words).returncode, 1, f"exit status of {words}")
    for command in ("genkey", "genpsk", "pubkey"):
        expect_equal(golden.run("wg2", command, "--x").stderr, golden.run("wg0", command, "--x").stderr, f"{command} --x")
    statuses = [golden.run(name, "setconf", "wg0", "/").returncode for name in golden.programs]
    expect_equal(statuses, [0, 1, 1], "a directory is no empty file, though wg thinks so and resets everything")
    for words in (["--help"], ["-h"], ["help"], ["--version"], ["-v"], ["version"], ["show", "--help"]):
        statuses = [golden.run(name, *words).returncode for name in golden.programs]
        expect_equal(statuses, [0, 0, 0], f"exit status of {words}")
    form = re.compile(r"^wireguard-tools v1\.\d+\.\d+ - \S")
    for name in ("wg0", "wg2"):
        expect(form.match(golden.run(name, "--version").stdout), f"the form of {name}'s version")
    expect(golden.run("wg1", "--version").stdout.startswith("vole "), "vole's version")


@case
def called_as_wg_there_is_nothing_that_wg_has_not(lab):
    golden = Golden(lab, count=1)
    listed = re.findall(r"^  (\w+) ", golden.run("wg2", "--help").stdout, re.MULTILINE)
    expect_equal(sorted(listed), sorted(re.findall(r"^  (\w+): ", golden.run("wg0", "--help").stderr or
                                                   golden.run("wg0", "--help").stdout, re.MULTILINE)), "the commands")
    for words in (["show", "wg0", "drops"], ["show", "wg0", "features"]):
        expect_equal([golden.run(name, *words).returncode for name in golden.programs], [1, 0, 1], f"{words}")
    for words in (["set", "wg0", "peer", inputs.ONE, "allowed-ips", "10.0.0.0/8"],
                  ["set", "wg0", "peer", inputs.TWO, "allowed-ips", "10.0.0.0/8"]):
        expect_equal(golden.run("wg2", *words).stderr, "", "no word about taken prefixes")
    taken = golden.run("wg1", "set", "wg0", "peer", inputs.ONE, "allowed-ips", "10.0.0.0/8").stderr
    expect(inputs.ONE in taken and inputs.TWO in taken and "10.0.0.0/8" in taken, f"who took what from whom: {taken}")
    expect_equal(golden.run("wg1", "set", "wg0", "peer", inputs.ONE, "allowed-ips", "10.0.0.0/8").stderr, "", "its own")


@case
def who_loses_an_allowed_ip_is_said(lab):
    golden = Golden(lab, count=1)
    one, two = (f"[Peer]\nPublicKey = {key}\nAllowedIPs = " for key in (inputs.ONE, inputs.TWO))

    def messages(command, text):
        return golden.run("wg1", command, "wg0", lab.file("taken.conf", text)).stderr
    expect_equal(messages("setconf", f"{one}10.0.0.0/8\n"), "", "nothing to be taken")
    expect(inputs.ONE in messages("addconf", f"{two}10.0.0.0/8\n"), "taken from a peer that the file does not know")
    expect_equal(messages("addconf", f"{one}10.0.0.0/8\n{two}11.0.0.0/8\n"), "", "moved by the file")
    expect_equal(messages("syncconf", f"{one}11.0.0.0/8\n{two}10.0.0.0/8\n"), "", "moved by the file")
    expect_equal(messages("setconf", f"{one}10.0.0.0/8\n"), "", "of a peer that goes")
    for command in ("setconf", "addconf", "syncconf"):
        said = messages(command, f"{one}10.0.0.0/8, ::/0\n{two}10.0.0.0/8\n")
        expect(re.fullmatch(r"Warning: allowed IP 10\.0\.0\.0/8 .*\n", said), f"twice in a file, {command}: {said}")


@case
def keys_are_made_alike(lab):
    golden = Golden(lab, count=0)
    for text in inputs.PUBKEY_INPUTS:
        wanted = golden.run("wg0", "pubkey", input=text)
        for name in ("wg1", "wg2"):
            got = golden.run(name, "pubkey", input=text)
            expect_equal((got.returncode, got.stdout, bool(got.stderr)),
                         (wanted.returncode, wanted.stdout, bool(wanted.stderr)), f"{name}: pubkey of {text[:60]!r}")
    for command in ("genkey", "genpsk"):
        for mode, warned in ((0o644, True), (0o604, True), (0o640, False), (0o600, False)):
            path = lab.file("made", "")
            os.chmod(path, mode)
            for name in golden.programs:
                made = golden.host.run("sh", "-c", f'"$@" > {path}', "sh", golden.programs[name], command)
                expect_equal(bool(made.stderr), warned, f"{name}: {command} into mode {mode:o}: {made.stderr!r}")
                with open(path, encoding="ascii") as file:
                    expect(re.fullmatch(r"[A-Za-z0-9+/]{43}=\n", file.read()), "the key")
        for name in golden.programs:
            made = golden.run(name, command)
            expect_equal((made.stderr, len(made.stdout)), ("", 45), f"{name}: {command} into a pipe")
            clamped = inputs.base64.b64decode(made.stdout)
            if command == "genkey":
                expect(clamped[0] & 7 == 0 and clamped[31] & 192 == 64, "the key is clamped")


@case
def without_privileges(lab):
    golden = Golden(lab, count=1)
    path = lab.file("all.conf", inputs.EVERYTHING)
    os.chmod(golden.daemons[0].uapi.path, 0)
    for words in (["show", "wg0"], ["showconf", "wg0"], ["set", "wg0", "listen-port", "1"],
                  ["setconf", "wg0", path], ["syncconf", "wg0", path]):
        for name, program in golden.programs.items():
            result = golden.host.run("setpriv", "--bounding-set=-all", "--inh-caps=-all", program, *words, check=False)
            expect_equal((result.returncode, result.stdout), (1, ""), f"{name} {words}")
            expect(result.stderr, f"{name} {words}: a message")
            if name != "wg0":
                expect("ermi" in result.stderr, f"{name} {words} says why: {result.stderr}")


@case
def outputs_nobody_reads(lab):
    golden = Golden(lab, count=1)
    golden.host.run("wg", "setconf", "wg0", lab.file("all.conf", inputs.GOOD_FILES["many peers"]))
    for words in ("show wg0", "showconf wg0", "show wg0 dump", "genkey"):
        for name in golden.ours() if words != "genkey" else []:  # what is short fits a pipe whose reader is late
            result = golden.host.run("bash", "-c", '{ "$@"; echo "status $?" >&2; } | true', "bash",
                                     golden.programs[name], *words.split())
            expect(result.stderr.endswith("status 1\n"), f"{name} {words} into a closed pipe: {result.stderr}")
        with open("/dev/full", "w", encoding="ascii") as full:
            for name in golden.ours():
                status = subprocess.run(golden.host.command(golden.programs[name], *words.split()), stdout=full,
                                        stderr=subprocess.DEVNULL).returncode
                expect_equal(status, 1, f"{name} {words} on a full disk")


main(__file__)
