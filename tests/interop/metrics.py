#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole metrics: what is printed is what interfaces say, in Prometheus' text format by a strict reader of it, with the
names and labels of prometheus_wireguard_exporter; and the server serves that and nothing else to anybody."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import case, main
from harness.daemon import VOLE, Daemon, key_pair, preshared_key
from harness.lab import expect, expect_equal, wait_for
from harness.traffic import ping

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? ([0-9]+)$")
TYPES = {"wireguard_sent_bytes_total": "counter", "wireguard_received_bytes_total": "counter",
         "wireguard_latest_handshake_seconds": "gauge", "wireguard_peers_total": "gauge",
         "vole_interface_readable": "gauge", "vole_drops_total": "counter", "vole_peer_drops_total": "counter",
         "vole_handshakes_total": "counter"}


def parse(text):
    """{metric: {labels as a tuple of pairs: value}}; strict about the format: head first, samples together, none twice."""
    expect(text.endswith("\n"), "a line feed at the end")
    metrics, types, current = {}, {}, None
    for line in text[:-1].split("\n"):
        head = re.match(rf"^# (HELP|TYPE) ({NAME}) (.+)$", line)
        if head:
            kind, name, rest = head.groups()
            if kind == "HELP":
                expect(name not in metrics, f"one HELP of {name}")
                metrics[name], current = {}, name
            else:
                expect(name == current and not metrics[name] and name not in types, f"TYPE of {name} behind its HELP")
                types[name] = rest
            continue
        sample = SAMPLE.match(line)
        expect(sample and sample[1] == current and current in types, f"a sample of {current}: {line!r}")
        labels = tuple(re.findall(LABEL, sample[2] or ""))
        expect_equal(len({name for name, _ in labels}), len(labels), f"different labels in {line}")
        expect(labels not in metrics[current], f"{line} once")
        metrics[current][labels] = int(sample[sample.lastindex])
    expect_equal(types, TYPES, "metrics and their types")
    return metrics


def network(lab):
    """Two daemons that have spoken with each other; ours has names and a second peer that is nowhere."""
    ours, theirs = lab.host("ours"), lab.host("theirs")
    lab.cable(ours, "eth0", theirs, "eth0")
    ours.address("eth0", "192.0.2.1/24", "2001:db8::1/64")
    theirs.address("eth0", "192.0.2.2/24")
    one, two, shared, absent = Daemon(ours), Daemon(theirs), preshared_key(), key_pair()[1]
    two.configure(dict(PublicKey=one.public_key, AllowedIPs="10.9.0.1/32", PresharedKey=shared))
    two.up("10.9.0.2/24")
    one.configure(dict(PublicKey=two.public_key, AllowedIPs="10.9.0.2/32, fd09::/64", Endpoint="192.0.2.2:51820",
                       PresharedKey=shared), dict(PublicKey=absent))
    one.up("10.9.0.1/24")
    one.shared, one.absent = shared, absent
    os.makedirs("/etc/vole", exist_ok=True)
    ours.run("mount", "-t", "tmpfs", "tmpfs", "/etc/vole")
    with open(ours.path("/etc/vole/names"), "w", encoding="utf-8") as out:
        out.write(f"{two.public_key} desk\n")
    ping(ours, "10.9.0.2")
    return one, two


def peer_labels(key, allowed, name=None):
    labels = [("interface", "wg0"), ("public_key", key), ("allowed_ips", allowed)]
    return tuple(labels + ([("friendly_name", name)] if name else []))


class Server:
    def __init__(self, host, place):
        self.host = host
        self.process = host.start(VOLE, "metrics", "--listen", place, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True)
        line = self.process.stderr.readline()
        self.address, self.port = re.match(r"^vole metrics: serving http://\[?(.*?)\]?:(\d+)/metrics$", line).groups()

    def request(self, method, path="/metrics", address=None, **options):
        """(status, headers, body)."""
        with self.host.network():
            connection = http.client.HTTPConnection(address or self.address, int(self.port), timeout=20)
            connection.connect()
        connection.request(method, path, **options)
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read().decode()
        connection.close()
        return result

    def answers(self):
        """Whether it takes and answers a request: not while others hold all its connections."""
        try:
            return self.request("GET")[0] == 200
        except (ConnectionError, http.client.RemoteDisconnected):
            return False

    def socket(self):
        with self.host.network():
            return socket.create_connection((self.address, int(self.port)), timeout=20)

    def raw(self, data):
        """What comes back for these bytes until the server ends the connection."""
        with self.socket() as client:
            received = b""
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while piece := client.recv(65536):
                    received += piece
            except OSError:
                pass
            return received

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        stdout, stderr = self.process.communicate(timeout=20)
        expect_equal((self.process.returncode, stdout, stderr), (0, "", ""), "how the server ends")


@case
def metrics_are_what_the_interfaces_say(lab):
    one, two = network(lab)
    one.host.run("ping", "-c", "1", "-W", "0.2", "10.9.0.77", check=False)
    text = one.host.run(VOLE, "metrics").stdout
    metrics = parse(text)
    for secret in (one.private_key, one.shared):
        expect(secret not in text, "no secrets")
    known, unknown = peer_labels(two.public_key, "10.9.0.2/32,fd09::/64", "desk"), peer_labels(one.absent, "(none)")
    received, sent = one.transfer(two.public_key)
    expect_equal(metrics["wireguard_sent_bytes_total"], {known: sent, unknown: 0}, "sent bytes")
    expect_equal(metrics["wireguard_received_bytes_total"], {known: received, unknown: 0}, "received bytes")
    expect_equal(metrics["wireguard_latest_handshake_seconds"],
                 {known: int(one.show("latest-handshakes")[two.public_key]), unknown: 0}, "latest handshakes")
    expect_equal(metrics["wireguard_peers_total"], {(("interface", "wg0"),): 2}, "peers")
    expect_equal(metrics["vole_interface_readable"], {(("interface", "wg0"),): 1}, "interfaces that answer")
    expect_equal(metrics["vole_drops_total"], {(("interface", "wg0"), ("reason", "no_peer")): 1}, "drops")
    expect_equal(metrics["vole_handshakes_total"], {
        (("interface", "wg0"), ("outcome", outcome)): count for outcome, count in (
            ("initiated", 1), ("answered", 0), ("completed_as_initiator", 1), ("completed_as_responder", 0),
            ("gave_up", 0))}, "handshakes of ours")
    theirs = {dict(labels)["outcome"]: count for labels, count in
              parse(two.host.run(VOLE, "metrics").stdout)["vole_handshakes_total"].items()}
    expect_equal(theirs, dict(initiated=0, answered=1, completed_as_initiator=0, completed_as_responder=1, gave_up=0),
                 "handshakes of theirs")


@case
def drops_of_a_peer_are_its_own(lab):
    one, two = network(lab)
    two.set("peer", one.public_key, "allowed-ips", "10.9.0.0/24")
    two.host.run("ip", "address", "add", "10.9.0.99/24", "dev", "wg0")
    two.host.run("ping", "-c", "1", "-W", "0.2", "-I", "10.9.0.99", "10.9.0.1", check=False)
    metrics = parse(one.host.run(VOLE, "metrics").stdout)
    reason = ("reason", "source_not_allowed")
    expect_equal(metrics["vole_peer_drops_total"],
                 {(("interface", "wg0"), ("public_key", two.public_key), reason, ("friendly_name", "desk")): 1}, "a peer's")
    expect_equal(metrics["vole_drops_total"], {(("interface", "wg0"), reason): 1}, "the interface's")


@case
def interfaces_that_cannot_be_asked_do_not_hide_others(lab):
    host = lab.host("ours")
    expect_equal(set(map(len, parse(host.run(VOLE, "metrics").stdout).values())), {0}, "samples without interfaces")
    Daemon(host)
    listener = host.start(sys.executable, "-c", "import socket\nserver = socket.socket(socket.AF_UNIX)\n"
                          "server.bind('/var/run/wireguard/bad0.sock')\nserver.listen()\nprint(flush=True)\n"
                          "while True: server.accept()[0].close()", stdout=subprocess.PIPE)
    listener.stdout.readline()
    result = host.run(VOLE, "metrics")
    expect("bad0" in result.stderr, f"a message: {result.stderr}")
    expect_equal(parse(result.stdout)["vole_interface_readable"],
                 {(("interface", "wg0"),): 1, (("interface", "bad0"),): 0}, "readable")


@case
def the_server_serves_metrics_and_nothing_else(lab):
    one, two = network(lab)
    server = Server(one.host, "0")
    expect_equal(server.address, "127.0.0.1", "address unless told otherwise")
    with one.host.network():
        with socket.socket() as client:
            expect(client.connect_ex(("192.0.2.1", int(server.port))) != 0, "nobody else can connect")
    status, headers, body = server.request("GET")
    expect_equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "GET")
    expect_equal(set(parse(body)["wireguard_peers_total"].values()), {2}, "peers")
    two.host.run("ping", "-c", "1", "10.9.0.1")
    again = parse(server.request("GET", "/metrics?x=y")[2])["wireguard_received_bytes_total"]
    expect(sum(again.values()) > sum(parse(body)["wireguard_received_bytes_total"].values()), "asked anew each time")
    status, headers, nothing = server.request("HEAD")
    expect(status == 200 and nothing == "" and int(headers["Content-Length"]) > 100, f"HEAD: {status} {headers}")
    for path in ("/", "/metrics/", "/metricsx", "//metrics", "/../metrics", "/%2e%2e/etc/passwd", "/metrics%00"):
        expect_equal(server.request("GET", path)[0], 404, path)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"):
        status, headers, _ = server.request(method, body=b"x" * 1000 if method in ("POST", "PUT") else None)
        expect_equal((status, headers.get("Allow")), (405, "GET, HEAD"), method)
    expect_equal(server.request("GET", body=b"x" * 100000)[0], 200, "a body that nobody wants")
    server.end()
    for place in ("192.0.2.1:0", "[2001:db8::1]:0", ":0"):
        server = Server(one.host, place)
        expect_equal(server.request("GET")[0], 200, f"listening on {place}")
        server.end()


@case
def nothing_that_clients_do_ends_the_server(lab):
    one, _ = network(lab)
    server = Server(one.host, "0")
    get = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
    for data in (b"", b"\0" * 100, b"GET", b"\r\n" * 1000, b"\x16\x03\x01\x02\x00\x01" * 20, b"GET /metrics\r\n\r\n",
                 b"GET " + b"/" * 100000 + b" HTTP/1.1\r\n\r\n", get + b"X: " + b"y" * 100000 + b"\r\n\r\n",
                 get + b"X: y\r\n" * 20000 + b"\r\n", get + b"Content-Length: -1\r\n\r\n",
                 get + b"Content-Length: 99999999999999999999999\r\n\r\n",
                 get + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", get * 3,
                 (get + b"\r\n") * 50, os.urandom(50000)):
        answer = server.raw(data)
        expect(answer.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")) or answer == b"" or b"vole_" in answer, f"{answer[:80]!r}")
        if data.startswith(get + b"X"):
            expect(re.match(rb"HTTP/1\.\d 4\d\d ", answer) or answer == b"", f"too long: {answer[:80]!r}")
    crowd = [server.socket() for _ in range(40)]
    for client in crowd[::2]:
        client.sendall(get)
    for client in crowd:
        client.close()
    wait_for(server.answers, "the server to answer when the crowd is gone")
    busy = one.host.run(VOLE, "metrics", "--listen", server.port, check=False)
    expect_equal((busy.returncode, busy.stderr), (1, f"vole metrics: cannot listen on 127.0.0.1:{server.port}: "
                                                     "Address already in use\n"), "a port that is taken")
    server.end()
    for place in ("nowhere", "", "1.2.3.4", "65536", "127.0.0.1:x", "localhost:80", "-1"):
        result = one.host.run(VOLE, "metrics", "--listen", place, check=False)
        expect(result.returncode == 1 and "no place to listen" in result.stderr, f"{place}: {result.stderr}")


@case
def one_client_cannot_take_all_connections(lab):
    one, two = network(lab)
    server = Server(one.host, "192.0.2.1:0")
    with two.host.network():
        crowd = [socket.create_connection((server.address, int(server.port)), timeout=20) for _ in range(40)]
    expect_equal(server.request("GET")[0], 200, "another client's request meanwhile")
    answered = 0
    for client in crowd:
        try:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            answered += client.recv(1000).startswith(b"HTTP/1.1 200 ")
        except OSError:
            pass
    expect(0 < answered <= 8, f"{answered} of the crowd's connections were kept")
    for client in crowd:
        client.close()
    server.end()


DRIPPING_DAEMON = """import socket, time
server = socket.socket(socket.AF_UNIX)
server.bind("/var/run/wireguard/bad0.sock")
server.listen()
print("listening", flush=True)
while True:
    client = server.accept()[0]
    if client.recv(1000):
        print("asked", flush=True)
        try:
            while True:
                client.sendall(b"x=1\\n")
                time.sleep(.1)
        except OSError:
            pass
"""


@case
def the_server_ends_when_it_is_told_to_though_a_daemon_does_not_come_to_an_end(lab):
    host = lab.host("ours")
    host.shell("mkdir -p /var/run/wireguard")
    daemon = host.start(sys.executable, "-c", DRIPPING_DAEMON, stdout=subprocess.PIPE, text=True)
    expect_equal(daemon.stdout.readline(), "listening\n", "the daemon")
    for number in (signal.SIGTERM, signal.SIGINT):
        server = Server(host, "0")
        with server.socket() as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            expect_equal(daemon.stdout.readline(), "asked\n", "the daemon")
            server.process.send_signal(number)
            expect_equal(server.process.wait(20), 0, "the status; by itself the question ends after 30 s only")


main(__file__)
