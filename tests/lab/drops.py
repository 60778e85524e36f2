#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every dropped packet has a reason, and `vole show NAME drops` names it."""

import os
import socket

from harness.cases import case, main
from harness.daemon import VOLE, Daemon, connect, key_pair
from harness.lab import expect, expect_equal, wait_for
from harness.packets import DATA, Sniffer, sham_initiation, udp_socket
from harness.traffic import cannot_ping, ping

A, B = ["10.9.0.1/24", "fd09::1/64"], ["10.9.0.2/24", "fd09::2/64"]
OWN = "others do not count drops"


def pair(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, A, B, other_address="192.0.2.2")
    ping(a, "10.9.0.2")
    return one, other


def says(daemon, *words):
    wait_for(lambda: all(word in daemon.drops() for word in words), f"{words} in the drops:\n{daemon.drops()}", 5)


@case(voled_only=OWN)
def nothing_is_dropped_in_an_ordinary_life(lab):
    one, other = pair(lab)
    ping(other.host, "fd09::1")
    for daemon in (one, other):
        says(daemon, "no packet was dropped")


@case(voled_only=OWN)
def a_source_that_is_not_allowed(lab):
    one, other = pair(lab)
    one.host.address("wg0", "10.9.0.99/24")
    before = other.transfer(one.public_key)[0]
    made = udp_socket(one.host, socket.AF_INET, "10.9.0.99")
    for _ in range(7):
        made.sendto(b"x", ("10.9.0.2", 9))
    says(other, "among this peer's allowed IPs", "7")
    says(other, one.public_key)
    expect_equal(other.transfer(one.public_key)[0], before, "they are not counted as received")


@case(voled_only=OWN)
def garbage_strangers_and_repetitions(lab):
    one, other = pair(lab)
    outside = udp_socket(one.host, socket.AF_INET, "192.0.2.1")
    target = ("192.0.2.2", 51820)
    outside.sendto(b"hello", target)
    says(other, "is not a WireGuard message")
    outside.sendto(sham_initiation(key_pair()[1]), target)
    says(other, "another public key")
    outside.sendto(sham_initiation(other.public_key), target)
    says(other, "could not be decrypted")
    outside.sendto(b"\4\0\0\0" + os.urandom(60), target)
    says(other, "a session that does not exist")
    sniffer = Sniffer(other.host, "eth0")
    ping(one.host, "10.9.0.2", count=1)
    data = sniffer.wait(lambda seen: seen.kind == DATA and not seen.outgoing, "a data packet")[0].payload
    endpoint = other.endpoint(one.public_key)
    outside.sendto(data, target)
    says(other, "received twice")
    outside.sendto(data[:16] + bytes([data[16] ^ 1]) + data[17:], target)
    says(other, "data could not be decrypted")
    expect_equal(other.endpoint(one.public_key), endpoint, "the endpoint does not follow a repeated packet")
    ping(one.host, "10.9.0.2")


@case(voled_only=OWN)
def a_wrong_preshared_key(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.cable(a, "eth0", b, "eth0")
    a.address("eth0", "192.0.2.1/24")
    b.address("eth0", "192.0.2.2/24")
    one, other = Daemon(a), Daemon(b)
    connect(one, other, A, B, other_address="192.0.2.2")
    one.set("peer", other.public_key, "preshared-key", lab.file("psk", key_pair()[0]))
    cannot_ping(a, "10.9.0.2")
    says(one, "the preshared keys of the two sides differ")


@case(voled_only=OWN)
def the_words_for_machines_and_features(lab):
    one, _ = pair(lab)
    text = one.host.output(VOLE, "show", "wg0", "features")
    for word in ("udp_segment", "udp_gro", "tun_tso", "avx2", "avx512"):
        expect(word in text, f"'{word}' in vole show wg0 features: {text}")
    got, wanted = (one.host.output(program, "show", "wg0", "dump") for program in (VOLE, "wg"))
    expect_equal(got, wanted, "vole show wg0 dump and wg show wg0 dump")


@case(voled_only=OWN)
def vector_code_is_given_up_when_told(lab):
    def features(host, variable):
        daemon = Daemon(lab.host(host), environment={variable: "1"})
        words = [line.split() for line in daemon.host.output(VOLE, "show", "wg0", "features").splitlines()]
        return {line[0]: " ".join(line[1:]) for line in words}

    without_avx2, without_avx512 = features("a", "VOLE_NO_AVX2"), features("b", "VOLE_NO_AVX512")
    expect_equal(without_avx2["avx2"], "off by --no-avx2", "avx2 with VOLE_NO_AVX2")
    expect_equal(without_avx2["avx512"], "off by --no-avx2", "avx512 with VOLE_NO_AVX2")
    expect_equal(without_avx512["avx512"], "off by --no-avx512", "avx512 with VOLE_NO_AVX512")
    expect(without_avx512["avx2"] in ("on", "off this processor has none"), "avx2 with VOLE_NO_AVX512")


main(__file__)
