#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files made by `vole genconf`: check finds nothing to say about them, `vole up` makes them working tunnels, and
nothing is ever half written or overwritten."""

import json
import os
import re
import stat

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, default_environment
from harness.lab import expect, expect_equal
from harness.traffic import cannot_ping, ping, ping_and_transfer


def generate(lab, *words, name="conf"):
    """{host: path}"""
    folder = os.path.join(lab.folder, name)
    files = json.loads(maker(lab).output(VOLE, "genconf", "--json", *(folder if word == "DIR" else word for word in words)))
    return {entry["host"]: entry["path"] for entry in files["files"]}


def maker(lab):
    return lab.hosts[0] if lab.hosts else lab.host("maker")


def addresses_of(path):
    return re.search("^Address = (.*)$", open(path).read(), re.MULTILINE)[1].split(", ")


def bring_up(host, path, number):
    """The file is its host's own; there, check finds nothing either."""
    host.shell(f"mkdir -p /etc/wireguard /run/vole; mount -t tmpfs -o mode=700 tmpfs /etc/wireguard; "
               f"mount -t tmpfs tmpfs /run/vole; cp -p {path} /etc/wireguard/wg0.conf")
    said = host.run(VOLE, "check", "/etc/wireguard/wg0.conf", check=False)
    expect_equal((said.stdout, said.stderr, said.returncode), ("", "", 0), f"what check says on host {number}")
    host.run(VOLE, "up", "--userspace", "wg0", environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED))


def network(lab, *names):
    """Hosts on one switch, with the addresses 192.0.2.1, .2, ..."""
    hosts = [lab.host(name) for name in names]
    switch = lab.switch("switch")
    for number, host in enumerate(hosts, 1):
        lab.plug(switch, host, "eth0", f"192.0.2.{number}/24", f"2001:db8::{number}/64")
    return hosts


def take_down(*hosts):
    for host in hosts:
        host.run(VOLE, "down", "wg0")


@case
def mesh_of_three(lab):
    hosts = network(lab, "one", "two", "three")
    files = generate(lab, "--topology", "mesh", "DIR", "one=192.0.2.1:7777", "two=2001:db8::2", "three")
    for number, host in enumerate(hosts):
        bring_up(host, files[host.name], number)
    for here, there in ((0, 1), (2, 0), (2, 1), (0, 2)):
        ping_and_transfer(hosts[here], addresses_of(files[hosts[here].name]), hosts[there], addresses_of(files[hosts[there].name]))
    take_down(*hosts)


@case
def hub_of_four(lab):
    hosts = network(lab, "hub", "a", "b", "c")
    files = generate(lab, "--topology", "hub", "--network", "10.77.0.0/24", "--network", "fd77::/48", "DIR", "hub=192.0.2.1", "a", "b", "c")
    for number, host in enumerate(hosts):
        bring_up(host, files[host.name], number)
    expect_equal(addresses_of(files["c"]), ["10.77.0.4/24", "fd77::4/48"], "addresses of the fourth host")
    for host in hosts[1:]:  # so the hub has heard of all
        ping(host, "10.77.0.1")
    ping_and_transfer(hosts[1], addresses_of(files["a"]), hosts[3], addresses_of(files["c"]))
    ping_and_transfer(hosts[3], addresses_of(files["c"]), hosts[2], addresses_of(files["b"]))
    take_down(*hosts)


@case
def gateway_lends_its_address(lab):
    gate, laptop, phone = network(lab, "gate", "laptop", "phone")
    web = lab.host("web")
    lab.cable(gate, "eth1", web, "eth0")
    gate.address("eth1", "198.51.100.1/24", "2001:db8:7::1/64")
    web.address("eth0", "198.51.100.7/24", "2001:db8:7::7/64")
    files = generate(lab, "--topology", "gateway", "DIR", "gate=192.0.2.1", "laptop", "phone")
    for number, host in enumerate((gate, laptop, phone)):
        bring_up(host, files[host.name], number)
    # The web knows no way back into the tunnel, so it must be the gateway's address that it sees.
    for host in (laptop, phone):
        ping(host, "198.51.100.7")
        ping(host, "2001:db8:7::7")
    ping(phone, addresses_of(files["laptop"])[0].split("/")[0])
    gate.run("nft", "delete", "table", "inet", "vole-wg0")
    cannot_ping(laptop, "198.51.100.7")  # and that was the table's doing
    gate.run("nft", "add", "table", "inet", "vole-wg0")
    take_down(laptop, phone, gate)
    expect_equal(gate.output("nft", "list", "ruleset"), "", "the gateway's firewall afterwards")


@case
def files_are_secret_match_and_are_new_each_time(lab):
    host, seen = maker(lab), set()
    for topology, names in (("pair", ["a=gate.example:1234", "b"]), ("mesh", ["a=192.0.2.1", "b=[2001:db8::1]", "c", "d=2001:db8::2"]),
                            ("hub", ["a=x.example"] + [f"h{i}" for i in range(40)]), ("gateway", ["a=192.0.2.1:53", "b"])):
        files = generate(lab, "--topology", topology, "--interface", "tunnel", "DIR", *names, name=topology)
        texts = {name: open(path).read() for name, path in files.items()}
        expect_equal(len(files), len(names), "files")
        for name, path in files.items():
            expect_equal((stat.S_IMODE(os.stat(path).st_mode), path), (0o600, f"{lab.folder}/{topology}/{name}/tunnel.conf"), "file")
            expect_equal(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700, "mode of its directory")
        said = host.run(VOLE, "check", *files.values(), check=False)
        expect_equal((said.stdout, said.returncode), ("", 0), "what check says")
        for text in texts.values():
            private = re.search("PrivateKey = (.*)", text)[1]
            public = host.output("wg", "pubkey", input=private)
            for psk in re.findall("PresharedKey = (.*)", text):
                seen.add(psk)
                expect_equal(sum(psk in other for other in texts.values()), 2, "files with a preshared key")
            expect(private not in seen and public not in seen, "a key was made twice")
            expect_equal(sum(public in other for other in texts.values()), text.count("[Peer]"), "peers that know the key")
            seen |= {private, public}
        expect_equal(os.listdir(lab.folder).count(topology), 1, "directories")
    expect_equal(sorted(os.listdir(lab.folder)), ["gateway", "hub", "mesh", "pair"], "what is left in the directory")


REFUSED = [
    (["a=192.0.2.1"], "two ends at least"), (["a", "b"], "cannot reach each other"), (["a=h", "b", "c"], "a pair is two"),
    (["--topology", "hub", "a", "b=h"], "write a=HOST"), (["--topology", "mesh", "a=h", "b", "c"], "b and c cannot"),
    (["--topology", "star", "a=h", "b"], "pair, mesh, hub or gateway"), (["a=h", "A"], "of this name already"),
    (["a=h:", "b"], "behind = belongs"), (["a=h:0", "b"], "behind = belongs"), (["a=h\nPostUp=x", "b"], "behind = belongs"),
    (["a=h#", "b"], "behind = belongs"), (["../a=h", "b"], "a host's name"), (["..=h", "b"], "a host's name"), (["=h", "b"], "a host's name"),
    (["--network", "10.0.0.1/24", "a=h", "b"], "with zeros behind"), (["--network", "10.0.0.0/31", "a=h", "b"], "no room"),
    (["--network", "10.0.0.0/30", "--topology", "hub", "a=h", "b", "c"], "no room for 3"), (["--network", "x", "a=h", "b"], "is written like"),
    (["--network", "10.0.0.0/24", "--network", "10.1.0.0/24", "a=h", "b"], "of this family"), (["--interface", "a/b", "a=h", "b"], "interface's name"),
]


@case
def what_does_not_fit_together_leaves_nothing(lab):
    host = maker(lab)
    for words, message in REFUSED:
        at = next((i for i in range(0, len(words), 2) if not words[i].startswith("--")), 0)
        result = host.run(VOLE, "genconf", *words[:at], f"{lab.folder}/new", *words[at:], check=False)
        expect(result.returncode == 1 and message in result.stderr and not result.stdout, f"{words}: {result}")
        expect_equal(os.listdir(lab.folder), [], "what is left")


@case
def nothing_is_overwritten_and_nothing_half_done(lab):
    host = maker(lab)
    lab.file("file", "mine")
    os.mkdir(f"{lab.folder}/empty")
    os.symlink("nowhere", f"{lab.folder}/link")
    before = sorted(os.listdir(lab.folder))
    for name in before + ["absent/new", ""]:
        result = host.run(VOLE, "genconf", os.path.join(lab.folder, name), "a=h", "b", check=False)
        expect_equal((result.returncode, result.stdout), (1, ""), name)
        expect_equal(sorted(os.listdir(lab.folder)), before, f"what is there after {name!r}")
    expect_equal((open(f"{lab.folder}/file").read(), os.listdir(f"{lab.folder}/empty")), ("mine", []), "what was there")
    # A disk that is full after some of the files.
    host.shell(f"mkdir {lab.folder}/small; mount -t tmpfs -o size=48k tmpfs {lab.folder}/small")
    result = host.run(VOLE, "genconf", "--topology", "hub", f"{lab.folder}/small/new", "a=h", *(f"h{i}" for i in range(200)), check=False)
    expect("No space left" in result.stderr and result.returncode == 1, result.stderr)
    expect_equal(host.output("ls", "-A", f"{lab.folder}/small"), "", "what is left on the full disk")
    host.run(VOLE, "genconf", f"{lab.folder}/small/new/", "a=h", "b")
    expect_equal(host.output("ls", "-A", f"{lab.folder}/small"), "new", "what is there when it fits")


main(__file__)
