# SPDX-License-Identifier: MIT
"""Raw packets: watching a cable, building datagrams, and a relay that changes them on the way."""

import base64
import hashlib
import os
import select
import socket
import struct
import threading

from .lab import wait_for

INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4
_ETH_P_ALL, _PACKET_OUTGOING = 3, 4
_IPV6_RECVTCLASS, _IPV6_TCLASS = 66, 67


class Seen:
    """One outer UDP packet on the cable."""

    def __init__(self, packet, outgoing):
        self.outgoing, self.packet = outgoing, packet
        self.version = packet[0] >> 4
        if self.version == 4:
            self.tos, self.ttl = packet[1], packet[8]
            self.dont_fragment = bool(packet[6] & 0x40)
            self.fragment = struct.unpack("!H", packet[6:8])[0] & 0x3fff != 0
            self.source = socket.inet_ntop(socket.AF_INET, packet[12:16])
            self.protocol, self.flow_label, start = packet[9], 0, (packet[0] & 15) * 4
        else:
            word = struct.unpack("!I", packet[:4])[0]
            self.tos, self.flow_label, self.ttl = word >> 20 & 255, word & 0xfffff, packet[7]
            self.dont_fragment, self.fragment = False, packet[6] == 44
            self.source = socket.inet_ntop(socket.AF_INET6, packet[8:24])
            self.protocol, start = packet[6], 40
        self.payload = packet[start + 8:]
        self.kind = self.payload[0] if self.payload else 0
        self.keepalive = self.kind == DATA and len(self.payload) == 32

    def __repr__(self):
        return f"<IPv{self.version} from {self.source} kind {self.kind} {len(self.payload)} bytes TOS {self.tos:#x}>"


class Sniffer:
    """Collects the UDP packets (and fragments) that pass a host's interface, from its making on."""

    def __init__(self, host, interface):
        self.seen = []
        with host.network():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
            self._socket.bind((interface, _ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        host.lab.closers.append(self._socket.close)
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            try:
                packet, address = self._socket.recvfrom(1 << 17)
            except OSError:
                return
            if len(packet) >= 28 and packet[0] >> 4 in (4, 6):
                seen = Seen(packet, address[2] == _PACKET_OUTGOING)
                if seen.protocol == 17 or seen.fragment:
                    self.seen.append(seen)

    def wait(self, condition, what, count=1, seconds=10):
        """The first `count` packets for which condition(packet) holds."""
        def enough():
            found = [packet for packet in list(self.seen) if condition(packet)]
            return found if len(found) >= count else None
        return wait_for(enough, f"{what} on the cable; seen: {self.seen[-20:]}", seconds)


def mac1_key(public_key):
    return hashlib.blake2s(b"mac1----" + base64.b64decode(public_key)).digest()


def sham_initiation(public_key):
    """148 bytes that pass the mac1 check of the owner of public_key, and no other."""
    body = struct.pack("<II", INITIATION, int.from_bytes(os.urandom(4), "little")) + os.urandom(108)
    mac1 = hashlib.blake2s(body, digest_size=16, key=mac1_key(public_key)).digest()
    return body + mac1 + bytes(16)


def udp_socket(host, family, address="", port=0):
    """A datagram socket of that host, bound, with a timeout of 5 s."""
    with host.network():
        made = socket.socket(family, socket.SOCK_DGRAM)
    made.settimeout(5)
    made.bind((address, port))
    host.lab.closers.append(made.close)
    return made


def receive_tos_on(made):
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVTCLASS, 1)
    else:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)


def set_tos(made, tos):
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_TCLASS, tos)
    else:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)


def receive_with_tos(made):
    """(data, address, tos) of the next datagram."""
    data, control, _, address = made.recvmsg(1 << 16, 256)
    for _, kind, value in control:
        if kind in (socket.IP_TOS, _IPV6_TCLASS):
            return data, address, value[0]
    return data, address, 0


class Relay:
    """Stands between two daemons on a host of its own: each has the relay as its peer's endpoint.

    Datagrams are passed on with the TOS bytes in `tos_to_left` and `tos_to_right`.
    """

    def __init__(self, host, family, port, left, right):
        self.tos_to_left, self.tos_to_right, self._ends = 0, 0, (left, right)
        self._socket = udp_socket(host, family, "", port)
        self._halt = threading.Event()
        host.lab.closers.append(self._halt.set)
        threading.Thread(target=self._pass_on, daemon=True).start()

    def _pass_on(self):
        left, right = self._ends
        while not self._halt.is_set():
            try:
                if select.select([self._socket], [], [], 0.1)[0]:
                    data, address = self._socket.recvfrom(1 << 16)
                    to_right = address[0] == left[0]
                    set_tos(self._socket, self.tos_to_right if to_right else self.tos_to_left)
                    self._socket.sendto(data, right if to_right else left)
            except (OSError, ValueError):
                continue
