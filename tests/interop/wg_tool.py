#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The `wg` tool must not notice a difference: the same commands against voled and against wireguard-go."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import IS_VOLED, Daemon, key_pair, preshared_key
from harness.lab import expect, expect_equal

OTHER = "/usr/bin/wireguard-go"
PEERS = [key_pair()[1] for _ in range(3)]
PSK, PRIVATE = preshared_key(), key_pair()[0]
CONFIGURATION = f"""[Interface]
PrivateKey = {PRIVATE}
ListenPort = 40000
FwMark = 0xca6c

[Peer]
PublicKey = {PEERS[0]}
PresharedKey = {PSK}
AllowedIPs = 10.1.0.0/16, fd01::/64, 10.1.2.3/32
Endpoint = 192.0.2.1:1000
PersistentKeepalive = 25

[Peer]
PublicKey = {PEERS[1]}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = [2001:db8::1]:2000
"""


def both(lab):
    return Daemon(lab.host("ours")), Daemon(lab.host("theirs"), program=OTHER)


def peers_sorted(text):
    """A showconf or show text with its peers, and their allowed IPs, in alphabetical order."""
    device, *peers = text.replace("\n\npeer:", "\n\n[Peer]\npeer:").split("[Peer]\n")

    def lines_of(peer):
        lines = []
        for line in peer.strip().splitlines():
            name, mark, value = line.partition("AllowedIPs = ")
            lines.append(name + mark + ", ".join(sorted(value.split(", "))) if mark else line)
        return sorted(lines)
    return sorted(device.strip().splitlines()), sorted(lines_of(peer) for peer in peers)


def same(one, other, *words):
    got, wanted = (daemon.host.run("wg", *words, check=False) for daemon in (one, other))
    expect_equal(got.returncode, wanted.returncode, f"exit status of wg {' '.join(words)}: {got.stderr}")
    expect_equal(peers_sorted(got.stdout), peers_sorted(wanted.stdout), f"output of wg {' '.join(words)}")
    expect_equal(got.stderr, wanted.stderr, f"messages of wg {' '.join(words)}")
    return got.stdout


@case
def every_key_set_by_a_file_is_shown_again(lab):
    one, other = both(lab)
    path = lab.file("all.conf", CONFIGURATION)
    same(one, other, "setconf", "wg0", path)
    expect_equal(peers_sorted(same(one, other, "showconf", "wg0")), peers_sorted(CONFIGURATION), "the file again")
    same(one, other, "show", "wg0")
    for field in ("public-key", "private-key", "listen-port", "fwmark"):
        same(one, other, "show", "wg0", field)
    for field in ("endpoints", "preshared-keys", "latest-handshakes", "transfer", "persistent-keepalive"):
        same_lines = [daemon.show(field) for daemon in (one, other)]
        expect_equal(same_lines[0], same_lines[1], f"wg show wg0 {field}")
    if IS_VOLED:
        keys = [line.split(" = ")[1] for line in one.wg("showconf", "wg0").splitlines() if line.startswith("PublicKey")]
        expect_equal(keys, PEERS[:2], "peers in order of creation")


@case
def addconf_and_syncconf_change_only_what_they_should(lab):
    one, other = both(lab)
    same(one, other, "setconf", "wg0", lab.file("all.conf", CONFIGURATION))
    more = f"[Peer]\nPublicKey = {PEERS[2]}\nAllowedIPs = 10.7.0.0/16\n[Peer]\nPublicKey = {PEERS[1]}\nAllowedIPs = ::/0\n"
    same(one, other, "addconf", "wg0", lab.file("more.conf", more))
    same(one, other, "showconf", "wg0")
    # Peer 0 goes, peer 1 changes, peer 2 stays.
    fewer = (f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = 40000\n[Peer]\nPublicKey = {PEERS[1]}\n"
             f"AllowedIPs = 10.8.0.0/16\nPersistentKeepalive = 3\n[Peer]\nPublicKey = {PEERS[2]}\n"
             "AllowedIPs = 10.7.0.0/16\n")
    same(one, other, "syncconf", "wg0", lab.file("fewer.conf", fewer))
    text = same(one, other, "showconf", "wg0")
    expect(PEERS[0] not in text and PEERS[2] in text, f"the peers left: {text}")


@case
def every_word_of_wg_set(lab):
    one, other = both(lab)
    private, psk, empty = lab.file("private", PRIVATE), lab.file("psk", PSK), lab.file("empty", "")
    for words in (["listen-port", "40001"], ["fwmark", "0x10"], ["private-key", private],
                  ["peer", PEERS[0], "preshared-key", psk, "endpoint", "192.0.2.1:5", "persistent-keepalive", "9",
                   "allowed-ips", "10.1.0.0/16,fd01::/64"],
                  ["peer", PEERS[1], "allowed-ips", "10.1.0.0/16", "peer", PEERS[2]],
                  ["peer", PEERS[0], "allowed-ips", ""], ["peer", PEERS[0], "persistent-keepalive", "off"],
                  ["peer", PEERS[0], "preshared-key", empty], ["peer", PEERS[2], "remove"], ["fwmark", "off"],
                  ["private-key", empty]):
        same(one, other, "set", "wg0", *words)
        same(one, other, "showconf", "wg0")
        same(one, other, "show", "wg0")
    expect("(none)" in one.wg("show", "wg0", "allowed-ips"), "the cleared peer has no allowed IPs")


@case
def setconf_without_a_port_takes_a_new_one(lab):
    host = lab.host("a")
    daemon = Daemon(host)
    host.up("wg0")
    daemon.set("listen-port", "40000", "fwmark", "5")
    host.run("wg", "setconf", "wg0", lab.file("small.conf", f"[Interface]\nPrivateKey = {PRIVATE}\n"))
    expect(daemon.wg("show", "wg0", "listen-port") not in ("40000", "0"), "a new port")
    expect_equal(daemon.wg("show", "wg0", "fwmark"), "off", "fwmark")
    host.run("wg", "setconf", "wg0", lab.file("none.conf", "[Interface]\n"))
    expect_equal(daemon.wg("show", "wg0", "private-key"), "(none)", "private key")


@case
def errors_reach_the_user_in_words(lab):
    one, other = both(lab)
    for words in (["set", "wg0", "peer", PEERS[0], "allowed-ips", "10.0.0.0/33"], ["show", "wg9"],
                  ["set", "wg9", "listen-port", "1"]):
        same(one, other, *words)


main(__file__)
