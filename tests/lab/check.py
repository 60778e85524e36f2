#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vole check`: every finding from a file that is wrong in just that, and none from the same file put right;
on hosts, what depends on the host."""

import json
import os
import re

from harness.cases import case, main
from harness.daemon import VOLE, key_pair, preshared_key
from harness.lab import expect, expect_equal

OWN, FRIEND, OTHER, LAST = key_pair(), key_pair(), key_pair(), key_pair()
ZERO = "A" * 43 + "="
LOW_ORDER = ["AQ" + "A" * 41 + "=", "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=", "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=",
             "7P///////////////////////////////////////38="]


def text(interface="", peer="", *, private=OWN[0], public=FRIEND[1], port="ListenPort = 51820", allowed="AllowedIPs = 10.7.0.2/32",
         more=""):
    return (f"[Interface]\nPrivateKey = {private}\nAddress = 10.7.0.1/24, fd07::1/64\n{port}\n{interface}\n"
            f"[Peer]\n# Name = friend\nPublicKey = {public}\n{allowed}\n{peer}\n{more}")


def other(lines, public=OTHER[1]):
    return f"[Peer]\n# Name = other\nPublicKey = {public}\n{lines}\n"


def check(host, words, *arguments, status=None):
    result = host.run(VOLE, "check", *arguments, check=False)
    expect_equal(result.stderr, "", "stderr")
    found = [line.rsplit("[", 1)[1].rstrip("]") for line in result.stdout.splitlines()]
    expect_equal(sorted(found), sorted(words), f"what check finds\n{result.stdout}")
    expect_equal(result.returncode, status if status is not None else 2 if words else 0, "exit status")
    return result.stdout


# word, a file with it, the nearest file without it.
BY_TEXT = [
    ("no-private-key", text(private=ZERO), text(private=ZERO, interface="PostUp = wg set %i private-key <(pass wg)")),
    ("own-key", text(public=OWN[1]), text()),
    *(("low-order-key", text(public=key), text()) for key in [ZERO] + LOW_ORDER),
    ("zero-preshared-key", text(peer=f"PresharedKey = {ZERO}"), text(peer=f"PresharedKey = {preshared_key()}")),
    ("syntax", text(more=other("AllowedIPs = 10.7.0.3/32", FRIEND[1])), text(more=other("AllowedIPs = 10.7.0.3/32"))),
    ("duplicate-allowed-ip", text(more=other("AllowedIPs = 10.8.0.0/16, 10.7.0.2")), text(more=other("AllowedIPs = 10.7.0.0/30"))),
    ("duplicate-allowed-ip", text(allowed="AllowedIPs = fd07::/32", more=other("AllowedIPs = FD07:0::/32")),
     text(allowed="AllowedIPs = fd07::/32, fd07::/32", more=other("AllowedIPs = fd07::/33"))),
    ("no-allowed-ips", text(allowed=""), text()),
    ("own-address", text(allowed="AllowedIPs = 10.7.0.1/32"), text(allowed="AllowedIPs = 10.7.0.0/24")),
    ("endpoint-in-allowed-ips", text(peer="Endpoint = 192.0.2.1:51820", allowed="AllowedIPs = 192.0.2.0/24"),
     text(peer="Endpoint = 192.0.2.1:51820", allowed="AllowedIPs = 0.0.0.0/0, ::/0")),
    ("endpoint-in-allowed-ips", text(peer="Endpoint = [2001:db8::1]:51820", allowed="AllowedIPs = ::/0, 2001::/16"),
     text("Table = 7", "Endpoint = [2001:db8::1]:51820", allowed="AllowedIPs = ::/0, 2001::/16")),
    ("endpoint-in-allowed-ips", text(peer="Endpoint = 192.0.2.1:5", allowed="AllowedIPs = 0.0.0.0/1, 128.0.0.0/1, ::/0"),
     text(peer="Endpoint = gate.example:5", allowed="AllowedIPs = 0.0.0.0/1, 128.0.0.0/1, ::/0")),
    ("unreachable-peer", text(port=""), text(port="", peer="Endpoint = 192.0.2.1:51820\nPersistentKeepalive = 25")),
    ("no-keepalive", text(port="", peer="Endpoint = 192.0.2.1:51820"),
     text(port="", peer="Endpoint = 192.0.2.1:51820\nPersistentKeepalive = off")),
    ("ipv6-leak", text(allowed="AllowedIPs = 0.0.0.0/0"), text(allowed="AllowedIPs = 0.0.0.0/0, 2000::/3")),
    ("ipv6-leak", text(allowed="AllowedIPs = 0.0.0.0/1, 128.0.0.0/1"), text("Table = off", allowed="AllowedIPs = 0.0.0.0/1, 128.0.0.0/1")),
    ("mtu-too-small", text("MTU = 1279"), text("MTU = 1280")),
]


@case
def each_finding_from_the_text_alone(lab):
    host = lab.host("host")
    for number, (word, bad, good) in enumerate(BY_TEXT):
        check(host, [word], lab.file(f"bad{number}.conf", bad))
        check(host, [], lab.file(f"good{number}.conf", good))


@case
def both_peers_are_named_where_one_takes_from_the_other(lab):
    path = lab.file("wg0.conf", text(more=other("AllowedIPs = 10.7.0.2")))
    said = check(lab.host("host"), ["duplicate-allowed-ip"], path)
    lines = open(path).read().splitlines()
    line = lines.index("AllowedIPs = 10.7.0.2") + 1
    expect(said.startswith(f"{path}:{line}:14: Warning: 10.7.0.2/32 is given to friend in line "), said)
    expect(f"line {lines.index('AllowedIPs = 10.7.0.2/32') + 1} already, and other here" in said, said)


@case
def what_cannot_be_used_is_an_error_and_errors_outweigh(lab):
    host = lab.host("host")
    wrong = lab.file("wrong.conf", text("Adress = 10.0.0.1"))
    doubtful = lab.file("doubtful.conf", text("MTU = 1000"))
    said = check(host, ["syntax"], wrong, status=1)
    expect(f"{wrong}:5:1: " in said and "Address" in said, said)
    check(host, ["mtu-too-small", "syntax"], doubtful, wrong, status=1)
    check(host, ["unreadable"], "/nothing/there", status=1)
    expect_equal(host.run(VOLE, "check", check=False).returncode, 1, "status without a file")
    answer = host.run(VOLE, "check", "--json", wrong, doubtful, check=False)
    findings = json.loads(answer.stdout)["findings"]
    expect_equal([(f["file"], f["line"], f["severity"], f["word"]) for f in findings],
                 [(wrong, 5, "error", "syntax"), (doubtful, 5, "warning", "mtu-too-small")], "findings")
    expect_equal(answer.returncode, 1, "status with JSON")


@case
def keys_in_files_of_their_own(lab):
    host = lab.host("host")
    os.chmod(lab.folder, 0o755)
    lab.file("key", OWN[0])
    psk = lab.file("psk", preshared_key())
    path = lab.file("wg0.conf", text(peer=f"PresharedKeyFile = {psk}").replace(f"PrivateKey = {OWN[0]}", "PrivateKeyFile = key"))
    check(host, [], path)
    os.chmod(psk, 0o644)
    check(host, ["world-readable"], path)
    os.chmod(path, 0o604)
    check(host, ["world-readable"], path)  # it holds no key itself
    odd = lab.file("a key's $(own)", preshared_key())
    os.chmod(odd, 0o644)
    other = lab.file("other.conf", text(peer=f"PresharedKeyFile = {odd}"))
    advice = re.search("chmod 600 .*(?= \\[world-readable\\])", host.run(VOLE, "check", other, check=False).stdout).group()
    host.shell(advice)  # as a person types it
    check(host, [], other)
    inline = lab.file("inline.conf", text())
    os.chmod(inline, 0o604)
    check(host, ["world-readable"], inline)
    os.chmod(lab.folder, 0o750)
    check(host, [], path, inline)
    os.chmod(psk, 0o600)
    lab.file("key", "no key")
    check(host, ["key-file"], path, status=1)
    lab.file("key", key_pair()[0])
    own = lab.file("own.conf", open(path).read().replace(FRIEND[1], OWN[1]))
    check(host, [], own)
    lab.file("key", OWN[0])
    check(host, ["own-key"], own)


@case
def keys_from_systemd(lab):
    """As a service gets them: files in a directory that an environment variable names."""
    host = lab.host("host")
    path = lab.file("wg0.conf", text().replace(f"PrivateKey = {OWN[0]}", "PrivateKeyFile = credential:wg0.key"))
    check(host, [], path)  # they are not here to be looked at
    expect("LoadCredential=wg0.key" in host.run(VOLE, "strip", path, check=False).stderr, "advice")
    folder = os.path.join(lab.folder, "credentials")
    os.mkdir(folder)
    lab.file("credentials/wg0.key", OWN[0])
    environment = {"CREDENTIALS_DIRECTORY": folder}
    expect(f"PrivateKey = {OWN[0]}" in host.output(VOLE, "strip", path, environment=environment), "the key")
    for name in ("../psk", "", ".."):
        bad = lab.file("wg1.conf", open(path).read().replace("wg0.key", name))
        expect("no name of a credential" in host.run(VOLE, "strip", bad, check=False, environment=environment).stderr, name)
    expect("credentials/none" in host.run(VOLE, "strip", lab.file("wg1.conf", open(path).read().replace("wg0.key", "none")),
                                          check=False, environment=environment).stderr, "which file is missing")


@case
def only_files_of_this_host_are_compared_with_it(lab):
    host, far = lab.host("host"), lab.host("far")
    lab.cable(host, "eth0", far, "eth0")
    host.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
    host.run("ip", "link", "set", "eth0", "mtu", "1400")
    for endpoint, fits in (("192.0.2.1", 1340), ("[2001:db8::1]", 1320)):
        for mtu, words in ((fits + 1, ["mtu-too-large"]), (fits, [])):
            path = lab.file("wg0.conf", text(f"MTU = {mtu}", f"Endpoint = {endpoint}:51820"))
            check(host, words, "--here", path)
            check(host, [], path)
    host.shell("mkdir -p /etc/wireguard; mount -t tmpfs -o mode=700 tmpfs /etc/wireguard")
    host.shell(f"install -m 600 {lab.file('wg0.conf', text('MTU = 1390', 'Endpoint = 192.0.2.1:51820'))} /etc/wireguard/wg0.conf")
    check(host, ["mtu-too-large"], "/etc/wireguard/wg0.conf")
    host.run("ip", "route", "add", "192.0.2.1/32", "dev", "eth0", "mtu", "1350")
    check(host, ["mtu-too-large"], "--here", lab.file("wg0.conf", text("MTU = 1291", "Endpoint = 192.0.2.1:51820")))


HUB = text(more=other("AllowedIPs = 10.7.0.3/32"))
BETWEEN = text(peer="Endpoint = 192.0.2.1:51820", allowed="AllowedIPs = 10.7.0.2/32, 10.66.0.0/16")
CLOSED = "add table inet guard; add chain inet guard through { type filter hook forward priority 0; policy drop; }"
FORWARD_CASES = [
    ("", True), ("add rule inet guard through iifname eth0 accept", True), ("add rule inet guard through ct state established,related accept", True),
    ("add rule inet guard through iifname wg0 accept", False), ('add rule inet guard through oifname "wg*" accept', False),
    ("add rule inet guard through ip saddr 10.7.0.0/24 accept", False), ("add rule inet guard through iifname != eth0 accept", False),
    ('add rule inet guard through iifname { "eth0", "wg0" } accept', False),
]


@case
def hubs_and_gateways_must_forward(lab):
    host = lab.host("host")
    for closed in (HUB, BETWEEN):
        path = lab.file("wg0.conf", closed)
        check(host, ["forwarding-off"], "--here", path)
        host.shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
        check(host, [], "--here", path)
        host.shell("echo 0 > /proc/sys/net/ipv4/ip_forward")
        both = lab.file("wg0.conf", closed.replace("10.7.0.2/32", "10.7.0.2/32, fd07::2/128"))
        check(host, ["forwarding-off"] * 2, "--here", both)
        check(host, [], "--here", lab.file("wg0.conf", closed.replace("[Peer]", "PostUp = sysctl -w net.ipv4.ip_forward=1\n[Peer]", 1)))
    check(host, [], "--here", lab.file("wg0.conf", text(more=other("AllowedIPs = 10.7.0.3/32\nEndpoint = 192.0.2.3:1"))))  # a mesh
    check(host, [], "--here", lab.file("wg0.conf", text(allowed="AllowedIPs = 0.0.0.0/0, ::/0")))
    host.shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
    path = lab.file("wg0.conf", HUB)
    for rules, closed in FORWARD_CASES:
        host.run("nft", "-f", "-", input=f"flush ruleset; {CLOSED}\n{rules}\n")
        said = check(host, ["forward-closed"] if closed else [], "--here", path)
        expect(not closed or "(table inet guard, chain through)" in said, said)
    host.run("nft", "-f", "-", input="flush ruleset")
    for rules, closed in (("iptables -P FORWARD DROP", True), ("iptables -A FORWARD -i eth0 -j ACCEPT", True),
                          ("iptables -A FORWARD -i wg+ -j ACCEPT", False)):
        host.shell(rules)
        check(host, ["forward-closed"] if closed else [], "--here", path)


@case
def networks_without_a_way_back(lab):
    host = lab.host("host")
    path = lab.file("wg0.conf", text("Table = off", allowed="AllowedIPs = 10.7.0.2/32, 10.66.0.0/16", peer="Endpoint = 192.0.2.1:1"))
    host.shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
    check(host, [], "--here", path)
    lab.cable(host, "wg0", lab.host("far"), "eth0")
    host.address("wg0", "10.7.0.1/24")
    expect("10.66.0.0/16" in check(host, ["no-return-route"], "--here", path), "which network")
    host.run("ip", "route", "add", "10.64.0.0/12", "dev", "wg0")
    check(host, [], "--here", path)


main(__file__)
