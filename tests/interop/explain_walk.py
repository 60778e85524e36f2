#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole explain on one's own table: whose an address is by a running interface or a file, in the terminal and on the
page; what was stolen; and that no key comes along."""

import base64
import http.client
import ipaddress
import json
import os
import random
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, Daemon, key_pair, preshared_key
from harness.lab import expect, expect_equal

DROPPED = 2


class Ours:
    """A host with a running wg0, of three peers, and an /etc/wireguard of its own."""

    def __init__(self, lab):
        self.host = lab.host("ours")
        for directory in ("/etc/wireguard", "/etc/vole"):
            os.makedirs(directory, exist_ok=True)
            self.host.run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", directory)
        self.daemon = Daemon(self.host)
        self.pairs = [key_pair() for _ in range(3)]
        self.psk = preshared_key()
        one, two, three = (public for _, public in self.pairs)
        self.daemon.configure(
            dict(PublicKey=one, PresharedKey=self.psk, AllowedIPs="10.0.0.1/32, 10.1.0.0/16", Endpoint="192.0.2.1:1"),
            dict(PublicKey=two, AllowedIPs="10.1.2.0/24, fd00::/8", Endpoint="192.0.2.2:2"),
            dict(PublicKey=three, AllowedIPs="10.1.2.3/32"))

    def write(self, path, text):
        with open(self.host.path(path), "w", encoding="utf-8") as out:
            out.write(text)

    def explain(self, *words, status=0):
        result = self.host.run(VOLE, "explain", *words, check=False)
        expect_equal(result.returncode, status, f"status of explain {' '.join(words)}: {result.stderr}")
        return result.stdout

    def secrets(self):
        """All keys, each as it may be written."""
        keys = [self.daemon.private_key, self.daemon.public_key, self.psk, *(key for pair in self.pairs for key in pair)]
        return keys + [base64.b64decode(key).hex() for key in keys]

    def file(self, *peers):
        """A configuration file; each peer is (number, name, allowed IPs)."""
        text = f"[Interface]\nPrivateKey = {self.daemon.private_key}\n"
        for number, name, allowed in peers:
            text += f"[Peer]\n# Name = {name}\nPublicKey = {self.pairs[number][1]}\nAllowedIPs = {allowed}\n"
        return text


def winner(output):
    found = re.search(r"^The longest match is (\S+): (.*)\.$", output, re.MULTILINE)
    return found.groups() if found else None


@case
def whose_an_address_is_by_a_running_interface(lab):
    ours = Ours(lab)
    before = ours.host.output(VOLE, "showconf", "wg0")
    expect_equal(winner(ours.explain("wg0", "--to", "10.1.9.9")), ("10.1.0.0/16", "peer 1"), "in the /16")
    expect_equal(winner(ours.explain("wg0", "--to", "10.1.2.4")), ("10.1.2.0/24", "peer 2"), "in the /24")
    expect_equal(winner(ours.explain("wg0", "--to", "fdff::1")), ("fd00::/8", "peer 2"), "in IPv6")
    no_endpoint = ours.explain("wg0", "--to", "10.1.2.3", status=DROPPED)
    expect_equal(winner(no_endpoint), ("10.1.2.3/32", "peer 3"), "the /32")
    expect("Dropped (no_endpoint)" in no_endpoint, f"a peer that was never heard: {no_endpoint}")
    nobody = ours.explain("wg0", "--to", "172.16.0.1", status=DROPPED)
    expect(winner(nobody) is None and "Dropped (no_peer)" in nobody and "ICMP, type 3 code 1" in nobody, nobody)
    expect_equal(ours.host.output(VOLE, "showconf", "wg0"), before, "the interface")


@case
def whether_a_peer_may_claim_an_address(lab):
    ours = Ours(lab)
    ours.write("/etc/wireguard/wg0.conf", ours.file((0, "laptop", "10.1.0.0/16")))
    expect("Delivered" in ours.explain("wg0", "--from", "laptop", "--source", "10.1.9.9"), "its own")
    stolen = ours.explain("wg0", "--from", "laptop", "--source", "10.1.2.4", status=DROPPED)
    expect("But laptop sent it. Dropped (source_not_allowed)" in stolen, f"another's: {stolen}")
    expect("Delivered" in ours.explain("wg0", "--from", "3", "--source", "10.1.2.3"), "by number")
    for words in (["--from", "nobody", "--source", "10.0.0.1"], ["--from", "laptop"], ["--source", "10.0.0.1"],
                  ["--to", "10.0.0.1", "--from", "1", "--source", "10.0.0.1"], ["--to", "10.0.0"], ["--from", "4", "--source", "::"]):
        result = ours.host.run(VOLE, "explain", "wg0", *words, check=False)
        expect(result.returncode == 1 and result.stderr and not result.stdout, f"{words}: {result.stderr}")


@case
def who_lost_a_prefix_is_said_of_files_and_of_what_runs(lab):
    ours = Ours(lab)
    by_file = ours.file((0, "laptop", "10.1.0.0/16, 10.0.0.1/32"), (2, "phone", "10.1.2.3/32, 10.0.0.1/32"))
    ours.write("/etc/wireguard/wg0.conf", by_file)
    lost = "laptop was also given 10.0.0.1/32, and lost it to phone"
    in_file = ours.explain("/etc/wireguard/wg0.conf", "--to", "10.0.0.1", status=DROPPED)
    expect(lost in in_file, f"of the file: {in_file}")
    # What runs has it the other way round: laptop has it, and phone lacks what its file gives it.
    running = ours.explain("wg0", "--to", "10.0.0.1")
    expect_equal(winner(running), ("10.0.0.1/32", "laptop"), "what runs")
    expect("phone was also given 10.0.0.1/32, and lost it to laptop" in running, f"of what runs: {running}")
    expect("lost" not in ours.explain("wg0", "--to", "10.1.9.9"), "a loss that is none")
    own = json.loads(ours.explain("wg0", "--json"))["routing"]["own"]
    expect_equal(own["losses"], [{"prefix": "10.0.0.1/32", "from": "phone", "to": "laptop"}], "losses of the story")


@case
def an_interface_that_is_not_up_stands_for_its_file(lab):
    ours = Ours(lab)
    ours.write("/etc/wireguard/wg7.conf", ours.file((0, "laptop", "10.7.0.0/16"), (0, "again", "10.8.0.0/16")))
    result = ours.host.run(VOLE, "explain", "wg7", "--to", "10.8.0.1", check=False)
    expect("wg7 is not up: this is its file, /etc/wireguard/wg7.conf" in result.stderr, result.stderr)
    expect_equal(winner(result.stdout), ("10.8.0.0/16", "laptop"), "the later section of the same peer")
    expect(winner(ours.explain("wg7", "--to", "10.7.0.1", status=DROPPED)) is None, "what that replaced")
    gone = ours.host.run(VOLE, "explain", "wg8", "--to", "10.8.0.1", check=False)
    expect(gone.returncode == 1 and "wg8" in gone.stderr, f"neither interface nor file: {gone.stderr}")
    ours.write("/etc/wireguard/bad.conf", "[Peer]\nAllowedIPs = 10.0.0.300/32\n")
    bad = ours.host.run(VOLE, "explain", "/etc/wireguard/bad.conf", "--to", "10.8.0.1", check=False)
    expect(bad.returncode == 1 and "/etc/wireguard/bad.conf:2:" in bad.stderr, f"a file with mistakes: {bad.stderr}")


@case
def no_key_is_in_what_is_shown(lab):
    ours = Ours(lab)
    ours.write("/etc/wireguard/wg0.conf", ours.file((0, "laptop", "10.1.0.0/16")))
    shown = {
        "the story": ours.explain("wg0", "--json"),
        "the page": ours.explain("wg0", "--export", "-"),
        "the page of the file": ours.explain("/etc/wireguard/wg0.conf", "--export", "-"),
        "a walk": ours.explain("wg0", "--to", "10.1.9.9"),
        "a walk as JSON": ours.explain("wg0", "--to", "10.1.9.9", "--json"),
        "a claim as JSON": ours.explain("wg0", "--from", "laptop", "--source", "10.1.9.9", "--json"),
    }
    for what, text in shown.items():
        expect("10.1.0.0/16" in text, f"{what} does not hold the table")
        for secret in ours.secrets():
            expect(secret not in text, f"{what} holds the key {secret}")


@case
def a_served_page_has_the_table_as_it_is_then(lab):
    ours = Ours(lab)
    server = ours.host.start(VOLE, "explain", "wg0", stdout=subprocess.PIPE, text=True)
    address, port, path = re.match(r"^http://(.*):(\d+)(/.*)$", server.stdout.readline()).groups()

    def page():
        with ours.host.network():
            connection = http.client.HTTPConnection(address, int(port), timeout=20)
            connection.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        expect_equal(answer.status, 200, "status")
        return json.loads(re.search(r'<script type="application/json" id="story">(.*?)</script>', text, re.DOTALL)[1])

    def of_third():
        return page()["routing"]["own"]["peers"][2]["allowed"]

    ours.host.run("ip", "link", "set", "lo", "up")
    expect_equal(of_third(), ["10.1.2.3/32"], "at first")
    ours.daemon.set("peer", ours.pairs[2][1], "allowed-ips", "10.9.9.9/32")
    expect_equal(of_third(), ["10.9.9.9/32"], "after a change")
    ours.daemon.stop()
    expect_equal(of_third(), ["10.9.9.9/32"], "when the interface is gone")
    server.send_signal(signal.SIGTERM)
    server.wait(10)


@case
def the_walk_agrees_with_pythons_longest_match(lab):
    ours = Ours(lab)
    chance = random.Random(5)
    prefixes = {}
    lines = f"[Interface]\nPrivateKey = {ours.daemon.private_key}\n"
    for number in range(30):
        network = ipaddress.ip_network((chance.getrandbits(32) & 0x0f0f0000, chance.randrange(33)), strict=False)
        prefixes[network] = f"peer {number + 1}"
        lines += f"[Peer]\nPublicKey = {key_pair()[1]}\nAllowedIPs = {network}\nEndpoint = 192.0.2.1:1\n"
    ours.write("/etc/wireguard/many.conf", lines)
    for _ in range(40):
        to = ipaddress.ip_address(chance.getrandbits(32) & 0x0f0f00ff)
        matching = [network for network in prefixes if to in network]
        best = max(matching, key=lambda network: network.prefixlen, default=None)
        wanted = best and (str(best), prefixes[best])
        output = ours.explain("/etc/wireguard/many.conf", "--to", str(to), status=0 if best else DROPPED)
        expect_equal(winner(output), wanted, f"the winner for {to}")


main(__file__)
