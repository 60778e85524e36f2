# SPDX-License-Identifier: MIT
"""What both wg and vole are given by wg_golden.py: configuration files, words of `set`, keys on stdin.

What the two programs do differently with an input is in DIFFERENT_FILES and DIFFERENT_WORDS, with the reason,
and is checked to differ. Words in braces are replaced: the names of SECRETS become paths of files, {missing} is
the path of no file, {nothing} an empty word and {space} a space.
"""

import base64


def key(number):
    return base64.b64encode(bytes([number]) * 32).decode()


# Clamped, as it is read back.
PRIVATE = base64.b64encode(bytes([0x48] + [0x49] * 30 + [0x4a])).decode()
PSK, OTHER_PSK, ONE, TWO, THREE = key(7), key(8), key(1), key(2), key(3)
ZERO = key(0)
PEER = f"[Peer]\nPublicKey = {ONE}\n"
INTERFACE = f"[Interface]\nPrivateKey = {PRIVATE}\nListenPort = 40000\n"
EVERYTHING = f"""{INTERFACE}FwMark = 0xca6c

[Peer]
PublicKey = {ONE}
PresharedKey = {PSK}
AllowedIPs = 10.1.0.0/16, fd01::/64, 10.1.2.3/32
Endpoint = 192.0.2.1:1000
PersistentKeepalive = 25

[Peer]
PublicKey = {TWO}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = [2001:db8::1]:2000
"""


def with_interface(line):
    return f"[Interface]\n{line}\n"


def with_peer(line):
    return f"{PEER}{line}\n"


GOOD_FILES = {
    "everything": EVERYTHING,
    "nothing": "",
    "only a comment": "# nothing here\n",
    "only an interface": "[Interface]\n",
    "only a private key": with_interface(f"PrivateKey = {PRIVATE}"),
    "only a port": with_interface("ListenPort = 7"),
    "only a mark": with_interface("FwMark = 7"),
    "only a peer": PEER,
    "everything again": EVERYTHING,
    "carriage returns": EVERYTHING.replace("\n", "\r\n"),
    "no line feed at the end": EVERYTHING.rstrip("\n"),
    "no white space": EVERYTHING.replace(" ", ""),
    "white space everywhere": EVERYTHING.replace("=", "\t = \v").replace("[", " [ ").replace(".", " . "),
    "upper case": EVERYTHING.replace("PublicKey", "PUBLICKEY").replace("[Peer]", "[PEER]").replace("IPs", "IPS"),
    "lower case": EVERYTHING.replace("Peer", "peer").replace("Interface", "interface").replace("Endpoint", "endpoint"),
    "comments": "#x\n" + EVERYTHING.replace("\n", " # [Peer] PublicKey = x\n"),
    "two interface sections": f"{with_interface('ListenPort = 1')}{with_interface('FwMark = 2')}",
    "sections that interleave":
        f"{PEER}AllowedIPs = 10.0.0.0/8\n{INTERFACE}[Peer]\nPublicKey = {TWO}\n[Interface]\nFwMark = 9\n",
    "keys twice": f"[Interface]\nListenPort = 1\nListenPort = 2\n{PEER}PublicKey = {TWO}\nPersistentKeepalive = 1\n"
                  "PersistentKeepalive = 2\nEndpoint = 192.0.2.1:1\nEndpoint = 192.0.2.2:2\n",
    "allowed IPs in several lines": with_peer("AllowedIPs = 10.0.0.0/8\nAllowedIPs = 11.0.0.0/8,fd00::/8"),
    "allowed IPs without length": with_peer("AllowedIPs = 10.0.0.1, fd00::1"),
    "allowed IPs with host bits": with_peer("AllowedIPs = 10.0.0.1/8, fd00::1/64"),
    "allowed IPs twice": with_peer("AllowedIPs = 10.0.0.0/8, 10.0.0.0/8"),
    "length with leading zeros": with_peer("AllowedIPs = 10.0.0.0/008"),
    "shortest and longest": with_peer("AllowedIPs = 0.0.0.0/0, ::/0, 1.2.3.4/32, ::1/128, ::ffff:1.2.3.4/96"),
    "port as a service": with_interface("ListenPort = domain"),
    "port with leading zeros": with_interface("ListenPort = 00080"),
    "largest port": with_interface("ListenPort = 65535"),
    "port that wraps": with_interface("ListenPort = 65537"),
    "mark off": with_interface("FwMark = OFF"),
    "mark that looks octal": with_interface("FwMark = 010"),
    "largest mark": with_interface("FwMark = 0xffffffff"),
    "mark in upper-case digits": with_interface("FwMark = 0xABCDEF"),
    "largest mark in decimal": with_interface("FwMark = 4294967295"),
    "keepalive off": with_peer("PersistentKeepalive = oFF"),
    "keepalive 0": with_peer("PersistentKeepalive = 0"),
    "largest keepalive": with_peer("PersistentKeepalive = 65535"),
    "endpoint of version 6": with_peer("Endpoint = [2001:db8::1]:51820"),
    "endpoint without brackets": with_peer("Endpoint = 2001:db8::1:51820"),
    "endpoint of a link": with_peer("Endpoint = [fe80::1%lo]:51820"),
    "endpoint with a service": with_peer("Endpoint = 192.0.2.1:domain"),
    "endpoint in old notation": with_peer("Endpoint = 127.1:51820"),
    "endpoint with port 0": with_peer("Endpoint = 192.0.2.1:0"),
    "endpoint by name": with_peer("Endpoint = named.example:51820"),
    "the same peer twice": f"{PEER}AllowedIPs = 10.0.0.0/8\nPersistentKeepalive = 5\n{PEER}AllowedIPs = 11.0.0.0/8\n",
    "allowed IP of two peers": f"{PEER}AllowedIPs = 10.0.0.0/8\n[Peer]\nPublicKey = {TWO}\nAllowedIPs = 10.0.0.0/8\n",
    "preshared key of zeros": with_peer(f"PresharedKey = {ZERO}"),
    "private key of zeros": with_interface(f"PrivateKey = {ZERO}"),
    "private key that is not clamped": with_interface(f"PrivateKey = {key(255)}"),
    "public key of zeros": f"[Peer]\nPublicKey = {ZERO}\n",
    "many allowed IPs": with_peer("AllowedIPs = " + ",".join(f"10.{i >> 8}.{i & 255}.0/24" for i in range(3000))),
    "many peers": "".join(f"[Peer]\nPublicKey = {base64.b64encode(i.to_bytes(32, 'big')).decode()}\n"
                          f"PresharedKey = {PSK}\nAllowedIPs = 10.{i >> 8}.{i & 255}.0/24, fd00:{i:x}::/32\n"
                          f"Endpoint = 192.0.2.1:{i}\n" for i in range(1, 500)),
    "a byte 0": EVERYTHING.replace("25\n", "25\0 7\n"),
}

BAD_FILES = {
    "no section": f"PrivateKey = {PRIVATE}\n",
    "an unknown section": "[Interfaces]\n",
    "an unknown key": with_interface("Frobnicate = yes"),
    "a key of wg-quick": with_interface("Address = 10.0.0.1/8"),
    "a peer's key of the interface": with_interface("AllowedIPs = 10.0.0.0/8"),
    "the interface's key of a peer": with_peer("ListenPort = 1"),
    "no equals sign": with_interface("ListenPort 5"),
    "only a word": with_interface("ListenPort"),
    "a colon": with_interface("ListenPort: 5"),
    "no public key": "[Peer]\nAllowedIPs = 10.0.0.0/8\n",
    "second peer without public key": f"{PEER}[Peer]\n",
    "good first, bad later": EVERYTHING + "Colour = blue\n",
    **{f"empty {name}": with_interface(f"{name} =") for name in ("PrivateKey", "ListenPort", "FwMark")},
    **{f"empty {name}": with_peer(f"{name} =") for name in ("PublicKey", "PresharedKey", "AllowedIPs", "Endpoint",
                                                            "PersistentKeepalive")},
    **{f"private key {what}": with_interface(f"PrivateKey = {text}") for what, text in (
        ("too short", PRIVATE[1:]), ("too long", "A" + PRIVATE), ("without end", PRIVATE[:-1] + "A"),
        ("of other characters", "*" + PRIVATE[1:]), ("with unused bits", key(1)[:-2] + "F="),
        ("in hex", "48" * 32))},
    "public key too short": f"[Peer]\nPublicKey = {ONE[1:]}\n",
    "preshared key too short": with_peer(f"PresharedKey = {PSK[1:]}"),
    **{f"port {text}": with_interface(f"ListenPort = {text}") for text in ("-1", "nonsense", "80x", "1.5")},
    **{f"mark {text}": with_interface(f"FwMark = {text}") for text in (
        "0X10", "-1", "4294967296", "0x100000000", "0x", "0xg", "1x", "nonsense")},
    **{f"keepalive {text}": with_peer(f"PersistentKeepalive = {text}") for text in (
        "65536", "-1", "nonsense", "0x10", "25s")},
    **{f"allowed IP {text}": with_peer(f"AllowedIPs = {text}") for text in (
        "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/a", "10.0.0/8", "10.0.0.0/8,",
        ",10.0.0.0/8", "10.0.0.0/8,,::/0", "::/0/0", "10.0.0.0/8/8", "nonsense", "nonsense/8", "fd00::g/8",
        "10.0.0.0/0x8", "++10.0.0.0/8", "10.0.0.0/99999999999999999999")},
    **{f"endpoint {text}": with_peer(f"Endpoint = {text}") for text in (
        "192.0.2.1", "192.0.2.1:", "[2001:db8::1]", "[2001:db8::1]:", "[2001:db8::1:5", "[2001:db8::1]5",
        "unknown.example:5", "[fe80::1%nothere]:5")},
}

# Words behind `set INTERFACE`, one after another on the same interface.
GOOD_WORDS = [
    "listen-port 40001", "listen-port domain", "listen-port 0", "listen-port 40002", "fwmark 0x10", "fwmark off",
    "fwmark 5", "private-key {private}", "private-key {private_spaces}",
    f"peer {ONE} preshared-key {{psk}} endpoint 192.0.2.1:5 persistent-keepalive 9 allowed-ips 10.1.0.0/16,fd01::/64",
    f"peer {ONE} allowed-ips 10.2.0.0/16 allowed-ips 10.3.0.0/16", f"peer {ONE} endpoint [2001:db8::1]:7",
    f"peer {TWO} allowed-ips 10.2.0.0/16", f"peer {TWO} peer {THREE} allowed-ips 10.1.2.3/8",
    f"peer {ONE} endpoint named.example:9",
    f"peer {ONE} preshared-key {{other_psk}} peer {TWO} preshared-key {{psk}}", f"peer {ONE} preshared-key {{empty}}",
    f"peer {TWO} preshared-key /dev/null", f"peer {ONE} persistent-keepalive off",
    f"peer {ONE} allowed-ips {{nothing}}",
    f"listen-port 40003 fwmark 9 peer {THREE} allowed-ips 10.0.0.0/8 peer {THREE} persistent-keepalive 3",
    f"peer {TWO} remove", f"peer {TWO} remove endpoint 192.0.2.1:5", f"peer {THREE} allowed-ips 10.0.0.0/8 remove",
    f"peer {TWO} allowed-ips 1.2.3.4", f"peer {ONE} peer {ONE}", "private-key {empty}", "private-key /dev/null",
    f"peer {ZERO} persistent-keepalive 65535",
    f"peer {ONE} allowed-ips {{space}}10.1.0.0/{{space}}16,{{space}}fd01::/64",
    f"peer {ONE} allowed-ips {{space}}",
]

BAD_WORDS = [
    "nonsense", "Listen-Port 5", "listen-port", "listen-port -1", "listen-port 5x", "fwmark 0X1", "fwmark",
    "private-key {missing}", "private-key {short}", "private-key {trailing}", "private-key {malformed}",
    "private-key /", f"private-key {PRIVATE}", "endpoint 192.0.2.1:5", "remove", "allowed-ips 10.0.0.0/8",
    "persistent-keepalive 5",
    "preshared-key {psk}", "peer", "peer nonsense", f"peer {ONE[1:]}", f"peer {ONE} listen-port 5",
    f"peer {ONE} fwmark 5", f"peer {ONE} private-key {{private}}", f"peer {ONE} endpoint",
    f"peer {ONE} endpoint 192.0.2.1",
    f"peer {ONE} endpoint {{nothing}}", f"peer {ONE} endpoint unknown.example:1", f"peer {ONE} allowed-ips 10.0.0.0/33",
    f"peer {ONE} allowed-ips 10.0.0.0/8,", f"peer {ONE} allowed-ips", f"peer {ONE} persistent-keepalive 65536",
    f"peer {ONE} preshared-key {{short}}", f"peer {ONE} preshared-key {{missing}}",
    f"listen-port 5 peer {ONE} nonsense", f"peer {ONE} remove peer", "listen-port {nothing}", "fwmark {nothing}",
    "private-key {nothing}",
]

SECRETS = {
    "private": PRIVATE, "private_spaces": PRIVATE + " \n\t\r\n\n", "psk": PSK + "\n", "other_psk": OTHER_PSK,
    "empty": "", "short": PSK[:-1], "trailing": PSK + "\nx", "malformed": "*" + PSK[1:],
}

# What each program does differently with the same input, and why.
OLDER = "the current wg does as vole, Debian's older one does not"
DIFFERENT_FILES = {
    "signs that add and take": (with_peer("AllowedIPs = +10.0.0.0/8, -11.0.0.0/8"), OLDER),
    "a key file": (with_interface("PrivateKeyFile = private"), "vole reads keys from files"),
}
DIFFERENT_WORDS = {
    f"peer {ONE} allowed-ips +10.99.0.0/16": OLDER,
    f"peer {ONE} allowed-ips -10.99.0.0/16": OLDER,
    f"peer {ONE} allowed-ips +10.97.0.0/16,10.98.0.0/16": OLDER,
}

# For pubkey.
PUBKEY_INPUTS = [
    PRIVATE, PRIVATE + "\n", PRIVATE + " \t\r\n\v\f\n", PRIVATE + "\0\0", PRIVATE + "\nx", PRIVATE + "x",
    PRIVATE[:-1], "", "\n" + PRIVATE, " " + PRIVATE, "*" + PRIVATE[1:], PRIVATE[:-1] + "A",
    key(1)[:-2] + "F=", key(255),
    ZERO, PRIVATE * 2, PRIVATE + "\n" * 5000,
]
