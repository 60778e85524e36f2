#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What voled's two processes cannot do (docs/design.md, confinement): tried from inside, by a program that is confined
by the same function, and looked up in /proc for processes that run."""

import errno
import os
import pty
import re
import subprocess

from harness.cases import Skipped, case, main
from harness.daemon import BUILD, VOLE, Daemon, connect, processes_named
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping

CONFINED = os.path.join(BUILD, "tests/lab/confined")
# What is tried, and the system call that ends who tries it; None: it is refused.
IN_ENGINE = {
    "read-file": None, "make-file": None, "unlink": "unlink", "inet-socket": "socket", "raw-socket": "socket",
    "packet-socket": "socket", "unix-socket": "socket", "connect": "connect", "execute": "execve", "fork": "clone",
    "trace": "ptrace", "read-other-memory": "process_vm_readv", "kill": "kill", "mount": "mount", "unshare": "unshare",
    "enter-namespace": "setns", "become-root": "setuid", "chroot": "chroot", "executable-memory": "mmap",
    "make-memory-executable": "mprotect", "bpf": "bpf", "io-uring": "io_uring_setup", "load-module": "finit_module",
    "set-clock": "clock_settime", "be-seen": "prctl", "catch-the-end": "rt_sigaction", "raise-limit": "prlimit64"}
IN_PARENT = ["packet-socket", "execute", "fork", "trace", "read-other-memory", "kill", "mount", "unshare",
             "enter-namespace", "become-root", "chroot", "executable-memory", "make-memory-executable", "bpf", "io-uring",
             "load-module", "set-clock", "be-seen", "catch-the-end", "raise-limit"]
# What comes of an attempt in vole's commands; what is not named is a call that was given up.
GIVEN_UP, DENIED, FORBIDDEN = ("refused: " + os.strerror(number) for number in (errno.ENOSYS, errno.EACCES, errno.EPERM))
IN_VOLE = {
    "keys": {"nothing-special": "done"},
    "server": {"nothing-special": "done"},
    "looker": {"nothing-special": "done", "read-file": "done", "unix-socket": "done", "make-file": DENIED},
    "resolver": {"nothing-special": "done", "read-file": "done", "unix-socket": "done", "inet-socket": "done", "fork": "done",
                 "make-file": DENIED, "execute": DENIED, "raw-socket": FORBIDDEN, "packet-socket": FORBIDDEN,
                 "mount": FORBIDDEN, "chroot": FORBIDDEN, "set-clock": FORBIDDEN}}
DESCRIPTORS = {
    "engine": r"/dev/null|/dev/net/tun|socket:\[\d+\]|anon_inode:\[?(signalfd|eventfd|eventpoll|timerfd)\]?|.*\.log",
    "parent": r"/dev/null|/dev/net/tun|socket:\[\d+\]|pipe:\[\d+\]|net:\[\d+\]|anon_inode:(\[signalfd\]|inotify)|.*\.log"}


def opens_sockets_by_one_call_for_all():
    """Whether the C library does (i386), whose arguments no filter sees."""
    with open(CONFINED, "rb") as program:
        return program.read(20)[18] == 3


def names_of(call):
    """A pattern for a system call's names; machines of 32 bits have others for some."""
    if call in ("socket", "connect") and opens_sockets_by_one_call_for_all():
        return "socketcall"
    return f"{call}(32|64|2)?"


def tried(role, attempt):
    """What came of it, and what the parent would log."""
    if not os.path.exists(CONFINED):
        raise Skipped(f"there is no {CONFINED}: configure the build with tests")
    result = subprocess.run([CONFINED, role, attempt], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=20, check=False)
    return result.stdout.strip(), result.stderr


def status(process, thread=None):
    """The fields of /proc/PID/status."""
    with open(f"/proc/{process}/task/{thread or process}/status", encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)


def features(daemon):
    """Feature -> (value, remark)."""
    text = daemon.host.output(VOLE, "show", "wg0", "features")
    rows = (line.split(None, 2) for line in text.splitlines()[2:])
    return {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in rows}


def running(lab, environment=None):
    """A daemon with key and peer, and its parent's and engine's process numbers."""
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = (Daemon(host, environment=environment, crowd=False) for host in (a, b))
    connect(one, other, ["10.9.0.1/24"], ["10.9.0.2/24"], other_address="192.0.2.2")
    ping(a, "10.9.0.2")
    parent, engine = one.processes()
    expect_equal(status(engine)["Name"], "voled-engine", "name of the second process")
    return one, parent, engine


def sanitized(daemon):
    return "sanitizer" in features(daemon)["call_filter"][1]


def need_filter(daemon):
    if sanitized(daemon):
        raise Skipped("a sanitizer needs more system calls")


@case
def the_engine_and_its_workers_are_refused_files_and_ended_for_all_else(lab):
    need_filter(Daemon(lab.host("a")))
    for role in ("engine", "worker"):
        expect_equal(tried(role, "nothing-special"), ("done", ""), f"{role}: what is needed all the time")
        for attempt, call in IN_ENGINE.items():
            result, log = tried(role, attempt)
            if call is None:
                expect_equal(result, "refused: Permission denied", f"{role}: {attempt}")
            else:
                expect_equal(result, "ended: SYS", f"{role}: {attempt}")
                expect(re.search(f"the system call {names_of(call)},", log), f"{role}: the log names {call}: {log}")


@case
def the_parent_is_ended_for_what_no_request_needs(lab):
    need_filter(Daemon(lab.host("a")))
    for attempt in ("nothing-special", "inet-socket", "read-file"):
        expect_equal(tried("parent", attempt)[0], "done", attempt)
    for attempt in IN_PARENT:
        if attempt == "packet-socket" and opens_sockets_by_one_call_for_all():
            continue
        expect_equal(tried("parent", attempt)[0], "ended: SYS", attempt)


@case
def landlock_holds_the_engine_beside_its_filter(lab):
    """What the filter lets through and Landlock does not: to reach others by abstract sockets."""
    need_filter(Daemon(lab.host("a")))
    if tried("files", "abstract-socket")[0] == "done":
        raise Skipped("this kernel's Landlock is older than that (6.12)")
    for role in ("engine", "worker", "files", "keys", "server"):
        expect(tried(role, "abstract-socket")[0] in (FORBIDDEN, GIVEN_UP), f"{role}: a message to an abstract socket")
    expect_equal(tried("parent", "abstract-socket")[0], "done", "the parent, which has no Landlock")


@case
def each_part_holds_by_itself(lab):
    for attempt in ("read-file", "make-file"):
        expect_equal(tried("files", attempt)[0], "refused: Permission denied", f"{attempt} with Landlock alone")
    expect_equal(tried("capabilities", "raw-socket")[0], "refused: Operation not permitted", "without capabilities")


@case
def vole_gives_up_what_it_does_not_need(lab):
    need_filter(Daemon(lab.host("a")))
    for role, results in IN_VOLE.items():
        others = () if role == "resolver" else ("inet-socket", "packet-socket", "execute", "fork", "trace", "kill", "mount",
                                                "executable-memory", "bpf", "become-root", "unshare", "set-clock")
        for attempt in (*results, *others):
            if role == "looker" and attempt.endswith("-socket") and opens_sockets_by_one_call_for_all():
                continue
            expect_equal(tried(role, attempt)[0], results.get(attempt, GIVEN_UP), f"{role}: {attempt}")
    for role in ("keys", "server"):
        for attempt in ("read-file", "make-file", "unlink", "unix-socket", "connect"):
            result = tried(role, attempt)[0]
            expect_equal(result, GIVEN_UP, f"{role}: {attempt}")


@case
def voles_servers_and_views_are_confined_while_they_run(lab):
    daemon, _, _ = running(lab)
    host, looking = daemon.host, 1 << 12 | 1 << 1 | 1 << 2  # NET_ADMIN, DAC_OVERRIDE, DAC_READ_SEARCH
    path = host.lab.file("wg0.conf", "[Interface]\n")
    for words, kept, filtered in ((["metrics", "--listen", "0"], looking, True),
                                  (["explain"], 0, True), (["explain", "wg0"], looking, True),
                                  (["top"], looking, True), (["watch", path], looking, False)):
        terminal, window = pty.openpty()
        process = subprocess.Popen(host.command(VOLE, *words), stdin=window, stdout=window, stderr=window,
                                   env=dict(os.environ, TERM="vt100"))
        try:
            wait_for(lambda: process.poll() is not None or status(process.pid)["NoNewPrivs"] == "1", f"vole {words} to give up", 20)
            if process.poll() is not None and "without a server" in os.read(terminal, 4096).decode():
                continue
            if filtered and not sanitized(daemon):
                wait_for(lambda: status(process.pid)["Seccomp"] == "2", f"vole {words} to filter its calls", 20)
            found = status(process.pid)
            expect_equal(int(found["CapEff"], 16) & ~kept, 0, f"capabilities of vole {words}")
        finally:
            process.kill()
            process.wait()
            os.close(terminal)
            os.close(window)


@case
def who_prints_keys_is_confined_before(lab):
    """Its output is a pipe that is full, so that there is time to look at it."""
    daemon, _, _ = running(lab)
    looking = 1 << 12 | 1 << 1 | 1 << 2
    key = subprocess.run([VOLE, "genkey"], stdout=subprocess.PIPE, text=True, check=True).stdout
    path = daemon.host.lab.file("wg0.conf", f"[Interface]\nPrivateKey = {key}")
    for words, kept in ((["show", "all"], looking), (["show", "all", "dump"], looking), (["show", "--json"], looking),
                        (["showconf", daemon.interface], looking), (["strip", path], 0), (["qr", path], 0)):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        try:
            while True:
                os.write(writer, b" " * 4096)
        except BlockingIOError:
            os.set_blocking(writer, True)
        process = subprocess.Popen(daemon.host.command(VOLE, *words), stdin=subprocess.DEVNULL, stdout=writer,
                                   stderr=subprocess.PIPE, text=True)
        os.close(writer)
        try:
            wanted = {"NoNewPrivs": "1", "Seccomp": "0" if sanitized(daemon) else "2"}
            wait_for(lambda: process.poll() is not None or all(status(process.pid)[key] == value
                                                               for key, value in wanted.items()), f"vole {words} to give up", 20)
            if process.poll() is not None:
                said = process.stderr.read()
                expect("without QR codes" in said or "without JSON" in said, f"vole {words} waits for its reader: {said}")
                continue
            expect_equal(int(status(process.pid)["CapEff"], 16) & ~kept, 0, f"capabilities of vole {words}")
            while os.read(reader, 4096).startswith(b" " * 4096):
                pass
            expect_equal(process.wait(20), 0, f"vole {words}: {process.stderr.read()}")
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            os.close(reader)


@case
def every_thread_of_a_running_daemon_is_confined(lab):
    daemon, parent, engine = running(lab, {"VOLE_WORKERS": "3"})
    seccomp = "0" if sanitized(daemon) else "2"
    threads = os.listdir(f"/proc/{engine}/task")
    expect_equal(len(threads), 4, "threads of the engine: control and three workers")
    for process, thread in [(engine, thread) for thread in threads] + [(parent, one) for one in
                                                                      os.listdir(f"/proc/{parent}/task")]:
        found = status(process, thread)
        expect_equal(found["NoNewPrivs"], "1", f"no_new_privs of thread {thread}")
        expect_equal(found["Seccomp"], seccomp, f"filter of thread {thread}")
        for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            if process == engine:
                expect_equal(int(found[kind], 16), 0, f"{kind} of thread {thread}")
    kept = int(status(parent)["CapEff"], 16)
    expect_equal(kept & ~(1 << 1 | 1 << 5 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 21), 0, "capabilities of the parent")
    for name in ("no_capabilities",) + (() if seccomp == "0" else ("call_filter", "no_files", "locked_secrets")):
        expect_equal(features(daemon)[name][0], "on", name)


@case
def the_processes_hold_only_what_they_work_with(lab):
    listening = os.open("/proc/self/status", os.O_RDONLY)  # what a careless shell leaves open
    os.set_inheritable(listening, True)
    host = lab.host("a")
    daemon = Daemon(host, start=False)
    daemon.start(pass_fds=(listening,))
    for role, process in zip(("parent", "engine"), daemon.processes()):
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            try:
                target = os.readlink(f"/proc/{process}/fd/{descriptor}")
            except FileNotFoundError:
                continue  # closed since
            expect(re.fullmatch(DESCRIPTORS[role], target), f"the {role} holds {target}")
    os.close(listening)


@case
def secrets_are_in_locked_pages_that_no_dump_has(lab):
    daemon, _, engine = running(lab)
    if sanitized(daemon):
        raise Skipped("with a sanitizer each secret is an allocation by itself")
    with open(f"/proc/{engine}/smaps", encoding="utf-8") as text:
        areas = re.findall(r"^Rss: +(\d+) kB.*?^Locked: +(\d+) kB.*?^VmFlags: (.*?)$", text.read(), re.MULTILINE | re.DOTALL)
    locked = [area for area in areas if "lo" in area[2].split()]
    expect(locked, "there are locked pages")
    for rss, _, flags in locked:
        expect("dd" in flags.split(), f"locked pages are not left out of dumps: {flags}")
        expect(int(rss) <= 64, f"locked pages are touched as they are needed: {rss} KiB")


@case
def no_sandbox_leaves_all_as_it_is(lab):
    daemon, parent, engine = running(lab, {"VOLE_NO_SANDBOX": "1"})
    for process in (parent, engine):
        found = status(process)
        expect_equal((found["NoNewPrivs"], found["Seccomp"]), ("0", "0"), "confinement")
        expect(int(found["CapEff"], 16) != 0, "capabilities are kept")
    expect_equal(features(daemon)["call_filter"], ("off", "by --no-sandbox"), "what it says")


@case
def a_user_that_is_not_there_is_an_error_if_asked_for(lab):
    host = lab.host("a")
    result = host.run(os.path.join(BUILD, "voled"), "-f", "--user", "nobody-of-that-name", "wg0", check=False, timeout=10)
    expect_equal(result.returncode, 1, "exit status")
    expect("nobody-of-that-name" in result.stderr, f"the message: {result.stderr}")
    expect(not processes_named(host, "wg0") and "wg0" not in host.interfaces(), "nothing is left")


main(__file__)
