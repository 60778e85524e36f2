#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The capture of vole explain, in the eyes of tshark: every packet is whole, and with the keys in the file opened."""

import base64
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE
from harness.lab import expect, expect_equal

SECRETS = 10  # type of a block
BEGINS = 1767225600  # 2026-01-01 00:00:00 UTC
FIELDS = ["frame.number", "frame.len", "frame.time_epoch", "frame.protocols", "wg.type", "wg.handshake_ok", "wg.decryption_error",
          "_ws.malformed", "ip.checksum.status", "udp.checksum.status", "icmp.type", "icmp.checksum.status", "data.data", "frame.comment"]
INSIDE = {"ping": "raw:ip:udp:wg:ip:icmp:data", "echo": "raw:ip:udp:wg:ip:icmp:data", "question": "raw:ip:udp:wg:ip:udp:data",
          "answer": "raw:ip:udp:wg:ip:udp:data", None: "raw:ip:udp:wg"}


def explain(*words):
    return subprocess.run([VOLE, "explain", *words], check=True, capture_output=True).stdout


def dissect(name):
    """What tshark says of each packet, {field: [values]}, and nothing but the file to know it from."""
    words = ["tshark", "-r", name, "-T", "fields", "-E", "separator=|", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
    for field in FIELDS:
        words += ["-e", field]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as tshark:
        rows = [dict(zip(FIELDS, (value.split(",") if value else [] for value in line.split("|")))) for line in tshark.stdout.read().splitlines()]
    expect_equal(tshark.returncode, 0, "tshark's exit status")
    return rows


def without_secrets(capture):
    kept, at = b"", 0
    while at < len(capture):
        kind, length = struct.unpack_from("<II", capture, at)
        kept += b"" if kind == SECRETS else capture[at:at + length]
        at += length
    return kept


def look_at(name, *seed):
    """The capture of these keys: every packet is what the story says."""
    explain("--capture", name, *seed)
    act = json.loads(explain("--json", *seed))["journey"]
    rows = dissect(name)
    expect_equal(len(rows), len(act["capture"]["packets"]), "packets")
    for row, packet in zip(rows, act["capture"]["packets"]):
        where = f"packet {packet['number']}, {packet['says']}"
        expect_equal(row["frame.len"], [str(packet["outer_length"])], where)
        expect_equal(row["frame.protocols"], [INSIDE[packet["inside"]]], where)
        expect(abs(float(row["frame.time_epoch"][0]) - BEGINS - packet["at"]) < 2e-6, f"{where}: {row['frame.time_epoch']}")
        expect_equal(row["frame.comment"], [packet["says"]], where)
        expect_equal(row["wg.decryption_error"] + row["_ws.malformed"], [], where)
        expect(set(row["ip.checksum.status"] + row["udp.checksum.status"] + row["icmp.checksum.status"]) == {"1"}, f"{where}: checksums")
        if packet["says"].startswith("initiation") or packet["says"] == "response":
            expect(row["wg.handshake_ok"] == ["1"] or row["wg.type"] == ["1"], f"{where}: opened")
        if packet["inside"] in ("ping", "echo"):
            expect_equal(row["icmp.type"], ["8" if packet["inside"] == "ping" else "0"], where)
    for word, way in (("question", "out"), ("answer", "back")):
        expect_equal(rows[act["capture"][word] - 1]["data.data"], [act[way]["app"]["payload"]], word)
    with open(name, "rb") as file:
        expect(file.read() == base64.b64decode(act["capture"]["base64"]), "the page offers the same file")


@case
def tshark_opens_every_packet_with_the_keys_in_the_file(_lab):
    look_at("/tmp/public.pcapng")


@case
def so_it_does_with_fresh_keys(_lab):
    look_at("/tmp/fresh.pcapng", "--seed", os.urandom(32).hex())


@case
def without_the_keys_tshark_sees_the_outside_only(_lab):
    with open("/tmp/closed.pcapng", "wb") as file:
        file.write(without_secrets(explain("--capture", "-")))
    rows = dissect("/tmp/closed.pcapng")
    expect(len(rows) > 10, "packets")
    expect_equal({row["frame.protocols"][0] for row in rows}, {"raw:ip:udp:wg"}, "what is seen")
    expect_equal([row["_ws.malformed"] for row in rows if row["_ws.malformed"]], [], "malformed")


main(__file__)
