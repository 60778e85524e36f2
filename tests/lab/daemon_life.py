#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the daemon starts, goes into the background, and ends; uapi §6 and §7."""

import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

from harness.cases import Skipped, case, main
from harness.daemon import (IS_VOLED, VOLED, Daemon, alive, connect, default_environment, descendants,
                            processes_named)
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping
from harness.uapi import DIRECTORY, Uapi


def background(host, interface, *options):
    """Starts a daemon that puts itself into the background; its Uapi."""
    result = host.run(VOLED, *options, interface, environment=default_environment())
    expect_equal(result.stdout, "", "standard output of a daemon going into the background")
    if not IS_VOLED:
        time.sleep(0.3)  # wireguard-go answers before it listens to signals
    return Uapi(host, interface)


def gone(host, interface, what="the interface, the socket and all processes to go"):
    uapi = Uapi(host, interface)
    wait_for(lambda: interface not in host.interfaces() and not uapi.exists() and not processes_named(host, interface), what)


def end(host, interface):
    for process in processes_named(host, interface):
        try:
            os.kill(process, signal.SIGTERM)
        except ProcessLookupError:
            pass
    gone(host, interface)


@case
def when_the_parent_returns_interface_and_socket_exist(lab):
    host = lab.host("a")
    for attempt in range(10):
        uapi = background(host, "wg0")
        expect(uapi.exists(), "the socket exists")
        expect("wg0" in host.interfaces(), "the interface exists")
        # Answers at once, or as soon as the background process gets there: no retry here.
        expect("errno=0" in uapi.request("get=1\n\n"), "the socket answers")
        expect_equal(host.output("wg", "show", "interfaces"), "wg0", "wg show interfaces")
        expect("state DOWN" in host.output("ip", "link", "show", "wg0"), "the interface is down until told")
        end(host, "wg0")


@case
def the_background_daemon_holds_no_output_open(lab):
    host = lab.host("a")
    # It returns only when nobody holds the pipes any more.
    background(host, "wg0")
    end(host, "wg0")


@case(voled_only="the log format is its own")
def in_the_background_it_says_once_what_it_found_where_the_log_is(lab):
    host = lab.host("a")
    path = lab.file("background.log", "")
    host.shell(f"{VOLED} wg0 2>{path}", environment=dict(default_environment(), LOG_LEVEL="info"))

    def said():
        with open(path, encoding="utf-8") as log:
            return log.read().count(" started: ")

    wait_for(said, "the line about features")
    end(host, "wg0")
    expect_equal(said(), 1, "lines about features")


@case(voled_only="others do not follow an interface that is moved before they know it")
def who_goes_on_at_once_may_move_rename_or_delete_the_interface(lab):
    host, inside = lab.host("a"), lab.host("inside")
    uapi = Uapi(host, "wg0")

    def start_and(command):
        host.shell(f"{VOLED} wg0 && {command}", environment=default_environment())

    for attempt in range(5):
        start_and(f"ip link set wg0 netns {inside.pid}")
        expect("errno=0" in uapi.request("get=1\n\n"), "the socket answers after a move")
        inside.run("ip", "link", "del", "wg0")
        gone(host, "wg0")
        start_and("ip link set wg0 name other0 up")
        expect("errno=0" in uapi.request("get=1\n\n"), "the socket answers after another name")
        host.run("ip", "link", "del", "other0")
        gone(host, "wg0")
        start_and("ip link del wg0")
        gone(host, "wg0")


@case(voled_only="its own promise")
def with_too_few_descriptors_it_starts_or_leaves_nothing_behind(lab):
    host = lab.host("a")
    uapi, failed, started = Uapi(host, "wg0"), 0, 0
    for descriptors in range(5, 60, 2):
        result = host.run("prlimit", f"--nofile={descriptors}", VOLED, "wg0", check=False, timeout=20,
                          environment=default_environment())
        if result.returncode == 0:
            wait_for(lambda: uapi.answers() or not processes_named(host, "wg0"), "it to start or to end")
        else:
            expect_equal(result.returncode, 1, "exit status")
            failed += 1
        if processes_named(host, "wg0") and uapi.answers():
            started += 1
            end(host, "wg0")
        gone(host, "wg0", f"all to go that was there with {descriptors} descriptors")
    expect(failed > 0 and started > 0, f"{failed} failed and {started} started")


@case
def foreground_by_either_option_or_environment(lab):
    host = lab.host("a")
    for words, environment in ((["-f"], {}), (["--foreground"], {}), ([], {"WG_PROCESS_FOREGROUND": "1"})):
        process = host.start(VOLED, *words, "wg0", environment=dict(default_environment(), **environment),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(Uapi(host, "wg0").answers, "the socket to answer")
        expect(process.poll() is None, "it stays in the foreground")
        process.terminate()
        expect_equal(process.wait(10), 0, "exit status")
        gone(host, "wg0")


@case
def signals_end_it_with_0_and_remove_everything(lab):
    host = lab.host("a")
    for number in (signal.SIGTERM, signal.SIGINT):
        daemon = Daemon(host)
        daemon.signal(number)
        expect_equal(daemon.process.wait(10), 0, f"exit status after {number.name}")
        gone(host, "wg0")


@case
def deleting_the_interface_ends_it(lab):
    host = lab.host("a")
    daemon = Daemon(host)
    host.run("ip", "link", "del", "wg0")
    expect_equal(daemon.process.wait(10), 0, "exit status")
    gone(host, "wg0")
    background(host, "wg1")
    host.run("ip", "link", "del", "wg1")
    gone(host, "wg1")


@case
def removing_the_socket_ends_it(lab):
    host = lab.host("a")
    daemon = Daemon(host)
    os.unlink(daemon.uapi.path)
    expect_equal(daemon.process.wait(10), 0, "exit status")
    gone(host, "wg0")


@case
def a_stale_socket_is_replaced(lab):
    host = lab.host("a")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(host.path(f"{DIRECTORY}/wg0.sock"))
    stale.close()
    daemon = Daemon(host)
    expect(daemon.uapi.answers(), "it answers on the socket")


@case
def a_socket_in_use_is_left_alone(lab):
    host = lab.host("a")
    used = socket.socket(socket.AF_UNIX)
    used.bind(host.path(f"{DIRECTORY}/wg0.sock"))
    used.listen()
    result = host.run(VOLED, "-f", "wg0", check=False, timeout=10, environment=default_environment())
    expect_equal(result.returncode, 1, "exit status")
    expect(Uapi(host, "wg0").exists(), "the other's socket is still there")
    expect("wg0" not in host.interfaces(), "no interface is left behind")
    if IS_VOLED:
        expect("wg0.sock" in result.stderr, f"the message names the socket: {result.stderr}")
    used.close()


@case
def the_socket_is_for_its_owner_only(lab):
    daemon = Daemon(lab.host("a"))
    expect_equal(oct(os.stat(daemon.uapi.path).st_mode & 0o777), "0o700", "mode of the socket")


@case
def the_socket_directory_is_made(lab):
    host = lab.host("a")
    host.run("umount", DIRECTORY)
    host.run("mount", "-t", "tmpfs", "tmpfs", os.path.dirname(DIRECTORY))
    Daemon(host)
    expect_equal(oct(os.stat(host.path(DIRECTORY)).st_mode & 0o777), "0o755", "mode of the directory")


@case
def a_name_pattern_gives_the_next_free_name(lab):
    host = lab.host("a")
    for number in range(3):
        host.start(VOLED, "-f", "vt%d", environment=default_environment(), stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
        wait_for(Uapi(host, f"vt{number}").answers, f"socket vt{number}.sock")
    expect_equal(set(host.output("wg", "show", "interfaces").split()), {"vt0", "vt1", "vt2"}, "interfaces")


def listening(host, path):
    """A listening socket whose path is as the host sees it."""
    ours, theirs = socket.socketpair()
    script = (f"import socket; one = socket.socket(socket.AF_UNIX); one.bind({path!r}); one.listen(); "
              f"socket.send_fds(socket.socket(fileno={theirs.fileno()}), [b'.'], [one.fileno()])")
    binder = host.start(sys.executable, "-c", script, pass_fds=(theirs.fileno(),))
    theirs.close()
    _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
    expect_equal(binder.wait(10), 0, "exit status of who binds the socket")
    ours.close()
    return socket.socket(fileno=descriptor)


@case
def open_descriptors_are_taken_from_the_environment(lab):
    host = lab.host("a")
    with host.network():
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"given0", 0x0001 | 0x1000 | 0x4000))  # TUNSETIFF
    listener = listening(host, f"{DIRECTORY}/given0.sock")
    environment = dict(default_environment(), WG_TUN_FD=str(tun), WG_UAPI_FD=str(listener.fileno()),
                       WG_PROCESS_FOREGROUND="1")
    process = host.start(VOLED, "given0", environment=environment, pass_fds=(tun, listener.fileno()),
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(tun)
    listener.close()
    wait_for(Uapi(host, "given0").answers, "the given socket to answer")
    expect_equal(host.output("wg", "show", "interfaces"), "given0", "wg show interfaces")
    process.terminate()
    expect_equal(process.wait(10), 0, "exit status")
    gone(host, "given0")


@case(voled_only="a plain TUN without vnet header is not taken by others")
def a_plain_tun_descriptor_is_taken_too(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    with a.network():
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"wg0", 0x0001 | 0x1000))
    one = Daemon(a, start=False)
    one.environment["WG_TUN_FD"] = str(tun)
    one.start(pass_fds=(tun,))
    os.close(tun)
    connect(one, Daemon(b), ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2")


@case(voled_only="others print usage on stdout with status 0")
def usage_errors_go_to_stderr_with_status_1(lab):
    host = lab.host("a")
    for words in ([], ["wg0", "wg1"], ["-f"], ["--no-such-option", "wg0"], ["-x", "wg0"]):
        result = host.run(VOLED, *words, check=False)
        expect_equal(result.returncode, 1, f"exit status of voled {words}")
        expect_equal(result.stdout, "", f"standard output of voled {words}")
        expect("usage" in result.stderr.lower(), f"usage on standard error of voled {words}: {result.stderr}")
    expect_equal(host.interfaces(), ["lo"], "interfaces left")


@case(voled_only="others have no --help")
def help_and_version_go_to_stdout_with_status_0(lab):
    host = lab.host("a")
    for words, wanted in ((["-h"], "usage"), (["--help"], "--foreground"), (["--version"], "voled")):
        result = host.run(VOLED, *words)
        expect(wanted in result.stdout.lower(), f"'{wanted}' in the output of voled {words}: {result.stdout}")
        expect_equal(result.stderr, "", f"standard error of voled {words}")


@case(voled_only="others are one process")
def if_either_process_is_killed_the_other_ends_and_the_interface_goes(lab):
    host = lab.host("a")
    for victim in (0, 1):
        background(host, "wg0")
        found = wait_for(lambda: len(processes_named(host, "wg0")) == 2 and processes_named(host, "wg0"), "two processes")
        os.kill(found[victim], signal.SIGKILL)
        wait_for(lambda: "wg0" not in host.interfaces() and not processes_named(host, "wg0"),
                 f"the interface and the other process to go after process {victim} was killed")
    # Whatever was left behind does not stop the next start.
    background(host, "wg0")
    end(host, "wg0")
    for victim in (0, 1):
        daemon = Daemon(host)
        found = wait_for(lambda: len(daemon.processes()) == 2 and daemon.processes(), "two processes")
        os.kill(found[victim], signal.SIGKILL)
        daemon.process.wait(10)
        wait_for(lambda: not any(alive(one) for one in found) and "wg0" not in host.interfaces(),
                 "the other process and the interface to go")


@case(voled_only="its own promise")
def idle_it_uses_at_most_4_mib(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2")
    total = 0
    for process in descendants(one.process.pid):
        with open(f"/proc/{process}/maps") as maps:
            if "san.so" in maps.read():
                raise Skipped("a sanitizer's memory would be measured")
        with open(f"/proc/{process}/smaps_rollup") as rollup:
            total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
    print(f"     idle voled: {total} KiB")
    expect(0 < total <= 4096, f"idle voled uses {total} KiB, more than 4096")


@case(voled_only="the log format is its own")
def the_log_tells_start_and_handshakes_and_no_secrets(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    for _ in range(3):
        ping(a, "10.9.0.2", count=20)
    for daemon, peer in ((one, other), (other, one)):
        short = re.escape(peer.public_key[:4])
        daemon.wait_log(rf"(?i)({short}.*handshake|handshake.*{short})")
        lines = daemon.log().splitlines()
        expect(len(lines) < 12, f"nothing at packet rate: {len(lines)} lines")
    quiet = Daemon(a, "wg7", environment={"LOG_LEVEL": "silent"})
    quiet.stop()
    expect_equal(quiet.log(), "", "log at level silent")


main(__file__)
