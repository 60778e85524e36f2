#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole up, save and down in a guest whose kernel has WireGuard: the interface is the kernel's own, and a failing
up takes it back; apply changes it, watch keeps it reachable, and programs are told what it is like.

Not part of `make check`; `make check-kernel` runs it. See kernel_guest.py.
"""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, Daemon
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping
from kernel_guest import GUEST, OUTER, Kernel, prepare

OURS = ["10.9.0.1/24", "fd09::1/64"]
STATE = ("ip address; ip -4 route show table all; ip -6 route show table all; ip rule; ls /sys/class/net; "
         "ls /var/run/wireguard 2>/dev/null || true")


@case(seconds=600)
def a_tunnel_of_the_kernel_comes_up_from_its_file_and_goes(lab):
    host = lab.host("ours")
    kernel = Kernel(host, [])
    daemon = Daemon(host)
    kernel.push(VOLE)
    kernel.run("ip link del wg0; mkdir -p /etc/wireguard /var/run")
    text = f"""# the guest
[Interface]
PrivateKey = {kernel.private_key}
Address = {", ".join(GUEST)}
ListenPort = 51820
[Peer]
PublicKey = {daemon.public_key}
AllowedIPs = 10.9.0.1/32, fd09::1/128, 10.77.0.0/16
Endpoint = {OUTER[4][0]}:51820
"""
    daemon.configure(dict(PublicKey=kernel.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128"))
    daemon.up(*OURS)
    before = kernel.run(STATE)
    kernel.write("/etc/wireguard/wg0.conf", text)
    said = kernel.run("vole up wg0 2>&1")
    expect("voled" not in said and "[#] ip link add dev wg0 type wireguard" in said, said)
    expect("DEVTYPE=wireguard" in kernel.run("cat /sys/class/net/wg0/uevent"), "the interface is the kernel's")
    expect_equal(kernel.run("cat /sys/class/net/wg0/mtu").strip(), "1420", "MTU")
    expect("10.77.0.0/16 dev wg0" in kernel.run("ip route"), "the route")
    kernel.ping("10.9.0.1")
    kernel.ping("fd09::1")
    ping(host, "10.9.0.2")
    top = kernel.run("vole top --once wg0")
    expect(re.search(r"^wg0 .* - port 51820, 1 peer$", top, re.MULTILINE), f"who counts no drops:\n{top}")
    again = kernel.run("vole up wg0 2>&1; echo $?")
    expect("`wg0' already exists" in again and again.endswith("1\n"), again)
    kernel.run(f"wg set wg0 peer {daemon.public_key} persistent-keepalive 7")
    kernel.run("vole save wg0 2>&1")
    expect_equal(kernel.run("cat /etc/wireguard/wg0.conf"), text + "PersistentKeepalive = 7\n", "the saved file")
    kernel.run("vole down wg0 2>&1")
    expect_equal(kernel.run(STATE), before, "the guest after down")
    again = kernel.run("vole down wg0 2>&1; echo $?")
    expect("is not a WireGuard interface" in again and again.endswith("1\n"), again)
    kernel.write("/etc/wireguard/wg0.conf", text.replace("10.77.0.0/16", "0.0.0.0/0"))
    failed = kernel.run("vole up wg0 2>&1; echo $?")  # there is no firewall in there
    expect("taken back" in failed and failed.endswith("1\n"), failed)
    expect_equal(kernel.run(STATE), before, "the guest after an up that failed")


@case(seconds=600)
def a_tunnel_of_the_kernel_is_applied_watched_and_shown_to_programs(lab):
    host = lab.host("ours")
    kernel = Kernel(host, [])
    daemon = Daemon(host)
    kernel.push(VOLE)
    kernel.run("ip link del wg0; mkdir -p /etc/wireguard /var/run /run")
    daemon.configure(dict(PublicKey=kernel.public_key, AllowedIPs="10.9.0.2/32, fd09::2/128"))
    daemon.up(*OURS)
    text = f"""[Interface]
PrivateKey = {kernel.private_key}
Address = {", ".join(GUEST)}
ListenPort = 51820
[Peer]
# Name = daemon
PublicKey = {daemon.public_key}
AllowedIPs = 10.9.0.1/32, fd09::1/128
Endpoint = {OUTER[4][0]}:51820
"""
    kernel.write("/etc/wireguard/wg0.conf", text)
    kernel.run("vole up wg0 2>&1")
    kernel.ping("10.9.0.1")
    [interface] = json.loads(kernel.run("vole show --json wg0"))["interfaces"]
    [peer] = interface["peers"]
    wanted = dict(name="wg0", public_key=kernel.public_key, private_key="(hidden)", listen_port=51820)
    expect_equal({name: interface[name] for name in wanted}, wanted, "the interface")
    wanted = dict(public_key=daemon.public_key, name="daemon", endpoint=f"{OUTER[4][0]}:51820",
                  allowed_ips=["10.9.0.1/32", "fd09::1/128"], persistent_keepalive=None)
    expect_equal({name: peer[name] for name in wanted}, wanted, "the peer")
    expect(peer["latest_handshake"] > 0 and peer["received_bytes"] > 0 and peer["sent_bytes"] > 0, str(peer))
    [field] = json.loads(kernel.run("vole show --json wg0 transfer"))["interfaces"]
    expect_equal(set(field), {"name", "peers"}, "what a field shows")

    metrics = kernel.run("vole metrics")
    for sample in (r'wireguard_sent_bytes_total\{interface="wg0",.*friendly_name="daemon".*\} [1-9]\d*',
                   r'wireguard_latest_handshake_seconds\{.*\} [1-9]\d*', r'wireguard_peers_total\{.*\} 1',
                   r'vole_interface_readable\{interface="wg0"\} 1'):
        expect(re.search(f"^{sample}$", metrics, re.MULTILINE), f"{sample} in:\n{metrics}")
    expect("vole_drops_total{" not in metrics, f"who counts no drops:\n{metrics}")

    before = kernel.show("latest-handshakes")
    changed = text.replace("fd09::1/128", "fd09::1/128, 10.77.0.0/16") + "PersistentKeepalive = 9\n"
    kernel.write("/etc/wireguard/wg0.conf", changed)
    planned = kernel.run("vole plan wg0 2>&1; echo $?")
    expect("10.77.0.0/16" in planned and "10.77.0.0/16" not in kernel.run("ip route"), planned)
    kernel.run("vole apply wg0 2>&1")
    expect("10.77.0.0/16 dev wg0" in kernel.run("ip route"), "the route")
    expect_equal(kernel.show("allowed-ips")[daemon.public_key], "10.9.0.1/32 fd09::1/128 10.77.0.0/16", "allowed IPs")
    expect_equal(kernel.show("persistent-keepalive")[daemon.public_key], "9", "the keepalive")
    expect_equal(kernel.show("latest-handshakes"), before, "the session, which goes on")
    applied = kernel.run(STATE)
    kernel.write("/etc/wireguard/wg0.conf", text)
    kernel.run("vole apply --confirm 3 wg0 2>&1")
    expect("10.77.0.0/16" not in kernel.run("ip route"), "the route goes")
    wait_for(lambda: kernel.run(STATE) == applied, "what nobody confirms to be taken back", 30, pause=1)

    further = f"Endpoint = 192.0.2.77:51820\n# vole:Endpoint = {OUTER[4][0]}:51820"
    kernel.write("/etc/wireguard/wg0.conf", changed.replace(f"Endpoint = {OUTER[4][0]}:51820", further))
    daemon.wg("set", "wg0", "peer", kernel.public_key, "remove")  # it would say where it is
    kernel.run("vole apply wg0 2>&1; (timeout 100 vole watch wg0 >/tmp/watch 2>&1 &)\n"
               "(timeout 100 ping 10.9.0.1 >/dev/null &)")
    expect_equal(kernel.show("endpoints")[daemon.public_key], "192.0.2.77:51820", "the endpoint where nobody is")
    daemon.wg("set", "wg0", "peer", kernel.public_key, "allowed-ips", "10.9.0.2/32,fd09::2/128")
    wait_for(lambda: kernel.show("endpoints")[daemon.public_key] == f"{OUTER[4][0]}:51820",
             "watch to find the further endpoint", 90, pause=1)
    wait_for(lambda: f"answers at {OUTER[4][0]}:51820" in kernel.run("cat /tmp/watch"), "watch to say so", 20, pause=1)
    kernel.ping("10.9.0.1")
    kernel.run("vole down wg0 2>&1")


prepare()
main(__file__)
