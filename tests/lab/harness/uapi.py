# SPDX-License-Identifier: MIT
"""The configuration socket, spoken byte by byte."""

import base64
import contextlib
import hashlib
import os
import socket

DIRECTORY = os.path.realpath("/var/run") + "/wireguard"  # seen through /proc, links would lead astray


# Public keys of peers that are only there to be many.
CROWD = {hashlib.sha256(f"crowd {number}".encode()).hexdigest(): number
         for number in range(int(os.environ.get("LAB_CROWD") or 0))}


def hexadecimal(key):
    """A base64 key as the socket writes it."""
    return base64.b64decode(key).hex()


class Uapi:
    def __init__(self, host, interface):
        self.host, self.interface = host, interface

    @property
    def path(self):
        return self.host.path(f"{DIRECTORY}/{self.interface}.sock")

    def exists(self):
        return os.path.exists(self.path)

    def connect(self, timeout=10):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(timeout)
        try:
            made.connect(self.path)
        except OSError:
            made.close()
            raise
        return made

    def answers(self):
        with contextlib.suppress(OSError):
            with self.connect() as connection:
                connection.sendall(b"get=1\n\n")
                return b"errno=0\n\n" in read_reply(connection)
        return False

    def request(self, text, timeout=10):
        """Sends a request and returns its reply as text, '' if the connection was closed without one."""
        with self.connect(timeout) as connection:
            connection.sendall(text.encode() if isinstance(text, str) else text)
            return read_reply(connection).decode()

    def set(self, *lines):
        """The errno of a set with these lines, as sent."""
        return errno(self.request("".join(f"{line}\n" for line in ("set=1", *lines, ""))))

    def get(self):
        """(device, peers): a dict, and a list of dicts with allowed_ip as a list."""
        device, peers = {}, []
        for line in self.request("get=1\n\n").splitlines():
            key, _, value = line.partition("=")
            if key == "public_key":
                peers.append({"public_key": value, "allowed_ip": []})
            elif key == "allowed_ip":
                peers[-1]["allowed_ip"].append(value)
            elif key and key != "errno":
                (peers[-1] if peers else device)[key] = value
        return device, [peer for peer in peers if peer["public_key"] not in CROWD]


def read_reply(connection):
    """Bytes up to the blank line that ends a reply, or what came before the end of the stream."""
    reply = b""
    while not reply.endswith(b"\n\n"):
        try:
            part = connection.recv(1 << 16)
        except ConnectionResetError:  # closed before it had read all we sent
            break
        if not part:
            break
        reply += part
    return reply


def errno(reply):
    """The number in a reply's errno line, None if there is no reply."""
    for line in reply.splitlines():
        if line.startswith("errno="):
            return int(line[6:])
    return None
