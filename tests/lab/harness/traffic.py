# SPDX-License-Identifier: MIT
"""Ping, and TCP transfers whose every byte is verified."""

import hashlib
import os
import re
import socket
import threading

from .lab import Failed, expect, wait_for

MEGABYTE = 1 << 20
SIZE = int(os.environ.get("LAB_BYTES") or 8 * MEGABYTE)


def ping(host, address, count=3, seconds=15, size=None):
    """At least `count` answers within so many seconds: the first may wait for a second handshake attempt."""
    words = ["ping", "-n", "-q", "-c", str(count), "-i", "0.05", "-w", str(seconds)]
    if size is not None:
        words += ["-s", str(size)]
    result = host.run(*words, address, check=False, timeout=seconds + 5)
    received = re.search(r"(\d+) received", result.stdout)
    expect(received and int(received.group(1)) >= count,
           f"{host.name}: ping {address} failed:\n{result.stdout}{result.stderr}")


def cannot_ping(host, address):
    result = host.run("ping", "-n", "-q", "-c", "2", "-i", "0.1", "-W", "1", address, check=False, timeout=15)
    expect(" 0 received" in result.stdout, f"{host.name}: {address} should not answer:\n{result.stdout}")


def _socket(host, address):
    with host.network():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    made.settimeout(60)
    return made


class Transfer:
    """A TCP stream from one host to an address of another, running in two threads.

    With size it ends by itself; without, it goes on until finish(), at `rate` bytes per second. finish() checks that both ends saw the
    same bytes.
    """

    def __init__(self, sender, receiver, address, size=None, rate=None):
        self.rate, self.size, self.sent, self.received, self.problem = rate, size, 0, 0, None
        self._halt = threading.Event()
        self._sent_hash, self._received_hash = hashlib.sha256(), hashlib.sha256()
        self._name = f"{sender.name} -> {receiver.name} ({address})"
        listener = _socket(receiver, address)
        listener.bind((address, 0))
        listener.listen(1)
        self._out = _socket(sender, address)
        self._threads = [threading.Thread(target=self._guard, args=(self._receive, listener), daemon=True),
                         threading.Thread(target=self._guard, args=(self._send, listener.getsockname()),
                                          daemon=True)]
        for thread in self._threads:
            thread.start()

    def _guard(self, work, argument):
        try:
            work(argument)
        except Exception as error:
            self.problem = self.problem or f"{work.__name__.strip('_')}: {error}"
            self._halt.set()

    def _send(self, address):
        noise = os.urandom(MEGABYTE)
        with self._out:
            self._out.connect(address)
            while not self._halt.is_set() and (self.size is None or self.sent < self.size):
                # Different bytes each time, so that repeated or swapped parts change the sum.
                chunk = self.sent.to_bytes(8, "big") + noise[:65536 + self.sent // 7 % 4096]
                if self.size is not None:
                    chunk = chunk[:self.size - self.sent]
                self._out.sendall(chunk)
                self._sent_hash.update(chunk)
                self.sent += len(chunk)
                if self.rate:
                    self._halt.wait(len(chunk) / self.rate)
            self._out.shutdown(socket.SHUT_WR)
            self._out.recv(1)  # until the other side has it all

    def _receive(self, listener):
        with listener:
            connection, _ = listener.accept()
        with connection:
            connection.settimeout(60)
            while True:
                chunk = connection.recv(1 << 18)
                if not chunk:
                    break
                self._received_hash.update(chunk)
                self.received += len(chunk)

    def wait_progress(self, size, seconds=30):
        """Until that many more bytes have arrived."""
        target = self.received + size

        def arrived():
            if self.problem:
                raise Failed(f"transfer {self._name} broke: {self.problem}")
            return self.received >= target
        wait_for(arrived, f"{size} more bytes of transfer {self._name} (so far {self.received})", seconds)

    def finish(self, seconds=90):
        if self.size is None:
            self._halt.set()
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                raise Failed(f"transfer {self._name} did not end: {self.received} of {self.sent} bytes arrived")
        if self.problem:
            raise Failed(f"transfer {self._name} broke: {self.problem}")
        expect(self.sent == self.received and self._sent_hash.digest() == self._received_hash.digest(),
               f"transfer {self._name}: {self.sent} bytes sent, {self.received} received, and they differ")


def transfer(sender, receiver, address, size=None):
    Transfer(sender, receiver, address, size=size or SIZE).finish()


def transfer_both(one, one_address, other, other_address, size=None):
    """TCP data in both directions at the same time."""
    there = Transfer(one, other, other_address, size=size or SIZE)
    back = Transfer(other, one, one_address, size=size or SIZE)
    there.finish()
    back.finish()


def ping_and_transfer(one, one_addresses, other, other_addresses, size=None):
    """Ping and TCP, both directions, for each pair of addresses (prefix lengths are cut off)."""
    for mine, theirs in zip(one_addresses, other_addresses):
        mine, theirs = mine.split("/")[0], theirs.split("/")[0]
        ping(one, theirs)
        ping(other, mine)
        transfer_both(one, mine, other, theirs, size)
