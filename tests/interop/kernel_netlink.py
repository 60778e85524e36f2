#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole and wg side by side inside a guest whose kernel has WireGuard: what one writes over netlink the other
reads, and both say the same.

Not part of `make check`; `make check-kernel` runs it. See kernel_guest.py.
"""

import base64
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

from harness.cases import case, main
from harness.daemon import BUILD, VOLE
from harness.lab import expect, expect_equal
from kernel_guest import Kernel, prepare

FIELDS = ("public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints", "allowed-ips",
          "latest-handshakes", "transfer", "persistent-keepalive", "dump")
# Prints how wg and vole differ. A clock that ticks in between is no difference: a real one shows each time.
SAME = """#!/bin/sh
for attempt in 1 2 3; do
    wg "$@" >/tmp/wg.out 2>/tmp/wg.err; wg=$?
    vole "$@" >/tmp/vole.out 2>/tmp/vole.err; vole=$?
    [ $wg = $vole ] && cmp -s /tmp/wg.out /tmp/vole.out && cmp -s /tmp/wg.err /tmp/vole.err && exit 0
done
echo "$* differs ($wg, $vole):"
diff /tmp/wg.out /tmp/vole.out | head -n 20
diff /tmp/wg.err /tmp/vole.err | head -n 20
"""


def key(number):
    """Some key, different for each number."""
    return base64.b64encode(number.to_bytes(4, "big") * 8).decode()


def start(lab):
    kernel = Kernel(lab.host("ours"), [])
    kernel.push(VOLE)
    kernel.write("/bin/same", SAME, 0o700)
    return kernel


def same(kernel, *forms):
    """Each form is the words of a command line, with variables in front if there are any."""
    script = "".join(f"{variables} same {words}\n" for variables, words in forms)
    expect_equal(kernel.run(script, 120), "", "differences between wg and vole")


def forms(interface):
    """Every form of show. Left out is `show all endpoints`, which Debian's wg writes in a way of its own."""
    for words in ("", "show", "show all", f"show {interface}"):
        for variables in ("", "WG_COLOR_MODE=always", "WG_HIDE_KEYS=never", "WG_COLOR_MODE=always WG_HIDE_KEYS=never"):
            yield variables, words
    for field in FIELDS:
        yield "", f"show {interface} {field}"
        if field != "endpoints":
            yield "", f"show all {field}"
    yield "", "show interfaces"
    yield "", f"showconf {interface}"


def section(title, **values):
    return f"[{title}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items() if value is not None)


# One peer of each kind.
EVERYTHING = "\n".join((
    section("Interface", PrivateKey=key(1), ListenPort=12345, FwMark="0xca6c"),
    section("Peer", PublicKey=key(2)),
    section("Peer", PublicKey=key(3), PresharedKey=key(4), AllowedIPs="10.0.0.0/8, fd00::/8, 10.1.2.3/32, ::/0",
            Endpoint="127.0.0.1:9", PersistentKeepalive=65535),
    section("Peer", PublicKey=key(5), AllowedIPs="0.0.0.0/0", Endpoint="[2001:db8::5]:65535"),
    section("Peer", PublicKey=key(6), AllowedIPs="2001:db8::/32", Endpoint="[fe80::6%lo]:6", PersistentKeepalive=1)))


@case
def show_prints_what_wg_prints(lab):
    kernel = start(lab)
    kernel.run("ip link add wg7 type wireguard; ip link add wg3 type wireguard")
    same(kernel, *forms("wg7"))
    kernel.write("/tmp/everything.conf", EVERYTHING)
    kernel.run("wg setconf wg7 /tmp/everything.conf; ip link set wg7 up")
    expect_equal(len(kernel.run("wg show wg7 dump").splitlines()), 5, "lines of a dump")
    same(kernel, *forms("wg7"))
    kernel.run("ip link del wg7; ip link del wg3; ip link del wg0")
    same(kernel, ("", ""), ("", "show"), ("", "show all dump"), ("", "show interfaces"))


@case
def handshakes_and_traffic_are_shown(lab):
    kernel = start(lab)
    pair = [section("Interface", PrivateKey=key(number), ListenPort=port) for number, port in ((1, 7001), (2, 7002))]
    for name, mine in zip(("wg1", "wg2"), pair):
        kernel.write(f"/tmp/{name}.conf", mine)
        kernel.run(f"ip link add {name} type wireguard; vole setconf {name} /tmp/{name}.conf")
    kernel.run("vole set wg1 peer $(wg show wg2 public-key) allowed-ips 10.77.0.2/32 endpoint 127.0.0.1:7002\n"
               "vole set wg2 peer $(wg show wg1 public-key) allowed-ips 10.77.0.1/32\n"
               "ip link set wg1 up; ip link set wg2 up; ip route add 10.77.0.2/32 dev wg1\n"
               "ping -c 1 -W 2 10.77.0.2 || true")  # the answer has nowhere to go: a handshake is all that is needed
    _, handshake = kernel.run("vole show wg1 latest-handshakes").split()
    _, received, sent = kernel.run("vole show wg1 transfer").split()
    expect(int(handshake) > 0 and int(received) > 0 and int(sent) > 0, f"{handshake} {received} {sent}")
    same(kernel, *forms("wg2"))


def large_configuration():
    """Hundreds of peers, and one with thousands of allowed IPs in between."""
    parts = [section("Interface", PrivateKey=key(1), ListenPort=12345)]
    for number in range(700):
        parts.append(section("Peer", PublicKey=key(1000 + number), PresharedKey=key(9000 + number),
                             Endpoint=f"[2001:db8::{number:x}]:{1 + number}", PersistentKeepalive=1 + number,
                             AllowedIPs=f"10.1.{number // 256}.{number % 256}/32, fd00:1::{number:x}/128"))
        if number == 350:
            prefixes = [f"10.2.{index // 256}.{index % 256}/32" for index in range(3000)]
            prefixes += [f"fd00:2::{index:x}/128" for index in range(3000)]
            parts.append(section("Peer", PublicKey=key(7), AllowedIPs=", ".join(prefixes), Endpoint="192.0.2.7:7"))
    return "\n".join(parts)


@case
def large_configurations_arrive_whole(lab):
    """700 peers and 6000 allowed IPs of one peer, written and read in many messages."""
    kernel = start(lab)
    kernel.write("/tmp/large.conf", large_configuration())
    kernel.run("ip link add wg1 type wireguard; ip link add wg2 type wireguard; ip link add wg3 type wireguard")
    kernel.run("wg setconf wg1 /tmp/large.conf; vole setconf wg2 /tmp/large.conf; vole addconf wg3 /tmp/large.conf")
    for reader in ("wg", "vole"):
        output = kernel.run(f"for i in 1 2 3; do {reader} show wg$i dump >/tmp/$i; done\n"
                            "cmp /tmp/1 /tmp/2; cmp /tmp/1 /tmp/3; wc -l </tmp/1")
        expect_equal(output.strip(), "702", f"lines of a dump by {reader}, the same of all three")
    same(kernel, ("", "show wg2 dump"), ("", "show wg2 allowed-ips"), ("", "show wg2"), ("", "showconf wg2"),
         ("", "show all dump"))
    # What is there already is replaced, in the first message only, and what is not is removed.
    kernel.run("vole syncconf wg2 /tmp/large.conf; wg show wg1 dump >/tmp/1; wg show wg2 dump | cmp - /tmp/1")
    kernel.run("vole setconf wg2 /tmp/large.conf; wg show wg2 dump | cmp - /tmp/1")
    kernel.write("/tmp/everything.conf", EVERYTHING)
    kernel.run("wg setconf wg1 /tmp/everything.conf; wg show wg1 dump >/tmp/1\n"
               "vole syncconf wg2 /tmp/everything.conf; vole setconf wg3 /tmp/everything.conf\n"
               "wg show wg3 dump | cmp - /tmp/1; sort /tmp/1 >/tmp/2; wg show wg2 dump | sort | cmp - /tmp/2")


@case
def set_changes_only_what_is_given(lab):
    kernel = start(lab)
    kernel.write("/tmp/everything.conf", EVERYTHING)
    kernel.write("/tmp/key", key(70) + "\n")
    changes = [
        "fwmark 77", "fwmark 0", "listen-port 999", "private-key /tmp/key", f"peer {key(3)} allowed-ips 10.9.9.0/24",
        f"peer {key(3)} preshared-key /dev/null", f"peer {key(3)} persistent-keepalive off", f"peer {key(2)} remove",
        f"peer {key(5)} allowed-ips ''", f"peer {key(5)} endpoint 192.0.2.55:55 peer {key(90)} preshared-key /tmp/key",
        f"peer {key(6)} allowed-ips 0.0.0.0/0 peer {key(91)} allowed-ips 0.0.0.0/0,::/0", "private-key /dev/null",
        f"peer {key(99)} remove"]
    script = ["ip link add wg1 type wireguard; ip link add wg2 type wireguard",
              "wg setconf wg1 /tmp/everything.conf; vole setconf wg2 /tmp/everything.conf"]
    for words in ["fwmark 0xca6c", *changes]:
        script += [f"wg set wg1 {words}; vole set wg2 {words}",
                   f"wg show wg1 dump >/tmp/1; wg show wg2 dump | cmp - /tmp/1 || echo 'after {words[:30]}'"]
    output = kernel.run("\n".join(script))
    expect(re.fullmatch(r"(Warning: allowed IP .*\n)*", output), output)
    same(kernel, *forms("wg2"))


@case
def errors_are_the_kernels_own(lab):
    kernel = start(lab)
    kernel.run("ip link add wg1 type wireguard; ip link set wg1 up; ip link add wg2 type wireguard; ip link set wg2 up")
    kernel.write("/tmp/nobody", "nobody:x:65534:65534::/:/bin/sh\n")
    for words in ("show none", "show lo", "show lo dump", "show ''", "show a/b", "set none fwmark 1", "set lo fwmark 1",
                  "set wg1 listen-port 51820", "showconf none", "show none public-key"):
        status, message = kernel.run(f"wg {words} 2>&1; echo $?").split(), kernel.run(f"vole {words} 2>&1; echo $?")
        expect_equal(message.split(), status, words)
        expect(message.endswith("\n1\n"), f"{words}: {message}")
    expect_equal(kernel.run("vole show nnnnnnnnnnnnnnnnnnnn 2>&1; echo $?"),
                 "Unable to access interface: File name too long\n1\n", "a long name")
    kernel.run("cp /tmp/nobody /etc/passwd; chmod a+rx / /bin /bin/* /lib* /lib/* /lib/*/*")
    expect_equal(kernel.run("su nobody -c 'vole show wg1; vole set wg1 fwmark 1; vole show interfaces' 2>&1"),
                 "Unable to access interface: Operation not permitted\n"
                 "Unable to modify interface: Operation not permitted\nwg0 wg1 wg2\n", "without privileges")
    # Kernels before 6.16 do not know this flag, and say so without having changed anything.
    kernel.run(f"vole set wg2 peer {key(3)} allowed-ips 10.0.0.0/8")
    before = kernel.run("wg show wg2 dump")
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)", kernel.run("uname -r")).groups()))
    message = kernel.run(f"vole set wg2 peer {key(3)} allowed-ips -10.0.0.0/8 2>&1; echo $?")
    if release < (6, 16):
        expect_equal(message, "Unable to modify interface: Invalid argument\n1\n", "removing one allowed IP")
        expect_equal(kernel.run("wg show wg2 dump"), before, "the interface after a refused change")
    else:
        expect_equal(message, "0\n", "removing one allowed IP")
        expect_equal(kernel.run("vole show wg2 allowed-ips"), f"{key(3)}\t(none)\n", "what is left")


@case
def a_configuration_that_changes_is_read_again(lab):
    """One allowed IP moves between the first and the last of many peers: each dump has it exactly once."""
    kernel = start(lab)
    kernel.write("/tmp/large.conf", large_configuration())
    first, last = key(1000), key(1699)
    output = kernel.run(
        "ip link add wg1 type wireguard; vole setconf wg1 /tmp/large.conf; touch /tmp/go\n"
        f"while [ -e /tmp/go ]; do wg set wg1 peer {first} allowed-ips 10.55.0.0/16; "
        f"wg set wg1 peer {last} allowed-ips 10.55.0.0/16; usleep 3000; done & \n"
        "for i in $(seq 60); do vole show wg1 allowed-ips | grep -c 10.55.0.0/16; done; rm /tmp/go; wait", 100)
    expect_equal(set(output.split()), {"1"}, "how often a moving allowed IP was seen")


@case
def up_makes_the_kernels_own_interface(lab):
    kernel = start(lab)
    kernel.write("/tmp/wg5.conf", "\n".join((
        section("Interface", PrivateKey=key(1), ListenPort=12345, Address="10.55.0.1/24, fd55::1/64", MTU=1380),
        section("Peer", PublicKey=key(2), AllowedIPs="10.55.0.0/24, 10.66.0.0/16, fd66::/64", Endpoint="192.0.2.1:5"))))
    kernel.run("vole up /tmp/wg5.conf 2>&1")
    looks = kernel.run("ip -d address show wg5; ip route show dev wg5; ip -6 route show dev wg5; wg show wg5 dump")
    for wanted in ("wireguard", "mtu 1380", ",UP,", "inet 10.55.0.1/24", "inet6 fd55::1/64", "10.66.0.0/16", "fd66::/64",
                   f"{key(2)}\t(none)\t192.0.2.1:5\t10.55.0.0/24,10.66.0.0/16,fd66::/64\t"):
        expect(wanted in looks, f"{wanted}: {looks}")
    expect_equal(kernel.run("vole up /tmp/wg5.conf >/dev/null 2>&1; echo $?"), "1\n", "a second up")
    kernel.run("vole down /tmp/wg5.conf 2>&1")
    expect_equal(kernel.run("wg show interfaces"), "wg0\n", "interfaces after down")


@case
def the_programming_interface_meets_a_real_kernel(lab):
    """The unit test of cli/device.h and linux/wireguard_netlink.h has more to do where there is WireGuard."""
    kernel = Kernel(lab.host("ours"), [])
    kernel.push(os.path.join(BUILD, "tests", "unit", "device_test"))
    output = kernel.run("ip link del wg0; mkdir -p /var/run; device_test here 2>&1 || echo FAILED")
    expect(re.search(r"has WireGuard\n(.*\n)*.*PASSED  \] \d+ test", output) and "FAILED" not in output, output)


if __name__ == "__main__":
    prepare()
    main(__file__)
