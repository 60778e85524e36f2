#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole up, save and down in a guest whose kernel has WireGuard: the interface is the kernel's own, and a failing
up takes it back.

Not part of `make check`; `make check-kernel` runs it. See kernel_guest.py.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, Daemon
from harness.lab import expect, expect_equal
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


prepare()
main(__file__)
