# SPDX-License-Identifier: MIT
"""A Linux kernel with its own WireGuard, in a small guest on a tap `kp-peer` of one of the lab's hosts.

The environment variable KERNEL_PEER names the program that builds and runs the guest (docs/testing.md says
what it must understand); the first build takes minutes. A test file calls prepare() before it enters the
sandbox, then makes a Kernel on a host.
"""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading

from harness.daemon import TREE, key_pair
from harness.lab import expect, wait_for
from harness.sandbox import INSIDE

PROGRAM = os.path.join(TREE, os.environ.get("KERNEL_PEER") or "../shared/tools/kernel-peer")
GUEST = ["10.9.0.2/24", "fd09::2/64"]
OUTER = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8::1", "2001:db8::2")}


class Kernel:
    """The guest and its wg0."""

    def __init__(self, host, peers):
        self.host, self.lab = host, host.lab
        self.private_key, self.public_key = key_pair()
        self.environment = dict(os.environ, KERNEL_PEER_STATE=os.path.join(self.lab.folder, "guests"))
        host.publish()
        words = ["up", "--netns", host.name, "--wg-config", self._file(peers), "--gw", OUTER[4][0]]
        for addresses in OUTER.values():
            width = "/64" if ":" in addresses[0] else "/24"
            words += ["--host-addr", addresses[0] + width, "--addr", addresses[1] + width]
        for inner in GUEST:
            words += ["--inner", inner]
        self.lab.closers.append(lambda: self._program("down"))
        self._program(*words)
        # Until its addresses are known to be unique, the guest would speak from another one.
        wait_for(lambda: "tentative" not in self.run("ip -6 address"), "the guest's addresses", 20, pause=0.3)

    def _program(self, *words, timeout=120):
        result = subprocess.run([PROGRAM, *words], capture_output=True, text=True, errors="replace", timeout=timeout,
                                env=self.environment, stdin=subprocess.DEVNULL)
        expect(result.returncode == 0, f"{PROGRAM} {' '.join(words)}: {result.stdout}{result.stderr}")
        return result.stdout

    def _file(self, peers):
        lines = ["[Interface]", f"PrivateKey = {self.private_key}", "ListenPort = 51820"]
        for peer in peers:
            lines += ["[Peer]"] + [f"{key} = {value}" for key, value in peer.items() if value is not None]
        return self.lab.file("guest.conf", "\n".join(lines) + "\n")

    def run(self, command, seconds=60):
        """The output of a shell command; Failed if it fails."""
        if len(command) > 1000:  # the guest's terminal line may lose what is longer
            self.write("/tmp/script", command)
            command = ". /tmp/script"
        return self._program("exec", "--timeout", str(seconds), command, timeout=seconds + 60)

    def push(self, *programs):
        """Copies programs of this system, with the shared libraries they need, into the guest's /bin."""
        files = {}
        for path in programs:
            files[f"bin/{os.path.basename(path)}"] = path
            listed = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
            files.update((library.lstrip("/"), library) for library in re.findall(r"(/\S+) \(0x", listed))
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1, dereference=True) as tar:
            for name, path in files.items():
                tar.add(path, arcname=name)
        self._send(archive.getvalue())

    def write(self, path, text, mode=0o600):
        """Makes a file in the guest."""
        archive, content = io.BytesIO(), text.encode()
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode = len(content), mode
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.addfile(entry, io.BytesIO(content))
        self._send(archive.getvalue())

    def _send(self, archive):
        """What is too long for a command line goes over the tap."""
        with self.host.network():
            listener = socket.create_server((OUTER[4][0], 0))
        listener.settimeout(30)

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(archive)

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        with listener:
            self.run(f"cd / && nc {OUTER[4][0]} {listener.getsockname()[1]} </dev/null | tar -xzf -")
            server.join()

    def show(self, field):
        return dict(line.split("\t", 1) for line in self.run(f"wg show wg0 {field}").splitlines())

    def ping(self, address):
        text = self.run(f"ping -c 3 -W 8 {address} || true")
        received = re.search(r"(\d+) packets received", text)
        expect(received and int(received[1]) >= 1, f"the guest's ping of {address}: {text}")


def prepare():
    """Outside the sandbox: builds the guest, or ends with what is missing."""
    if os.environ.get(INSIDE) or "-l" in sys.argv:
        return
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"check-kernel: there is no {PROGRAM}: it runs the kernel's WireGuard in a guest; say where it is "
                 "with KERNEL_PEER=PROGRAM (commands: build, up, exec, down; see docs/testing.md)")
    if shutil.which("wg") is None:
        sys.exit("check-kernel: wg is not installed (wireguard-tools)")
    # The first build takes minutes and installs packages: not inside the sandbox.
    if subprocess.run([PROGRAM, "build"]).returncode != 0:
        sys.exit(f"check-kernel: {PROGRAM} build failed, see above")
