# SPDX-License-Identifier: MIT
"""The file of figures: what was measured, round by round, and on what.

    {"machine": {...}, "run": {...}, "failures": [...],
     "rows": {ROW: {PROGRAM: {FIGURE: [one value per round]}}}}

Every other number anywhere is computed from these.
"""

import datetime
import json
import os
import platform
import re
import statistics
import subprocess

from . import TREE


class Results:
    def __init__(self, content=None):
        self.content = content or {"machine": {}, "run": {}, "failures": [], "rows": {}}

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return Results(json.load(file))

    def save(self, path):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(self.content, file, indent=1)
            file.write("\n")

    def add(self, row, program, figures):
        place = self.content["rows"].setdefault(row, {}).setdefault(program, {})
        for figure, value in figures.items():
            # Seven digits are more than any of this is worth, and keep the file readable.
            place.setdefault(figure, []).append(float(f"{value:.7g}"))

    def fail(self, row, program, error):
        self.content["failures"].append({"row": row, "program": program, "error": error})

    def values(self, row, program, figure):
        """All rounds' values, or None."""
        return self.content["rows"].get(row, {}).get(program, {}).get(figure)

    def median(self, row, program, figure):
        values = self.values(row, program, figure)
        return statistics.median(values) if values else None


def _command(*words):
    """The first line a command prints, '' if it cannot be run."""
    try:
        result = subprocess.run(words, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL, cwd=TREE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (result.stdout or result.stderr).strip().split("\n")[0].strip()


def machine():
    """What the figures were taken on."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        text = file.read()
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.*)$", text, re.MULTILINE)
    known = set(flags.group(1).split()) if flags else set()
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) // 1024
    return {
        "processor": model.group(1) if model else platform.machine(),
        "processors": os.cpu_count(),
        "vector_code": [name for name in ("avx2", "avx512f", "avx512ifma") if name in known],
        "virtual": "hypervisor" in known,
        "memory_mib": memory,
        "kernel": platform.release(),
        "system": next((line.split("=")[1].strip().strip('"') for line in open("/etc/os-release", encoding="utf-8")
                        if line.startswith("PRETTY_NAME=")), "") if os.path.exists("/etc/os-release") else "",
    }


def versions(programs):
    """The version of each program compared, and of the tools."""
    tools = (("iperf3", "--version"), ("ping", "-V"), ("wg", "--version"))
    found = {tool: _command(tool, switch) for tool, switch in tools}
    paths = set()
    for program in programs:
        if program.path and program.path not in paths:  # variants are the same program
            paths.add(program.path)
            found[program.key] = _command(program.path, "--version") or program.path
    return found


def commit():
    """The commit of this tree, with a plus sign if the tree differs from it."""
    name = _command("git", "rev-parse", "--short=12", "HEAD") or "unknown"
    return name + ("+" if _command("git", "status", "--porcelain", "--untracked-files=no") else "")


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
