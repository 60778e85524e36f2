#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wg-quick up, down, save and strip with WG_QUICK_USERSPACE_IMPLEMENTATION=voled; config §6."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import IS_VOLED, VOLED, Daemon, default_environment, key_pair, processes_named
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping, ping_and_transfer
from harness.uapi import Uapi

A, B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]
# Stands in front of ip(8) where the kernel has WireGuard itself, so that wg-quick asks for the program.
WITHOUT_KERNEL = """#!/bin/sh
case "$*" in *"type wireguard"*) echo "Error: Unknown device type." >&2; exit 2;; esac
exec {ip} "$@"
"""


class Quick:
    """A host on which wg-quick is used; /etc/wireguard is its own."""

    def __init__(self, lab, name="ours"):
        self.host = lab.host(name)
        os.makedirs("/etc/wireguard", exist_ok=True)
        self.host.run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", "/etc/wireguard")
        self.program, self.private_key = "wg-quick", None
        self.private_key, self.public_key = key_pair()
        added = self.host.run("ip", "link", "add", "probe0", "type", "wireguard", check=False)
        if added.returncode == 0 or os.path.exists("/sys/module/wireguard"):
            self.host.run("ip", "link", "del", "probe0", check=False)
            self._hide_kernel(lab)

    def _hide_kernel(self, lab):
        """wg-quick looks for programs beside itself first: give it a copy with our ip(8) beside it."""
        place = os.path.join(lab.folder, "without-kernel")
        os.makedirs(place, exist_ok=True)
        shutil.copy(shutil.which("wg-quick"), place)
        with open(os.path.join(place, "ip"), "w") as out:
            out.write(WITHOUT_KERNEL.format(ip=shutil.which("ip")))
        os.chmod(os.path.join(place, "ip"), 0o755)
        self.host.run("mount", "-t", "tmpfs", "tmpfs", "/sys")
        self.program = os.path.join(place, "wg-quick")

    def write(self, text, name="wg0"):
        path = self.host.path(f"/etc/wireguard/{name}.conf")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)

    def read(self, name="wg0"):
        with open(self.host.path(f"/etc/wireguard/{name}.conf")) as file:
            return file.read()

    def run(self, *words, check=True):
        return self.host.run(self.program, *words, check=check,
                             environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED))


def pair(lab, extra="", peer_extra="", allowed="10.9.0.2/32, fd09::2/128"):
    """Our host with a configuration file, and a daemon on another host that is its peer."""
    quick, theirs = Quick(lab), lab.host("theirs")
    lab.cable(quick.host, "eth0", theirs, "eth0")
    quick.host.address("eth0", "192.0.2.1/24")
    theirs.address("eth0", "192.0.2.2/24")
    other = Daemon(theirs)
    quick.write(f"""# a comment
[Interface]
PrivateKey = {quick.private_key}
Address = {A[0]}, {A[1]}
ListenPort = 51820
{extra}
[Peer]
PublicKey = {other.public_key}
AllowedIPs = {allowed}
Endpoint = 192.0.2.2:51820
{peer_extra}""")
    other.configure(dict(PublicKey=quick.public_key, AllowedIPs="10.9.0.1/32, fd09::1/128"))
    other.up(*B)
    return quick, other


def gone(host, name="wg0"):
    wait_for(lambda: name not in host.interfaces() and not Uapi(host, name).exists()
             and not processes_named(host, name), f"all of {name} to go")


@case
def up_makes_a_tunnel_and_down_removes_it(lab):
    quick, other = pair(lab, extra="PostUp = touch /etc/wireguard/up-%i\nPreDown = touch /etc/wireguard/down-%i")
    for _ in range(3):
        result = quick.run("up", "wg0")
        expect_equal(result.stdout, "", "standard output of wg-quick up")
        expect("[#] ip link set mtu 1420 up dev wg0" in result.stderr, f"the commands it ran: {result.stderr}")
        ping_and_transfer(quick.host, A, other.host, B, size=1 << 20)
        expect_equal(quick.host.output("wg", "show", "interfaces"), "wg0", "wg show interfaces")
        expect(os.path.exists(quick.host.path("/etc/wireguard/up-wg0")), "PostUp ran")
        again = quick.run("up", "wg0", check=False)
        expect(again.returncode == 1 and "already exists" in again.stderr, f"a second up: {again.stderr}")
        quick.run("down", "wg0")
        gone(quick.host)
    expect(os.path.exists(quick.host.path("/etc/wireguard/down-wg0")), "PreDown ran")
    missing = quick.run("down", "wg0", check=False)
    expect(missing.returncode == 1 and "is not a WireGuard interface" in missing.stderr, f"a second down: {missing.stderr}")


@case
def a_default_route_goes_through_the_tunnel_and_its_own_packets_do_not(lab):
    quick, other = pair(lab, allowed="0.0.0.0/0, ::/0")
    other.host.address("lo", "198.51.100.1/32", "2001:db8:9::1/128")
    quick.run("up", "wg0")
    ping(quick.host, "198.51.100.1")
    ping(quick.host, "2001:db8:9::1")
    expect_equal(quick.host.output("wg", "show", "wg0", "fwmark"), "0xca6c", "the mark of its own packets")
    quick.run("down", "wg0")
    gone(quick.host)
    expect("51820" not in quick.host.output("ip", "rule"), "rules afterwards")


@case
def save_writes_what_was_read(lab):
    quick, other = pair(lab, peer_extra="PersistentKeepalive = 25\n")
    quick.run("up", "wg0")
    ping(quick.host, "10.9.0.2")
    quick.run("save", "wg0")
    saved = quick.read()
    for line in ("Address = 10.9.0.1/24", "Address = fd09::1/64", "ListenPort = 51820", "PersistentKeepalive = 25",
                 f"PrivateKey = {quick.private_key}", f"PublicKey = {other.public_key}", "Endpoint = 192.0.2.2:51820"):
        expect(line in saved, f"'{line}' in the saved file:\n{saved}")
    if IS_VOLED:
        expect("fe80" not in saved, f"no link-local address in the saved file:\n{saved}")
    quick.run("down", "wg0")
    quick.run("up", "wg0")
    ping(quick.host, "10.9.0.2")
    quick.run("down", "wg0")


@case
def saveconfig_saves_on_the_way_down(lab):
    quick, _ = pair(lab, extra="SaveConfig = true")
    quick.run("up", "wg0")
    added = key_pair()[1]
    quick.host.run("wg", "set", "wg0", "peer", added, "allowed-ips", "10.9.0.77/32")
    quick.run("down", "wg0")
    expect(added in quick.read(), "the added peer is saved")


@case
def strip_and_syncconf_change_a_running_tunnel(lab):
    quick, other = pair(lab, extra="MTU = 1380")
    quick.run("up", "wg0")
    expect("mtu 1380" in quick.host.output("ip", "link", "show", "wg0"), "MTU of the file")
    ping(quick.host, "10.9.0.2")
    quick.write(quick.read().replace("10.9.0.2/32, ", ""))
    stripped = quick.run("strip", "wg0").stdout
    expect("Address" not in stripped and "PrivateKey" in stripped, f"stripped file: {stripped}")
    quick.host.run("wg", "syncconf", "wg0", lab.file("stripped.conf", stripped))
    expect_equal(quick.host.output("wg", "show", "wg0", "allowed-ips"), f"{other.public_key}\tfd09::2/128", "allowed IPs")
    ping(quick.host, "fd09::2")
    quick.run("down", "wg0")


@case
def a_failing_up_takes_everything_back(lab):
    quick, _ = pair(lab, extra="PostUp = false")
    expect(quick.run("up", "wg0", check=False).returncode != 0, "up fails when PostUp does")
    gone(quick.host)


@case
def an_unreadable_file_takes_everything_back(lab):
    quick, _ = pair(lab, extra="Nonsense = 1")
    expect(quick.run("up", "wg0", check=False).returncode != 0, "up fails")
    gone(quick.host)


main(__file__)
