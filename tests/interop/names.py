#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names of peers: from the comments of the interface's file and from /etc/vole/names; where they are shown, where
they are understood, and where they are not."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, Daemon, default_environment, key_pair
from harness.lab import expect, expect_equal

FIELDS = ["public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints",
          "allowed-ips", "latest-handshakes", "transfer", "persistent-keepalive", "dump"]


class Host:
    """A host with a daemon, an /etc/wireguard and an /etc/vole of its own, and vole under two names."""

    def __init__(self, lab, peers=3, start=True):
        self.host = lab.host("ours")
        for directory in ("/etc/wireguard", "/etc/vole"):
            os.makedirs(directory, exist_ok=True)
            self.host.run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", directory)
        self.host.shell(f"mkdir -p /run/bin && ln -sf {VOLE} /run/bin/wg")
        self.keys = [key_pair()[1] for _ in range(peers)]
        if start:
            self.daemon = Daemon(self.host)
            self.daemon.configure(*(dict(PublicKey=key) for key in self.keys))

    def write(self, path, text):
        with open(self.host.path(path), "w", encoding="utf-8") as out:
            out.write(text)

    def vole(self, *words, check=True):
        return self.host.run(VOLE, *words, check=check,
                             environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED))

    def wg(self, *words, check=True):
        return self.host.run("/run/bin/wg", *words, check=check)

    def peers_shown(self):
        return {line.removeprefix("peer: ") for line in self.vole("show", "wg0").stdout.splitlines()
                if line.startswith("peer: ")}


def section(key, name=None):
    comment = f"# Name = {name}\n" if name else ""
    return f"[Peer]\n{comment}PublicKey = {key}\n"


@case
def names_of_the_interfaces_file_are_shown_to_people_and_to_nobody_else(lab):
    ours = Host(lab)
    a, b, c = ours.keys
    plain = {field: ours.vole("show", "wg0", field).stdout for field in FIELDS}
    before, configuration = ours.wg("show", "wg0").stdout, ours.vole("showconf", "wg0").stdout
    expect_equal(ours.vole("show", "wg0").stdout, before, "what is shown without names")
    ours.write("/etc/wireguard/wg0.conf", f"[Interface]\nNonsense = 1\n{section(a, 'laptop')}{section(b)}")
    result = ours.vole("show", "wg0")
    expect_equal(result.stderr, "", "messages about a file that nobody asked to have read")
    expect_equal(ours.peers_shown(), {f"laptop ({a})", b, c}, "the peers")
    expect_equal(result.stdout.replace(f"laptop ({a})", a), before, "all else that is shown")
    for field in FIELDS:
        expect_equal(ours.vole("show", "wg0", field).stdout, plain[field], f"field {field}")
    expect_equal(ours.vole("showconf", "wg0").stdout, configuration, "showconf")
    expect_equal(ours.wg("show", "wg0").stdout, before, "what is shown when called as wg")
    ours.host.run("mv", "/etc/wireguard/wg0.conf", "/etc/vole/wg0.conf")
    expect_equal(ours.peers_shown(), {f"laptop ({a})", b, c}, "the peers with the file in /etc/vole")


@case
def the_list_names_those_that_the_file_does_not(lab):
    ours = Host(lab)
    a, b, c = ours.keys
    ours.write("/etc/wireguard/wg0.conf", section(a, "laptop"))
    ours.write("/etc/vole/names", f"# everybody\n{a} other\n{b}\tphone # lost\nrubbish\n")
    result = ours.vole("show")
    expect_equal(result.stderr, "/etc/vole/names:4:1: Warning: `rubbish' is ignored: a line is `KEY NAME', and a "
                                "public key is 44 characters of base64\n", "the warning")
    expect_equal(ours.peers_shown(), {f"laptop ({a})", f"phone ({b})", c}, "the peers")
    ours.vole("set", "wg0", "peer", "phone", "persistent-keepalive", "11")
    expect_equal(ours.daemon.show("persistent-keepalive")[b], "11", "keepalive set by name")
    ours.host.shell("rm /etc/vole/names /etc/wireguard/wg0.conf; mkdir /etc/vole/names /etc/wireguard/wg0.conf")
    result = ours.vole("show", "wg0")
    expect_equal((result.stderr, ours.peers_shown()), ("", {a, b, c}), "with directories in their place")


@case
def a_name_is_understood_where_a_key_is(lab):
    ours = Host(lab)
    a, b, c = ours.keys
    ours.write("/etc/wireguard/wg0.conf", section(a, "laptop") + section(b, "twin") + section(c, "twin"))
    ours.vole("set", "wg0", "peer", "laptop", "allowed-ips", "10.0.0.1/32", "peer", b, "allowed-ips", "10.0.0.2/32")
    expect_equal(ours.daemon.show("allowed-ips"), {a: "10.0.0.1/32", b: "10.0.0.2/32", c: "(none)"}, "allowed IPs")
    stolen = ours.vole("set", "wg0", "peer", c, "allowed-ips", "10.0.0.1/32").stderr
    expect(f"taken from peer laptop ({a}): peer twin ({c}) has it now" in stolen, f"the warning: {stolen}")
    before = ours.vole("showconf", "wg0").stdout
    twins = ours.vole("set", "wg0", "peer", "laptop", "remove", "peer", "twin", "remove", check=False)
    expect_equal(twins.returncode, 1, "status of an ambiguous name")
    expect(b in twins.stderr and c in twins.stderr and a not in twins.stderr, f"both keys: {twins.stderr}")
    unknown = ours.vole("set", "wg0", "peer", "Laptop", "remove", check=False)
    expect(unknown.returncode == 1 and "argument 4: " in unknown.stderr and "/etc/vole/names" in unknown.stderr,
           f"an unknown name: {unknown.stderr}")
    as_wg = ours.wg("set", "wg0", "peer", "laptop", "remove", check=False)
    expect(as_wg.returncode == 1 and "name" not in as_wg.stderr, f"called as wg: {as_wg.stderr}")
    expect_equal(ours.vole("showconf", "wg0").stdout, before, "the interface after all that was wrong")
    ours.vole("set", "wg0", "peer", "laptop", "remove")
    expect(a not in ours.daemon.show("allowed-ips"), "removed by name")


@case
def the_file_that_up_was_given_is_the_interfaces(lab):
    ours = Host(lab, peers=1, start=False)
    private = key_pair()[0]
    key = ours.keys[0]
    ours.host.shell("mkdir -m 700 /run/elsewhere")
    text = f"[Interface]\nPrivateKey = {private}\nTable = off\n"
    ours.write("/run/elsewhere/wg0.conf", text + section(key, "faraway"))
    ours.write("/etc/wireguard/wg0.conf", text + section(key, "nearby"))
    ours.vole("up", "--userspace", "/run/elsewhere/wg0.conf")
    expect_equal(ours.peers_shown(), {f"faraway ({key})"}, "named by the file that up was given")
    expect(os.path.exists(ours.host.path("/run/vole/wg0.file")), "up wrote its file down")
    ours.vole("set", "wg0", "peer", "faraway", "persistent-keepalive", "7")
    ours.vole("down", "/run/elsewhere/wg0.conf")
    expect(not os.path.exists(ours.host.path("/run/vole/wg0.file")), "what was written down is gone after down")
    ours.vole("up", "--userspace", "wg0")
    expect_equal(ours.peers_shown(), {f"nearby ({key})"}, "named by the standard file")
    # What was written down about another interface of this name, long gone, does not count.
    ours.write("/run/vole/wg0.file", "1 1 /run/elsewhere/wg0.conf\n")
    expect_equal(ours.peers_shown(), {f"nearby ({key})"}, "with an old record")
    ours.vole("down", "wg0")


main(__file__)
