#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make install` with DESTDIR puts everything in its place, and what is installed is in order: the manual pages can be
read, and systemd takes the units."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import Skipped, case, main
from harness.daemon import BUILD, TREE
from harness.lab import expect, expect_equal

PLACES = """bin/vole
bin/voled
include/vole*.h
lib/systemd/system/vole@.service
lib/systemd/system/vole-metrics.service
lib/systemd/system/vole-watch@.service
lib/sysusers.d/vole.conf
lib*/libvole.a
lib*/libvole.so
lib*/libvole.so.0
lib*/libvole.so.0.1.0
lib*/pkgconfig/vole.pc
share/bash-completion/completions/vole
share/fish/vendor_completions.d/vole.fish
share/man/man5/vole.conf.5
share/man/man8/vole.8
share/man/man8/voled.8
share/zsh/site-functions/_vole""".split()


def need(program):
    if shutil.which(program) is None:
        raise Skipped(f"there is no {program}")


def installed(lab):
    """The folder that stands for /, and the prefix below it, which the build was configured with."""
    root = os.path.join(os.path.dirname(lab.folder), "installed")  # once for all cases; /run is the sandbox's own
    if not os.path.exists(root):
        result = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root], capture_output=True,
                                text=True)
        expect(result.returncode == 0, result.stdout + result.stderr)
    prefix = subprocess.run(["meson", "introspect", "--buildoptions", BUILD], capture_output=True, text=True, check=True)
    return root, re.search(r'"name": "prefix", "value": "([^"]*)"', prefix.stdout).group(1)


@case
def every_file_is_in_its_place_and_no_other(lab):
    root, prefix = installed(lab)
    found = {os.path.relpath(os.path.join(folder, name), root + prefix)
             for folder, _, names in os.walk(root) for name in names}
    for pattern in PLACES:
        matching = {name for name in found if fnmatch.fnmatch(name, pattern)}
        expect(matching, f"nothing is installed as {pattern}: {sorted(found)}")
        found -= matching
    expect_equal(found, set(), "files that nobody expects")
    for name in os.listdir(os.path.join(TREE, "man")):
        expect(any(pattern.endswith("/" + name) for pattern in PLACES), f"{name} is not installed")


@case
def manual_pages_are_well_formed(lab):
    root, prefix = installed(lab)
    for folder, _, names in os.walk(f"{root}{prefix}/share/man"):
        for name in names:
            path = os.path.join(folder, name)
            for words in (["groff", "-man", "-ww", "-Tutf8", path], ["mandoc", "-Tlint", "-W", "warning", path]):
                need(words[0])
                said = subprocess.run(words, capture_output=True, text=True)
                said = said.stderr + (said.stdout if words[0] == "mandoc" else "")
                # the pages carry a version, and no date
                expect_equal([line for line in said.splitlines() if "missing date" not in line], [], words[0])


@case
def every_command_is_in_the_manual(lab):
    root, prefix = installed(lab)
    need("groff")
    page = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-rLL=100n", f"{root}{prefix}/share/man/man8/vole.8"],
                          capture_output=True, text=True, check=True).stdout
    synopsis, _, commands = page.partition("\nDESCRIPTION\n")
    helped = subprocess.run([f"{root}{prefix}/bin/vole", "--help"], capture_output=True, text=True, check=True).stdout
    for command in re.findall(r"^  (\w+) ", helped, re.MULTILINE):
        expect(re.search(rf"\b{command}\b", synopsis), f"{command} in the synopsis")
        expect(re.search(rf"^       vole (?:\S+ \| )*{command}\b", commands, re.MULTILINE), f"{command} among the commands")


@case
def systemd_takes_the_units(lab):
    need("systemd-analyze")
    root, prefix = installed(lab)
    # the programs have to be where the units say
    os.makedirs(f"{prefix}/bin", exist_ok=True)
    subprocess.run(["mount", "--bind", f"{root}{prefix}/bin", f"{prefix}/bin"], check=True)
    try:
        units = f"{root}{prefix}/lib/systemd/system"
        for name in os.listdir(units):
            with open(f"{units}/{name}") as unit:
                text = unit.read()
            expect("@bindir@" not in text and f"={prefix}/bin/vole " in text, f"the program in {name}:\n{text}")
            result = subprocess.run(["systemd-analyze", "verify", f"{units}/{name.replace('@', '@wg0')}"],
                                    capture_output=True, text=True,
                                    env=dict(os.environ, SYSTEMD_UNIT_PATH=f"{units}:", MANPATH=f"{root}{prefix}/share/man"))
            said = [line for line in result.stderr.splitlines() if "vole" in line]
            expect_equal((result.returncode, said), (0, []), f"{name}: {result.stderr}")
    finally:
        subprocess.run(["umount", f"{prefix}/bin"], check=True)


@case
def the_user_of_voled_is_made(lab):
    need("systemd-sysusers")
    root, prefix = installed(lab)
    empty = os.path.join(lab.folder, "empty")
    os.makedirs(f"{empty}/etc")
    subprocess.run(["systemd-sysusers", f"--root={empty}", "-"], check=True, text=True, capture_output=True,
                   input=open(f"{root}{prefix}/lib/sysusers.d/vole.conf", encoding="utf-8").read())
    with open(f"{empty}/etc/passwd", encoding="utf-8") as users:
        expect(re.search(r"^vole:x:[1-9]\d*:[1-9]\d*:[^:]*:/:\S*nologin$", users.read(), re.MULTILINE), "a user of the name")


main(__file__)
