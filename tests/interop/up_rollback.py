#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole up takes back all it did when a step fails: every step is made to fail in turn, by something that really
fails (a program, a hook, a route, the kernel), and the host must look as if nothing had been tried; config §6.2."""

import fcntl
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, default_environment, key_pair, processes_named
from harness.lab import expect, expect_equal, wait_for

PRIVATE, PEER = key_pair()[0], key_pair()[1]
FAILS = "#!/bin/sh\necho refused >&2\nexit 3\n"
RESOLVCONF = """#!/bin/sh
case "$1" in -a) cat > /etc/wireguard/dns.set;; -d) rm -f /etc/wireguard/dns.set;; esac
"""
# Whatever a step may leave behind.
STATE = """ip -o link | sed 's/^[0-9]*://'; ip -o address | sed 's/^[0-9]*://'
ip -4 route show table all; ip -6 route show table all; ip -4 rule; ip -6 rule; ip -6 rule
cat /proc/sys/net/ipv4/conf/all/src_valid_mark; nft list ruleset; wg show interfaces
ls /var/run/wireguard; ls /etc/wireguard; cat /etc/wireguard/dns.set 2>/dev/null || true"""
FULL = f"""[Interface]
PrivateKey = {PRIVATE}
ListenPort = 51820
Address = 10.9.0.1/24, fd09::1/64
DNS = 10.9.0.53
PreUp = true
PostUp = true
[Peer]
PublicKey = {PEER}
AllowedIPs = 0.0.0.0/0, ::/0, 10.20.0.0/16
Endpoint = 192.0.2.2:51820
"""


class Victim:
    """A host on which `vole up wg0` is tried."""

    def __init__(self, lab):
        self.host = lab.host("victim")
        os.makedirs("/etc/wireguard", exist_ok=True)
        self.host.shell("mount -t tmpfs -o mode=700 tmpfs /etc/wireguard; mkdir /etc/wireguard/bin; "
                        "ip link add eth0 type veth peer name far0; "
                        "for i in eth0 far0; do ip link set $i addrgenmode none up; done; "
                        "ip address add 192.0.2.1/24 dev eth0; ip route add default via 192.0.2.254")
        wait_for(lambda: "ff00::/8 dev eth0" in self.state() and "ff00::/8 dev far0" in self.state(), "the cable")
        self.write(RESOLVCONF, "bin/resolvconf", 0o755)

    def write(self, text, name="wg0.conf", mode=0o600):
        path = self.host.path(f"/etc/wireguard/{name}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
            out.write(text)

    def environment(self):
        return dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED,
                    PATH=f"/etc/wireguard/bin:{os.environ['PATH']}")

    def up(self):
        return self.host.run(VOLE, "up", "--userspace", "wg0", check=False, environment=self.environment())

    def down(self):
        return self.host.run(VOLE, "down", "wg0", check=False, environment=self.environment())

    def state(self):
        return "\n".join(sorted(self.host.shell(STATE).stdout.splitlines()))


def taken_back(victim, before, result, says, last_done):
    """It failed with this message, after this step, and nothing is left."""
    expect_equal(result.returncode, 1, f"the status of up: {result.stderr}")
    expect(re.search(says, result.stderr), f"'{says}' in: {result.stderr}")
    expect(last_done in result.stderr, f"'{last_done}' was done before: {result.stderr}")
    expect(PRIVATE not in result.stderr, "the private key in a message")
    wait_for(lambda: not processes_named(victim.host, "wg0"), "the daemon to end")
    expect_equal(victim.state(), before, f"the host afterwards ({result.stderr})")


# name: (preparation in the host's shell, replacements in the file, programs that are replaced, what is said,
#        the step done last before the failure)
FAILURES = {
    "the program": ("", {}, {}, "cannot be run|exit status", ""),
    "a PreUp hook": ("", {"PreUp = true": "PreUp = echo one >&2; exit 7"}, {},
                     r"wg0.conf:6:\d+: PreUp failed with exit status 7", "one"),
    "the second PreUp hook": ("", {"PreUp = true": "PreUp = true\nPreUp = false"}, {}, "PreUp failed", "[#] true"),
    "a name that cannot be resolved": ("", {"192.0.2.2:51820": "[fe80::1%nothing0]:51820"}, {}, "wg0.conf:",
                                       "[#] wg addconf"),
    "an address that is given twice": ("", {"fd09::1/64": "fd09::1/64, 10.9.0.1/24"}, {},
                                       r"wg0.conf:4:\d+: the address 10.9.0.1/24 is given twice",
                                       "ip -6 address add fd09::1/64"),
    "an address that nobody may have": ("", {"fd09::1/64": "fd09::1/64, ff02::1/64"}, {}, "cannot be added",
                                        "ip -6 address add fd09::1/64"),
    "an MTU that is too small": ("", {"DNS": "MTU = 12\nDNS"}, {}, "MTU 12 is refused", "ip -6 address"),
    "an MTU that is too large": ("", {"DNS": "MTU = 70000\nDNS"}, {}, "MTU 70000 is refused", "ip -6 address"),
    "resolvconf": ("", {}, {"resolvconf": "#!/bin/sh\n[ \"$1\" = -d ] || { echo refused >&2; exit 3; }\n"},
                   "`resolvconf' failed with exit status 3", "[#] ip link set mtu"),
    "a route that is there already": ("ip route add 10.20.0.0/16 dev eth0", {}, {},
                                      "another route to 10.20.0.0/16", "[#] resolvconf"),
    "a default route that is there already": ("ip route add default dev eth0 table 77",
                                              {"ListenPort": "FwMark = 77\nListenPort"}, {},
                                              "another route to 0.0.0.0/0", "ip -4 rule add table main"),
    "a firewall that is not loaded": ("", {}, {"nft": FAILS}, "`nft' refused the rules", "ip -6 route add ::/0"),
    # the first time it works, for IPv6
    "the second firewall": ("", {}, {"nft": "#!/bin/sh\nn=/etc/wireguard/bin/count; [ $1 = -f ] && echo >> $n\n"
                                     "[ $1 = -f ] && [ $(wc -l < $n) = 2 ] && exit 3\nexec /usr/sbin/nft \"$@\"\n"},
                            "`nft' refused the rules", "sysctl -q net.ipv4.conf.all.src_valid_mark=1"),
    "a PostUp hook": ("", {"PostUp = true": "PostUp = false"}, {}, "PostUp failed with exit status 1", "[#] nft"),
}


def add_failure(name, preparation, replacements, programs, says, last_done):
    def one(lab):
        victim, text = Victim(lab), FULL
        for old, new in replacements.items():
            expect(old in text, f"'{old}' in the file")
            text = text.replace(old, new)
        victim.write(text)
        victim.host.shell(preparation or ":")
        for program, script in programs.items():
            victim.write(script, f"bin/{program}", 0o755)
        before = victim.state()
        if name == "the program":
            victim.write(FAILS, "bin/broken", 0o755)
            victim.environment = lambda: dict(os.environ, WG_QUICK_USERSPACE_IMPLEMENTATION="/etc/wireguard/bin/broken")
        taken_back(victim, before, victim.up(), says, last_done)
        expect_equal(victim.down().returncode, 1, "down afterwards finds nothing")
    one.__name__ = "taken_back_after_" + re.sub(r"\W+", "_", name)
    case(one)


for title, failure in FAILURES.items():
    add_failure(title, *failure)


@case
def the_same_file_comes_up_if_nothing_fails(lab):
    """Without this, the failures above could have reasons of their own."""
    victim = Victim(lab)
    victim.write(FULL)
    before, result = victim.state(), victim.up()
    expect_equal(result.returncode, 0, f"up: {result.stderr}")
    state = victim.state()
    for line in ("lookup 51820", "10.20.0.0/16", "wg-quick-wg0", "10.9.0.1/24", "wg0.sock", "nameserver 10.9.0.53"):
        expect(line in state, f"'{line}' in {state}")
    expect_equal(victim.down().returncode, 0, "down")
    left = set(before.splitlines()) ^ set(victim.state().splitlines())
    expect(left <= {"0", "1"}, f"the host afterwards differs in more than src_valid_mark: {left}")


@case
def an_interface_that_somebody_else_makes_meanwhile_is_left_alone(lab):
    """As a second `up` of the same tunnel does it: here by the nft that is asked for leftovers."""
    victim = Victim(lab)
    victim.write(FULL)
    victim.write("#!/bin/sh\nip link add wg0 type veth peer name far1 2>/dev/null\nexec /usr/sbin/nft \"$@\"\n", "bin/nft", 0o755)
    for options in ["--userspace"], []:
        result = victim.host.run(VOLE, "up", *options, "wg0", check=False, environment=victim.environment())
        expect(result.returncode == 1 and "somebody else made it" in result.stderr, f"up {options}: {result.stderr}")
        expect("wg0@far1" in victim.host.shell("ip -o link").stdout, "the interface of somebody else")
        victim.host.shell("ip link delete wg0")


@case
def what_can_be_known_before_is_said_before_anything_is_done(lab):
    victim = Victim(lab)
    before = victim.state()
    for old, new, says in (("Address", "Adress", "Adress"), ("10.9.0.1/24", "10.9.0.1/33", "10.9.0.1/33"),
                           ("DNS", "Table = no-such-table\nDNS", "no-such-table"), ("PublicKey", "Endpoint", "PublicKey"),
                           ("10.20.0.0/16", "10.20.0.0/x", "10.20.0.0/x")):
        victim.write(FULL.replace(old, new))
        result = victim.up()
        expect(result.returncode == 1 and says in result.stderr, f"{new}: {result.stderr}")
        expect("[#]" not in result.stderr and PRIVATE not in result.stderr, f"no step for {new}: {result.stderr}")
        os.unlink(victim.host.path("/etc/wireguard/wg0.conf"))
        expect_equal(victim.state(), before, f"the host after {new}")


def interrupted(lab, number, hook, file=FULL):
    """A signal while a hook runs: the hook is ended, everything is taken back."""
    victim = Victim(lab)
    victim.write(file.replace(f"{hook} = true", f"{hook} = touch /run/vole-lab-hook; sleep 6543; true"))
    before = victim.state()
    process = victim.host.start(VOLE, "up", "--userspace", "wg0", environment=victim.environment(), stderr=-1, text=True)
    wait_for(lambda: os.path.exists("/run/vole-lab-hook"), "the hook to run")
    os.unlink("/run/vole-lab-hook")
    process.send_signal(number)
    _, messages = process.communicate(timeout=20)
    expect_equal(process.returncode, 1, f"the status: {messages}")
    expect("taken back" in messages and "ip link delete dev wg0" in messages, messages)
    wait_for(lambda: not processes_named(victim.host, "wg0"), "the daemon to end")
    wait_for(lambda: not processes_named(victim.host, "6543", "sleep"), "all of the hook to end")
    expect_equal(victim.state(), before, f"the host afterwards ({messages})")


@case
def taken_back_after_sigterm_in_a_hook(lab):
    interrupted(lab, signal.SIGTERM, "PostUp")


@case
def taken_back_after_sigint_in_an_early_hook(lab):
    interrupted(lab, signal.SIGINT, "PreUp")


@case
def one_vole_at_a_time_works_on_a_tunnel(lab):
    """Until its process ends, however it does; a tunnel of that name in another network namespace is another one."""
    victim, elsewhere = Victim(lab), Victim(lab)
    elsewhere.write(FULL)
    victim.write(FULL.replace("PostUp = true", "PostUp = touch /etc/wireguard/hook; sleep 6543"))
    process = victim.host.start(VOLE, "up", "--userspace", "wg0", environment=victim.environment())
    wait_for(lambda: os.path.exists(victim.host.path("/etc/wireguard/hook")), "the hook to run")
    before = victim.state()
    for refused in victim.up(), victim.down(), victim.host.run(VOLE, "apply", "wg0", check=False):
        expect(refused.returncode == 1 and f"(process {process.pid}) is at work on it" in refused.stderr, refused.stderr)
        expect("[#]" not in refused.stderr, f"no step is done: {refused.stderr}")
    expect_equal(victim.state(), before, "the host afterwards")
    expect_equal(elsewhere.up().returncode, 0, "up in another network namespace")
    process.kill()
    process.wait()
    down = victim.down()
    expect_equal(down.returncode, 0, f"down after it was killed: {down.stderr}")
    expect_equal(elsewhere.down().returncode, 0, "down in another network namespace")
    expect_equal([name for name in os.listdir("/run/vole") if "lock" in name], [], "what is left of locks")


@case
def two_tunnels_that_come_up_at_once_have_numbers_of_their_own(lab):
    """Whoever chooses a number for a default route keeps others from choosing it until its table is filled."""
    victim = Victim(lab)
    victim.write(FULL)
    os.makedirs("/run/vole", exist_ok=True)
    place = os.open("/run/vole", os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(place, fcntl.LOCK_EX)
    process = victim.host.start(VOLE, "up", "--userspace", "wg0", environment=victim.environment(), stderr=-1, text=True)
    messages = ""
    while "[#] resolvconf" not in messages:
        messages += process.stderr.readline()
    wait_for(lambda: asks_for_lock(process.pid), "up to wait for the lock")
    victim.host.shell("ip route add default dev eth0 table 51820")
    os.close(place)
    messages += process.communicate(timeout=20)[1]
    expect_equal(process.returncode, 0, f"up: {messages}")
    expect("wg set wg0 fwmark 51821" in messages, messages)
    victim.down()


def asks_for_lock(process):
    """nsenter becomes what it runs, so that it is vole's own process."""
    with open("/proc/locks") as locks:
        return any("->" in line and f" {process} " in line for line in locks)


@case
def taken_back_after_sigterm_while_a_name_is_resolved(lab):
    victim = Victim(lab)
    victim.host.shell("mkdir /etc/wireguard/etc; echo nameserver 127.0.0.1 > /etc/wireguard/etc/resolv.conf; "
                      "echo 'hosts: dns' > /etc/wireguard/etc/nsswitch.conf; "
                      "for f in resolv.conf nsswitch.conf; do mount --bind /etc/wireguard/etc/$f /etc/$f; done")
    victim.write(FULL.replace("192.0.2.2:51820", "nobody.example:51820"))
    before = victim.state()
    process = victim.host.start(VOLE, "up", "--userspace", "wg0", environment=victim.environment(), stderr=-1, text=True)
    messages = ""
    while "Trying again" not in messages:
        line = process.stderr.readline()
        expect(line, f"up ended by itself: {messages}")
        messages += line
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=20)
    expect_equal(process.returncode, 1, f"the status: {messages}{rest}")
    expect("taken back" in rest, rest)
    wait_for(lambda: not processes_named(victim.host, "wg0"), "the daemon to end")
    expect_equal(victim.state(), before, f"the host afterwards ({messages}{rest})")


main(__file__)
