#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What cannot work is refused with exit status 1, a message that names it, and nothing left behind."""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys

from harness.cases import Skipped, case, main
from harness.daemon import VOLED, Daemon, connect, default_environment
from harness.lab import expect, expect_equal
from harness.packets import udp_socket
from harness.traffic import ping
from harness.uapi import DIRECTORY

OWN = "the messages are its own"


def refused(host, *words, name="wg0", wanted, before=()):
    """Both in the foreground and on the way to the background."""
    left = host.interfaces()
    for option in (["-f"], []):
        result = host.run(*before, VOLED, *option, name, check=False, timeout=10, environment=default_environment())
        expect_equal(result.returncode, 1, f"exit status ({result.stderr})")
        expect_equal(result.stdout, "", "standard output")
        for word in wanted:
            expect(word.lower() in result.stderr.lower(), f"'{word}' in the message: {result.stderr!r}")
        expect(len(result.stderr.splitlines()) <= 4, f"a message, not a story: {result.stderr}")
        expect_equal(host.interfaces(), left, "interfaces afterwards")


@case(voled_only=OWN)
def no_tun_device(lab):
    host = lab.host("a")
    host.run("mount", "-t", "tmpfs", "tmpfs", "/dev/net")
    refused(host, wanted=["/dev/net/tun"])


@case(voled_only=OWN)
def no_permission(lab):
    host = lab.host("a")
    refused(host, wanted=["permi"], before=("setpriv", "--bounding-set=-all", "--inh-caps=-all"))


@case(voled_only=OWN)
def name_in_use(lab):
    host = lab.host("a")
    host.run("ip", "link", "add", "wg0", "type", "bridge")
    refused(host, wanted=["wg0"])


@case(voled_only=OWN)
def name_in_use_by_another_daemon(lab):
    host = lab.host("a")
    daemon = Daemon(host)
    refused(host, wanted=["wg0"])
    expect(daemon.uapi.answers(), "the first daemon goes on")


@case(voled_only=OWN)
def illegal_names(lab):
    host = lab.host("a")
    for name in ("a/b", "", ".", "..", "sixteen-letters-", "two words", "../wg0"):
        refused(host, name=name, wanted=["name"])


@case(voled_only=OWN)
def socket_directory_not_writable(lab):
    host = lab.host("a")
    host.run("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", DIRECTORY)
    refused(host, wanted=["wireguard"])


@case
def port_in_use_fails_the_set_and_keeps_the_interface(lab):
    host = lab.host("a")
    udp_socket(host, socket.AF_INET, "", 40000)
    daemon = Daemon(host)
    host.up("wg0")
    daemon.set("listen-port", "40001")
    result = host.run("wg", "set", "wg0", "listen-port", "40000", check=False)
    expect_equal(result.returncode, 1, "exit status of wg set")
    expect("Address already in use" in result.stderr, f"wg's message: {result.stderr}")
    expect("wg0" in host.interfaces() and daemon.process.poll() is None, "interface and daemon stay")
    if daemon.is_voled:
        expect_equal(daemon.wg("show", "wg0", "listen-port"), "40001", "the old port stays")
    daemon.set("listen-port", "40002")
    expect_equal(daemon.wg("show", "wg0", "listen-port"), "40002", "the next port works")


@case(voled_only="others bind at once, not when the link comes up")
def port_in_use_found_when_the_link_comes_up_is_logged_and_can_be_mended(lab):
    host = lab.host("a")
    used = udp_socket(host, socket.AF_INET, "", 40000)
    daemon = Daemon(host)
    daemon.set("listen-port", "40000")
    host.up("wg0")
    daemon.wait_log("40000")
    expect(daemon.process.poll() is None and daemon.uapi.answers(), "the daemon goes on")
    used.close()
    host.run("ip", "link", "set", "wg0", "down")
    host.up("wg0")
    daemon.set("listen-port", "40001")
    expect_equal(daemon.wg("show", "wg0", "listen-port"), "40001", "listen port")


def forbid_sockets(family, error):
    """From here on, this process and its children get that error for socket(family), as without it."""
    number = {"x86_64": 41, "aarch64": 198}.get(platform.machine())
    if number is None:
        raise Skipped(f"the number of the socket system call on {platform.machine()} is not known here")
    refuse, allow = 0x00050000 | error, 0x7fff0000
    program = [(0x20, 0, 0, 0),              # load the system call's number
               (0x15, 0, 3, number),         # socket?
               (0x20, 0, 0, 16),             # load its first argument
               (0x15, 0, 1, family),
               (0x06, 0, 0, refuse),
               (0x06, 0, 0, allow)]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code)
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.c_char_p(filter_), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


if os.environ.get("LAB_WITHOUT_IPV6"):
    forbid_sockets(socket.AF_INET6, errno.EAFNOSUPPORT)
    os.execv(VOLED, [VOLED, "-f", "wg0"])
if sys.argv[1:2] == ["--without-ipv4"]:
    forbid_sockets(socket.AF_INET, errno.EMFILE)
    os.execv(sys.argv[2], sys.argv[2:])


@case(voled_only=OWN)
def no_udp_sockets(lab):
    host = lab.host("a")
    refused(host, wanted=["UDP sockets", os.strerror(errno.EMFILE)],
            before=(os.path.abspath(__file__), "--without-ipv4"))
    expect_equal(os.listdir(host.path(DIRECTORY)), [], "sockets afterwards")


@case(voled_only=OWN)
def without_ipv6_it_says_so_once_and_speaks_ipv4(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one = Daemon(a, program=os.path.abspath(__file__), environment={"LAB_WITHOUT_IPV6": "1"})
    other = Daemon(b)
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2")
    a.run("ip", "link", "set", "wg0", "down")
    a.up("wg0")
    ping(a, "10.9.0.2")
    said = [line for line in one.log().splitlines() if "ipv6" in line.lower() and "started" not in line]
    expect_equal(len(said), 1, f"lines about IPv6 in the log: {said}")


@case
def with_ipv6_switched_off_by_sysctl_it_speaks_ipv4(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    for host in (a, b):
        host.shell("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    connect(Daemon(a), Daemon(b), ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2")


main(__file__)
