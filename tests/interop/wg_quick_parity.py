#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole up, down, save and strip beside Debian's wg-quick: the same file, on two equal hosts, must lead to the same
system, and back. What differs on purpose is listed in FILES beside the file it shows in; config §6."""

import difflib
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, default_environment, key_pair, preshared_key, processes_named
from harness.lab import expect, expect_equal, wait_for
from harness.uapi import Uapi

# What a resolvconf is asked, in /etc/wireguard/dns.log; -l gives back what was set.
RESOLVCONF = """#!/bin/sh
[ "$1" = -l ] || echo "$@" >> /etc/wireguard/dns.log
case "$1" in
-a) tee /etc/wireguard/dns.set >> /etc/wireguard/dns.log;;
-d) rm -f /etc/wireguard/dns.set;;
-l) cat /etc/wireguard/dns.set;;
esac
"""
PRIVATE, PUBLIC = key_pair()
PEER, OTHER, THIRD = (key_pair()[1] for _ in range(3))
PSK = preshared_key()
INTERFACE = f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = 51820\n"
FIRST = f"[Peer]\nPublicKey = {PEER}\n"
HOOKS = "".join(f"{hook} = echo {hook} %i {number}\n" for number in (1, 2)
                for hook in ("PreUp", "PostUp", "PreDown", "PostDown"))

# name: (file, what differs: {field of the state: (wg-quick's, vole's)})
FILES = {
    "one peer": (INTERFACE + "Address = 10.9.0.1/24, fd09::1/64\n" + FIRST +
                 "AllowedIPs = 10.9.0.2/32, 10.20.0.0/16, fd20::/32\nEndpoint = 192.0.2.2:51820\n", {}),
    "addresses without length and on several lines":
        (INTERFACE + "Address = 10.9.0.1\nAddress = fd09::1 10.8.0.1/16\nAddress=127.0.0.9/32\n" + FIRST +
         "AllowedIPs = 10.9.0.0/24\n", {}),
    "name servers": (INTERFACE + "DNS = 10.9.0.53, fd09::53 example.org\nDNS=intern\n" + FIRST, {}),
    "a search domain alone and a table with a name": (INTERFACE + "DNS = example.org\nTable = default\n" + FIRST +
                                                      "AllowedIPs = 10.20.0.0/16\n", {}),
    "no routes and an MTU": (INTERFACE + "Address = 10.9.0.1/24\nTable = off\nMTU = 1333\n" + FIRST +
                             "AllowedIPs = 0.0.0.0/0\n", {}),
    "spelling": (f"[interface]\n privatekey={PRIVATE}\nLISTENPORT = 51820 # a port\naddress\t= 10.9.0.1/24\r\n\n"
                 f"[PEER]\n\tPublicKey={PEER}\nAllowedIPs = 10.20.0.0/16 , 10.21.0.0/16\n", {}),
    "default routes": (INTERFACE + "Address = 10.9.0.1/24, fd09::1/64, fd09::2/128\n" + FIRST +
                       "AllowedIPs = 0.0.0.0/0, ::/0, 10.20.0.0/16\nEndpoint = 192.0.2.2:51820\n", {}),
    "a default route of one family and a mark": (INTERFACE + "Address = 10.9.0.1/24\nFwMark = 0x1234\n" + FIRST +
                                                 "AllowedIPs = 0.0.0.0/0\n", {}),
    "routes that cover each other": (INTERFACE + "Address = 10.9.0.1/24\n" + FIRST + "AllowedIPs = 10.9.0.0/25, "
                                     "10.20.0.0/16, 10.20.1.0/24, 10.9.0.0/16\n", {}),
    "a table": (INTERFACE + "Address = 10.9.0.1/24\nTable = 1234\n" + FIRST +
                "AllowedIPs = 0.0.0.0/0, ::/0, 10.20.0.0/16\n", {}),
    "the MTU of a route": (INTERFACE + FIRST + "AllowedIPs = 10.9.0.0/24\nEndpoint = 198.51.100.7:51820\n", {}),
    # the current wg-quick takes the smallest, Debian 12's the largest
    "the MTU of two ways": (INTERFACE + FIRST + "AllowedIPs = 10.9.0.0/24\nEndpoint = 198.51.100.7:51820\n"
                            f"[Peer]\nPublicKey = {OTHER}\nEndpoint = 192.0.2.2:51820\n", {"mtu": ("1320", "1220")}),
    "the MTU without an endpoint": (INTERFACE + FIRST + "AllowedIPs = 10.9.0.0/24\n", {}),
    "hooks": (INTERFACE + HOOKS + "PostUp = x=(1 2); [[ ${x[1]} == 2 && a+b == @(a+b|c) ]] && echo bash\n" + FIRST, {}),
    # the current wg-quick keeps what stands behind "#" in a hook, Debian 12's cuts it off
    "a hook with a hash": (INTERFACE + "PostUp = echo a#b\n" + FIRST, {"output": ("a", "a#b")}),
    "keys, keepalive, two peers": (INTERFACE + FIRST + f"PresharedKey = {PSK}\nPersistentKeepalive = 25\n"
                                   f"AllowedIPs = 10.20.0.0/16\n[Peer]\nPublicKey = {OTHER}\n"
                                   "AllowedIPs = 10.20.0.0/16, fd20::/16\nEndpoint = [2001:db8::7]:7\n", {}),
    "an address twice": (INTERFACE + "Address = 10.9.0.1/24, 10.9.0.1/24\n" + FIRST, {"up": (2, 1)}),
    "nonsense": (INTERFACE + "Nonsense = 1\n" + FIRST, {}),
    "a hook that fails": (INTERFACE + "PostUp = echo a; false; echo b\n" + FIRST, {}),
}
COMMANDS = {  # field: command whose output is compared
    "addresses": "ip -o address show dev wg0 | sed 's/^[0-9]*://'",
    "mtu": "cat /sys/class/net/wg0/mtu",
    "flags": "cat /sys/class/net/wg0/flags",
    "routes": "{ ip -4 route show table all; ip -6 route show table all; } | grep -v '^multicast'",
    "rules": "ip -4 rule; ip -6 rule",
    "src_valid_mark": "cat /proc/sys/net/ipv4/conf/all/src_valid_mark",
    "firewall": "nft list ruleset",
    "iptables": "{ iptables-save; ip6tables-save; } | grep '^-A'",
    "dump": "wg show wg0 dump | awk -F'\\t' -v OFS='\\t' 'NF > 4 {$5 = $6 = $7 = \"\"} {print}'",
    "dns": "cat /etc/wireguard/dns.log",
    "interfaces": "ls /sys/class/net",
}


class Tool:
    """A host with one of the two tools. /etc/wireguard is its own, and its resolvconf is ours."""

    def __init__(self, lab, name, *words):
        self.host, self.words, self.path = lab.host(name), words, None
        os.makedirs("/etc/wireguard", exist_ok=True)
        self.host.shell("mount -t tmpfs -o mode=700 tmpfs /etc/wireguard; mkdir /etc/wireguard/bin; "
                        "ip link add eth0 mtu 1400 type veth peer name far0; "
                        "for i in eth0 far0; do ip link set $i addrgenmode none up; done; "
                        "ip address add 192.0.2.1/24 dev eth0; ip route add 198.51.100.0/24 dev eth0 mtu 1300; "
                        "ip route add default via 192.0.2.254")
        self.write(RESOLVCONF, "bin/resolvconf", 0o755)

    def write(self, text, name="wg0.conf", mode=0o600):
        path = self.host.path(f"/etc/wireguard/{name}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
            out.write(text)

    def read(self, name="wg0.conf"):
        with open(self.host.path(f"/etc/wireguard/{name}")) as file:
            return file.read()

    def run(self, *words):
        environment = dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED,
                           PATH=f"/etc/wireguard/bin:{self.path or os.environ['PATH']}")
        return self.host.run(*self.words, *words, check=False, environment=environment)

    def without_nft(self):
        """Leaves no nft in PATH, but iptables."""
        self.host.shell("for p in ip sysctl iptables-restore ip6tables-restore iptables-save ip6tables-save iptables; "
                        "do ln -s $(command -v $p) /etc/wireguard/bin/; done")
        self.path = "/usr/bin:/bin"

    def state(self):
        """What the system looks like: a dict from field to text."""
        script = "".join(f"echo '@@{field}'; {{ {command}; }} 2>/dev/null || true\n"
                         for field, command in COMMANDS.items())
        parts = self.host.run("sh", "-c", script).stdout.split("@@")[1:]
        return {part.split("\n", 1)[0]: part.split("\n", 1)[1] for part in parts}

    def gone(self):
        wait_for(lambda: "wg0" not in self.host.interfaces() and not Uapi(self.host, "wg0").exists()
                 and not processes_named(self.host, "wg0"), f"all of wg0 to go from {self.host.name}")


def tools(lab):
    return Tool(lab, "quick", "wg-quick"), Tool(lab, "vole", VOLE)


def compare(states, differences, when):
    for field in states[0]:
        got = tuple(state[field].strip() if isinstance(state[field], str) else state[field] for state in states)
        if field in differences:
            wanted = tuple(one.strip() if isinstance(one, str) else one for one in differences[field])
            expect_equal(got, wanted, f"{when}: the difference in {field}")
        else:
            expect(got[0] == got[1], f"{when}: {field} differs from wg-quick's:\n" + "\n".join(
                difflib.unified_diff(str(got[0]).splitlines(), str(got[1]).splitlines(), "wg-quick", "vole")))


def round_trip(lab, text, differences, prepare=None):
    both, before = tools(lab), []
    for tool in both:
        if prepare:
            prepare(tool)
        tool.write(text)
        before.append(tool.state())
    compare(before, {}, "before")
    strips = [tool.run("strip", "wg0") for tool in both]
    if strips[1].returncode == 0:
        expect_equal(strips[1].stdout, strips[0].stdout, "strip")
    states, ups = [], [tool.run("up", "wg0") for tool in both]
    for tool, result in zip(both, ups):
        states.append(dict(tool.state(), up=result.returncode, output=result.stdout))
    compare(states, differences, f"up ({ups[0].stderr}{ups[1].stderr})")
    downs = [tool.run("down", "wg0") for tool in both]
    for tool, start, result in zip(both, before, downs):
        tool.gone()
        left = tool.state()
        # chains without rules are iptables' own
        for field in ("addresses", "routes", "rules", "iptables" if tool.path else "firewall", "interfaces"):
            expect_equal(left[field], start[field], f"{field} of {tool.host.name} after down ({result.stderr})")
    compare([dict(tool.state(), down=result.returncode, output=result.stdout) for tool, result in zip(both, downs)],
            {}, f"down ({downs[0].stderr}{downs[1].stderr})")
    return ups


def add_case(name, text, differences):
    def one(lab):
        round_trip(lab, text, differences)
    one.__name__ = "the_same_with_" + re.sub(r"\W+", "_", name)
    case(one)


for title, (content, expected) in FILES.items():
    add_case(title, content, expected)


@case
def the_same_with_iptables_where_there_is_no_nft(lab):
    _, ours = round_trip(lab, FILES["default routes"][0], {}, Tool.without_nft)
    expect("iptables-restore -n" in ours.stderr and "nft" not in ours.stderr, ours.stderr)


def parsed(text):
    """A file as {section or peer's key: {key: values}}; lists are sets, in wg's spelling."""
    result, section = {}, None
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line.lower() == "[interface]":
            section = result.setdefault("interface", {})
        elif line.lower() == "[peer]":
            section = {}
        elif line:
            key, value = (part.strip() for part in line.split("=", 1))
            key = key.lower()
            if key == "publickey":
                result[value] = section
            elif key in ("address", "allowedips", "dns"):
                section.setdefault(key, set()).update(part.strip() for part in value.split(","))
            elif key.startswith(("pre", "post")) and key != "presharedkey":
                section.setdefault(key, []).append(value)
            else:
                section[key] = value
    return result


@case
def saved_files_mean_the_same_and_comments_stay(lab):
    text = f"""# my tunnel
[Interface] # of this host
PrivateKey = {PRIVATE}
ListenPort = 51820
Address = 10.9.0.1/24 # inside
Address = fd09::1/64
MTU = 1380
DNS = 10.9.0.53
PostUp = echo up %i

# Name = laptop
[Peer]
PublicKey = {PEER} # a key
AllowedIPs = 10.9.0.2/32, fd09::2/128
PersistentKeepalive = 25 # seconds

# leaves soon
[Peer]
PublicKey = {OTHER}
AllowedIPs = 0.0.0.0/0
# the end
"""
    both = tools(lab)
    for tool in both:
        tool.write(text)
        expect_equal(tool.run("up", "wg0").returncode, 0, "up")
        tool.host.shell(f"""
wg set wg0 peer {PEER} preshared-key /dev/stdin persistent-keepalive 0 endpoint 192.0.2.77:7 <<X
{PSK}
X
wg set wg0 peer {OTHER} remove
wg set wg0 peer {THIRD} allowed-ips 10.30.0.0/16,10.31.0.0/16
wg set wg0 listen-port 51821
ip link set wg0 mtu 1370
ip address add 10.10.0.1/16 dev wg0
ip address del fd09::1/64 dev wg0""")
        result = tool.run("save", "wg0")
        expect_equal((result.returncode, result.stdout), (0, ""), f"save: {result.stderr}")
    quick, vole = (tool.read() for tool in both)
    expect_equal(parsed(vole), parsed(quick), f"the meaning of what was saved:\n{vole}\n---\n{quick}\n")
    for line in ("# my tunnel", "[Interface] # of this host", "Address = 10.9.0.1/24 # inside", "# Name = laptop",
                 f"PublicKey = {PEER} # a key"):
        expect(line in vole.splitlines(), f"'{line}' in what vole saved:\n{vole}")
    expect(OTHER not in vole and "leaves" not in vole, f"no trace of the peer that left:\n{vole}")
    mode = os.stat(both[1].host.path("/etc/wireguard/wg0.conf")).st_mode & 0o777
    expect_equal(mode, 0o600, "the mode of the saved file")
    stamp = os.stat(both[1].host.path("/etc/wireguard/wg0.conf")).st_ino
    expect_equal(both[1].run("save", "wg0").returncode, 0, "saving again")
    expect_equal((both[1].read(), os.stat(both[1].host.path("/etc/wireguard/wg0.conf")).st_ino), (vole, stamp),
                 "a file that says it all is not touched")
    for tool in both:
        for word in ("down", "up", "down"):
            result = tool.run(word, "wg0")
            expect_equal(result.returncode, 0, f"{word} with the saved file: {result.stderr}")


@case
def saveconfig_saves_on_the_way_down(lab):
    both = tools(lab)
    for tool in both:
        tool.write(INTERFACE + "SaveConfig = true\n" + FIRST + "AllowedIPs = 10.9.0.0/24\n")
        tool.run("up", "wg0")
        tool.host.run("wg", "set", "wg0", "peer", THIRD, "allowed-ips", "10.30.0.0/16")
        expect_equal(tool.run("down", "wg0").returncode, 0, "down")
    expect_equal(parsed(both[1].read()), parsed(both[0].read()), "the meaning of what was saved")
    expect(THIRD in both[1].read(), "the added peer is saved")


@case
def a_second_up_or_down_says_so(lab):
    both = tools(lab)
    for tool in both:
        tool.write(INTERFACE + FIRST)
        missing = tool.run("down", "wg0")
        expect(missing.returncode == 1 and "`wg0' is not a WireGuard interface" in missing.stderr, missing.stderr)
        missing = tool.run("save", "wg0")
        expect(missing.returncode == 1 and "`wg0' is not a WireGuard interface" in missing.stderr, missing.stderr)
        expect_equal(tool.run("up", "wg0").returncode, 0, "up")
        state, again = tool.state(), tool.run("up", "wg0")
        expect(again.returncode == 1 and "`wg0' already exists" in again.stderr, again.stderr)
        expect_equal(tool.state(), state, "what is up after another up")
        expect_equal(tool.run("down", "wg0").returncode, 0, "down")


@case
def files_are_found_and_named_alike(lab):
    both = tools(lab)
    for tool in both:
        tool.host.shell("mkdir -m 777 /etc/wireguard/open")
        tool.write(INTERFACE + FIRST, "open/a_b=c+d-e.1.conf", 0o644)
        tool.host.shell("chmod 755 /etc/wireguard; chmod 644 /etc/wireguard/open/*")
        for word, status in (("/etc/wireguard/open/a_b=c+d-e.1.conf", 0), ("nothing", 1),
                             ("/etc/wireguard/bin/resolvconf", 1), ("/etc/wireguard/nothing.conf", 1), ("", 1)):
            result = tool.run("strip", word)
            expect_equal(result.returncode, status, f"strip '{word}': {result.stderr}")
            if status == 0:
                expect("Warning: `/etc/wireguard/open/a_b=c+d-e.1.conf' is world accessible" in result.stderr,
                       result.stderr)
        tool.write(INTERFACE + FIRST, "much_too_long_to_be.conf")
        expect_equal(tool.run("up", "/etc/wireguard/much_too_long_to_be.conf").returncode, 1, "a long name")


@case
def resolvectl_is_told_where_systemd_resolved_runs(lab):
    """Where resolvconf is but another name of it, or where the host asks systemd-resolved."""
    vole = tools(lab)[1]
    vole.write("#!/bin/sh\necho \"$@\" >> /etc/wireguard/dns.log\n", "bin/resolvectl", 0o755)
    vole.write(INTERFACE + "DNS = 10.9.0.53, fd09::53, example.org\n" + FIRST)
    vole.host.shell("mkdir -p /run/systemd/resolve; touch /run/systemd/resolve/stub-resolv.conf")
    lab.closers.append(lambda: shutil.rmtree("/run/systemd"))
    for prepare, called in (
            (":", "-a wg0 -m 0 -x\nnameserver 10.9.0.53\nnameserver fd09::53\nsearch example.org\n-d wg0 -f\n"),
            ("ln -sf resolvectl /etc/wireguard/bin/resolvconf",
             "dns wg0 10.9.0.53 fd09::53\ndomain wg0 example.org ~.\n"),
            ("rm /etc/wireguard/bin/resolvconf", "dns wg0 10.9.0.53 fd09::53\ndomain wg0 example.org ~.\n")):
        vole.host.shell(f"rm -f /etc/wireguard/dns.log; {prepare}")
        for word in ("up", "down"):
            expect_equal(vole.run(word, "wg0").returncode, 0, word)
        expect_equal(vole.read("dns.log"), called, f"what was called after '{prepare}'")
    vole.write(INTERFACE + "DNS = 10.9.0.53\nPostUp = false\n" + FIRST)
    expect_equal(vole.run("up", "wg0").returncode, 1, "an up that fails")
    expect("revert wg0" in vole.read("dns.log"), "it is taken back")
    vole.host.shell("rm /etc/wireguard/bin/resolvectl")
    missing = vole.run("up", "wg0")
    expect(missing.returncode == 1 and "wg0.conf:4:7: DNS needs systemd-resolved or a resolvconf" in missing.stderr,
           missing.stderr)


@case
def down_leaves_the_rules_of_another_tunnel_alone(lab):
    """wg-quick's does not: it deletes the other's suppressing rule as well."""
    vole = tools(lab)[1]
    for name, address, port in (("wg0", "10.9.0.1/24", 1), ("wg1", "10.8.0.1/24", 2)):
        vole.write(f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = {port}\nAddress = {address}\n" + FIRST +
                   "AllowedIPs = 0.0.0.0/0, ::/0\n", f"{name}.conf")
    clean = vole.state()
    expect_equal(vole.run("up", "wg0").returncode, 0, "up of one")
    one = vole.state()
    expect_equal(vole.run("up", "wg1").returncode, 0, "up of the other")
    both = vole.state()
    expect("lookup 51821" in both["rules"] and "lookup 51820" in both["rules"], both["rules"])
    expect_equal(vole.run("down", "wg1").returncode, 0, "down of the other")
    expect_equal(vole.state(), one, "what is left of one")
    expect_equal(vole.run("up", "wg1").returncode, 0, "up of the other")
    expect_equal(vole.run("down", "wg0").returncode, 0, "down of one")
    rest = vole.state()
    expect_equal(rest["rules"].count("lookup 51821"), 2, rest["rules"])
    expect_equal(rest["rules"].count("suppress_prefixlength"), 2, rest["rules"])
    expect("wg-quick-wg1" in rest["firewall"] and "wg-quick-wg0" not in rest["firewall"], rest["firewall"])
    expect_equal(vole.run("down", "wg1").returncode, 0, "down of the other")
    expect_equal({**vole.state(), "src_valid_mark": ""}, {**clean, "src_valid_mark": ""}, "what is left of both")


@case
def a_default_route_comes_and_goes_with_a_name_that_nft_cannot_write(lab):
    vole = tools(lab)[1]
    names = ["a+b=c+", "wg=", "+"]
    for name in names:
        vole.write(INTERFACE + "Address = 10.9.0.1/24\n" + FIRST + "AllowedIPs = 0.0.0.0/0, ::/0\n", f"{name}.conf")
        clean = vole.state()
        path = f"/etc/wireguard/{name}.conf"
        result = vole.run("up", path)
        expect_equal(result.returncode, 0, f"up {name}: {result.stderr}")
        firewall = vole.state()["firewall"]
        table = "wg-quick-" + name.replace("+", "/2b").replace("=", "/3d")
        expect_equal(firewall.count(f"table ip {table} ") + firewall.count(f"table ip6 {table} "), 2, firewall)
        expect(f'iifname != "{name}" ip daddr 10.9.0.1' in firewall, firewall)
        vole.host.run("nft", "-f", "-", input=firewall)  # it can be written down and read again
        expect_equal(vole.run("down", path).returncode, 0, f"down {name}")
        left = vole.state()
        expect_equal((left["firewall"], left["rules"]), (clean["firewall"], clean["rules"]), f"what is left of {name}")
    vole.without_nft()
    for name, status in (("a+b=c+", 1), ("wg=", 0)):  # iptables cannot name the first one alone
        result = vole.run("up", f"/etc/wireguard/{name}.conf")
        expect_equal(result.returncode, status, f"up {name} with iptables: {result.stderr}")
        expect(status == 0 or "a name that ends in +" in result.stderr, result.stderr)
    expect_equal(vole.run("down", "/etc/wireguard/wg=.conf").returncode, 0, "down with iptables")
    expect_equal(vole.state()["iptables"], "", "what is left in iptables")


@case
def a_default_route_comes_and_goes_beside_rules_of_the_first_priorities(lab):
    """In front of which there is no room: they are asked first, ours next, in their order, and down leaves them."""
    vole = tools(lab)[1]
    vole.write(INTERFACE + "Address = 10.9.0.1/24\n" + FIRST + "AllowedIPs = 0.0.0.0/0, ::/0\n")
    for first in "1", "1 2", "2", "1 4":
        for family in "-4", "-6":
            vole.host.shell(f"for p in {first}; do ip {family} rule add from all lookup main suppress_prefixlength 0 "
                            f"priority $p; ip {family} rule add fwmark 77 lookup 77 priority $p; done")
        before = vole.state()
        result = vole.run("up", "wg0")
        expect_equal(result.returncode, 0, f"up beside {first}: {result.stderr}")
        rules = vole.host.output("ip", "-4", "rule")
        place = 3 if first == "1 4" else 32765
        expect(re.search(f"^{place}:.*not from all fwmark 0xca6c lookup 51820$", rules, re.MULTILINE) and
               re.search(f"^{place - 1}:.*lookup main suppress_prefixlength 0$", rules, re.MULTILINE), rules)
        result = vole.run("down", "wg0")
        expect_equal(result.returncode, 0, f"down beside {first}: {result.stderr}")
        expect_equal(vole.state()["rules"], before["rules"], f"what is left beside {first}")
        vole.host.shell("for f in -4 -6; do for p in 1 2 4; do while ip $f rule del priority $p 2>/dev/null; do :; done; "
                        "done; done")


@case
def down_takes_away_what_a_killed_daemon_left(lab):
    vole = tools(lab)[1]
    vole.write(INTERFACE + "Address = 10.9.0.1/24\nDNS = 10.9.0.53\n" + FIRST + "AllowedIPs = 0.0.0.0/0, ::/0\n")
    clean = vole.state()
    for word in ("down", "up"):  # each of them clears up
        expect_equal(vole.run("up", "wg0").returncode, 0, "up")
        vole.host.run("kill", "-9", *processes_named(vole.host, "wg0"))
        wait_for(lambda: "wg0" not in vole.host.interfaces(), "the interface to vanish")
        expect("lookup 51820" in vole.state()["rules"] and "wg-quick-wg0" in vole.state()["firewall"], "leftovers")
        result = vole.run(word, "wg0")
        expect_equal(result.returncode, 0, f"{word}: {result.stderr}")
        if word == "up":
            expect_equal(vole.state()["rules"].count("lookup 51820"), 2, vole.state()["rules"])
            expect_equal(vole.run("down", "wg0").returncode, 0, "down")
        left = vole.state()
        for field in ("addresses", "routes", "rules", "firewall", "interfaces"):
            expect_equal(left[field], clean[field], f"{field} after {word}")
        expect_equal(vole.run("down", "wg0").returncode, 1, "nothing is left to be taken away")


# Runs what the words say while a daemon of wg0 answers one question with an error, and then ends.
BESIDE_A_SICK_DAEMON = """
import os, socket, subprocess, sys, threading
def serve():
    while True:
        asker = listener.accept()[0]
        if asker.recv(100):
            os.unlink("/var/run/wireguard/wg0.sock")
            listener.close()
            asker.sendall(b"errno=5\\n\\n")
            asker.close()
            return
listener = socket.socket(socket.AF_UNIX)
listener.bind("/var/run/wireguard/wg0.sock")
listener.listen()
threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


@case
def down_takes_away_everything_though(lab):
    """The default route was taken away while it ran; the file says something else by now; or nobody answers."""
    vole = tools(lab)[1]
    text = INTERFACE + "Address = 10.9.0.1/24\nDNS = 10.9.0.53\n" + FIRST + "AllowedIPs = 0.0.0.0/0, ::/0\n"
    vole.write(text)
    clean = vole.state()
    for change in "remove its peer", "edit its file", "make its daemon sick":
        expect_equal(vole.run("up", "wg0").returncode, 0, "up")
        words = vole.words
        if change == "remove its peer":
            vole.host.run("wg", "set", "wg0", "peer", PEER, "remove")
        elif change == "edit its file":
            vole.write(text.replace("DNS", "#DNS").replace("[Peer]", "Table = off\n[Peer]"))
        else:
            vole.host.run("kill", "-9", *processes_named(vole.host, "wg0"))
            wait_for(lambda: "wg0" not in vole.host.interfaces(), "the interface to vanish")
            vole.host.shell("rm -f /var/run/wireguard/wg0.sock; ip tuntap add wg0 mode tun")
            vole.words = ("python3", "-c", BESIDE_A_SICK_DAEMON, VOLE)
        result = vole.run("down", "wg0")
        vole.words = words
        vole.write(text)
        expect_equal(result.returncode, 0, f"down after {change}: {result.stderr}")
        left = vole.state()
        for field in ("addresses", "routes", "rules", "firewall", "interfaces"):
            expect_equal(left[field], clean[field], f"{field} after {change}: {result.stderr}")
        expect(not os.path.exists(vole.host.path("/etc/wireguard/dns.set")), f"name servers after {change}")


@case
def a_name_means_the_file_that_its_interface_came_from(lab):
    """Also by a symbolic link; once it is down, the usual one."""
    vole = tools(lab)[1]
    vole.host.shell("mkdir /etc/wireguard/elsewhere")
    for name, who in ("wg0.conf", "usual"), ("elsewhere/office.conf", "other"):
        vole.write(INTERFACE + f"PostDown = echo {who}\n" + FIRST, name)
    vole.host.shell("ln -s office.conf /etc/wireguard/elsewhere/wg0.conf")
    for file, who in ("/etc/wireguard/elsewhere/wg0.conf", "other"), ("wg0", "usual"):
        expect_equal(vole.run("up", file).returncode, 0, f"up {file}")
        vole.host.run("wg", "set", "wg0", "peer", PEER, "persistent-keepalive", "7")
        expect_equal(vole.run("save", "wg0").returncode, 0, "save")
        result = vole.run("down", "wg0")
        expect_equal((result.returncode, result.stdout), (0, who + "\n"), f"down of {file}: {result.stderr}")
        expect("= 7" in vole.read("wg0.conf" if who == "usual" else "elsewhere/office.conf"), f"{who} is saved")
        expect_equal("= 7" in vole.read("wg0.conf"), who == "usual", "the usual one")


@case
def a_tunnel_of_one_tool_is_taken_down_by_the_other(lab):
    both = tools(lab)
    for host in both:
        host.write(INTERFACE + "Address = 10.9.0.1/24\n" + FIRST + "AllowedIPs = 0.0.0.0/0, ::/0\n")
        clean = host.state()
        for first, second in (both, reversed(both)):
            tool = Tool.__new__(Tool)
            tool.path = None
            for words, action in ((first.words, "up"), (second.words, "down")):
                tool.host, tool.words = host.host, words
                expect_equal(tool.run(action, "wg0").returncode, 0, f"{words} {action}")
            host.gone()
            expect_equal({**host.state(), "src_valid_mark": ""}, {**clean, "src_valid_mark": ""}, "what is left")


main(__file__)
