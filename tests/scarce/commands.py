#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each allocation of vole's commands refused once. A command then fails in words and leaves things as they were, or works
as it always does: what it prints and does must be the same as with all the memory in the world."""

import http.client
import os
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, Daemon, default_environment, key_pair, preshared_key, processes_named
from harness.lab import expect, expect_equal, wait_for
from harness.scarce import Scarce, expect_orderly, sweep

SECONDS = 3000
STATE = """ip -o link | sed 's/^[0-9]*://'; ip -o address | sed 's/^[0-9]*://; s/ tentative//'
ip -4 route show table all; ip -6 route show table all | grep -v ^multicast; ip -4 rule; ip -6 rule
nft list ruleset; ls /var/run/wireguard /etc/wireguard"""


class Place:
    """A host with an interface wg0 of a few peers of all kinds, and a file about them."""

    def __init__(self, lab, running=True):
        self.lab, self.host = lab, lab.host("a")
        self.scarce = Scarce(lab, "vole")
        os.makedirs("/etc/wireguard", exist_ok=True)
        self.host.shell("mount -t tmpfs -o mode=700 tmpfs /etc/wireguard")
        self.psk, self.keys = preshared_key(), [key_pair() for _ in range(6)]
        self.private = key_pair()[0]
        self.file = self.write("wg0", self.text(3))
        self.daemon = None
        if running:
            self.daemon = Daemon(self.host)
            self.reset()

    def text(self, peers, address=True, port=51820):
        lines = ["[Interface]", f"PrivateKey = {self.private}", f"ListenPort = {port}", "FwMark = 0x5"]
        lines += ["Address = 10.9.0.1/24, fd09::1/64", "MTU = 1400"] if address else []
        for i in range(peers):
            lines += ["[Peer]", f"PublicKey = {self.keys[i][1]}", f"AllowedIPs = 10.9.{i}.2/32, fd09:{i}::/64",
                      f"Endpoint = 192.0.2.{i + 1}:5182{i}", f"PersistentKeepalive = {i}"]
            lines += [f"PresharedKey = {self.psk}"] if i == 1 else []
        return "\n".join(lines) + "\n"

    def write(self, name, text):
        path = f"/etc/wireguard/{name}.conf"
        with open(os.open(self.host.path(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
        return path

    def write_names(self):
        """Names for peers: one in the interface's file, one in the list."""
        self.write("wg0", self.text(3).replace("[Peer]", "[Peer]\n# Name = first", 1))
        os.makedirs(self.host.path("/etc/vole"), exist_ok=True)
        self.host.shell("mount -t tmpfs tmpfs /etc/vole")
        with open(self.host.path("/etc/vole/names"), "w", encoding="utf-8") as out:
            out.write(f"{self.keys[1][1]} second # and so on\n")

    def reset(self):
        self.host.run(VOLE, "setconf", "wg0", "/dev/stdin", input=self.text(3, address=False))

    def secrets(self):
        return [self.private, self.psk]

    def run(self, *words, input=None, timeout=60, usual=0):
        result = self.host.run(VOLE, *words, check=False, input=input, timeout=timeout,
                               environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED,
                                                **self.scarce.environment))
        expect_orderly(result, self.secrets(), usual)
        return result

    def reads(self, *words, input=None, status=0):
        """A command that only prints."""
        wanted = self.run(*words, input=input, usual=status)
        expect_equal(wanted.returncode, status, f"exit status of {' '.join(words)}: {wanted.stderr}")

        def attempt():
            got = self.run(*words, input=input, usual=status)
            if got.returncode == status and "memory" not in got.stderr + got.stdout:
                expect_equal(got.stdout, wanted.stdout, f"output of {' '.join(words)} ({got.stderr})")

        sweep(self.scarce, "vole " + " ".join(words), attempt)

    def changes(self, *words, input=None, undo=None):
        """A command that changes wg0: all of it or nothing."""
        before = self.host.output(VOLE, "showconf", "wg0")
        expect_equal(self.run(*words, input=input).returncode, 0, f"exit status of {' '.join(words)}")
        after = self.host.output(VOLE, "showconf", "wg0")

        def attempt():
            (undo or self.reset)()
            got = self.run(*words, input=input)
            is_now = self.host.output(VOLE, "showconf", "wg0")
            expect_equal(is_now, after if got.returncode == 0 else before, f"wg0 after status {got.returncode}")

        sweep(self.scarce, "vole " + " ".join(words), attempt)
        self.reset()


@case(seconds=SECONDS, voled_only="features and drops")
def commands_that_show(lab):
    place = Place(lab)
    place.write_names()
    expect("first" in place.run("show").stdout and "second" in place.run("show").stdout, "names are shown")
    for words in ([], ["show"], ["show", "wg0", "dump"], ["show", "all", "peers"], ["show", "--json"], ["show", "wg0", "features"],
                  ["show", "wg0", "drops", "--json"], ["showconf", "wg0"], ["metrics"], ["clock"]):
        place.reads(*words)


@case(seconds=SECONDS)
def commands_about_files(lab):
    place = Place(lab, running=False)
    place.write("bad", place.text(2).replace("ListenPort", "ListenProt"))
    place.reads("strip", "wg0")
    place.reads("check", place.file, status=2)
    place.reads("check", "--json", "/etc/wireguard/bad.conf", status=1)
    place.reads("pubkey", input=place.private + "\n")
    place.reads("qr", place.file)
    for option in ("--export", "--capture"):
        path = f"{lab.folder}/written"

        def attempt():
            if os.path.exists(path):
                os.unlink(path)
            got = place.run("explain", option, path, timeout=300)  # a sanitizer takes its time
            exists = os.path.exists(path) and os.path.getsize(path) > 1000
            expect_equal(exists, got.returncode == 0, f"whether there is a file after status {got.returncode}: {got.stderr}")

        sweep(place.scarce, f"vole explain {option}", attempt, first=300, spread=60)


@case(seconds=SECONDS)
def the_server_of_metrics_answers_whole_or_not_and_goes_on(lab):
    place = Place(lab)
    place.scarce.refuse()
    server = place.host.start(VOLE, "metrics", "--listen", "9586", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              environment=place.scarce.environment)
    expect("serving http://127.0.0.1:9586" in server.stderr.readline(), "where it serves")
    threading.Thread(target=server.stderr.read, daemon=True).start()  # so that it never waits to be read

    def ask():
        """(status, text), (0, ""): closed without an answer."""
        with place.host.network():
            connection = http.client.HTTPConnection("127.0.0.1", 9586, timeout=20)
            try:
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except (http.client.HTTPException, OSError):
                return 0, ""
            finally:
                connection.close()

    whole = ask()
    expect_equal(whole[0], 200, "status")

    def attempt():
        got = ask()
        expect(got == whole or place.scarce.refused > 0, f"answer {got}")
        expect(got[0] in (0, 500) or got == whole or '_drops_total{' not in got[1], f"a part of an answer: {got}")
        place.scarce.forgive()
        expect_equal(ask(), whole, "the next answer")
        expect(server.poll() is None, "the server goes on")

    sweep(place.scarce, "vole metrics --listen", attempt)
    server.terminate()
    expect_equal(server.wait(20), 0, "exit status")


@case(seconds=SECONDS)
def genconf_writes_all_files_or_none(lab):
    place = Place(lab, running=False)
    folder = f"{lab.folder}/made"

    def attempt():
        shutil.rmtree(folder, ignore_errors=True)
        got = place.run("genconf", "--topology", "mesh", folder, "a=192.0.2.1:51820", "b=192.0.2.2:51820", "c=192.0.2.3:51820")
        made = sorted(os.listdir(folder)) if os.path.exists(folder) else []
        expect_equal(made, ["a", "b", "c"] if got.returncode == 0 else [],
                     f"files after status {got.returncode}: {got.stderr}")
        leftover = [name for name in os.listdir(lab.folder) if name.startswith(("made", ".made")) and name != "made"]
        expect_equal(leftover, [], "what is left beside it")

    sweep(place.scarce, "vole genconf", attempt)


@case(seconds=SECONDS)
def commands_that_change_keep_all_or_nothing(lab):
    place = Place(lab)
    place.changes("set", "wg0", "listen-port", "51999", "fwmark", "7", "peer", place.keys[4][1], "preshared-key", "/dev/stdin",
                  "endpoint", "192.0.2.9:9", "persistent-keepalive", "9", "allowed-ips", "10.9.9.0/24,fd09:9::/64", input=place.psk)
    place.changes("set", "wg0", "peer", place.keys[0][1], "remove", "peer", place.keys[1][1], "allowed-ips", "-10.9.1.2/32")
    place.changes("setconf", "wg0", "/dev/stdin", input=place.text(5, address=False))
    place.changes("addconf", "wg0", "/dev/stdin", input=place.text(5, address=False, port=51900))
    place.changes("syncconf", "wg0", "/dev/stdin", input=place.text(2, address=False))


class Tunnel(Place):
    """The same, brought up and down by vole."""

    def state(self):
        return self.host.output("sh", "-c", STATE)

    def up(self):
        self.host.run(VOLE, "up", "--userspace", "wg0",
                      environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED))

    def down(self):
        if "wg0" in self.host.interfaces():
            self.host.run(VOLE, "down", "wg0", check=False)
        wait_for(lambda: not processes_named(self.host, "wg0"), "the daemon to end")


@case(seconds=SECONDS)
def up_brings_all_up_or_leaves_nothing(lab):
    place = Tunnel(lab, running=False)
    place.write("wg0", place.text(2).replace("10.9.1.2/32", "0.0.0.0/0"))
    before, whole = place.state(), []

    def attempt():
        got = place.run("up", "--userspace", "wg0")
        if got.returncode == 0:
            whole.append(place.state() + place.host.output(VOLE, "showconf", "wg0"))
            place.host.run(VOLE, "down", "wg0")
        wait_for(lambda: not processes_named(place.host, "wg0"), "the daemon to end")
        expect_equal(place.state(), before, f"what is left after status {got.returncode}: {got.stderr}")
        if got.returncode == 0:
            expect_equal(whole.pop() if len(whole) > 1 else whole[0], whole[0], f"what is up ({got.stderr})")

    sweep(place.scarce, "vole up", attempt)


@case(seconds=SECONDS)
def down_goes_on_or_can_be_repeated(lab):
    place = Tunnel(lab, running=False)
    before = place.state()

    def attempt():
        place.down()
        place.up()
        got = place.run("down", "wg0")
        if got.returncode != 0:
            place.down()
        wait_for(lambda: not processes_named(place.host, "wg0"), "the daemon to end")
        expect_equal(place.state(), before, f"what is left after status {got.returncode}: {got.stderr}")

    sweep(place.scarce, "vole down", attempt)


@case(seconds=SECONDS)
def plan_and_apply_change_all_or_nothing(lab):
    place = Tunnel(lab, running=False)
    place.up()
    old, new = place.text(3), place.text(4).replace("10.9.0.1/24", "10.9.0.7/24").replace("1400", "1390")

    def state():
        return place.state() + place.host.output(VOLE, "showconf", "wg0")

    def apply(text):
        place.write("wg0", text)
        place.host.run(VOLE, "apply", "wg0")

    before = state()
    place.write("wg0", new)
    place.reads("plan", "wg0", status=2)
    apply(new)
    after = state()

    def attempt():
        apply(old)
        expect_equal(state(), before, "the tunnel before apply")
        place.write("wg0", new)
        got = place.run("apply", "wg0")
        expect_equal(state(), after if got.returncode == 0 else before, f"the tunnel after status {got.returncode}: {got.stderr}")

    sweep(place.scarce, "vole apply", attempt)
    place.down()


main(__file__)
