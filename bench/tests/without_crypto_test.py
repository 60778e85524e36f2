# SPDX-License-Identifier: MIT
"""voled without its cryptography is built for the bench alone: nothing that is installed has any of it.

LAB_BUILD names the build directory, in which everything, bench-programs included, must have been built.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from yardstick import TREE, programs  # noqa: E402

BUILD = os.path.abspath(os.environ.get("LAB_BUILD") or os.path.join(TREE, "build"))
WARNING = b"THIS PROTECTS NOTHING"
CRYPTOLESS = os.path.join(BUILD, programs.CRYPTOLESS_PATH)


def output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def contains(path, piece):
    with open(path, "rb") as file:
        return piece in file.read()


def symbols(path):
    return output("nm", path)


class WithoutCrypto(unittest.TestCase):
    def test_what_is_searched_for_is_in_the_one_that_has_it(self):
        self.assertTrue(contains(CRYPTOLESS, WARNING))
        self.assertIn("__wrap_aead_seal_batch", symbols(CRYPTOLESS))

    def test_an_installation_has_nothing_of_it(self):
        with tempfile.TemporaryDirectory() as folder:
            output("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", folder)
            files = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
            self.assertTrue(any(os.path.basename(path) == "voled" for path in files), files)
            for path in files:
                self.assertNotIn("without", os.path.basename(path))
                self.assertFalse(contains(path, WARNING), path)

    def test_no_program_of_ours_has_a_wrapped_function(self):
        for name in ("voled", "vole", "libvole.so"):
            self.assertNotIn("__wrap_", symbols(os.path.join(BUILD, name)), name)

    def test_make_does_not_build_it(self):
        wanted = output("ninja", "-C", BUILD, "-t", "inputs", "programs")
        self.assertIn("main.c", wanted)
        self.assertNotIn("bench", wanted)

    def test_the_build_knows_no_installed_target_of_the_bench(self):
        targets = json.loads(output("meson", "introspect", "--targets", BUILD))
        bench = [target for target in targets if target["defined_in"].startswith(os.path.join(TREE, "bench"))]
        self.assertIn("voled-without-crypto", [target["name"] for target in bench])
        for target in bench:
            self.assertFalse(target["installed"], target["name"])
            self.assertFalse(target["build_by_default"] and target["type"] != "alias", target["name"])

    def test_it_says_what_it_is_before_anything_else(self):
        said = subprocess.run([CRYPTOLESS, "--foreground", "lo"], capture_output=True, timeout=20).stderr
        self.assertIn(WARNING, said.splitlines()[0])


if __name__ == "__main__":
    unittest.main()
