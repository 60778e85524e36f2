#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""vole watch: peers whose names point elsewhere, whose first address is dead, or who have further endpoints are
reached again; those who answer, and those whom nobody wants, are left alone.

    client (its own name server) --- far (many servers, one interface each)

Every address of 198.51.100.0/24 and 2001:db8:dead::/48 is routed to far, which drops what it does not own, and says of one
address that there is no route to it."""

import base64
import contextlib
import os
import select
import socket
import struct
import threading
import time

from harness.cases import case, main
from harness.daemon import VOLE, VOLED, Daemon, default_environment, descendants, key_pair
from harness.lab import expect, expect_equal, wait_for

DEAD, DEAD_TOO, DEAD6, REFUSING6 = "198.51.100.1", "198.51.100.2", "2001:db8:dead::1", "2001:db8:dead::2"
ALIVE, OLD, NEW = "198.51.100.10", "198.51.100.20", "198.51.100.21"


class NameServer:
    """Answers A and AAAA questions out of `zone`: a name's addresses, or None for no answer at all."""

    def __init__(self, host, **zone):
        self.host, self.zone, self.asked = host, {name.replace("_", "-"): value for name, value in zone.items()}, []
        self.socket = self.wake = None
        for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:5 attempts:5\n"),
                           ("nsswitch.conf", "hosts: dns\n")):
            host.run("mount", "--bind", host.lab.file(f"{host.name}-{name}", text), f"/etc/{name}")
        host.lab.closers.append(self.stop)

    def start(self):
        with self.host.network():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.wake, end = socket.socketpair()
        threading.Thread(target=self._serve, args=(self.socket, end), daemon=True).start()
        return self

    def stop(self):
        if self.wake:
            self.wake.close()
            self.wake = None

    def _serve(self, bound, end):
        with bound, end:
            while True:
                if end in select.select([bound, end], [], [])[0]:
                    return
                question, sender = bound.recvfrom(4096)
                answer = self.answer(question)
                if answer:
                    bound.sendto(answer, sender)

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind, = struct.unpack_from(">H", question, at + 1)
        name = ".".join(labels).removesuffix(".example")
        self.asked.append(name)
        addresses = self.zone.get(name, ())
        if addresses is None:
            return None
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        found = [socket.inet_pton(family, text) for text in addresses
                 if family and (":" in text) == (family == socket.AF_INET6)]
        code = 0 if name in self.zone else 3
        header = question[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(found), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(raw)) + raw for raw in found)
        return header + question[12:at + 5] + records


class Watch:
    """A running `vole watch`, whose lines are collected."""

    def __init__(self, host, *words):
        self.lines = []
        self.process = host.start(VOLE, "watch", *words, stderr=-1, text=True)
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        with contextlib.suppress(ValueError):
            for line in self.process.stderr:
                self.lines.append(line.rstrip("\n"))

    def wait(self, text, seconds=20):
        wait_for(lambda: any(text in line for line in self.lines), f"'{text}' in {self.lines}", seconds)

    def about(self, peer):
        """What it did for this peer, in order."""
        return [line.split(": ", 3)[3] for line in self.lines if f": {peer}: " in line]

    def stop(self):
        """It ends at once, with everything it started."""
        running = descendants(self.process.pid)
        self.process.terminate()
        expect_equal(self.process.wait(1), 0, "the status after SIGTERM")
        wait_for(lambda: not any(os.path.exists(f"/proc/{one}/cmdline") and descendants(one) for one in running),
                 "all its processes to end", 2)


def network(lab):
    client, far = lab.host("client"), lab.host("far")
    lab.cable(client, "eth0", far, "eth0")
    client.address("eth0", "192.0.2.1/24", "2001:db8::1/64")
    far.address("eth0", "192.0.2.2/24", "2001:db8::2/64")
    far.address("lo", f"{ALIVE}/32", f"{OLD}/32")
    client.route("198.51.100.0/24", "via", "192.0.2.2")
    client.route("2001:db8:dead::/48", "via", "2001:db8::2")
    return client, far


class Servers:
    """Servers on far, by name: each an interface with a port and an inner address of its own."""

    def __init__(self, far, client_key):
        self.far, self.client_key, self.daemons, self.sections = far, client_key, {}, []

    def serve(self, name):
        """Begins or, without any memory of a session, begins again."""
        server, number = self.daemons[name]
        if server.process is None or server.process.poll() is not None:
            server.start()
        server.configure(dict(PublicKey=self.client_key, AllowedIPs=f"10.8.{number}.1/32"), port=51820 + number)
        server.up(f"10.9.{number}.1/32")
        self.far.route(f"10.8.{number}.1/32", "dev", f"wg{number}")

    def add(self, name, endpoint, *lines, keepalive=0, answers=True):
        """Adds it to the client's file, where PORT is its port; returns its key, its addresses and its port."""
        number, public = len(self.sections) + 1, key_pair()[1]
        if answers:
            server = Daemon(self.far, f"wg{number}")
            self.daemons[name], public = (server, number), server.public_key
            self.serve(name)
        text = ["[Peer]", f"# Name = {name}", f"PublicKey = {public}", f"AllowedIPs = 10.9.{number}.1/32",
                f"PersistentKeepalive = {keepalive}", f"Endpoint = {endpoint}", *lines]
        self.sections.append("\n".join(text).replace("PORT", str(51820 + number)) + "\n")
        return public, (f"10.8.{number}.1", f"10.9.{number}.1"), 51820 + number


def write_program(host, name, script):
    host.shell("mkdir -p /etc/wireguard/bin")
    path = host.path(f"/etc/wireguard/bin/{name}")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o755), "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\n{script}\n")


def ping_of(addresses, *words):
    return ["ping", "-q", *words, "-I", addresses[0], addresses[1]]


def answers(client, addresses):
    return client.run(*ping_of(addresses, "-c", "1", "-W", "1"), check=False).returncode == 0


@case
def who_cannot_be_reached_is_found_and_who_answers_is_left_alone(lab):
    client, far = network(lab)
    far.shell(f"echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip route add unreachable {REFUSING6}; "
              f"ip route add blackhole {DEAD6}")
    names = NameServer(client, moves=[OLD], dual=[DEAD6, ALIVE], several=[DEAD_TOO, ALIVE], refusing=[REFUSING6, ALIVE],
                       healthy=[DEAD], idle=[DEAD]).start()
    ours = Daemon(client)
    servers = Servers(far, ours.public_key)
    moves = servers.add("moves", "moves.example:PORT")
    dual = servers.add("dual", "dual.example:PORT", keepalive=1)
    several = servers.add("several", "several.example:PORT", keepalive=1)
    refusing = servers.add("refusing", "refusing.example:PORT", keepalive=1)
    listed = servers.add("listed", f"{DEAD}:PORT", "# vole:Endpoint = unknown.example:PORT",
                         f"# vole:Endpoint = {DEAD_TOO}:PORT", f"# vole:Endpoint = {ALIVE}:PORT", keepalive=1)
    healthy = servers.add("healthy", "healthy.example:PORT", keepalive=1)
    idle = servers.add("idle", "idle.example:PORT", answers=False)
    text = f"[Interface]\nPrivateKey = {ours.private_key}\n" + "".join(servers.sections)
    # As if names had pointed there when the tunnel came up, or peers had been learnt to be there.
    then = {"moves": OLD, "dual": f"[{DEAD6}]", "several": DEAD, "refusing": DEAD, "healthy": ALIVE, "idle": DEAD_TOO}
    old_text = text
    for name, address in then.items():
        old_text = old_text.replace(f"{name}.example", address)
    client.run("wg", "setconf", "wg0", lab.file("then.conf", old_text))
    ours.up(*(f"10.8.{number}.1/32" for number in range(1, 8)))
    client.route("10.9.0.0/16", "dev", "wg0")
    for peer in (moves, healthy):
        wait_for(lambda: answers(client, peer[1]), "those who answer at first")
    before = ours.show("latest-handshakes")[healthy[0]]

    watch = Watch(client, lab.file("wg0.conf", text))
    client.start(*ping_of(moves[1], "-i", "0.5"), stdout=-3)
    watch.wait("peers that are watched: 7")
    wait_for(lambda: "several" in names.asked, "the first search", 20)
    # It dies, and lives again elsewhere, without any memory of us.
    servers.daemons["moves"][0].stop()
    names.zone["moves"] = [NEW]
    far.run("ip", "address", "del", f"{OLD}/32", "dev", "lo")
    far.address("lo", f"{NEW}/32")
    servers.serve("moves")

    for name, (key, addresses, port) in dict(dual=dual, several=several, refusing=refusing, listed=listed).items():
        watch.wait(f"{name}: answers at {ALIVE}:{port}", 40)
        expect_equal(ours.endpoint(key), f"{ALIVE}:{port}", f"the endpoint of {name}")
        expect(answers(client, addresses), f"{name} answers")
    expect_equal(watch.about("dual")[0], f"no answer at [{DEAD6}]:{dual[2]}; trying {ALIVE}:{dual[2]}", "dual")
    expect_equal(watch.about("refusing")[0], f"no answer at {DEAD}:{refusing[2]}; trying {ALIVE}:{refusing[2]}", "refusing")
    tried = [f"no answer at {DEAD}:{listed[2]}; trying {DEAD_TOO}:{listed[2]}",
             f"no answer at {DEAD_TOO}:{listed[2]}; trying {ALIVE}:{listed[2]}"]
    expect_equal([line for line in watch.about("listed") if "trying" in line], tried, "the order of the file")
    expect("unknown.example cannot be resolved now" in watch.about("listed"), "the unknown name is told")
    watch.wait(f"moves: answers at {NEW}:{moves[2]}", 60)
    expect_equal(watch.about("moves")[0], f"no answer at {OLD}:{moves[2]}; trying {NEW}:{moves[2]}", "moves")

    # The name of one points elsewhere, but it answers; nobody wants the other.
    expect_equal((watch.about("healthy"), watch.about("idle")), ([], []), "what was done to those left alone")
    expect_equal(ours.endpoint(healthy[0]), f"{ALIVE}:{healthy[2]}", "the endpoint of who answers")
    expect_equal(ours.show("latest-handshakes")[healthy[0]], before, "its handshake")
    expect_equal(ours.endpoint(idle[0]), f"{DEAD_TOO}:{idle[2]}", "the endpoint of whom nobody wants")
    expect(not {"healthy", "idle"} & set(names.asked), "names that nobody needs are not asked for")
    watch.stop()


@case
def a_tunnel_comes_up_without_dns_and_finds_its_peer_when_there_is(lab):
    client, far = network(lab)
    names = NameServer(client, late=[ALIVE], silent=None)
    private, public = key_pair()
    servers = Servers(far, public)
    late = servers.add("late", "late.example:PORT")
    os.makedirs("/etc/wireguard", exist_ok=True)
    client.run("mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", "/etc/wireguard")
    text = f"[Interface]\nPrivateKey = {private}\nAddress = {late[1][0]}/32\n" + "".join(servers.sections)

    def write(what):
        with open(client.path("/etc/wireguard/wg0.conf"), "w", encoding="utf-8") as out:
            out.write(what)

    def vole(*words):
        return client.run(VOLE, *words,
                          environment=dict(default_environment(), WG_QUICK_USERSPACE_IMPLEMENTATION=VOLED,
                                           PATH=f"/etc/wireguard/bin:{os.environ['PATH']}"))

    write(text)
    said = vole("up", "--userspace", "--no-wait-dns", "wg0").stderr
    expect("`vole watch wg0'" in said, f"who resolves the names: {said}")
    expect_equal(names.asked, [], "what up asked")
    watch = Watch(client, "wg0")
    watch.wait("late: late.example cannot be resolved now")
    names.start()
    watch.wait(f"late: the endpoint is {ALIVE}:{late[2]}", 30)
    wait_for(lambda: answers(client, late[1]), "the peer to answer")
    watch.wait(f"late: answers at {ALIVE}:{late[2]}")
    expect_equal(len(watch.about("late")), 3, "lines about the peer")

    # The interface goes, and comes back with another file.
    write(text.replace("late.example", "silent.example"))
    vole("down", "wg0")
    watch.wait("wg0: the interface is not up; waiting for it", 15)
    watch.wait("has changed; peers that are watched: 1", 15)
    # A service does it where there is one.
    write_program(client, "systemctl", "echo \"$@\" >> /etc/wireguard/asked")
    os.makedirs("/run/systemd/system")
    expect("vole watch" not in vole("up", "--userspace", "--no-wait-dns", "wg0").stderr, "no word about watch")
    watch.wait("wg0: the interface is up", 15)
    # Asked to end while the name server is silent.
    wait_for(lambda: "silent" in names.asked, "the silent name to be asked for", 20)
    expect(len(descendants(watch.process.pid)) > 1, "it is being resolved")
    watch.stop()
    vole("down", "wg0")
    os.removedirs("/run/systemd/system")
    expect_equal(client.output("cat", "/etc/wireguard/asked").splitlines(),
                 ["cat vole-watch@wg0.service", "--no-block start vole-watch@wg0.service",
                  "is-active vole-watch@wg0.service", "--no-block stop vole-watch@wg0.service"], "systemctl")


@case
def a_peer_that_is_removed_meanwhile_does_not_come_back(lab):
    """What it asks of an interface must not make a peer: somebody may remove it after it was listed."""
    client, (_, peer) = lab.host("client"), key_pair()
    client.shell("ip link add wg0 type veth peer name far0; ip link set wg0 up; mkdir -p /run/wireguard")
    listener, requests, peer_hex = socket.socket(socket.AF_UNIX), [], base64.b64decode(peer).hex()
    listener.bind(client.path("/run/wireguard/wg0.sock"))
    listener.listen()
    lab.closers.append(lambda: listener.shutdown(socket.SHUT_RDWR))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                with listener.accept()[0] as one:
                    text = ""
                    while not text.endswith("\n\n") and (piece := one.recv(4096)):
                        text += piece.decode()
                    requests.append(text)
                    one.sendall(((f"public_key={peer_hex}\n" if "get=1" in text else "") + "errno=0\n\n").encode())

    threading.Thread(target=serve, daemon=True).start()
    watch = Watch(client, lab.file("wg0.conf", f"[Interface]\n[Peer]\nPublicKey = {peer}\nEndpoint = {ALIVE}:7\n"
                                               f"# vole:Endpoint = {DEAD}:7\n"))
    wait_for(lambda: [one for one in requests if one.startswith("set=1")], "an endpoint to be set")
    sent = next(one for one in requests if one.startswith("set=1"))
    expect_equal(sent.split(), ["set=1", f"public_key={peer_hex}", "update_only=true", f"endpoint={ALIVE}:7"], "the request")
    watch.stop()


main(__file__)
