# SPDX-License-Identifier: MIT
"""Allocations that fail, one after the other: what refuse.c in tests/scarce is told, and what it tells.

A sweep lets the same thing happen again and again, and refuses the first allocation, the second, and so on, until
all that were asked for were granted. SCARCE_MOST=12 tries so many only, spread evenly (for a look in passing).
"""

import mmap
import os
import re
import struct
import subprocess

from .daemon import BUILD
from .lab import Failed

SHIM = os.path.join(BUILD, "tests", "scarce", "scarce.so")
MOST = int(os.environ.get("SCARCE_MOST") or 0)
_PLACES, _NAME = 24, 96
_BYTES = 4 * 8 + 8 + _PLACES * 8 + _PLACES * _NAME
_SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|LeakSanitizer|Assertion|stack smashing|corrupted")


class Scarce:
    """What is refused to the programs that have environment() around them."""

    def __init__(self, lab, *programs):
        path = lab.file(f"scarce-{len(os.listdir(lab.folder))}", "\0" * _BYTES)
        os.chmod(path, 0o666)  # a daemon may have become somebody else
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _BYTES)
        options = "detect_leaks=1:abort_on_error=0:allocator_may_return_null=1:verify_asan_link_order=0"
        self.environment = {"LD_PRELOAD": SHIM, "SCARCE_FILE": path, "SCARCE_PROGRAMS": "".join(f"{one}," for one in programs),
                            "ASAN_OPTIONS": options}
        lab.closers.append(self._shared.close)

    def refuse(self, first=0, last=None):
        """From now on counted from 1; these are refused, 0: none."""
        self._shared[0:32] = struct.pack("<4Q", 0, first, first if last is None else last, 0)

    def forgive(self):
        """Nothing more is refused; what was counted stays."""
        self._shared[8:24] = bytes(16)

    @property
    def count(self):
        return struct.unpack_from("<Q", self._shared, 0)[0]

    @property
    def refused(self):
        return struct.unpack_from("<Q", self._shared, 24)[0]

    def where(self):
        """Who asked for what was refused last, innermost first."""
        count = min(struct.unpack_from("<Q", self._shared, 32)[0], _PLACES)
        lines = []
        for i in range(count):
            start = 40 + _PLACES * 8 + i * _NAME
            path, _, offset = self._shared[start:start + _NAME].split(b"\0")[0].decode().rpartition(" ")
            if path == SHIM or not os.path.exists(path):
                continue
            found = subprocess.run(["addr2line", "-Cfse", path, f"0x{max(int(offset, 16) - 1, 0):x}"], capture_output=True,
                                   text=True).stdout.split("\n")
            lines.append(f"    {found[0] if found else '?'} ({found[1] if len(found) > 1 else ''}) {os.path.basename(path)}")
        return "\n".join(lines)


def sweep(scarce, what, attempt, first=1 << 20, spread=0):
    """attempt() once for each allocation it makes, which is refused then; it raises Failed, or looks after itself.
    Of very many, only so many are tried: the first ones, and some spread over the rest. Returns how many there were.
    All that goes wrong is told, not the first only."""
    scarce.refuse()
    attempt()
    total = scarce.count
    numbers = [*range(1, first + 1), *(first + 1 + i * (total - first) // spread for i in range(spread) if total > first)]
    if MOST:
        numbers = [1 + i * total // MOST for i in range(min(MOST, total))]
    tried, problems = 0, []
    for number in numbers:
        scarce.refuse(number)
        try:
            attempt()
        except Failed as problem:
            if scarce.refused == 0:
                raise
            problems.append(f"{what}: allocation {number} refused, at\n{scarce.where()}\n  {problem}")
            print(problems[-1], flush=True)
        if scarce.refused == 0:
            break
        tried += 1
    scarce.refuse()
    print(f"     {what}: {tried} of some {total} allocations refused, {len(problems)} problems", flush=True)
    if problems:
        raise Failed(f"{what}: {len(problems)} problems, see above")
    return tried


def expect_orderly(result, secrets=(), usual=0):
    """A command ended by itself, with words if it failed, without secrets in them. usual: a status that needs none."""
    said = result.stdout + result.stderr
    if result.returncode < 0 or result.returncode >= 128:
        raise Failed(f"ended by signal, status {result.returncode}: {said[-2000:]}")
    found = _SANITIZER.search(result.stderr)
    if found:
        raise Failed(f"{found.group()}: {result.stderr[-4000:]}")
    if result.returncode not in (0, usual) and not result.stderr.strip() and "memory" not in result.stdout:
        raise Failed(f"status {result.returncode} without a word; on stdout: {result.stdout[:200]!r}")
    for secret in secrets:
        if secret in result.stderr:
            raise Failed(f"a secret is among the messages: {result.stderr}")
