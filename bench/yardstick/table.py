# SPDX-License-Identifier: MIT
"""Figures as text: a row as it is measured, and the table of goals, for terminals and as Markdown."""

import dataclasses
import statistics

from . import programs
from .goals import GOALS


@dataclasses.dataclass(frozen=True)
class Unit:
    name: str
    scale: float = 1.0
    short: str = ""
    compared: bool = True  # whether "so many times wireguard-go's" says anything

    def show(self, value):
        value *= self.scale
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
        return f"{value:,.{digits}f}".replace(",", "\u00a0")  # a space that no line breaks at


UNITS = {
    "bits_per_second": Unit("Gbit/s", 1e-9),
    "cpu_seconds_per_gigabyte": Unit("CPU-s per 10⁹ bytes", short="s"),
    "bytes_per_frame": Unit("bytes per frame on the cable", compared=False),
    "datagrams_per_second": Unit("k datagrams/s", 1e-3, "k/s"),
    "offered_per_second": Unit("k datagrams/s offered", 1e-3, compared=False),
    "cpu_us_per_datagram": Unit("µs CPU per datagram", short="µs"),
    "median_ms": Unit("µs", 1e3),
    "idle_mib": Unit("MiB idle", short="MiB"),
    "peak_mib": Unit("MiB peak", short="MiB"),
    "memory_mib": Unit("MiB"),
    "setconf_seconds": Unit("s for wg setconf", short="s"),
    "handshakes_per_second": Unit("handshakes/s", short="/s"),
    "kept": Unit("of the throughput kept", compared=False),
    "flood_per_second": Unit("k datagrams/s of flood", 1e-3, compared=False),
    "lost": Unit("lost", compared=False),
    "cookie_replies": Unit("cookie replies", compared=False),
    "daemon_cpus": Unit("processors used", compared=False),
    "milliseconds": Unit("ms"),
    "ready_milliseconds": Unit("ms of it until the daemon was ready", short="ms"),
}
PLAIN_NOTE = "TCP without UDP segmentation and GRO on the veth is held against wireguard-go with both."
MARKS = {"aim": "✔✔", "must": "✔", "no": "✘", None: "–"}


def unit(figure):
    return UNITS.get(figure, Unit(figure.replace("_", " ")))


def spread(figure, values):
    """`median (lowest–highest)` in the figure's unit."""
    show = unit(figure).show
    text = show(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({show(min(values))}–{show(max(values))})"


def row_lines(results, row, members):
    """One row: each figure of each program, and how many times wireguard-go's it is."""
    lines = [f"{row.name}: {row.says}"]
    figures = dict.fromkeys(figure for program in members
                            for figure in results.content["rows"].get(row.name, {}).get(program.key, {}))
    for figure in figures:
        reference = results.median(row.name, programs.GO, figure) if unit(figure).compared else None
        for program in members:
            values = results.values(row.name, program.key, figure)
            if not values:
                continue
            times = f"{statistics.median(values) / reference:8.2f}×" if reference else ""
            lines.append(f"    {program.title:26} {spread(figure, values):>28} {unit(figure).name:22}{times}")
    return "\n".join(lines)


def place(results):
    """The machine in a few words."""
    machine = results.content["machine"]
    return (f"{machine['processor']}, {machine['processors']} {'virtual ' if machine['virtual'] else ''}processors, "
            f"Linux {machine['kernel']}")


def heading(results):
    run = results.content["run"]
    return f"{place(results)}; vole {run['commit']}, {run['date']}; {run['rounds']} rounds of {run['seconds']:g} s\n"


def disturbance(results):
    """How far the machine belonged to the bench."""
    run = results.content["run"]
    return (f"{run['begun_busy']} of {run['measurements']} measurements began while something else kept the machine "
            f"busy; {run['stolen']:.1%} of its processor time was taken by its host.")


def goal_number(goal, value):
    """A goal's or a measured number with its unit or as a multiple."""
    if goal.against is not None:
        return f"{value:.2f}" + ("×" if goal.against == programs.GO else "")
    return f"{unit(goal.figure).show(value)} {unit(goal.figure).name}"


def goal_bound(goal, number):
    """"≥ 9×"; "" if there is none."""
    if number is None:
        return ""
    text = f"{number:g}" + ("×" if goal.against == programs.GO else "")
    return f"{'≥' if goal.at_least else '≤'} {text}"


def goal_rows(results):
    """Cells of the table of goals: test, wireguard-go, voled, held against the goal, must, aim, mark."""
    for goal in GOALS:
        value = goal.measured(results)
        theirs = results.values(goal.against_row or goal.row, goal.against or programs.GO, goal.figure)
        ours = results.values(goal.row, goal.program, goal.figure)
        name = unit(goal.figure).name
        note = " without cryptography" if goal.against == programs.CRYPTOLESS else ""
        yield (goal.test, f"{spread(goal.figure, theirs)} {name}{note}" if theirs else "–",
               f"{spread(goal.figure, ours)} {name}" if ours else "–",
               "–" if value is None else goal_number(goal, value) if goal.against else "",
               goal_bound(goal, goal.must), goal_bound(goal, goal.aim), MARKS[goal.verdict(results)])


HEADS = ("test", "wireguard-go", "voled", "ratio", "must", "aim", "")


def goals(results):
    """The table for a terminal; only what was measured."""
    rows = [HEADS, *(row for row in goal_rows(results) if row[-1] != MARKS[None])]
    if len(rows) == 1:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    text = "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
    return f"{text}\n({MARKS['must']} reached, {MARKS['aim']} reached the aim, {MARKS['no']} not reached)"


def _markdown(heads, rows, right=()):
    """A Markdown table; columns in right are aligned to the right."""
    lines = [heads, ["--:" if column in right else "---" for column in range(len(heads))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _versions(results):
    versions = results.content["run"]["versions"]
    return "; ".join(f"{name}: {version}" if name not in version else version for name, version in versions.items())


def _all_figures(results):
    """One Markdown table of everything: a line per row and figure, a column per program."""
    keys = list(dict.fromkeys(key for row in results.content["rows"].values() for key in row))
    lines = []
    for row, by_program in results.content["rows"].items():
        figures = dict.fromkeys(figure for figures in by_program.values() for figure in figures)
        for figure in figures:
            cells = [results.values(row, key, figure) for key in keys]
            lines.append([row, unit(figure).name, *(spread(figure, values) if values else "" for values in cells)])
    return _markdown(["row", "unit", *keys], lines, range(2, 2 + len(keys)))


def document(results):
    """docs/bench.md: goals, drawing, all figures, and what they were measured on."""
    machine, run = results.content["machine"], results.content["run"]
    parts = [
        "# Measured\n\nWritten by `bench/report` from [bench/results.json](../bench/results.json); change neither by "
        "hand. What each row does, and what it leaves out: [bench/README.md](../bench/README.md).",
        "![How many times better than wireguard-go](bench.svg)",
        f"{place(results)}; {', '.join(machine['vector_code']) or 'no vector code'}; {machine['memory_mib']} MiB; "
        f"{machine['system']}. vole {run['commit']}, {run['date']}. Figures are medians (lowest–highest) of "
        f"{run['rounds']} rounds of {run['seconds']:g} s (fewer rounds where one takes long); in each round all programs "
        f"take their turn. Compare what stands in one line, never lines of different days. {disturbance(results)}",
        "## Goals",
        _markdown(HEADS, [[cell.replace("|", "/") for cell in row] for row in goal_rows(results)]),
        f"{MARKS['must']} reached, {MARKS['aim']} reached the aim, {MARKS['no']} not reached, {MARKS[None]} not "
        f"measured. {PLAIN_NOTE}",
        "## All figures", _all_figures(results),
    ]
    if results.content.get("crypto"):
        parts += ["## The primitives alone"] + [f"`bench/crypto/{name}`\n\n```\n{text.strip()}\n```"
                                                for name, text in results.content["crypto"].items()]
    if results.content["failures"]:
        parts += ["## Measurements that failed", "\n".join(
            f"* {failure['row']}, {failure['program']}: {failure['error']}" for failure in results.content["failures"])]
    if run["environment"]:
        parts.append("Set in the environment of voled: " + ", ".join(map("=".join, run["environment"].items())))
    parts.append(f"## Versions\n\n{_versions(results)}")
    return "\n\n".join(parts) + "\n"
