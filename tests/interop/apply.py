#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole plan and vole apply: what differs is said and then done, sessions go on, what fails on the way is taken back,
and so is what nobody confirms; config §5, §6."""

import fcntl
import json
import os
import pty
import random
import re
import signal
import socket
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, default_environment, key_pair, preshared_key, processes_named
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import Transfer, ping

PRIVATE, OWN = key_pair()
OTHER_PRIVATE = key_pair()[0]
LAPTOP, PHONE, OFFICE, GUEST = sorted(key_pair()[1] for _ in range(4))
PSK, OTHER_PSK = preshared_key(), preshared_key()
SECRETS = (PRIVATE, OTHER_PRIVATE, PSK, OTHER_PSK)
RESOLVCONF = """#!/bin/sh
d=/etc/wireguard/dns.$2
case "$1" in -a) cat > $d;; -d) rm -f $d;; -l) cat $d;; esac
"""
STATE = """ip -o link | sed 's/^[0-9]*://'; ip -o address show wg0 | sed 's/^[0-9]*://; s/ secondary / /; s/ tentative / /'
ip -4 route show table all dev wg0; ip -6 route show table all dev wg0; ip -4 rule; ip -6 rule
nft list ruleset; wg show wg0 dump | cut -f 1-3,8; wg show wg0 fwmark
cat /etc/wireguard/dns.wg0 2>/dev/null || true; ls /run/vole | sed -n 's/\\.[0-9]*\\.confirm/ waits/p'"""
FILE = f"""[Interface]
PrivateKey = {PRIVATE}
ListenPort = 51820
Address = 10.9.0.1/24, fd09::1/64
MTU = 1400

[Peer]
# Name = laptop
PublicKey = {LAPTOP}
PresharedKey = {PSK}
AllowedIPs = 10.9.0.2/32, 10.20.0.0/16
Endpoint = 192.0.2.2:51820
PersistentKeepalive = 25

[Peer]
PublicKey = {PHONE}
AllowedIPs = 10.9.0.3/32, fd20::/64
"""
NEW_PEER = f"[Peer]\n# Name = office\nPublicKey = {OFFICE}\nAllowedIPs = 10.30.0.0/16\n"


def short(key):
    return f"{key[:4]}…{key[-5:-1]}"


class Tunnel:
    """A host with wg0 in /etc/wireguard."""

    def __init__(self, host, text=FILE):
        self.host = host
        os.makedirs("/etc/wireguard", exist_ok=True)
        host.shell("mount -t tmpfs -o mode=700 tmpfs /etc/wireguard; mkdir /etc/wireguard/bin; mkdir -p /run/vole; "
                   "mount -t tmpfs -o mode=700 tmpfs /run/vole")
        self.write(RESOLVCONF, "bin/resolvconf", 0o755)
        self.write(text)

    def write(self, text, name="wg0.conf", mode=0o600):
        path = self.host.path(f"/etc/wireguard/{name}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
            out.write(text)

    def environment(self):
        return dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED,
                    PATH=f"/etc/wireguard/bin:{os.environ['PATH']}")

    def vole(self, *words, status=0, **variables):
        result = self.host.run(VOLE, *words, check=False, environment=dict(self.environment(), **variables))
        said = result.stdout + result.stderr
        expect_equal(result.returncode, status, f"the status of {words}: {said}")
        expect(not any(secret in said for secret in SECRETS), f"a secret in: {said}")
        return result

    def up(self):
        self.vole("up", "--userspace", "wg0")
        return self

    def down(self):
        self.vole("down", "wg0")
        wait_for(lambda: not processes_named(self.host, "wg0"), "the daemon to end")

    def routes_are_settled(self):
        """The kernel adds the local route of an IPv6 address a little later."""
        words = self.host.shell("ip -6 -o address show dev wg0 up; ip -6 route show table local dev wg0").stdout.split()
        addresses = {after.split("/")[0] for word, after in zip(words, words[1:]) if word == "inet6"}
        return addresses <= {after for word, after in zip(words, words[1:]) if word == "local"}

    def state(self):
        """Everything that apply touches, one thing a line; of allowed IPs the order does not matter."""
        wait_for(self.routes_are_settled, "the kernel's routes to its own addresses")
        lines = self.host.shell(STATE).stdout.splitlines()
        lines += [" ".join(sorted(line.split())) for line in self.host.output("wg", "show", "wg0", "allowed-ips").splitlines()]
        return "\n".join(sorted(lines))

    def applied(self):
        """Says what is planned, applies it, and sees that nothing is left to do."""
        plan = self.vole("plan", "wg0", status=2).stdout
        self.vole("apply", "wg0")
        expect_equal(self.vole("plan", "wg0").stdout, "", "the plan afterwards")
        return plan


def tunnel(lab, text=FILE):
    host = lab.host("hub")
    host.shell("ip link add eth0 type veth peer name far0; ip address add 192.0.2.1/24 dev eth0; "
               "ip link set eth0 up; ip link set far0 up; ip route add default via 192.0.2.254")
    return Tunnel(host, text)


def expect_same(got, wanted, what):
    got, wanted = got.splitlines(), wanted.splitlines()
    expect(got == wanted, f"{what}: too much: {[one for one in got if one not in wanted]}, "
                          f"missing: {[one for one in wanted if one not in got]}")


def without_peer(text, number):
    parts = text.split("[Peer]\n")
    return "[Peer]\n".join(parts[:number] + parts[number + 1:])


# what: (file before, file after, what the plan says)
KINDS = {
    "a peer comes": (FILE, FILE + NEW_PEER, [f"+ peer office ({short(OFFICE)})", "    + allowed IP 10.30.0.0/16",
                                             "+ route 10.30.0.0/16"]),
    "a peer goes": (FILE, without_peer(FILE, 1), [f"- peer {short(LAPTOP)}", "    - allowed IP 10.20.0.0/16",
                                                  "- route 10.20.0.0/16"]),
    "an allowed IP comes": (FILE, FILE.replace("10.9.0.3/32,", "10.9.0.3/32, 10.40.0.0/16,"),
                            [f"~ peer {short(PHONE)}", "    + allowed IP 10.40.0.0/16", "+ route 10.40.0.0/16"]),
    "an allowed IP goes": (FILE, FILE.replace(", fd20::/64", ""), ["    - allowed IP fd20::/64", "- route fd20::/64"]),
    "an allowed IP moves": (FILE, FILE.replace(", 10.20.0.0/16", "").replace("fd20", "10.20.0.0/16, fd20"),
                            [f"    + allowed IP 10.20.0.0/16, taken from laptop ({short(LAPTOP)})",
                             f"    - allowed IP 10.20.0.0/16, given to {short(PHONE)}"]),
    "a host's address and length": (FILE, FILE.replace("10.20.0.0/16", "10.20.5.5/32"), ["- route 10.20.0.0/16",
                                                                                       "+ route 10.20.5.5/32"]),
    "the endpoint": (FILE, FILE.replace("192.0.2.2", "192.0.2.3"),
                     ["    ~ endpoint: 192.0.2.2:51820 → 192.0.2.3:51820"]),
    "a first endpoint": (FILE, FILE + "Endpoint = [fd00:1::2]:7\n", ["    + endpoint [fd00:1::2]:7"]),
    "keepalive": (FILE, FILE.replace("= 25", "= 17"), ["    ~ keepalive: 25 s → 17 s"]),
    "no keepalive": (FILE, FILE.replace("PersistentKeepalive = 25\n", ""), ["    - keepalive 25 s"]),
    "a new preshared key": (FILE, FILE + f"PresharedKey = {OTHER_PSK}\n", ["    + preshared key"]),
    "another preshared key": (FILE, FILE.replace(PSK, OTHER_PSK), ["    ~ preshared key"]),
    "no preshared key": (FILE, FILE.replace(f"PresharedKey = {PSK}\n", ""), ["    - preshared key"]),
    "the private key": (FILE, FILE.replace(PRIVATE, OTHER_PRIVATE), ["~ private key: its public key is " + short(OWN)]),
    "the port": (FILE, FILE.replace("ListenPort = 51820", "ListenPort = 51821"), ["~ listen port: 51820 → 51821"]),
    "a mark": (FILE, FILE.replace("MTU", "FwMark = 0x77\nMTU"), ["~ fwmark: 0x0 → 0x77"]),
    "the MTU": (FILE, FILE.replace("1400", "1380"), ["~ MTU: 1400 → 1380"]),
    "an address comes": (FILE, FILE.replace("fd09::1/64", "fd09::1/64, 10.77.0.1/16"), ["+ address 10.77.0.1/16"]),
    "an address goes": (FILE, FILE.replace(", fd09::1/64", ""), ["- address fd09::1/64"]),
    "the only IPv4 address in the same network": (FILE, FILE.replace("10.9.0.1", "10.9.0.7"),
                                                  ["- address 10.9.0.1/24", "+ address 10.9.0.7/24"]),
    "the last IPv4 address": (FILE, FILE.replace("10.9.0.1/24, ", ""), ["- address 10.9.0.1/24", "+ route 10.9.0.2/32"]),
    "name servers come": (FILE, FILE.replace("MTU", "DNS = 10.9.0.53, fd09::53, corp.example\nMTU"),
                          ["+ DNS 10.9.0.53 fd09::53", "+ search domains corp.example"]),
    "name servers go": (FILE.replace("MTU", "DNS = 10.9.0.53, corp.example\nMTU"), FILE, ["- DNS 10.9.0.53"]),
    "another name server": (FILE.replace("MTU", "DNS = 10.9.0.53\nMTU"), FILE.replace("MTU", "DNS = 10.9.0.54\nMTU"),
                            ["~ DNS: 10.9.0.53 → 10.9.0.54"]),
    "routes of a table": (FILE.replace("MTU", "Table = 123\nMTU"),
                          FILE.replace("MTU", "Table = 123\nMTU").replace("10.20.", "10.21."),
                          ["- route 10.20.0.0/16 table 123", "+ route 10.21.0.0/16 table 123"]),
    "addresses behind a default route": (FILE.replace("fd20::/64", "0.0.0.0/0"),
                                         FILE.replace("fd20::/64", "0.0.0.0/0").replace("10.9.0.1", "10.9.0.9"),
                                         ["+ address 10.9.0.9/24"]),
}


def add_kind(name, before, after, says):
    def one(lab):
        hub = tunnel(lab, before).up()
        expect_equal(hub.vole("plan", "wg0").stdout, "", "the plan of what was just brought up")
        daemon = processes_named(hub.host, "wg0")
        hub.write(after)
        planned = json.loads(hub.vole("plan", "--json", "wg0", status=2).stdout)
        expect(planned["differs"] is True and planned["interface"] == "wg0", planned)
        plan = hub.applied()
        for line in says:
            expect(any(line in one for one in plan.splitlines()), f"'{line}' in:\n{plan}")
        expect_equal(json.loads(hub.vole("plan", "--json", "wg0").stdout)["differs"], False, "differs afterwards")
        expect_equal(processes_named(hub.host, "wg0"), daemon, "the daemon")
        applied = hub.state()
        hub.down()
        hub.up()
        expect_same(applied, hub.state(), f"apply against up: {name}")
        hub.down()
    one.__name__ = "difference_" + re.sub(r"\W+", "_", name)
    case(one)


for title, kind in KINDS.items():
    add_kind(title, *kind)


@case
def the_plan_for_programs_names_everything(lab):
    hub = tunnel(lab).up()
    text = (without_peer(FILE, 2).replace(PSK, OTHER_PSK).replace("= 25", "= 5").replace("10.9.0.2/32", "10.9.0.3/32")
            .replace("192.0.2.2", "192.0.2.9").replace("MTU = 1400", "MTU = 1401\nPostUp = echo hidden\nDNS = 1.2.3.4"))
    hub.write(text)
    plan = json.loads(hub.vole("plan", "--json", "wg0", status=2).stdout)
    expect_equal(plan["mtu"], {"from": 1400, "to": 1401}, "mtu")
    expect_equal(plan["dns"], {"from": {"servers": [], "domains": []}, "to": {"servers": ["1.2.3.4"], "domains": []}},
                 "dns")
    expect_equal(plan["hooks_not_run"], [{"hook": "PostUp", "line": 6}], "hooks")
    expect_equal(plan["routes"], {"added": [], "removed": [{"network": "fd20::/64", "table": 254}]}, "routes")
    expect_equal(plan["peers"], [
        {"public_key": PHONE, "name": None, "change": "removed", "preshared_key": None, "endpoint": None,
         "persistent_keepalive": None, "allowed_ips": {"added": [], "removed": [
             {"network": "10.9.0.3/32", "given_to": LAPTOP}, {"network": "fd20::/64", "given_to": None}]}},
        {"public_key": LAPTOP, "name": "laptop", "change": "changed", "preshared_key": "changed",
         "endpoint": {"from": "192.0.2.2:51820", "to": "192.0.2.9:51820"},
         "persistent_keepalive": {"from": 25, "to": 5}, "allowed_ips": {
             "added": [{"network": "10.9.0.3/32", "taken_from": PHONE}],
             "removed": [{"network": "10.9.0.2/32", "given_to": None}]}}], "peers")
    human = hub.vole("plan", "wg0", status=2).stdout
    expect("! PostUp in line 6 does not run" in human and "hidden" not in human, human)


@case
def what_cannot_be_done_while_it_runs_is_refused_before_anything_is_done(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    everything = FILE.replace("fd20::/64", "0.0.0.0/0, ::/0")
    for text, says in ((everything, r"a default route \(::/0\) comes"),
                       (FILE.replace("MTU", "Table = 123\nMTU"), "Table is another: its routes are in table 254")):
        hub.write(text + NEW_PEER)
        plan = hub.vole("plan", "wg0", status=2).stdout
        expect(re.search(says, plan) and "`vole down' and `vole up'" in plan, plan)
        refused = hub.vole("apply", "wg0", status=1).stderr
        expect(re.search(says, refused) and "nothing was changed" in refused and "[#]" not in refused, refused)
        expect_same(hub.state(), before, "the host after a refusal")
    hub.write(FILE)
    hub.down()
    hub.write(everything)
    hub.up()
    expect_equal(hub.vole("plan", "wg0").stdout, "", "the plan with a default route")
    before = hub.state()
    for text, says in ((FILE, r"its default route \(0.0.0.0/0\) goes"),
                       (everything.replace("MTU", "FwMark = 9\nMTU"), "FwMark is another")):
        hub.write(text)
        expect(re.search(says, hub.vole("apply", "wg0", status=1).stderr), says)
        expect_same(hub.state(), before, "the host after a refusal")


@case
def what_is_wrong_with_the_file_or_the_host_is_said_first(lab):
    hub = tunnel(lab)
    for words in (("plan", "wg0"), ("apply", "wg0")):
        expect("the tunnel is not up: bring it up with `vole up wg0'" in hub.vole(*words, status=1).stderr, words)
    hub.up()
    before = hub.state()
    for old, new, says in (("10.9.0.3/32", "10.9.0.3/33", "10.9.0.3/33"), ("192.0.2.2", "[fe80::1%nothing0]", "nothing0"),
                           ("fd09::1/64", "ff02::1/64", "is no address"), ("fd09::1/64", "10.9.0.1/24", "given twice"),
                           ("MTU", "Table = nothing\nMTU", "nothing")):
        hub.write((FILE + NEW_PEER).replace(old, new))
        result = hub.vole("apply", "wg0", status=1)
        expect(says in result.stderr and "wg0.conf:" in result.stderr and "[#]" not in result.stderr, result.stderr)
        expect_same(hub.state(), before, f"the host after {new}")


@case
def a_name_that_is_not_known_now_is_asked_for_once_and_holds_nobody_up(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: dns\n")):
        hub.host.run("mount", "--bind", lab.file(name, text), f"/etc/{name}")
    hub.write(FILE.replace("192.0.2.2:", "later.example:"))
    for words in (("plan", "wg0"), ("apply", "wg0")):
        said = hub.vole(*words, status=1, WG_ENDPOINT_RESOLUTION_RETRIES="infinity").stderr
        expect("wg0.conf:12:12: Temporary failure in name resolution: `later.example:51820': try again when names can be "
               "resolved\n" in said and "Trying again" not in said, f"{words}: {said}")
    expect_same(hub.state(), before, "the host afterwards")


@case
def what_a_file_gives_twice_is_told_until_it_is_taken(lab):
    hub = tunnel(lab).up()
    hub.write(FILE.replace("fd20::/64", "fd20::/64, 10.20.0.0/16"))
    warning = f"Warning: allowed IP 10.20.0.0/16 is taken from peer laptop ({LAPTOP}): peer {PHONE} has it now\n"
    for words, status in ((("plan", "wg0"), 2), (("apply", "wg0"), 0)):
        expect_equal(hub.vole(*words, status=status).stderr.count(warning), 1, f"the warning of {words}")
    expect_equal(hub.vole("apply", "wg0").stderr, "vole: wg0: nothing differs\n", "the second time")
    expect_equal(hub.vole("plan", "wg0").stderr, "", "the plan then")


@case
def what_hooks_did_stays(lab):
    text = FILE.replace("MTU", "PostUp = ip route add 172.16.0.0/12 dev wg0; echo nameserver 9.9.9.9 > "
                               "/etc/wireguard/dns.wg0\nMTU")
    hub = tunnel(lab, text).up()
    expect_equal(hub.vole("plan", "wg0").stdout, "", "the plan")
    hub.write(text.replace("10.9.0.1/24", "10.9.0.8/24"))
    hub.applied()
    expect("172.16.0.0/12" in hub.state() and "9.9.9.9" in hub.state(), hub.state())


# name: (preparation in the host's shell, replacements in the file, what is said)
EVERYTHING = (FILE + NEW_PEER).replace("10.9.0.1/24", "10.9.0.5/24").replace("MTU = 1400", "MTU = 1390\nDNS = 1.1.1.1")
FAILURES = {
    "the MTU": ("", {"1390": "70000"}, "MTU 70000 is refused"),
    "an address": ("echo 1 > /proc/sys/net/ipv6/conf/wg0/disable_ipv6", {}, "the address fd09::1/64 cannot be added"),
    "a route": ("ip route add 10.30.0.0/16 dev eth0", {}, "another route to 10.30.0.0/16"),
    "name servers": ("printf '#!/bin/sh\n[ $1 = -a ] && exit 3\n' > /etc/wireguard/bin/resolvconf", {},
                     "`resolvconf' failed with exit status 3"),
    "the device": ("", {"ListenPort = 51820": "ListenPort = 5555"}, "its keys, port and peers cannot be changed"),
}


def take_port(host):
    """A socket on the port that some file asks for."""
    with host.network():
        taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("", 5555))
    return taken


def add_failure(name, preparation, replacements, says):
    def one(lab):
        hub = tunnel(lab).up()
        text = EVERYTHING
        for old, new in replacements.items():
            expect(old in text, f"'{old}' in the file")
            text = text.replace(old, new)
        hub.write(text)
        hub.host.shell(preparation or ":")
        taken = take_port(hub.host)
        before = hub.state()
        for words in (("apply", "wg0"), ("apply", "--confirm", "500", "wg0")):
            result = hub.vole(*words, status=1)
            expect(says in result.stderr and "what was done is taken back" in result.stderr, result.stderr)
            expect("not everything" not in result.stderr, result.stderr)
            expect_same(hub.state(), before, f"the host afterwards ({result.stderr})")
            wait_for(lambda: not guards(hub), "the guard to end")
        taken.close()
    one.__name__ = "taken_back_after_failure_of_" + re.sub(r"\W+", "_", name)
    case(one)


for title, failure in FAILURES.items():
    add_failure(title, *failure)


@case
def what_cannot_be_taken_back_is_said_by_name(lab):
    hub = tunnel(lab).up()
    # when name servers are set, somebody else takes a route that has just gone
    hub.write(RESOLVCONF + "[ $1 = -a ] && ip route add 10.20.0.0/16 dev eth0 metric 0; true\n", "bin/resolvconf", 0o755)
    hub.write(EVERYTHING.replace("ListenPort = 51820", "ListenPort = 5555").replace("10.20.0.0/16", "10.21.0.0/16"))
    taken = take_port(hub.host)
    said = hub.vole("apply", "wg0", status=1).stderr
    expect("there is another route to 10.20.0.0/16 already" in said and "not everything could be taken back" in said, said)
    taken.close()


@case
def an_interrupted_apply_is_taken_back(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    hub.write(EVERYTHING)
    hub.write(RESOLVCONF.replace("-a)", "-a) touch /run/vole/waiting; sleep 6543;"), "bin/resolvconf", 0o755)
    process = hub.host.start(VOLE, "apply", "wg0", environment=hub.environment(), stderr=-1, text=True)
    wait_for(lambda: os.path.exists(hub.host.path("/run/vole/waiting")), "resolvconf to run")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    expect_equal(process.returncode, 1, said)
    expect("Terminated: what was done is taken back" in said, said)
    expect_same(hub.state(), before, f"the host afterwards ({said})")


# ---- confirming ----

def guards(hub):
    """Processes of `vole apply --confirm` on that host."""
    return processes_named(hub.host, "wg0", "vole")


def confirm_sockets(hub):
    folder = hub.host.path("/run/vole")
    return [f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".confirm")]


def waiting(hub):
    return bool(confirm_sockets(hub))


@case
def confirmed_in_time_it_stays(lab):
    hub = tunnel(lab).up()
    hub.write(EVERYTHING)
    said = hub.vole("apply", "--confirm", "300", "wg0").stderr
    expect("unless `vole confirm wg0' is said" in said, said)
    expect(len(guards(hub)) == 1, "the guard")
    expect_equal(os.stat(confirm_sockets(hub)[0]).st_mode & 0o777, 0o600, "the socket's mode")
    applied = hub.state()
    hub.write(FILE)
    for words in (("apply", "wg0"), ("apply", "--confirm", "5", "wg0")):
        refused = hub.vole(*words, status=1).stderr
        expect(re.search(r"an apply waits for `vole confirm wg0' for another \d+ s", refused), refused)
    expect_same(hub.state(), applied, "the host after a second apply")
    hub.vole("confirm", "wg0")
    wait_for(lambda: not guards(hub), "the guard to end")
    expect(not waiting(hub), "the socket is gone")
    expect("no apply waits" in hub.vole("confirm", "wg0", status=1).stderr, "a second confirmation")
    hub.write(EVERYTHING)
    expect_equal(hub.vole("plan", "wg0").stdout, "", "the plan afterwards")


@case
def taken_back_when_the_terminal_is_gone_and_nobody_confirms(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    hub.write(EVERYTHING)
    # a shell that leads a session on a terminal, as that of ssh does; then the terminal is hung up
    master, slave = pty.openpty()
    shell = hub.host.start("setsid", "--ctty", "sh", "-c", f"{VOLE} apply --confirm 5 wg0; touch /run/vole/applied; sleep 6543",
                           stdin=slave, stdout=slave, stderr=slave, environment=hub.environment())
    os.close(slave)
    wait_for(lambda: os.path.exists(hub.host.path("/run/vole/applied")), "apply to hand over to its guard")
    os.close(master)
    shell.wait(10)
    expect(len(guards(hub)) == 1, "the guard lives on without its terminal")
    expect(hub.state() != before, "what was applied")
    wait_for(lambda: not waiting(hub), "the time to be over", 20)
    wait_for(lambda: not guards(hub), "the guard to end")
    expect_same(hub.state(), before, "the host afterwards")
    expect("no apply waits" in hub.vole("confirm", "wg0", status=1).stderr, "a late confirmation")


@case
def taken_back_when_the_guard_is_told_to_end_or_apply_dies(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    hub.write(EVERYTHING)
    hub.vole("apply", "--confirm", "300", "wg0")
    os.kill(guards(hub)[0], signal.SIGTERM)
    wait_for(lambda: not guards(hub), "the guard to end")
    expect_same(hub.state(), before, "the host after the guard was told to end")
    hub.write(RESOLVCONF.replace("-a)", "-a) touch /run/vole/waiting; sleep 6543;"), "bin/resolvconf", 0o755)
    process = hub.host.start(VOLE, "apply", "--confirm", "300", "wg0", environment=hub.environment())
    wait_for(lambda: os.path.exists(hub.host.path("/run/vole/waiting")), "resolvconf to run")
    expect("another apply is at work" in hub.vole("apply", "wg0", status=1).stderr, "a second apply meanwhile")
    process.kill()
    process.wait()
    os.unlink(hub.host.path("/run/vole/waiting"))
    wait_for(lambda: not guards(hub), "the guard to end")
    expect_same(hub.state(), before, "the host after apply died")
    hub.write(RESOLVCONF, "bin/resolvconf", 0o755)
    hub.applied()


def confirming(hub):
    """A `vole confirm wg0` that has found somebody to ask."""
    process = hub.host.start(VOLE, "confirm", "wg0", stderr=-1, text=True)

    def asks():
        folder = f"/proc/{process.pid}/fd"
        try:
            return os.readlink(f"/proc/{process.pid}/exe") == os.path.realpath(VOLE) and any(
                os.readlink(f"{folder}/{fd}").startswith("socket:") for fd in os.listdir(folder) if int(fd) > 2)
        except FileNotFoundError:
            return False
    wait_for(asks, "the question to be asked")
    return process


def blocked(hub, words):
    """resolvconf waits, when it is called with one of these words, until release()."""
    hub.write(RESOLVCONF.replace(f"{words})", f"{words}) touch /run/vole/waiting; while [ ! -e /run/vole/go ]; do "
                                 "sleep .05; done;"), "bin/resolvconf", 0o755)


def wait_blocked(hub):
    wait_for(lambda: os.path.exists(hub.host.path("/run/vole/waiting")), "resolvconf to run")


def release(hub):
    os.unlink(hub.host.path("/run/vole/waiting"))
    hub.host.shell("touch /run/vole/go")


@case
def who_confirms_while_apply_is_at_work_hears_how_it_ended(lab):
    hub = tunnel(lab).up()
    blocked(hub, "-a")
    for words, status, says in ((("--confirm", "300"), 0, ""), ((), 1, "nothing waits to be confirmed any more")):
        hub.host.shell("rm -f /run/vole/go")
        hub.write(EVERYTHING if words else EVERYTHING.replace("1.1.1.1", "1.1.1.2"))
        apply = hub.host.start(VOLE, "apply", *words, "wg0", environment=hub.environment(), stderr=-3)
        wait_blocked(hub)
        confirm, given_up = confirming(hub), confirming(hub)
        given_up.kill()
        given_up.wait()
        if words:
            time.sleep(10.5)  # nobody gives up a question whose answer still comes
        release(hub)
        said = confirm.communicate(timeout=20)[1]
        expect(confirm.returncode == status and says in said, f"{words}: {confirm.returncode} {said}")
        expect_equal(apply.wait(20), 0, "apply")
        wait_for(lambda: not guards(hub), "the guard to end")
        expect_equal(hub.vole("plan", "wg0").stdout, "", "the plan: it is kept")


@case
def who_asked_but_does_not_wait_for_the_answer_has_not_confirmed(lab):
    hub = tunnel(lab).up()
    blocked(hub, "-a")
    hub.write(EVERYTHING)
    apply = hub.host.start(VOLE, "apply", "--confirm", "300", "wg0", environment=hub.environment(), stderr=-3)
    wait_blocked(hub)
    given_up = confirming(hub)
    given_up.kill()
    given_up.wait()
    release(hub)
    expect_equal(apply.wait(20), 0, "apply")
    hub.vole("confirm", "wg0")
    wait_for(lambda: not guards(hub), "the guard to end")


@case
def what_is_taken_back_waits_for_another_vole_at_work(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    hub.write(EVERYTHING)
    hub.vole("apply", "--confirm", "300", "wg0")
    applied = hub.state()
    number = os.stat(f"/proc/{hub.host.pid}/ns/net").st_ino
    with open(hub.host.path(f"/run/vole/wg0.{number}.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.kill(guards(hub)[0], signal.SIGTERM)
        time.sleep(0.3)  # it has come to the lock, or not yet
        expect_same(hub.state(), applied, "the host while another vole is at work")
    wait_for(lambda: not guards(hub), "the guard to end")
    expect_same(hub.state(), before, "the host afterwards")


@case
def who_confirms_too_late_hears_what_is_true(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    for fails, says in ((False, "what was applied is taken back"), (True, "not everything could be taken back")):
        hub.write(RESOLVCONF, "bin/resolvconf", 0o755)
        hub.host.shell("rm -f /run/vole/go")
        hub.write(EVERYTHING)
        hub.vole("apply", "--confirm", "300", "wg0")
        blocked(hub, "-d")
        if fails:
            with open(hub.host.path("/etc/wireguard/bin/resolvconf"), "a", encoding="utf-8") as out:
                out.write("[ $1 = -d ] && exit 3; true\n")
        os.kill(guards(hub)[0], signal.SIGTERM)
        wait_blocked(hub)
        confirm = confirming(hub)
        release(hub)
        said = confirm.communicate(timeout=20)[1]
        expect(confirm.returncode == 1 and f"not confirmed: it was too late, and {says}" in said, said)
        wait_for(lambda: not guards(hub), "the guard to end")
        if not fails:
            expect_same(hub.state(), before, "the host afterwards")


@case
def a_terminal_that_was_stopped_holds_nothing_up(lab):
    hub = tunnel(lab).up()
    before = hub.state()
    hub.write(EVERYTHING)
    master, slave = pty.openpty()
    apply = hub.host.start("setsid", "--ctty", VOLE, "apply", "--confirm", "300", "wg0", stdin=slave, stdout=slave,
                           stderr=slave, environment=hub.environment())
    expect_equal(apply.wait(20), 0, "apply")
    termios.tcflow(slave, termios.TCOOFF)  # as Ctrl-S does
    os.kill(guards(hub)[0], signal.SIGTERM)
    wait_for(lambda: not guards(hub), "the guard to end")
    expect_same(hub.state(), before, "the host afterwards")
    os.close(slave)
    os.close(master)


@case
def the_same_name_in_another_network_is_another_tunnel(lab):
    hub = tunnel(lab).up()
    hub.write(EVERYTHING)
    hub.vole("apply", "--confirm", "300", "wg0")
    elsewhere = hub.host.run("unshare", "--net", VOLE, "confirm", "wg0", check=False)
    expect(elsewhere.returncode == 1 and "no apply waits" in elsewhere.stderr, elsewhere.stderr)
    expect(guards(hub), "here it is not confirmed")
    hub.vole("confirm", "wg0")
    wait_for(lambda: not guards(hub), "the guard to end")


@case
def another_interface_of_that_name_is_left_alone(lab):
    hub = tunnel(lab).up()
    hub.write(EVERYTHING)
    hub.vole("apply", "--confirm", "300", "wg0")
    hub.down()
    hub.up()
    state = hub.state()
    os.kill(guards(hub)[0], signal.SIGTERM)
    wait_for(lambda: not guards(hub), "the guard to end")
    expect_same(hub.state(), "\n".join(line for line in state.splitlines() if line != "wg0 waits"), "the host afterwards")


# ---- sessions ----

@case
def a_transfer_goes_on_while_others_come_and_go(lab):
    hub_host, laptop_host = lab.host("hub"), lab.host("laptop")
    lab.cable(hub_host, "eth0", laptop_host, "eth0")
    hub_host.address("eth0", "192.0.2.1/24")
    laptop_host.address("eth0", "192.0.2.2/24")
    private, public = key_pair()
    text = FILE.replace(LAPTOP, public)
    hub = Tunnel(hub_host, text).up()
    Tunnel(laptop_host, f"""[Interface]
PrivateKey = {private}
ListenPort = 51820
Address = 10.9.0.2/24
MTU = 1400
[Peer]
PublicKey = {OWN}
PresharedKey = {PSK}
AllowedIPs = 10.9.0.0/24
Endpoint = 192.0.2.1:51820
""").up()
    ping(laptop_host, "10.9.0.1")
    stream = Transfer(laptop_host, hub_host, "10.9.0.1", rate=4 << 20)
    stream.wait_progress(1 << 20)

    def session():
        lines = [line.split("\t") for line in hub_host.output("wg", "show", "wg0", "latest-handshakes").splitlines()]
        return dict(lines)[public]
    began, daemon = session(), processes_named(hub_host, "wg0")
    expect(began != "0", "there is a session")
    for change in (text + NEW_PEER, without_peer(text, 2), text.replace("10.20.0.0/16", "10.21.0.0/16, 10.22.0.0/16"),
                   text.replace("fd09::1/64", "10.66.0.1/24"), text.replace("= 25", "= 11"),
                   text.replace("1400", "1390"), (text + NEW_PEER).replace(PHONE, GUEST)):
        hub.write(change)
        hub.applied()
        stream.wait_progress(1 << 20)
    expect_equal((session(), processes_named(hub_host, "wg0")), (began, daemon), "the session and its daemon")
    stream.finish()


# ---- any two files ----

def random_file(chance):
    """A configuration of few values, so that two of them have much in common. Who has an endpoint always has one."""
    def some(values, least=0):
        return chance.sample(values, chance.randint(least, len(values)))
    keys, networks = [LAPTOP, PHONE, OFFICE, GUEST], ["10.9.0.0/16", "10.9.0.2/32", "10.9.0.3/32", "10.20.0.0/16",
                                                      "10.20.1.0/24", "fd09::/64", "fd09::7/128", "fd20::/56", "fd20::/64"]
    # of two in one network the first is the main one, and apply leaves that order as it is
    addresses = some([chance.choice(["10.9.0.1/24", "10.9.0.2/24"]), "10.20.0.1/32", "10.20.1.1/24", "fd09::1/64", "fd20::1/128"])
    lines = ["[Interface]", f"PrivateKey = {chance.choice([PRIVATE, OTHER_PRIVATE])}",
             f"ListenPort = {chance.choice([51820, 51821])}", f"FwMark = {chance.choice([0, 7])}",
             f"MTU = {chance.choice([1280, 1400])}"]
    lines += [f"Address = {', '.join(addresses)}"] if addresses else []
    lines += [f"DNS = {', '.join(some(['1.1.1.1', 'fd00::53', 'a.example'], 1))}, 9.9.9.9"] if chance.random() < .5 else []
    for key in some(keys):
        lines += ["[Peer]", f"PublicKey = {key}"]
        allowed = some(networks)
        lines += [f"AllowedIPs = {', '.join(allowed)}"] if allowed else []
        if key in keys[:2]:
            lines.append(f"Endpoint = 192.0.2.{chance.randint(2, 4)}:51820")
        if chance.random() < .5:
            lines.append(f"PresharedKey = {chance.choice([PSK, OTHER_PSK])}")
        if chance.random() < .5:
            lines.append(f"PersistentKeepalive = {chance.choice([0, 25])}")
    return "\n".join(lines) + "\n"


@case
def applying_any_file_after_any_other_is_bringing_it_up(lab):
    seed = int(os.environ.get("LAB_SEED") or random.randrange(1 << 30))
    chance = random.Random(seed)
    hub = tunnel(lab, random_file(chance)).up()
    for _ in range(int(os.environ.get("LAB_ROUNDS") or 12)):
        text = random_file(chance)
        hub.write(text)
        plan = hub.host.run(VOLE, "plan", "wg0", check=False, environment=hub.environment())
        expect(plan.returncode in (0, 2), f"seed {seed}: {plan.stderr}")
        hub.vole("apply", "wg0")
        again = hub.host.run(VOLE, "plan", "wg0", check=False, environment=hub.environment())
        expect_equal((again.returncode, again.stdout), (0, ""), f"seed {seed}: the plan after {plan.stdout}")
        applied = hub.state()
        hub.down()
        hub.up()
        expect_same(applied, hub.state(), f"seed {seed}: apply against up of\n{text}\n{plan.stdout}")


main(__file__)
