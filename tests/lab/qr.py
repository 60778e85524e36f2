#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`vole qr`, read by somebody else: what the terminal shows becomes a picture, which zbarimg reads."""

import os
import re
import shutil
import subprocess

from harness.cases import Skipped, case, main
from harness.daemon import VOLE, key_pair, preshared_key
from harness.lab import expect, expect_equal

COLOURS, PLAIN = dict(WG_COLOR_MODE="always"), dict(WG_COLOR_MODE="never")
UPPER, LOWER = {"█": 1, "▀": 1, "▄": 0, " ": 0}, {"█": 1, "▀": 0, "▄": 1, " ": 0}
BLACK_AND_WHITE = re.compile("\x1b\\[97;40m(.*)\x1b\\[0m")


def host_of(lab):
    host = lab.host("host")
    if "without QR codes" in host.run(VOLE, "qr", "x", check=False).stderr:
        raise Skipped("vole was built without libqrencode")
    expect(shutil.which("zbarimg"), "zbarimg is missing: scripts/setup test")
    return host


def read(lab, drawing):
    """The text of the code in a drawing without colours."""
    lines = drawing.splitlines()
    expect_equal({len(line) for line in lines}, {len(lines[0])}, "widths of lines")
    rows = [[table[character] for character in line] for line in lines for table in (UPPER, LOWER)]
    # On a dark screen: light modules are what is drawn. Three pixels a module, with something dark around.
    width = len(rows[0]) + 8
    dark = [0] * width
    rows = [dark] * 4 + [[0] * 4 + row + [0] * 4 for row in rows] + [dark] * 4
    pixels = b"".join(bytes(255 * light for light in row for _ in range(3)) * 3 for row in rows)
    picture = os.path.join(lab.folder, "picture.pgm")
    with open(picture, "wb") as out:
        out.write(b"P5 %d %d 255\n" % (3 * width, 3 * len(rows)) + pixels)
    found = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture], capture_output=True, text=True,
                           timeout=30)
    expect_equal(found.returncode, 0, f"zbarimg: {found.stderr}")
    return found.stdout.removesuffix("\n")  # zbarimg adds one


def phone(private, public, psk, comments=""):
    return (f"{comments}[Interface]\n{private}\nAddress = 10.7.0.2/32, fd07::2/128\nDNS = 10.7.0.1\n"
            f"[Peer]\nPublicKey = {public}\n{psk}\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = gate.example:51820\n")


@case
def what_is_drawn_is_the_file_without_comments(lab):
    host = host_of(lab)
    private, public, psk = key_pair()[0], key_pair()[1], preshared_key()
    wanted = phone(f"PrivateKey = {private}", public, f"PresharedKey = {psk}")
    written = ("# Größe 42\n\n" + wanted.replace("DNS = 10.7.0.1", "  DNS = 10.7.0.1\t# resolver\r").replace("[Peer]", "\n[Peer]\n# Name = gate"))
    path = lab.file("wg0.conf", written)
    plain = host.run(VOLE, "qr", path, environment=PLAIN)
    expect_equal(read(lab, plain.stdout), wanted, "the code's text")
    expect("private key" in plain.stderr and private not in plain.stderr, plain.stderr)
    lines = plain.stdout.splitlines()
    expect(all(set(line) == {"█"} for line in lines[:2] + lines[-2:]) and all(line[:4] + line[-4:] == "█" * 8 for line in lines), "border")
    # With colours it is the same, white on black whatever the terminal's own colours are.
    coloured = host.run(VOLE, "qr", path, environment=COLOURS).stdout.splitlines()
    expect_equal([BLACK_AND_WHITE.fullmatch(line)[1] for line in coloured], lines, "with colours")
    expect_equal(read(lab, host.run(VOLE, "qr", path).stdout), wanted, "into a pipe")


@case
def keys_in_files_are_written_out(lab):
    host = host_of(lab)
    private, public, psk = key_pair()[0], key_pair()[1], preshared_key()
    lab.file("key", private)
    lab.file("psk", psk)
    path = lab.file("wg0.conf", phone("PrivateKeyFile = key", public, "PresharedKeyFile = psk"))
    expect_equal(read(lab, host.run(VOLE, "qr", path).stdout), phone(f"PrivateKey = {private}", public, f"PresharedKey = {psk}"), "text")
    host.shell(f"mkdir -p /etc/wireguard; mount -t tmpfs -o mode=700 tmpfs /etc/wireguard; cp {path} {lab.folder}/key {lab.folder}/psk "
               "/etc/wireguard")
    expect(psk in read(lab, host.run(VOLE, "qr", "wg0").stdout), "by the interface's name")
    os.unlink(f"{lab.folder}/psk")
    result = host.run(VOLE, "qr", path, check=False)
    expect_equal((result.returncode, result.stdout), (1, ""), "without a key file")


@case
def as_long_as_a_code_can_be_and_no_longer(lab):
    host = host_of(lab)
    text = phone(f"PrivateKey = {key_pair()[0]}", key_pair()[1], f"PresharedKey = {preshared_key()}")
    room = 2953 - len(text) - len("AllowedIPs = \n")
    networks = ",".join("10.11.12.13/32" for _ in range(room // 15))
    longest = f"{text}AllowedIPs = {networks}\n"
    longest = longest.replace("gate.example", "g" * (2953 - len(longest)) + "gate.example")
    expect_equal(len(longest), 2953, "length")
    expect_equal(read(lab, host.run(VOLE, "qr", lab.file("wg0.conf", longest)).stdout), longest, "the longest")
    result = host.run(VOLE, "qr", lab.file("wg0.conf", longest.replace("gate", "gates")), check=False)
    expect_equal((result.returncode, result.stdout), (1, ""), "one byte more")
    expect("2953 bytes at most, and this file has 2954" in result.stderr, result.stderr)


@case
def a_terminal_that_is_too_narrow(lab):
    host = host_of(lab)
    path = lab.file("wg0.conf", phone(f"PrivateKey = {key_pair()[0]}", key_pair()[1], f"PresharedKey = {preshared_key()}"))
    width = len(host.output(VOLE, "qr", path).splitlines()[0])
    for columns, good in ((width, True), (width - 1, False)):
        script = f"stty columns {columns}; {VOLE} qr {path}"
        shown = host.run("script", "-qec", script, "/dev/null", check=False)
        expect_equal(shown.returncode, 0 if good else 1, f"exit status at {columns} columns")
        expect_equal(good, len(BLACK_AND_WHITE.findall(shown.stdout)) > 20, "a drawing")
        expect(good or f"{width} columns wide, and this terminal has {columns}" in shown.stdout, shown.stdout)


@case
def what_phones_do_not_know_is_said(lab):
    host = host_of(lab)
    good = phone(f"PrivateKey = {key_pair()[0]}", key_pair()[1], "")
    for line, said in (("Table = off", "Table"), ("PostUp = true", "PostUp"), ("FwMark = 1", "FwMark"), ("SaveConfig = true", "SaveConfig"),
                       ("MTU = 1400", None)):
        warning = host.run(VOLE, "qr", lab.file("wg0.conf", good.replace("DNS", f"{line}\nDNS"))).stderr
        expect_equal(said is not None, "do not know" in warning, line)
        expect(said is None or said in warning, warning)
    result = host.run(VOLE, "qr", lab.file("wg0.conf", good.replace("DNS", "DSN")), check=False)
    expect("wg0.conf:4:1: " in result.stderr and (result.returncode, result.stdout) == (1, ""), f"{result}")


main(__file__)
