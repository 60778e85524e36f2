#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The configuration socket: grammar, every key, every error; uapi §1 to §5."""

import base64
import contextlib
import os
import socket
import threading
import time

from harness.cases import case, main
from harness.daemon import IS_VOLED, Daemon, key_pair
from harness.lab import expect, expect_equal, wait_for
from harness.uapi import errno, hexadecimal, read_reply

EINVAL, EPROTO, EIO, EADDRINUSE = -22, -71, -5, -98
GET = "get=1\n\n"
OWN = "stricter than others"


def public_key():
    return hexadecimal(key_pair()[1])


def start(lab, **environment):
    daemon = Daemon(lab.host("a"), environment=environment)
    return daemon, daemon.uapi


@case
def first_lines_other_than_get_1_and_set_1_close_the_connection(lab):
    _, uapi = start(lab)
    for text in ("get=2\n\n", "hello\n\n", "get=1\r\n\r\n", "\n", " get=1\n\n", "GET=1\n\n", "set=\n\n"):
        expect_equal(uapi.request(text), "", f"reply to {text!r}")


@case
def get_1_must_be_followed_by_an_empty_line(lab):
    _, uapi = start(lab)
    expect_equal(abs(errno(uapi.request("get=1\nx"))), 22, "errno")


@case(voled_only=OWN)
def errors_of_get_are_positive(lab):
    _, uapi = start(lab)
    expect_equal(errno(uapi.request("get=1\nx\n\n")), 22, "errno")


@case
def operations_follow_each_other_on_one_connection(lab):
    _, uapi = start(lab)
    with uapi.connect() as connection:
        for request in (GET, "set=1\nfwmark=5\n\n", GET, "set=1\n\n"):
            connection.sendall(request.encode())
            expect_equal(errno(read_reply(connection).decode()), 0, f"errno of {request!r}")
        connection.sendall(b"get=1\n\nget=1\n\n")
        expect_equal(errno(read_reply(connection).decode()), 0, "errno of the first pipelined get")


@case(voled_only="others swallow what follows a set")
def pipelined_requests_are_all_answered_in_order(lab):
    _, uapi = start(lab)
    with uapi.connect() as connection:
        connection.sendall(b"set=1\nfwmark=1\n\nget=1\n\nset=1\nnonsense=1\nfwmark=2\n\nset=1\nlisten_port=5\n\nget=1\n\n")
        connection.shutdown(socket.SHUT_WR)
        text = b""
        while part := connection.recv(1 << 16):
            text += part
    replies = text.decode().split("\n\n")[:-1]
    expect_equal([reply.splitlines()[-1] for reply in replies],
                 ["errno=0", "errno=0", "errno=-22", "errno=0", "errno=0"], "replies in order")
    expect("fwmark=1\n" in replies[1] and "fwmark=1\n" in replies[4] and "listen_port=5\n" in replies[4],
           f"each get sees the sets before it: {replies}")


@case
def an_end_of_stream_ends_a_set(lab):
    _, uapi = start(lab)
    with uapi.connect() as connection:
        connection.sendall(b"set=1\nfwmark=77\n")
        connection.shutdown(socket.SHUT_WR)
        expect_equal(read_reply(connection), b"errno=0\n\n", "reply")
    expect_equal(uapi.get()[0].get("fwmark"), "77", "fwmark")


@case
def every_key_can_be_set_and_is_read_back(lab):
    daemon, uapi = start(lab)
    private, peer, other = hexadecimal(daemon.private_key), public_key(), public_key()
    psk = "ab" * 32
    expect_equal(uapi.set(f"private_key={private}", "listen_port=40123", "fwmark=4294967295", "replace_peers=true",
                          f"public_key={peer}", "protocol_version=1", f"preshared_key={psk}",
                          "endpoint=192.0.2.7:1234", "persistent_keepalive_interval=65535",
                          "replace_allowed_ips=true", "allowed_ip=10.1.2.3/16", "allowed_ip=::/0",
                          "allowed_ip=0.0.0.0/0", f"public_key={other}", "endpoint=[2001:db8::7]:65535"), 0, "errno")
    device, peers = uapi.get()
    peers = {one["public_key"]: one for one in peers}
    expect_equal(device, dict(private_key=private, listen_port="40123", fwmark="4294967295"), "device")
    one = peers[peer]
    expect_equal(sorted(one.pop("allowed_ip")), ["0.0.0.0/0", "10.1.0.0/16", "::/0"], "allowed IPs, masked")
    expect_equal(one, dict(public_key=peer, preshared_key=psk, protocol_version="1", endpoint="192.0.2.7:1234",
                           last_handshake_time_sec="0", last_handshake_time_nsec="0", tx_bytes="0", rx_bytes="0",
                           persistent_keepalive_interval="65535"), "first peer")
    expect_equal(peers[other]["endpoint"], "[2001:db8::7]:65535", "endpoint of the second peer")
    expect_equal(peers[other]["preshared_key"], "0" * 64, "no preshared key")
    expect_equal(peers[other]["persistent_keepalive_interval"], "0", "no keepalive")


@case(voled_only="others list peers in any order")
def peers_are_listed_in_order_of_creation(lab):
    _, uapi = start(lab)
    keys = [public_key() for _ in range(20)]
    uapi.set(*(f"public_key={key}" for key in keys))
    expect_equal([peer["public_key"] for peer in uapi.get()[1]], keys, "order")
    uapi.set(f"public_key={keys[3]}", "remove=true", f"public_key={keys[3]}", f"public_key={keys[7]}")
    expect_equal([peer["public_key"] for peer in uapi.get()[1]], keys[:3] + keys[4:] + [keys[3]], "order afterwards")


@case
def keys_are_clamped_and_zero_removes_them(lab):
    daemon, uapi = start(lab)
    expect_equal(uapi.set("private_key=" + "ff" * 32), 0, "errno")
    expect_equal(uapi.get()[0]["private_key"], "f8" + "ff" * 30 + "7f", "clamped key")
    expect_equal(uapi.set("private_key=" + "FF" * 32), 0, "errno of upper case digits")
    expect_equal(uapi.set("private_key=" + "00" * 32), 0, "errno")
    expect("private_key" not in uapi.get()[0], "the key is gone")
    key = public_key()
    expect_equal(uapi.set(f"public_key={key}", "preshared_key=" + "11" * 32), 0, "errno")
    expect_equal(uapi.set(f"public_key={key}", "preshared_key=" + "00" * 32), 0, "errno")
    expect_equal(uapi.get()[1][0]["preshared_key"], "0" * 64, "preshared key")
    expect(daemon.wg("show", "wg0", "public-key") == "(none)", "wg sees no key")


@case
def the_own_key_is_silently_no_peer(lab):
    daemon, uapi = start(lab)
    own, other = hexadecimal(daemon.public_key), public_key()
    expect_equal(uapi.set(f"private_key={hexadecimal(daemon.private_key)}", f"public_key={own}",
                          "allowed_ip=10.0.0.0/8", f"public_key={other}"), 0, "errno")
    expect_equal([peer["public_key"] for peer in uapi.get()[1]], [other], "peers")
    expect_equal(uapi.set(f"public_key={own}", "allowed_ip=nonsense"), EINVAL, "its section is still checked")
    # The other way round: a peer exists, then its private key becomes ours.
    private, peer = key_pair()
    uapi.set(f"public_key={hexadecimal(peer)}")
    expect_equal(uapi.set(f"private_key={hexadecimal(private)}"), 0, "errno")
    expect_equal([peer["public_key"] for peer in uapi.get()[1]], [other], "peers after the key change")


@case
def flags_of_a_peer_section(lab):
    _, uapi = start(lab)
    one, other = public_key(), public_key()

    def peers():
        return {peer["public_key"]: peer for peer in uapi.get()[1]}

    expect_equal(uapi.set(f"public_key={one}", "update_only=true", "allowed_ip=10.0.0.0/8"), 0, "update_only, unknown")
    expect_equal(peers(), {}, "update_only makes no peer")
    expect_equal(uapi.set(f"public_key={one}", "remove=true"), 0, "remove of an unknown peer")
    uapi.set(f"public_key={one}", "allowed_ip=10.1.0.0/16", "allowed_ip=10.2.0.0/16", f"public_key={other}")
    expect_equal(uapi.set(f"public_key={one}", "update_only=true", "persistent_keepalive_interval=5"), 0, "errno")
    expect_equal(peers()[one]["persistent_keepalive_interval"], "5", "update_only changes a known peer")
    uapi.set(f"public_key={other}", "allowed_ip=10.1.9.9/16")
    expect_equal(peers()[one]["allowed_ip"], ["10.2.0.0/16"], "an identical prefix moves")
    uapi.set(f"public_key={one}", "allowed_ip=10.3.0.0/16", "replace_allowed_ips=true", "allowed_ip=10.4.0.0/16")
    expect_equal(peers()[one]["allowed_ip"], ["10.4.0.0/16"], "replace clears at its place")
    uapi.set(f"public_key={one}", "replace_allowed_ips=true")
    expect_equal(peers()[one]["allowed_ip"], [], "replace with nothing")
    uapi.set(f"public_key={one}", "remove=true", f"public_key={other}", "persistent_keepalive_interval=3")
    expect_equal(list(peers()), [other], "remove")
    expect_equal(uapi.set("replace_peers=true", f"public_key={one}"), 0, "errno")
    expect_equal(list(peers()), [one], "replace_peers")
    expect_equal(uapi.set(f"public_key={one}", "allowed_ip=10.5.0.0/16", f"public_key={other}",
                          f"public_key={one}", "allowed_ip=10.6.0.0/16"), 0, "the same peer twice")
    expect_equal(sorted(peers()[one]["allowed_ip"]), ["10.5.0.0/16", "10.6.0.0/16"], "both sections count")


@case(voled_only="came later elsewhere")
def a_minus_takes_exactly_that_prefix_away(lab):
    _, uapi = start(lab)
    one, other = public_key(), public_key()
    uapi.set(f"public_key={one}", "allowed_ip=10.1.0.0/16", "allowed_ip=10.1.2.0/24", f"public_key={other}",
             "allowed_ip=10.2.0.0/16")
    expect_equal(uapi.set(f"public_key={one}", "allowed_ip=-10.1.0.0/16", "allowed_ip=-10.2.0.0/16",
                          "allowed_ip=-10.9.0.0/16"), 0, "errno")
    expect_equal([peer["allowed_ip"] for peer in uapi.get()[1]], [["10.1.2.0/24"], ["10.2.0.0/16"]], "allowed IPs")


BAD_DEVICE = ["private_key=", "private_key=12", "private_key=" + "g" * 64, "private_key=" + "1" * 65,
              "listen_port=65536", "listen_port=-1", "listen_port=", "listen_port=0x10", "listen_port=1 ",
              "fwmark=4294967296", "fwmark=0x10", "fwmark=-1", "fwmark=", "replace_peers=false", "replace_peers=1",
              "replace_peers=", "nonsense=1", "=1", "errno=0", "get=1", "LISTEN_PORT=1", "listen_port =1",
              # keys of a peer before any peer
              "allowed_ip=10.0.0.0/8", "remove=true", "endpoint=192.0.2.1:1", "persistent_keepalive_interval=1"]
BAD_PEER = ["preshared_key=12", "preshared_key=", "endpoint=192.0.2.1", "endpoint=example.org:1", "endpoint=1.2.3:4",
            "endpoint=192.0.2.1:65536", "endpoint=2001:db8::1:5", "endpoint=", "endpoint=[::1]", "endpoint=:1",
            "persistent_keepalive_interval=65536", "persistent_keepalive_interval=-1",
            "persistent_keepalive_interval=off", "persistent_keepalive_interval=", "allowed_ip=10.0.0.0",
            "allowed_ip=10.0.0.0/33", "allowed_ip=::/129", "allowed_ip=10.0.0/8", "allowed_ip=", "allowed_ip=/8",
            "allowed_ip=10.0.0.0/", "allowed_ip=10.0.0.0/-1", "allowed_ip=10.0.0.0/8, 11.0.0.0/8",
            "replace_allowed_ips=yes", "remove=false", "update_only=1", "protocol_version=2", "protocol_version=",
            "rx_bytes=1", "tx_bytes=1", "last_handshake_time_sec=1", "last_handshake_time_nsec=1", "nonsense=1",
            "public_key=12", "public_key=", "public_key=" + "z" * 64,
            # keys of the device after a peer
            "listen_port=1", "private_key=" + "11" * 32, "fwmark=1", "replace_peers=true"]


@case
def bad_values_are_einval(lab):
    _, uapi = start(lab)
    for line in BAD_DEVICE:
        expect_equal(uapi.set(line), EINVAL, f"errno of {line!r}")
    key = public_key()
    lax = [] if IS_VOLED else ["endpoint=:1"]  # wireguard-go takes it
    for line in BAD_PEER:
        if line not in lax:
            expect_equal(uapi.set(f"public_key={key}", line), EINVAL, f"errno of {line!r}")
    expect("errno=0" in uapi.request(GET), "it still answers")


@case
def a_line_without_equals_sign_is_eproto(lab):
    _, uapi = start(lab)
    for line in ("nonsense", "listen_port", " ", "\t"):
        expect_equal(uapi.set(line), EPROTO, f"errno of {line!r}")


@case
def an_error_keeps_what_stands_before_it_and_ignores_the_rest(lab):
    _, uapi = start(lab)
    one, other = public_key(), public_key()
    expect_equal(uapi.set("fwmark=9", f"public_key={one}", "allowed_ip=10.1.0.0/16", "allowed_ip=broken",
                          "allowed_ip=10.2.0.0/16", f"public_key={other}"), EINVAL, "errno")
    device, peers = uapi.get()
    expect_equal(device.get("fwmark"), "9", "fwmark")
    expect_equal([(peer["public_key"], peer["allowed_ip"]) for peer in peers], [(one, ["10.1.0.0/16"])], "peers")


@case(voled_only="others drop what follows from their buffer")
def after_an_error_the_rest_of_the_request_is_skipped(lab):
    _, uapi = start(lab)
    with uapi.connect() as connection:
        connection.sendall(b"set=1\nbroken=1\nfwmark=3\n\n")
        expect_equal(read_reply(connection), b"errno=-22\n\n", "reply")
        connection.sendall(b"get=1\n\n")
        text = read_reply(connection).decode()
        expect("errno=0" in text and "fwmark" not in text, f"the connection goes on: {text}")


@case
def a_port_in_use_is_eaddrinuse(lab):
    daemon, uapi = start(lab)
    daemon.host.up("wg0")
    with daemon.host.network():
        used = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    used.bind(("", 40000))
    expect_equal(uapi.set("listen_port=40000"), EADDRINUSE, "errno")
    used.close()
    expect_equal(uapi.set("listen_port=40000"), 0, "errno once it is free")
    expect_equal(uapi.get()[0]["listen_port"], "40000", "port")


@case
def odd_but_legal_values(lab):
    _, uapi = start(lab)
    zero, mapped = "00" * 32, public_key()
    expect_equal(uapi.set(f"public_key={zero}", "allowed_ip=10.0.0.0/8"), 0, "an all-zero peer key")
    expect_equal(uapi.set(f"public_key={mapped}", "endpoint=[::ffff:192.0.2.1]:5", "allowed_ip=0.0.0.0/0",
                          "allowed_ip=ff::1/128", "allowed_ip=1.2.3.4/0", "persistent_keepalive_interval=0"), 0, "errno")
    peers = {peer["public_key"]: peer for peer in uapi.get()[1]}
    expect_equal(peers[mapped]["endpoint"], "[::ffff:192.0.2.1]:5", "a mapped endpoint stays IPv6")
    expect_equal(uapi.set(f"public_key={mapped}", "endpoint=[fe80::1%lo]:5"), 0, "an endpoint with a zone")
    peers = {peer["public_key"]: peer for peer in uapi.get()[1]}
    if IS_VOLED:
        expect(peers[mapped]["endpoint"] in ("[fe80::1%lo]:5", "[fe80::1%1]:5"),
               f"zone: {peers[mapped]['endpoint']}")


@case
def idle_clients_hold_up_nobody(lab):
    _, uapi = start(lab)
    idle = [uapi.connect() for _ in range(30)]
    idle[0].sendall(b"ge")
    idle[1].sendall(b"get=1\n")
    for _ in range(20):
        expect("errno=0" in uapi.request(GET, timeout=2), "a get beside idle clients")
        expect_equal(uapi.set("fwmark=1"), 0, "a set beside idle clients")
    for connection in idle:
        connection.close()


@case(voled_only="others lock when a set begins")
def a_stalled_set_holds_up_nobody_and_applies_nothing(lab):
    _, uapi = start(lab)
    with uapi.connect() as stalled:
        stalled.sendall(b"set=1\nfwmark=99\nlisten_po")
        for _ in range(10):
            expect("errno=0" in uapi.request(GET, timeout=2), "a get beside a stalled set")
            expect_equal(uapi.set("fwmark=5"), 0, "a set beside a stalled set")
        expect_equal(uapi.get()[0]["fwmark"], "5", "nothing of the stalled set is applied")
    with uapi.connect() as connection:
        connection.sendall(b"set=1\nfwmark=99\n")
        connection.close()
    expect("errno=0" in uapi.request(GET), "a client that goes away in the middle")


@case
def byte_by_byte_is_as_good_as_at_once(lab):
    _, uapi = start(lab)
    with uapi.connect() as connection:
        for byte in b"set=1\nfwmark=33\n\n":
            connection.sendall(bytes([byte]))
        expect_equal(read_reply(connection), b"errno=0\n\n", "reply")
    expect_equal(uapi.get()[0]["fwmark"], "33", "fwmark")


@case
def too_long_a_line_is_an_error_and_no_harm(lab):
    _, uapi = start(lab)
    expect_equal(uapi.set("fwmark=" + "0" * 1000 + "7"), 0, "a long but legal line")
    with uapi.connect() as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(b"set=1\nfwmark=" + b"1" * (4 << 20) + b"\n\n")
        reply = errno(read_reply(connection).decode())
        expect(reply in (EIO, EINVAL, None), f"errno {reply}")
    expect("errno=0" in uapi.request(GET), "it still answers")


@case
def bytes_that_are_no_text_do_no_harm(lab):
    _, uapi = start(lab)
    for text in (b"\0" * 100 + b"\n\n", b"set=1\n\0\xff=\0\n\n", b"set=1\nfwmark=\xff\n\n", b"get=1\n\0", os.urandom(5000)):
        with uapi.connect() as connection, contextlib.suppress(BrokenPipeError):
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            read_reply(connection)
    expect("errno=0" in uapi.request(GET), "it still answers")


@case
def malformed_lines_with_keys_never_reach_the_log(lab):
    daemon = Daemon(lab.host("a"), environment={"LOG_LEVEL": "verbose"})
    secret = "5ec2e75ec2e7" + os.urandom(26).hex()
    for line in (f"private_key={secret}0", f"private_key ={secret}", f"privatekey={secret}", secret, f"{secret}=1",
                 f"fwmark={secret}", f"private_key={secret[:-1]}"):
        expect(daemon.uapi.set(line) in (EINVAL, EPROTO), f"errno of {line}")
    for line in (f"preshared_key={secret}0", f"preshared_key {secret}", f"endpoint={secret}", f"allowed_ip={secret}"):
        expect(daemon.uapi.set(f"public_key={public_key()}", line) in (EINVAL, EPROTO), f"errno of {line}")
    daemon.uapi.request(f"set={secret}\n\n")
    daemon.uapi.request(f"private_key={secret}\n\n")
    daemon.uapi.set(f"private_key={secret}", f"public_key={public_key()}", f"preshared_key={secret}")
    daemon.stop()
    if IS_VOLED:
        expect("5ec2e75ec2e7" not in daemon.log().lower(), f"a secret in the log:\n{daemon.log()}")


@case(seconds=300)
def ten_thousand_peers_load_and_are_dumped_to_a_slow_reader(lab):
    daemon, uapi = start(lab, VOLE_MEMORY_LIMIT="")  # they would need 100 MiB
    count = 10000
    lines = ["[Interface]", f"PrivateKey = {daemon.private_key}"]
    keys = []
    for number in range(count):
        key = os.urandom(32)
        keys.append(key.hex())
        lines += ["[Peer]", f"PublicKey = {base64_of(key)}", f"AllowedIPs = 10.{number >> 8}.{number & 255}.0/24",
                  f"Endpoint = 192.0.2.1:{number + 1}"]
    path = lab.file("many.conf", "\n".join(lines) + "\n")
    began = time.monotonic()
    daemon.host.run("wg", "setconf", "wg0", path)
    print(f"     wg setconf with {count} peers: {time.monotonic() - began:.2f} s")
    slow = uapi.connect(timeout=60)
    slow.sendall(GET.encode())
    slow.recv(10)
    # While the slow reader has read ten bytes, others are served.
    began = time.monotonic()
    expect_equal(len(daemon.wg("show", "wg0", "peers").splitlines()), count, "peers")
    print(f"     wg show with {count} peers: {time.monotonic() - began:.2f} s")
    if IS_VOLED:
        expect_equal(uapi.set("fwmark=4"), 0, "a set beside a slow reader")
    text = read_reply(slow).decode()
    expect_equal(text.count("public_key="), count, "peers in the slow reader's dump")
    expect(text.endswith("errno=0\n\n"), "the slow dump ends well")
    slow.close()
    began = time.monotonic()
    expect_equal(uapi.set("replace_peers=true"), 0, "errno")
    print(f"     removing them: {time.monotonic() - began:.2f} s")
    expect_equal(uapi.get()[1], [], "peers afterwards")


def base64_of(key):
    return base64.b64encode(key).decode()


@case
def parallel_clients_see_whole_configurations(lab):
    _, uapi = start(lab)
    keys = [public_key() for _ in range(2)]
    broken, stop = [], threading.Event()

    def reader():
        while not stop.is_set():
            peers = uapi.get()[1]
            if peers and len({len(peer["allowed_ip"]) for peer in peers}) != 1:
                broken.append(peers)

    threads = [threading.Thread(target=reader) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for number in range(150):
            ips = [f"allowed_ip=10.{k}.{number % 5}.0/24" for k in range(number % 4)]
            six = [f"allowed_ip=fd0{k}::/64" for k in range(number % 4)]
            expect_equal(uapi.set("replace_peers=true", f"public_key={keys[0]}", *ips, f"public_key={keys[1]}", *six),
                         0, "errno")
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    expect(not broken, f"a get saw half a set: {broken[:1]}")


@case(voled_only="its own operation")
def vole_operations_do_not_disturb_the_others(lab):
    daemon, uapi = start(lab)
    expect("errno=0" in uapi.request("get=vole.1\n\n"), "get=vole.1")
    for unknown in ("get=vole.2\n\n", "get=vole.\n\n", "set=vole.2\n\n"):
        expect_equal(uapi.request(unknown), "", f"reply to {unknown!r}")
    wait_for(uapi.answers, "get=1")


main(__file__)
