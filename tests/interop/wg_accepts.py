#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Some hundreds of damaged files for Debian's `wg setconf` and for `vole setconf`: both take a file or both
refuse it, and what was taken is the same configuration. The differences that are wanted are listed below.

The files are the same in each run; VOLE_SEED=N makes others, VOLE_FILES=N more of them.
"""

import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, Daemon, key_pair, preshared_key
from harness.lab import Failed, expect

FILES = int(os.environ.get("VOLE_FILES", "250"))
SEED = os.environ.get("VOLE_SEED", "files")
KEYS = [key_pair()[1] for _ in range(3)]
INTERFACE = {
    "PrivateKey": [key_pair()[0], "A" * 43 + "=", KEYS[0][:-1], KEYS[0] + "=", KEYS[0][:-2] + "B="],
    "ListenPort": ["51820", "0", "65535", "65536", "65537", "domain", "-1", "+7", "007", "4294967297", "1e3", "99999999999"],
    "FwMark": ["0", "off", "OFF", "51820", "0xca6c", "0XCA6C", "010", "4294967295", "4294967296", "0xffffffff", "-1"],
}
PEER = {
    "PublicKey": KEYS + [KEYS[0][:-1], "A" * 43 + "="],
    "PresharedKey": [preshared_key(), "A" * 43 + "=", "none"],
    "AllowedIPs": ["10.0.0.0/8", "10.0.0.0/8, fd00::/64", "192.0.2.1,::1", "10.0.0.1/8", "0.0.0.0/0,::/0", "::/0/0",
                   "10.0.0.0/33", "10/8", "10.0.0.0/08", "+10.0.0.0/8", "-10.0.0.0/8", "::ffff:1.2.3.4/96", ",", "x"],
    "Endpoint": ["192.0.2.1:51820", "[2001:db8::1]:51820", "::1:51820", "192.0.2.1:domain", "192.0.2.1", "[::1]", "[::1]:",
                 ":1", "[192.0.2.1]:5", "192.0.2.1:65537", "[::1]x:1", "2001:db8::1"],
    "PersistentKeepalive": ["25", "0", "off", "Off", "65535", "65536", "025", "0x19", "-1", "25s"],
}
OTHER_LINES = ["", "#", "# Name = x", "[Interface]", "[Peer]", "[peer] # x", "[ Peer ]", "[Peers]", "Foo = bar", "AllowedIPs =",
               "ListenPort", "= 5", "Address = 10.0.0.1/24", "ListenPort = # 5", "\tFw Mark\t= 1 2 \r", "PUBLICKEY=" + KEYS[2]]
CHARACTERS = " \t\r\v#=,:/[]+-.x0129aAfF%\0\x7f\n"

# (in wg's messages, in vole's messages, why they may disagree); None: anything.
WANTED = [
    (r"Unable to parse IP address: `[+-]", None, "the sign of an allowed IP is newer than Debian's wg"),
    (r"Line unrecognized: `(PrivateKeyFile|PresharedKeyFile)=", None, "only vole reads keys from files of their own"),
    (r"Name or service not known", r"Endpoint is given again", "vole does not ask for an endpoint that does not count"),
    (None, r"Fwmark is neither 0/off nor 0-0xffffffff: `0x", "0x, 0x0x1 and 0x-1 are no numbers, though strtoul() has them"),
]


def damaged(rng, text):
    """One place of it changed."""
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1:]
    if kind == 1:
        return text[:at] + rng.choice(CHARACTERS) + text[at:]
    if kind == 2:
        return text[:at] + rng.choice(CHARACTERS) + text[at + 1:]
    other = rng.randrange(len(text) + 1)
    return text[:max(at, other)] + text[min(at, other):]


def section(rng, header, keys, good):
    lines = [header]
    for key, values in keys.items():
        # The first value of each is right; the others may be.
        for _ in range(rng.choice((0, 1, 1, 1, 2)) if key != "PublicKey" else 1):
            lines.append(f"{key} = {values[0] if rng.random() < good else rng.choice(values)}")
    return lines


def made_up(rng):
    """A file in which something may be wrong."""
    good = rng.choice((0.8, 0.97, 1))
    lines = section(rng, "[Interface]", INTERFACE, good)
    for _ in range(rng.randrange(3)):
        lines += section(rng, "[Peer]", PEER, good)
    if rng.random() < 0.25:
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(OTHER_LINES))
    text = rng.choice(("\n", "\n", "\r\n")).join(lines) + rng.choice(("\n", ""))
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        text = damaged(rng, text)
    return text


class Side:
    """An interface and the program that sets it."""

    def __init__(self, lab, name, program):
        self.host, self.program = lab.host(name), program
        self.host.run("mount", "--bind", lab.file("nsswitch", "hosts: files\nservices: files\n"), "/etc/nsswitch.conf")
        self.daemon = Daemon(self.host)

    def take(self, folder, count):
        """Sets all files one after another: list of (taken, messages, configuration)."""
        self.host.shell(f"""
            cd {folder}
            for number in $(seq 0 {count - 1}); do
                taken=1
                {self.program} setconf wg0 $number >/dev/null 2>{self.host.name}.$number.said || taken=0
                echo $taken >{self.host.name}.$number.taken
                wg showconf wg0 >{self.host.name}.$number.conf
            done""", timeout=100, environment={"WG_ENDPOINT_RESOLUTION_RETRIES": "0"})
        results = []
        for number in range(count):
            taken, said, conf = (open(os.path.join(folder, f"{self.host.name}.{number}.{what}"), encoding="utf-8",
                                      errors="replace").read() for what in ("taken", "said", "conf"))
            results.append((taken.strip() == "1", said, conf))
        return results


def is_wanted(wg_said, vole_said):
    """A listed reason for which one takes a file that the other refuses."""
    for wg_pattern, vole_pattern, why in WANTED:
        if re.search(wg_pattern or "", wg_said) and re.search(vole_pattern or "", vole_said):
            return why
    return None


def same_configuration(text, one, other):
    """Without a port in the file each interface has one of its own."""
    if not re.search(r"(?im)^\s*l\s*i\s*s\s*t", text) or re.search(r"(?m)^ListenPort = 0$", text):
        one, other = (re.sub(r"ListenPort = \d+\n", "", conf) for conf in (one, other))
    return one == other


@case(seconds=150)
def the_same_files_are_taken_with_the_same_result(lab):
    rng = random.Random(SEED)
    texts = [made_up(rng) for _ in range(FILES)]
    for number, text in enumerate(texts):
        lab.file(str(number), text)
    wg, vole = Side(lab, "wg", "wg"), Side(lab, "vole", VOLE)
    taken = refused = 0
    wanted = {}
    for text, (by_wg, wg_said, wg_conf), (by_vole, vole_said, vole_conf) in zip(
            texts, wg.take(lab.folder, FILES), vole.take(lab.folder, FILES)):
        taken, refused = taken + by_vole, refused + (not by_vole)
        shown = f"of {text!r}\nwg says: {wg_said}vole says: {vole_said}"
        if by_wg != by_vole:
            why = is_wanted(wg_said, vole_said)
            expect(why, f"wg {'takes' if by_wg else 'refuses'}, vole {'takes' if by_vole else 'refuses'}, {shown}")
            wanted[why] = wanted.get(why, 0) + 1
        elif by_wg and not same_configuration(text, wg_conf, vole_conf):
            raise Failed(f"another configuration {shown}{wg_conf}---\n{vole_conf}")
        expect(by_vole or vole_said, f"nothing is said {shown}")
    expect(min(taken, refused) > FILES / 10, f"{taken} files were taken and {refused} refused")
    print(f"     {taken} taken, {refused} refused, differences: {wanted}")


main(__file__)
