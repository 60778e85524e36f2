#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vole show` prints what `wg show` prints, byte for byte, in every form, for many states of an interface.

usage: show_test.py [WORD...]       only the states whose names contain a word
       VOLE=PROGRAM                 the program to test (default: build/vole, or vole in LAB_BUILD)

The states come from a scripted server on an interface's configuration socket, in a sandbox with a /run of
its own; at last from a real wireguard-go and the voled next to vole, if there are any. What may differ stands in DIFFERENT and nowhere
else, and is checked to differ as described. Skips (exit status 0) where there is no wg.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
from harness import sandbox  # noqa: E402  (the path has to be set first)

BUILD = os.environ.get("LAB_BUILD") or os.path.join(HERE, "..", "..", "build")
VOLE = os.path.abspath(os.environ.get("VOLE") or os.path.join(BUILD, "vole"))
DIRECTORY = "/var/run/wireguard"

FIELDS = ["public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints",
          "allowed-ips", "latest-handshakes", "transfer", "persistent-keepalive", "dump"]
PRIVATE = "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a"
OTHER = "18a6f2a4d5c6b7089102a3b4c5d6e7f80123456789abcdef0123456789abcd41"
ZERO = "0" * 64


def key(number):
    return f"{number:02x}" * 32


def get(*lines, error="0"):
    return "".join(f"{line}\n" for line in lines) + f"errno={error}\n\n"


def peer(number, *lines, psk=ZERO):
    return (f"public_key={key(number)}", f"preshared_key={psk}", "protocol_version=1", *lines)


def with_peer(*lines):
    return get(*peer(1, *lines))


# ---- states: name -> reply to get=1, or a function of the time that makes it ----

def ago(*seconds):
    def reply(now):
        lines = [f"private_key={PRIVATE}"]
        for number, value in enumerate(seconds, 1):
            lines += peer(number, f"last_handshake_time_sec={now - value}", "last_handshake_time_nsec=5")
        return get(*lines)
    return reply


def never_and_ties(now):
    lines = []
    for number, (seconds, nanoseconds) in enumerate(
            [(0, 0), (now - 90, 7), (now - 100, 8), (0, 0), (now - 90, 9), (now - 50, 1)], 1):
        lines += peer(number, f"last_handshake_time_sec={seconds}", f"last_handshake_time_nsec={nanoseconds}")
    return get(*lines)


def transfer(*amounts):
    lines = []
    for number, (received, sent) in enumerate(amounts, 1):
        lines += peer(number, f"rx_bytes={received}", f"tx_bytes={sent}")
    return get(*lines)


def each_peer(name, *values):
    lines = []
    for number, value in enumerate(values, 1):
        lines += peer(number, f"{name}={value}")
    return get(*lines)


MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

STATES = {
    "nothing": get(),
    "a private key": get(f"private_key={PRIVATE}"),
    "all of the device": get(f"private_key={PRIVATE}", "listen_port=51820", "fwmark=51820"),
    "the device in another order": get("fwmark=1", "listen_port=65535", f"private_key={PRIVATE}"),
    "largest numbers": get("listen_port=65535", "fwmark=4294967295"),
    "zeros written out": get("listen_port=0", "fwmark=0", *peer(1, "rx_bytes=0", "tx_bytes=0",
                             "last_handshake_time_sec=0", "persistent_keepalive_interval=0")),
    "upper-case keys": get(f"private_key={PRIVATE.upper()}", f"public_key={OTHER.upper()}"),
    "a peer without anything": get(f"public_key={OTHER}"),
    "peers without a private key": get("listen_port=1", *peer(1), *peer(2), *peer(3)),
    "an all-zero public key": get(f"public_key={ZERO}", "tx_bytes=148"),
    "preshared keys": get(*peer(1, psk=key(0xab)), *peer(2), *peer(3, psk=ZERO[:-1] + "1")),
    "durations": ago(1, 2, 59, MINUTE, MINUTE + 1, 2 * MINUTE, HOUR, HOUR + 1, 2 * HOUR + 2 * MINUTE, DAY,
                     DAY + MINUTE, 3 * DAY + 4 * HOUR + 5 * MINUTE + 6, YEAR, 2 * YEAR + DAY, 40 * YEAR + 59),
    "now": ago(0),
    "the future": ago(-1000, -100 * YEAR, 5),
    "order of peers": never_and_ties,
    "the same time twice": lambda now: get(*[line for number in (3, 1, 2) for line in peer(
        number, f"last_handshake_time_sec={now - 77}", "last_handshake_time_nsec=1")]),
    "latest possible time": with_peer("last_handshake_time_sec=9223372036854775807"),
    "amounts": transfer((0, 1), (1, 0), (1023, 1024), (1025, 1536), (2**20 - 1, 2**20), (2**20 + 5243, 2**30 - 1),
                        (2**30, 3 * 2**30 + 12345678), (2**40 - 1, 2**40), (2**50, 2**60), (2**64 - 1, 2**63)),
    "endpoints": each_peer("endpoint", "192.0.2.1:51820", "[2001:db8::1]:1", "[::1]:65535", "0.0.0.0:0",
                           "[::ffff:192.0.2.1]:51820", "[::]:0", "[2001:db8:0:0:0:0:0:1]:00080",
                           "[2001:DB8::A]:5"),
    "endpoints of a link": each_peer("endpoint", "[fe80::1%lo]:51820", "[fe80::2%1]:51820", "[fe80::3%77]:51820",
                                     "[fe80::4]:5", "[2001:db8::1%1]:5", "[ff02::1%1]:9"),
    "allowed IPs": get(*peer(1, "allowed_ip=10.0.0.0/8"), *peer(2, "allowed_ip=0.0.0.0/0", "allowed_ip=::/0"),
                       *peer(3), *peer(4, "allowed_ip=2001:DB8:0:0:1:0:0:1/128", "allowed_ip=::ffff:1.2.3.4/96",
                                       "allowed_ip=::1.2.3.4/128", "allowed_ip=fd00::/64",
                                       "allowed_ip=192.168.4.77/24", "allowed_ip=255.255.255.255/32")),
    "keepalives": each_peer("persistent_keepalive_interval", 0, 1, 25, 60, 61, 3600, 3661, 65535),
    "everything": lambda now: get(
        f"private_key={PRIVATE}", "listen_port=51820", "fwmark=51820",
        *peer(1, "endpoint=192.0.2.1:51820", f"last_handshake_time_sec={now - 65}", "last_handshake_time_nsec=1",
              "tx_bytes=4781506", "rx_bytes=1260", "persistent_keepalive_interval=25", "allowed_ip=10.0.0.0/24",
              "allowed_ip=fd00::/64", psk=key(0xcd)),
        *peer(2, "endpoint=[2001:db8::2]:7", "allowed_ip=10.0.1.0/24"), *peer(3)),
    "many peers": get(f"private_key={PRIVATE}", *[line for number in range(255) for line in peer(
        number, f"allowed_ip=10.0.{number}.0/24")]),
    "unknown keys": get("colour=blue", "version=2", "=", "x=", *peer(1, "frob=nicate", "endpoint_x=1", "rx_bytes=7"),
                        "colour=red", "last_handshake=1"),
    "device keys behind a peer": get(*peer(1), f"private_key={PRIVATE}", "listen_port=5", "fwmark=7"),
    "malformed device keys behind a peer": get(*peer(1), "private_key=x", "listen_port=x"),
    "malformed peer keys before a peer": get("endpoint=x", "rx_bytes=x", "allowed_ip=x", "listen_port=9"),
    "keys twice": get("listen_port=1", "listen_port=2", *peer(1, "rx_bytes=1", "rx_bytes=2", "endpoint=1.1.1.1:1",
                                                             "endpoint=[::2]:2")),
    "the same peer twice": get(*peer(1, "rx_bytes=1"), *peer(1, "rx_bytes=2")),
    "errno before the end": "listen_port=5\nerrno=0\n" + get(),
    "leading zeros": get("listen_port=00080", "fwmark=007"),
    "a long unknown value": get("x=" + "y" * 3000, "listen_port=8"),

    # malformed: the same message and exit status
    "no reply": "",
    "only a blank line": "\n",
    "no errno": "listen_port=5\n\n",
    "no blank line": "listen_port=5\nerrno=0\n",
    "cut in a line": "listen_port=5",
    "no equals sign": get("listen_port"),
    "a daemon's error": get(error="22"),
    "a daemon's other error": get("listen_port=5", error="1"),
    "a negative error": get(error="-22"),
    "a word as error": get(error="x"),
    "an empty error": get(error=""),
    "port too large": get("listen_port=65536"),
    "port negative": get("listen_port=-1"),
    "port with plus": get("listen_port=+1"),
    "port hexadecimal": get("listen_port=0x10"),
    "port with space in front": get("listen_port= 1"),
    "port with space behind": get("listen_port=1 "),
    "port empty": get("listen_port="),
    "port enormous": get("listen_port=99999999999999999999999"),
    "mark too large": get("fwmark=4294967296"),
    "private key short": get("private_key=" + PRIVATE[:-1]),
    "private key long": get("private_key=" + PRIVATE + "0"),
    "private key no hex": get("private_key=" + PRIVATE[:-1] + "g"),
    "private key empty": get("private_key="),
    "public key short": get("public_key=00"),
    "preshared key no hex": get(f"public_key={OTHER}", "preshared_key=" + "z" * 64),
    "received no number": with_peer("rx_bytes=many"),
    "sent no number": with_peer("tx_bytes=1e3"),
    "time too large": with_peer("last_handshake_time_sec=9223372036854775808"),
    "time negative": with_peer("last_handshake_time_sec=-5"),
    "nanoseconds no number": with_peer("last_handshake_time_nsec=x"),
    "keepalive too large": with_peer("persistent_keepalive_interval=65536"),
    "keepalive word": with_peer("persistent_keepalive_interval=off"),
    "allowed IP without length": with_peer("allowed_ip=10.0.0.0"),
    "allowed IP length empty": with_peer("allowed_ip=10.0.0.0/"),
    "allowed IP length too large": with_peer("allowed_ip=10.0.0.0/33"),
    "allowed IP length too large for IPv6": with_peer("allowed_ip=fd00::/129"),
    "allowed IP length no number": with_peer("allowed_ip=10.0.0.0/x"),
    "allowed IP no address": with_peer("allowed_ip=10.0.0/24"),
    "allowed IP empty": with_peer("allowed_ip="),
    "endpoint empty": with_peer("endpoint="),
    "endpoint without port": with_peer("endpoint=192.0.2.1"),
    "endpoint with empty port": with_peer("endpoint=192.0.2.1:"),
    "endpoint bracket open": with_peer("endpoint=[2001:db8::1"),
    "endpoint IPv6 without port": with_peer("endpoint=[2001:db8::1]"),
    "carriage returns": "listen_port=5\r\nerrno=0\r\n\r\n",

    # known differences, see DIFFERENT
    "endpoint out of another namespace": with_peer("endpoint=[fe80::1%elsewhere]:51820"),
    "endpoint is a name": with_peer("endpoint=localhost:51820"),
    "endpoint port too large": with_peer("endpoint=192.0.2.1:65536"),
    "received too large": with_peer("rx_bytes=18446744073709551616"),
    "private key of zeros": get(f"private_key={ZERO}"),
    "nanoseconds of many digits": with_peer("last_handshake_time_nsec=99999999999"),
    "allowed IP length with leading zero": with_peer("allowed_ip=10.0.0.0/08"),
}

# What differs on purpose: state -> what vole prints for `show IF dump` (its last line) or on stderr.
DIFFERENT = {
    # wg fails altogether; the daemon may live in another network namespace, where that zone exists
    "endpoint out of another namespace": "\t[fe80::1%elsewhere]:51820\t",
    # wg would ask the resolver; the protocol allows addresses only
    "endpoint is a name": "Unable to access interface: Protocol error",
    # wg lets the port overflow
    "endpoint port too large": "Unable to access interface: Protocol error",
    # wg shows the largest number it has instead
    "received too large": "Unable to access interface: Protocol error",
    # the all-zero key means "no key" everywhere else
    "private key of zeros": "(none)\t(none)\t0\toff",
    "nanoseconds of many digits": "Unable to access interface: Protocol error",
    "allowed IP length with leading zero": "Unable to access interface: Protocol error",
}


# ---- the scripted server ----

class Server:
    """Answers every get=1 on NAME.sock with `state`, get=vole.1 with `vole_state`; otherwise closes the connection."""

    def __init__(self, name):
        self.path = f"{DIRECTORY}/{name}.sock"
        self.state = get()
        self.vole_state = None  # the reply to get=vole.1
        self.pieces = 1 << 20  # bytes per write
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.answer(connection)
                except OSError:
                    pass

    def answer(self, connection):
        request = connection.recv(100)
        if request == b"get=1\n\n":
            reply = self.state(int(time.time())) if callable(self.state) else self.state
        elif request == b"get=vole.1\n\n" and self.vole_state is not None:
            reply = self.vole_state
        else:
            return
        reply = reply.encode()
        for start in range(0, len(reply), self.pieces):
            connection.sendall(reply[start:start + self.pieces])

    def stop(self, keep_file=False):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if not keep_file:
            os.unlink(self.path)


# ---- comparing ----

counts = {"ok": 0, "FAIL": 0, "skip": 0}


def report(result, name, note=""):
    counts[result] += 1
    print(f"{result:4} show: {name}{note}", flush=True)


def run(program, words, environment, stdin=b""):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WG_")}
    if program == "wg" and words == ["show", "all", "endpoints"]:
        return all_endpoints_of_wg(environment)
    result = subprocess.run([program, *words], capture_output=True, input=stdin,
                            env=dict(clean, **environment), timeout=60)
    return result.returncode, result.stdout, result.stderr


def all_endpoints_of_wg(environment):
    """wg 1.0.20210914 writes the interface in front of its first line only, also if it has none; this is what
    it would write if that field were like all others."""
    status, _, errors = run("wg", ["show", "all", "dump"], environment)
    output = b""
    for interface in run("wg", ["show", "interfaces"], environment)[1].split():
        lines = run("wg", ["show", interface, "endpoints"], environment)[1].splitlines(keepends=True)
        output += b"".join(interface + b"\t" + line for line in lines)
    return status, output, errors


def same(words, environment):
    """None, or how wg and vole differ. A clock that ticks in between, or in the middle of one of them, is no
    difference: a real one shows three times in a row."""
    differed = 0
    for _ in range(20):
        before = run("wg", words, environment)
        ours = run(VOLE, words, environment)
        if ours == before:
            return None
        differed = differed + 1 if run("wg", words, environment) == before else 0
        if differed == 3:
            return f"{' '.join(words)} {environment}\n  wg:   {before}\n  vole: {ours}"
    return f"{' '.join(words)}: wg itself never stays the same"


def forms(interface):
    """(words, environment) of every form of show."""
    for words in ([], ["show"], ["show", "all"], ["show", interface]):
        for colour in ("always", "never", "other"):
            yield words, {"WG_COLOR_MODE": colour}
        for hide in ("never", "always", ""):
            yield words, {"WG_HIDE_KEYS": hide}
        yield words, {"WG_COLOR_MODE": "always", "WG_HIDE_KEYS": "never"}
    for field in FIELDS:
        yield ["show", interface, field], {"WG_COLOR_MODE": "always"}
        yield ["show", "all", field], {}
    yield ["show", "interfaces"], {}


def few_forms(interface):
    yield ["show", interface], {"WG_COLOR_MODE": "always", "WG_HIDE_KEYS": "never"}
    yield ["show", interface, "dump"], {}
    yield ["show", "all", "dump"], {}
    yield ["show"], {}


def compare(name, chosen_forms):
    differences = [text for text in (same(*form) for form in chosen_forms) if text]
    report("FAIL" if differences else "ok", name, "".join("\n" + text for text in differences[:3]))


def compare_different(name, expected):
    _, output, errors = run(VOLE, ["show", "wg7", "dump"], {})
    wg = run("wg", ["show", "wg7", "dump"], {})
    last = (output + errors).decode().rstrip("\n").split("\n")[-1]
    if expected not in last:
        report("FAIL", name, f"\n  expected {expected!r}\n  vole: {last!r}")
    elif wg[1] == output and wg[2] == errors:
        report("FAIL", name, ": is listed as different but is the same")
    else:
        report("ok", name, " (differs as listed)")


# ---- the cases that are no states ----

def check(name, condition, note=""):
    report("ok" if condition else "FAIL", name, "" if condition else f": {note}")


def messages():
    """Wrong usage and missing interfaces."""
    for words in (["nonsense"], ["show", "wg7", "nonsense"], ["show", "wg7", "dump", "x"], ["show", "interfaces", "x"],
                  ["show", "all", "dump", "x"], ["genkey", "x"], ["genpsk", "x"], ["pubkey", "x"], ["--version", "x"]):
        status, output, errors = run(VOLE, words, {})
        check(f"vole {' '.join(words)}: usage on stderr, status 1",
              status == 1 and output == b"" and b"Usage: vole" in errors, (status, output, errors))
    for words in (["-h"], ["--help"], ["help"], ["show", "--help"], ["genkey", "-h"], ["pubkey", "help"]):
        status, output, errors = run(VOLE, words, {})
        check(f"vole {' '.join(words)}: usage on stdout, status 0",
              status == 0 and errors == b"" and b"Usage: vole" in output, (status, output, errors))
    for line, option in (("strip --foo", "--foo"), ("down wg7 -x", "-x"), ("up --userspaces wg7", "--userspaces"),
                         ("apply --confirm=5 wg7", "--confirm=5"), ("plan --json --jason wg7", "--jason"),
                         ("save --json wg7", "--json"), ("confirm wg7 --now", "--now"), ("watch wg7 --once", "--once"),
                         ("metrics --listen -5 --quiet", "--quiet"), ("check none.conf --there", "--there"),
                         ("genconf --topology hub --hub none a=h", "--hub"), ("qr --large", "--large"),
                         ("clock --state-directory none --reset", "--reset"), ("top --once --sort in --all", "--all"),
                         ("genkey --foo", "--foo"), ("qr --bad\x1b[2J", "--bad\\x1b[2J")):
        command = line.split()[0]
        found = run(VOLE, line.split(), {})
        expected = (f"vole {command}: unknown option '{option}'; `vole {command} --help' tells which there are\n")
        check(f"vole {line!r}: the option is named, status 1", found == (1, b"", expected.encode()), found)
    for words in (["-v"], ["--version"], ["version"]):
        check(f"vole {' '.join(words)}", re.fullmatch(rb"vole \d+\.\d+\.\d+\n", run(VOLE, words, {})[1]))
    # What there is not, wg's words tell: they depend on whether this kernel has WireGuard.
    for name in ("none", "a/b", "n" * 15, "", "lo"):
        compare(f"an interface '{name}' that there is not", [(["show", name], {}), (["show", name, "dump"], {})])
    for name, reason in (("none", b"No such device"), ("a/b", b"No such device"), ("n" * 40, b"No such device"),
                         ("", b"No such device"), ("lo", b"Operation not supported")):
        expected = (1, b"", b"Unable to access interface: " + reason + b"\n")
        found = run(VOLE, ["show", name, "drops"], {})
        check(f"vole show '{name}' drops", found == expected, found)


def two_interfaces(first):
    second = Server("wg8")
    first.state = STATES["everything"]
    second.state = STATES["endpoints"]
    compare("two interfaces", forms("wg8"))
    second.state = "nonsense\n\n"
    compare("two interfaces, one of which is broken", forms("wg7"))
    first.state = "nonsense\n\n"
    compare("two broken interfaces", forms("wg7"))
    first.state = get()
    second.stop(keep_file=True)
    status, output, _ = run(VOLE, ["show", "interfaces"], {})
    check("a dead socket is not listed and is removed",
          (status, output) == (0, b"wg7\n") and not os.path.exists(second.path), (status, output))
    Server("wg8").stop(keep_file=True)
    found = run(VOLE, ["show", "wg8"], {})
    check("a dead socket is no interface and is removed",
          found == run("wg", ["show", "wg8"], {}) and not os.path.exists(second.path), found)
    with open(second.path, "w"):
        pass
    with open(f"{DIRECTORY}/.sock", "w"), open(f"{DIRECTORY}/other", "w"), \
            open(f"{DIRECTORY}/{'n' * 16}.sock", "w"):
        pass
    compare("files that are no sockets", [(["show", "interfaces"], {}), (["show"], {})])
    os.unlink(second.path)


def pieces(server):
    for size in (1, 7, 63):
        server.state, server.pieces = STATES["everything"], size
        compare(f"a reply in pieces of {size}", few_forms("wg7"))
    server.pieces = 1 << 20


def outputs_that_fail(server):
    server.state = STATES["everything"]
    for words in (["show"], ["show", "wg7", "dump"], ["genkey"], ["--help"]):
        with open("/dev/full", "w") as full:
            result = subprocess.run([VOLE, *words], stdout=full, stderr=subprocess.PIPE)
        check(f"vole {' '.join(words)} on a full disk fails", result.returncode == 1 and result.stderr)
        reading, writing = os.pipe()
        os.close(reading)
        result = subprocess.run([VOLE, *words], stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        check(f"vole {' '.join(words)} into a closed pipe fails", result.returncode == 1 and result.stderr)
        result = subprocess.run(["sh", "-c", '"$@" >&-', "sh", VOLE, *words], stderr=subprocess.PIPE)
        check(f"vole {' '.join(words)} without stdout fails", result.returncode == 1 and result.stderr)


def keys():
    """genkey, genpsk and pubkey against wg."""
    clamped = set()
    for _ in range(20):
        made = run(VOLE, ["genkey"], {})[1]
        ours = subprocess.run([VOLE, "pubkey"], input=made, capture_output=True)
        theirs = subprocess.run(["wg", "pubkey"], input=made, capture_output=True)
        clamped.add(ours.stdout == theirs.stdout and ours.returncode == 0 and len(made) == 45)
    check("public keys are those of wg", clamped == {True})
    good = run("wg", ["genkey"], {})[1]
    for name, text in {"nothing": b"", "short": good[:43], "two": good * 2, "trailing spaces": good[:44] + b" \t\r\n\f\v",
                       "zero bytes": good + bytes(5), "trailing letter": good[:44] + b"x",
                       "leading space": b" " + good, "unused bits": good[:42] + b"B=\n",
                       "no padding": good[:43] + b"A\n", "not base64": b"!" * 44,
                       "long tail": good[:44] + b" " * 100000, "letter behind a long tail":
                       good[:44] + b" " * 5000 + b"x"}.items():
        ours = subprocess.run([VOLE, "pubkey"], input=text, capture_output=True)
        theirs = subprocess.run(["wg", "pubkey"], input=text, capture_output=True)
        check(f"pubkey of {name}", (ours.stdout, ours.returncode) == (theirs.stdout, theirs.returncode),
              (ours, theirs))
    for command in ("genkey", "genpsk"):
        for mode, warned in ((0o600, False), (0o640, False), (0o644, True), (0o601, True)):
            descriptor = os.open("/run/secret", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.fchmod(descriptor, mode)
            result = subprocess.run([VOLE, command], stdout=descriptor, stderr=subprocess.PIPE)
            os.close(descriptor)
            check(f"{command} into a file of mode {mode:o} {'warns' if warned else 'is silent'}",
                  (b"Warning" in result.stderr) == warned and result.returncode == 0, result)
    os.unlink("/run/secret")


def not_voled(server):
    server.state = get()
    for view in ("drops", "features"):
        status, output, errors = run(VOLE, ["show", "wg7", view], {})
        check(f"{view} of a daemon that is not voled", status == 1 and output == b"" and b"only voled" in errors,
              (status, output, errors))


DROPS = """\
interface: wg7
   3  datagram is not a WireGuard message (malformed)
      something else talks to this port: a scanner, or another protocol; harmless
  17  decrypted packet's source is not among this peer's allowed IPs (source_not_allowed)
      add that address to the peer's allowed IPs here, or correct it on the peer

peer: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
  17  decrypted packet's source is not among this peer's allowed IPs (source_not_allowed)
      add that address to the peer's allowed IPs here, or correct it on the peer
   2  a_reason_of_tomorrow
"""
FEATURES = """\
interface: wg7
  version: 9.8.7
  tun_vnet_header  on
  udp_gro          off  switched off by --no-udp-gro
  workers          2
"""


def views_of_voled(server):
    server.vole_state = get(
        "version=9.8.7", "feature=tun_vnet_header on", "feature=udp_gro off switched off by --no-udp-gro",
        "feature=workers 2", "drop=malformed 3", "drop=source_not_allowed 17", f"public_key={key(1)}",
        "drop=source_not_allowed 17", "drop=a_reason_of_tomorrow 2", f"public_key={key(2)}")
    for words, expected in ((["show", "wg7", "drops"], DROPS), (["show", "wg7", "features"], FEATURES),
                            (["show", "all", "drops"], DROPS)):
        found = run(VOLE, words, {})
        check(f"vole {' '.join(words)}", found == (0, expected.encode(), b""), found)
        coloured = run(VOLE, words, {"WG_COLOR_MODE": "always"})[1]
        check(f"vole {' '.join(words)}, without its colours, is the same",
              b"\x1b" in coloured and re.sub(rb"\x1b\[\d+m", b"", coloured) == expected.encode(), coloured)
    server.vole_state = get("version=9.8.7")
    found = run(VOLE, ["show", "wg7", "drops"], {})
    check("no drops", found == (0, b"interface: wg7\n  no packet was dropped\n", b""), found)
    for reply, reason in ((get(error="12"), b"Cannot allocate memory"), ("x\n\n", b"Protocol error"),
                          (get("drop=malformed"), b"Protocol error"), ("drop=malformed 3\n", b"Protocol error")):
        server.vole_state = reply
        found = run(VOLE, ["show", "wg7", "drops"], {})
        check(f"drops with {reply!r}", found == (1, b"", b"Unable to access interface: " + reason + b"\n"), found)
    server.vole_state = None


class Silence:
    """A daemon that accepts nothing and says nothing. vole waits for it meanwhile; finish() sees the end."""

    def __init__(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(f"{DIRECTORY}/silent.sock")
        self.listener.listen(16)
        self.waiting = [subprocess.Popen([VOLE, "show", "silent", *field], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE) for field in ([], ["dump"], ["drops"])]
        self.wait_until_connected()
        os.unlink(f"{DIRECTORY}/silent.sock")

    def wait_until_connected(self):
        """All of them, so that the file can go away again."""
        while True:
            with open("/proc/net/unix") as sockets:
                if sum("silent.sock" in line for line in sockets) >= 1 + len(self.waiting):
                    return
            time.sleep(0.01)

    def finish(self):
        for process in self.waiting:
            output, errors = process.communicate(timeout=60)
            check("a daemon that does not answer", (process.returncode, output) == (1, b"") and
                  errors == b"Unable to access interface: its daemon does not answer\n", (output, errors))


def real_daemon(program):
    """Real state of a daemon: wireguard-go or voled."""
    daemon_name = os.path.basename(program)
    if not shutil.which(program) or not os.path.exists("/dev/net/tun"):
        report("skip", daemon_name, f": there is no {program} or no /dev/net/tun")
        return
    daemon = subprocess.Popen([program, "-f", "wg9"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(f"{DIRECTORY}/wg9.sock") and daemon.poll() is None:
            time.sleep(0.01)
        compare(f"{daemon_name}, fresh", forms("wg9"))
        private, psk = run("wg", ["genkey"], {})[1], run("wg", ["genpsk"], {})[1]
        for path, text in (("/run/private", private), ("/run/psk", psk)):
            with open(path, "wb") as file:
                file.write(text)
        public = run(VOLE, ["pubkey"], {}, private)[1].decode().strip()
        subprocess.run(["wg", "set", "wg9", "private-key", "/run/private", "listen-port", "51877", "fwmark", "0x77"],
                       check=True)
        compare(f"{daemon_name} without peers", forms("wg9"))
        # one peer at a time: it lists several in an order that changes from one time to the next
        peer_key = run(VOLE, ["pubkey"], {}, run(VOLE, ["genkey"], {})[1])[1].decode().strip()
        subprocess.run(["wg", "set", "wg9", "peer", peer_key, "preshared-key", "/run/psk", "endpoint", "[fe80::5%lo]:7",
                        "persistent-keepalive", "25", "allowed-ips", "10.3.0.0/16,fd03::/32"], check=True)
        compare(f"{daemon_name} with a peer with everything", forms("wg9"))
        subprocess.run(["wg", "set", "wg9", "peer", peer_key, "remove", "peer", public], check=True)
        compare(f"{daemon_name} with its own key as peer", forms("wg9"))
        peer_key = run(VOLE, ["pubkey"], {}, run(VOLE, ["genkey"], {})[1])[1].decode().strip()
        subprocess.run(["wg", "set", "wg9", "peer", peer_key, "endpoint", "127.0.0.1:9"], check=True)
        compare(f"{daemon_name} with a peer with an endpoint", forms("wg9"))
        for view in ("drops", "features"):
            status, output, errors = run(VOLE, ["show", "wg9", view], {})
            if daemon_name == "voled":
                check(f"{view} of voled", status == 0 and output.startswith(b"interface: wg9\n  "), errors)
            else:
                check(f"{view} of {daemon_name}", status == 1 and b"only voled" in errors, errors)
    finally:
        daemon.terminate()
        daemon.wait(20)


def main():
    chosen = sys.argv[1:]
    if not shutil.which("wg"):
        print("skip show: there is no wg to compare with (Debian: wireguard-tools)\n0 passed, 0 failed, 1 skipped")
        return
    if not os.access(VOLE, os.X_OK):
        sys.exit(f"show_test: there is no {VOLE}: build it with 'make', or name another: VOLE=PROGRAM")
    sandbox.enter()
    compare("no socket directory", [(["show"], {}), (["show", "interfaces"], {}), (["show", "all", "dump"], {})])
    os.makedirs(DIRECTORY)
    compare("an empty socket directory", [(["show"], {}), (["show", "interfaces"], {}), ([], {})])
    silence = None if chosen else Silence()
    server = Server("wg7")
    for name, state in STATES.items():
        if chosen and not any(word in name for word in chosen):
            continue
        server.state = state
        if name in DIFFERENT:
            compare_different(name, DIFFERENT[name])
        else:
            compare(name, forms("wg7") if name in ("nothing", "everything", "no reply") else few_forms("wg7"))
    if not chosen:
        messages()
        pieces(server)
        two_interfaces(server)
        outputs_that_fail(server)
        not_voled(server)
        views_of_voled(server)
        keys()
        server.stop()
        real_daemon("wireguard-go")
        real_daemon(os.path.join(os.path.dirname(VOLE), "voled"))
        silence.finish()
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped", flush=True)
    sys.exit(1 if counts["FAIL"] else 0)


main()
