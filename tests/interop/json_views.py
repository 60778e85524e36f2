#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--json: every command that has it prints valid JSON of the documented shape (docs/json.md), with the values that the
other views show, secrets only where they are asked for, and nothing where the command fails."""

import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import TREE, VOLE, Daemon, key_pair, preshared_key
from harness.lab import expect, expect_equal
from harness.traffic import ping

KEY = re.compile(r"^[A-Za-z0-9+/]{43}=$")
FIELDS = {"public-key": ["public_key"], "private-key": ["private_key"], "listen-port": ["listen_port"],
          "fwmark": ["fwmark"]}
PEER_FIELDS = {"peers": [], "preshared-keys": ["preshared_key"], "endpoints": ["endpoint"], "allowed-ips": ["allowed_ips"],
               "latest-handshakes": ["latest_handshake"], "transfer": ["received_bytes", "sent_bytes"],
               "persistent-keepalive": ["persistent_keepalive"]}


def unique(pairs):
    names = [name for name, _ in pairs]
    expect_equal(len(set(names)), len(names), f"different names in one object: {names}")
    return dict(pairs)


def parse(text):
    expect(text.endswith("}\n") and text.startswith("{"), f"one object, and a line feed: {text!r}")
    return json.loads(text, object_pairs_hook=unique)


def vole(host, *words, **options):
    return parse(host.run(VOLE, *words, "--json", **options).stdout)


def network(lab):
    """Two daemons that have spoken with each other; ours has a second peer that is nowhere."""
    ours, theirs = lab.host("ours"), lab.host("theirs")
    lab.cable(ours, "eth0", theirs, "eth0")
    ours.address("eth0", "192.0.2.1/24")
    theirs.address("eth0", "192.0.2.2/24")
    one, two, shared, absent = Daemon(ours), Daemon(theirs), preshared_key(), key_pair()[1]
    two.configure(dict(PublicKey=one.public_key, AllowedIPs="10.9.0.1/32", PresharedKey=shared))
    two.up("10.9.0.2/24")
    one.configure(dict(PublicKey=two.public_key, AllowedIPs="10.9.0.2/32, fd09::/64", Endpoint="192.0.2.2:51820",
                       PresharedKey=shared, PersistentKeepalive="25"), dict(PublicKey=absent), FwMark="0x2a")
    one.up("10.9.0.1/24")
    ping(ours, "10.9.0.2")
    return one, two, shared, absent


@case
def show_has_what_the_other_views_show(lab):
    one, two, shared, absent = network(lab)
    before = int(time.time()) - 60
    shown = vole(one.host, "show")
    expect_equal(vole(one.host, "show", "wg0"), shown, "one interface")
    expect_equal(parse(one.host.run(VOLE, "--json").stdout), shown, "without a command")
    (interface,) = shown["interfaces"]
    peers = interface.pop("peers")
    expect_equal(interface, dict(name="wg0", public_key=one.public_key, private_key="(hidden)", listen_port=51820,
                                 fwmark=42), "the interface")
    expect(all(before <= peers[0].pop(name) for name in ("latest_handshake",)), "a time")
    expect_equal((peers[0].pop("received_bytes"), peers[0].pop("sent_bytes")), one.transfer(two.public_key), "bytes")
    expect_equal(peers, [
        dict(public_key=two.public_key, name=None, preshared_key="(hidden)", endpoint="192.0.2.2:51820",
             allowed_ips=["10.9.0.2/32", "fd09::/64"], persistent_keepalive=25),
        dict(public_key=absent, name=None, preshared_key=None, endpoint=None, allowed_ips=[], latest_handshake=None,
             received_bytes=0, sent_bytes=0, persistent_keepalive=None)], "the peers, in their order")
    expect_equal(vole(one.host, "show", "interfaces"), dict(interfaces=[dict(name="wg0")]), "names")
    text = json.dumps(shown)
    expect(one.private_key not in text and shared not in text, "no secrets")
    told = vole(one.host, "show", environment=dict(WG_HIDE_KEYS="never"))["interfaces"][0]
    expect_equal((told["private_key"], told["peers"][0]["preshared_key"]), (one.private_key, shared), "WG_HIDE_KEYS=never")


@case
def fields_are_the_same_with_less(lab):
    one, two, shared, absent = network(lab)
    (everything,) = vole(one.host, "show", "wg0", environment=dict(WG_HIDE_KEYS="never"))["interfaces"]
    for peer in everything["peers"]:
        del peer["name"]
    for field, members in {**FIELDS, **PEER_FIELDS}.items():
        (got,) = vole(one.host, "show", "all", field)["interfaces"]
        wanted = {name: everything[name] for name in ["name"] + (members if field in FIELDS else [])}
        if field in PEER_FIELDS:
            wanted["peers"] = [{name: peer[name] for name in ["public_key"] + members} for peer in everything["peers"]]
        expect_equal(got, wanted, f"field {field}")
    expect_equal(vole(one.host, "show", "wg0", "dump")["interfaces"], [everything], "dump")
    (configuration,) = vole(one.host, "showconf", "wg0")["interfaces"]
    expect_equal(configuration["private_key"], one.private_key, "showconf shows the key")
    expect_equal(set(configuration), {"name", "private_key", "listen_port", "fwmark", "peers"}, "members of showconf")
    for peer in everything["peers"]:
        for name in ("latest_handshake", "received_bytes", "sent_bytes"):
            del peer[name]
    expect_equal(configuration["peers"], everything["peers"], "peers of showconf")


@case
def names_drops_and_features(lab):
    one, two, shared, absent = network(lab)
    os.makedirs("/etc/vole", exist_ok=True)
    one.host.run("mount", "-t", "tmpfs", "tmpfs", "/etc/vole")
    with open(one.host.path("/etc/vole/names"), "w", encoding="utf-8") as out:
        out.write(f"{two.public_key} desk\n")
    expect_equal([peer["name"] for peer in vole(one.host, "show")["interfaces"][0]["peers"]], ["desk", None], "names")
    expect("name" not in vole(one.host, "show", "wg0", "dump")["interfaces"][0]["peers"][0], "no names in dump")
    one.host.run("ping", "-c", "1", "-W", "0.2", "10.9.0.77", check=False)
    (interface,) = vole(one.host, "show", "wg0", "drops")["interfaces"]
    expect_equal(set(interface), {"name", "drops", "peers"}, "members of drops")
    drops = {drop["reason"]: drop for drop in interface["drops"]}
    shown = re.findall(r"^ +(\d+)  .*\((\w+)\)$", one.host.output(VOLE, "show", "wg0", "drops"), re.MULTILINE)
    expect_equal({reason: drop["packets"] for reason, drop in drops.items()},
                 {reason: int(packets) for packets, reason in shown}, "drops")
    expect("no_peer" in drops and drops["no_peer"]["advice"].startswith("add the destination"), f"no_peer: {drops}")
    (interface,) = vole(one.host, "show", "wg0", "features")["interfaces"]
    expect(re.match(r"\d+\.\d+", interface["version"]), f"version: {interface['version']}")
    for feature in interface["features"]:
        expect_equal(set(feature), {"name", "value", "remark"}, "members of a feature")
    values = {feature["name"]: feature["value"] for feature in interface["features"]}
    text = one.host.output(VOLE, "show", "wg0", "features")
    for name, value in values.items():
        shown = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
        expect(re.search(rf"^  {name} +{shown}\b", text, re.MULTILINE), f"{name} is {value} in\n{text}")


@case
def top_has_rates_of_what_show_counts(lab):
    one, two, shared, absent = network(lab)
    os.makedirs("/etc/vole", exist_ok=True)
    one.host.run("mount", "-t", "tmpfs", "tmpfs", "/etc/vole")
    with open(one.host.path("/etc/vole/names"), "w", encoding="utf-8") as out:
        out.write(f"{two.public_key} desk\n")
    pinging = one.host.start("ping", "-q", "-i", "0.1", "10.9.0.2", stdout=subprocess.DEVNULL)
    stray = one.host.start("ping", "-q", "-i", "0.1", "10.9.0.77", stdout=subprocess.DEVNULL)
    try:
        top = vole(one.host, "top", "--once", "--interval", "2")
    finally:
        for process in (pinging, stray):
            process.kill()
            process.wait()
    shown = vole(one.host, "show")["interfaces"][0]
    (interface,) = top["interfaces"]
    peers = interface.pop("peers")
    for peer in peers:
        if peer["latest_handshake"] is not None:
            expect_equal(peer.pop("handshake_age"), top["time"] - peer["latest_handshake"], "the age of the handshake")
    for amounts in (interface, peers[0]):
        for name in ("received_bytes", "sent_bytes"):
            rate, total = amounts.pop(f"{name}_per_second"), amounts.pop(name)
            expect(0 < rate <= total <= shown["peers"][0][name], f"{name}: {rate} of {total}, then {shown['peers'][0][name]}")
    (drop,) = [drop for drop in interface.pop("drops") if drop["reason"] == "no_peer"]
    expect(0 < drop["packets_per_second"] <= drop["packets"] <= interface.pop("dropped_packets"), f"drops: {drop}")
    expect(interface.pop("dropped_packets_per_second") >= drop["packets_per_second"], "drops per second")
    expect_equal(interface, dict(name="wg0", listen_port=51820), "the rest of the interface")
    expect_equal(peers, [
        dict(public_key=two.public_key, name="desk", endpoint="192.0.2.2:51820", dropped_packets=0,
             latest_handshake=shown["peers"][0]["latest_handshake"], dropped_packets_per_second=0),
        dict(public_key=absent, name=None, endpoint=None, latest_handshake=None, handshake_age=None, received_bytes=0,
             sent_bytes=0, received_bytes_per_second=0, sent_bytes_per_second=0, dropped_packets=0,
             dropped_packets_per_second=0)], "the peers, in their order")


@case
def what_has_no_json_says_so(lab):
    host = lab.host("ours")
    for words, says in ((["top"], "add --once"), (["top", "--interval", "2", "wg0"], "add --once"),
                        (["strip", "wg0"], "a configuration file"), (["qr", "wg0"], "a picture"),
                        (["metrics"], "the text format of Prometheus")):
        result = host.run(VOLE, *words, "--json", check=False)
        expect_equal((result.returncode, result.stdout), (1, ""), f"{words}")
        expect(says in result.stderr and len(result.stderr.splitlines()) == 1, f"{words}: {result.stderr}")
    for command in ("top", "genkey", "genpsk", "pubkey", "genconf", "plan", "clock", "check"):
        expect("--json" in host.output(VOLE, command, "--help"), f"{command} --help")


@case
def keys_and_clocks(lab):
    host = lab.host("ours")
    daemon = Daemon(host)
    daemon.configure()
    private = vole(host, "genkey")
    expect(list(private) == ["private_key"] and KEY.match(private["private_key"]), f"genkey: {private}")
    expect_equal(vole(host, "pubkey", input=private["private_key"]),
                 dict(public_key=host.output("wg", "pubkey", input=private["private_key"])), "pubkey")
    expect_equal(list(vole(host, "genpsk")), ["preshared_key"], "genpsk")
    host.run("mkdir", "-m", "700", "/run/nothing")
    expect_equal(vole(host, "clock", "--state-directory", "/run/nothing"), dict(clocks=[]), "no clocks")
    expect_equal(vole(host, "clock", "--state-directory", "/run/nothing", "reset", "wg0"),
                 dict(reset=[dict(interface="wg0", public_key=daemon.public_key, running=True)]), "clock reset")


@case
def a_failure_prints_no_json(lab):
    host = lab.host("ours")
    expect_equal(vole(host, "show"), dict(interfaces=[]), "no interface at all")
    expect_equal(vole(host, "top", "--once")["interfaces"], [], "no interface at all, with top")
    for words in (["show", "none0"], ["showconf", "none0"], ["show", "none0", "drops"], ["show", "none0", "transfer"],
                  ["show", "wg0", "nonsense"], ["clock", "reset", "none0"], ["pubkey"], ["genkey", "more"], ["top", "--once", "none0"]):
        result = host.run(VOLE, *words, "--json", check=False, input="")
        expect_equal((result.returncode, result.stdout), (1, ""), f"{words}")
        expect(result.stderr != "", f"a message for {words}")
    host.shell(f"mkdir -p /run/bin && ln -sf {VOLE} /run/bin/wg")
    expect_equal(host.run("/run/bin/wg", "show", "interfaces", "--json", check=False).stdout, "", "called as wg")
    expect_equal(host.run("sh", "-c", f"{VOLE} show --json > /dev/full", check=False).returncode, 1, "a full disk")


@case
def what_is_documented_is_there(lab):
    """Each member that is printed stands in docs/json.md."""
    one, _, _, _ = network(lab)
    with open(os.path.join(TREE, "docs", "json.md"), encoding="utf-8") as file:
        documented = set(re.findall(r"`([a-z_]+)`", file.read())) | {"interfaces"}

    def members(value):
        if isinstance(value, list):
            return set().union(*map(members, value)) if value else set()
        return set(value) | members(list(value.values())) if isinstance(value, dict) else set()

    one.host.run("ping", "-c", "1", "-W", "0.2", "10.9.0.77", check=False)
    for words in (["show"], ["show", "wg0", "drops"], ["show", "wg0", "features"], ["showconf", "wg0"],
                  ["top", "--once"]):
        expect(members(vole(one.host, *words)) <= documented, f"{members(vole(one.host, *words)) - documented}")


main(__file__)
