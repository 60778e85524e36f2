# SPDX-License-Identifier: MIT
"""Who is compared.

A Program has the command line and configuration socket of a userspace WireGuard (--foreground NAME), or no
path at all: then it stands for the bare cable. Variants of voled are voled with switches in its environment.
"""

import dataclasses
import os
import shutil


@dataclasses.dataclass(frozen=True)
class Program:
    key: str
    title: str
    path: str | None = None
    environment: tuple = ()

    @property
    def is_voled(self):
        return self.key == "voled" or self.key.startswith("voled-")


VOLED, GO, BORINGTUN, CRYPTOLESS, VETH = "voled", "wireguard-go", "boringtun", "without-crypto", "veth"
AVX2_ONLY, NO_VECTORS = "voled-avx2", "voled-no-vectors"
CRYPTOLESS_PATH = "bench/without_crypto/voled-without-crypto"


def find(build, extra=()):
    """All programs that can be compared here, by key. build is a build directory, extra has KEY=PATH."""
    voled = os.path.join(build, "voled")
    found = [
        Program(VOLED, "voled", voled),
        Program(AVX2_ONLY, "voled, AVX2 only", voled, (("VOLE_NO_AVX512", "1"),)),
        Program(NO_VECTORS, "voled, no vector code", voled, (("VOLE_NO_AVX512", "1"), ("VOLE_NO_AVX2", "1"))),
        Program(CRYPTOLESS, "voled without cryptography", os.path.join(build, CRYPTOLESS_PATH)),
        Program(VETH, "bare veth"),
    ]
    for key, name, environment in ((GO, "wireguard-go", ()), (BORINGTUN, "boringtun-cli", (("WG_SUDO", "1"),))):
        path = shutil.which(name)
        if path:
            found.append(Program(key, name, path, environment))
    for text in extra:
        key, _, path = text.partition("=")
        found.append(Program(key, key, os.path.abspath(path)))
    return {program.key: program for program in found}


def others(programs):
    """Other people's programs, wireguard-go first: what voled is compared with in every row."""
    ours = (VOLED, AVX2_ONLY, NO_VECTORS, CRYPTOLESS, VETH)
    return [key for key in programs if key not in ours]
