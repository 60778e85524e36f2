# SPDX-License-Identifier: MIT
"""The figures as a drawing: how many times better than wireguard-go, on a logarithmic axis.

One bar per goal that can be compared with wireguard-go. "Better" is more throughput, or less time, memory or
processor time: the ratio or its inverse, so that longer is always better. The whisker goes from the worst to
the best round; a tick stands where the goal is. Colours follow the reader's light or dark scheme.
"""

import math
from xml.sax.saxutils import escape

from . import programs
from .goals import GOALS, Goal
from .network import MTU
from .table import PLAIN_NOTE, place, unit

WIDTH, LEFT, RIGHT, LINE, BAR = 1020, 322, 226, 24, 12
TOP, BOTTOM = 92, 91
STYLE = """
  svg { font-family: system-ui, 'DejaVu Sans', sans-serif; font-size: 13px; color-scheme: light dark; }
  .paper { fill: #ffffff; } .ink { fill: #1d2530; } .pale { fill: #5b6675; } .grid { stroke: #dfe4ea; }
  .one { stroke: #5b6675; } .bar { fill: #2a78c2; } .whisker { stroke: #0d3c6b; } .must { stroke: #c2410c; }
  .other { fill: none; stroke: #7a5ab8; stroke-width: 2; } .small { font-size: 11.5px; } .big { font-size: 17px; }
  .bold { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #14181f; } .ink { fill: #e7ebf0; } .pale { fill: #9aa5b4; } .grid { stroke: #2b333e; }
    .one { stroke: #9aa5b4; } .bar { fill: #4e9be6; } .whisker { stroke: #d3e6fa; } .must { stroke: #fb923c; }
    .other { stroke: #b79cf0; }
  }"""
EXTRA = [
    Goal("TCP, one stream, without vector code", "no-vectors", "bits_per_second", 0, program=programs.NO_VECTORS),
    Goal("TCP, one stream, AVX2 only", "no-vectors", "bits_per_second", 0, program=programs.AVX2_ONLY),
]


class Line:
    """One bar: everything relative to wireguard-go's median, larger is better."""

    def __init__(self, results, goal):
        reference = results.values(goal.against_row or goal.row, programs.GO, goal.figure)
        values = results.values(goal.row, goal.program, goal.figure)
        self.drawn = bool(reference and values and goal.against in (None, programs.GO) and goal.figure != "kept")
        if not self.drawn:
            return
        base = results.median(goal.against_row or goal.row, programs.GO, goal.figure)
        self.goal, self.base = goal, base
        self.value = self.better(results.median(goal.row, goal.program, goal.figure))
        self.low, self.high = sorted(map(self.better, (min(values), max(values))))
        must = goal.must * base if goal.against else goal.must
        self.must = self.better(must) if must else None
        bare = results.median(goal.row, programs.CRYPTOLESS, goal.figure)
        self.bare = self.better(bare) if bare else None
        show = unit(goal.figure)
        ours = results.median(goal.row, goal.program, goal.figure)
        self.text = f"{show.show(ours)} : {show.show(base)} {show.short or show.name}"

    def better(self, value):
        return value / self.base if self.goal.at_least else self.base / value


class Axis:
    """A logarithmic axis in powers of 1, 2 and 5."""

    def __init__(self, lowest, highest):
        steps = [digit * 10 ** power for power in range(-2, 5) for digit in (1, 2, 5)]
        self.first = max([1 / 1000] + [step for step in steps if step <= min(lowest, 1)])
        self.last = min([step for step in steps if step >= max(highest, 10)] or [1e5])
        self.ticks = [step for step in steps if self.first <= step <= self.last]

    def place(self, value):
        share = math.log(value / self.first) / math.log(self.last / self.first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def _text(x, y, text, classes="ink", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}" text-anchor="{anchor}">{escape(text)}</text>'


def _upright(x, top, bottom, classes, width=1.0):
    return (f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" class="{classes}" '
            f'stroke-width="{width:g}"/>')


def _bar(line, axis, y):
    """One line of the drawing, whose middle is at y."""
    start, end = sorted((axis.place(1), axis.place(line.value)))
    low, high = axis.place(line.low), axis.place(line.high)
    parts = [
        _text(LEFT - 12, y + 4.5, line.goal.test, "ink", "end"),
        f'<rect x="{start:.1f}" y="{y - BAR / 2:.1f}" width="{max(1.0, end - start):.1f}" height="{BAR}" rx="2" '
        'class="bar"/>',
        f'<line x1="{low:.1f}" y1="{y:.1f}" x2="{high:.1f}" y2="{y:.1f}" class="whisker" stroke-width="2"/>',
    ]
    if line.must is not None:
        parts.append(_upright(axis.place(line.must), y - 9, y + 9, "must", 2.5))
    if line.bare is not None:
        x = axis.place(line.bare)
        parts.append(f'<path d="M{x:.1f} {y - 6:.1f} l6 6 l-6 6 l-6 -6 z" class="other"/>')
    digits = 0 if line.value >= 20 else 1
    parts += [_text(WIDTH - RIGHT + 52, y + 4.5, f"{line.value:.{digits}f}×", "ink bold", "end"),
              _text(WIDTH - RIGHT + 60, y + 4.5, line.text, "pale small")]
    return parts


def _legend(y):
    return [
        f'<rect x="{LEFT}" y="{y - 10}" width="22" height="{BAR}" rx="2" class="bar"/>',
        _text(LEFT + 28, y, "voled, median", "ink small"),
        f'<line x1="{LEFT + 128}" y1="{y - 4}" x2="{LEFT + 150}" y2="{y - 4}" class="whisker" stroke-width="2"/>',
        _text(LEFT + 156, y, "all rounds", "ink small"),
        _upright(LEFT + 232, y - 13, y + 5, "must", 2.5), _text(LEFT + 240, y, "goal", "ink small"),
        f'<path d="M{LEFT + 290} {y - 10} l6 6 l-6 6 l-6 -6 z" class="other"/>',
        _text(LEFT + 302, y, "its cryptography taken out", "ink small"),
    ]


def draw(results):
    """The whole SVG as text."""
    lines = [line for line in (Line(results, goal) for goal in [*GOALS, *EXTRA]) if line.drawn]
    if not lines:
        raise ValueError("nothing in these results can be compared with wireguard-go")
    bounds = [value for line in lines for value in (line.low, line.high, line.must, line.bare) if value]
    axis = Axis(min(bounds), max(bounds))
    height = TOP + LINE * len(lines) + BOTTOM
    foot = height - BOTTOM + 10
    run = results.content["run"]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" role="img" aria-label="voled compared with wireguard-go">',
             f"<style>{STYLE}\n</style>", f'<rect width="{WIDTH}" height="{height}" class="paper"/>',
             _text(24, 32, "How many times better than wireguard-go", "ink big bold"),
             _text(24, 52, "more throughput, or less time, memory and processor time; logarithmic; longer is better",
                   "pale small"),
             *_legend(TOP - 14 + 2), _text(WIDTH - RIGHT + 60, TOP - 12, "voled : wireguard-go", "pale small")]
    for tick in axis.ticks:
        x = axis.place(tick)
        parts += [_upright(x, TOP - 2, foot - 10, "one" if tick == 1 else "grid", 1.5 if tick == 1 else 1),
                  _text(x, foot + 6, f"{tick:g}×", "pale small", "middle")]
    for number, line in enumerate(lines):
        parts += _bar(line, axis, TOP + LINE * number + LINE / 2)
    parts += [_text(24, foot + 30, f"{place(results)}; two hosts joined by a veth, MTU {MTU}", "pale small"),
              _text(24, foot + 47, f"medians of {run['rounds']} interleaved rounds of {run['seconds']:g} s; vole "
                    f"{run['commit']}, {run['versions'].get(programs.GO, '')}; {run['date']}", "pale small"),
              _text(24, foot + 64, PLAIN_NOTE, "pale small"), "</svg>"]
    return "\n".join(parts) + "\n"
