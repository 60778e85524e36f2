#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""At how many workers does the throughput of one voled stop growing, and what stops it?

usage: model.py [--costs FILE]    tables for docs/scaling.md, as Markdown
       model.py --svg FILE        the same as a chart
       model.py --self-test

A bottleneck model. Work comes in superpackets. Each costs time on some of the resources: the worker that
seals, the worker that opens (a peer's own), the processor that serves the network card's queue, cache lines that
only one processor can have at a time, memory. Each resource can be busy all the time and no more; all processors
together are one more resource. The throughput is what the first exhausted one lets through. So it is an upper
bound: nothing waits for anything that is not exhausted, as with many elastic flows.

What a superpacket costs is in costs.json, every figure with how it was obtained.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FLOWS = 64  # of "many flows"
CORES = (4, 16, 64)
NEARLY = 0.97  # of the best counts as the best


def load_costs(path):
    with open(path, encoding="utf-8") as source:
        return {name: entry["value"] for name, entry in json.load(source).items()}


def used(places, things):
    """How many of so many places have something, if things are put at random (a hash)."""
    return places * (1 - (1 - 1 / places) ** things)


class Machine:
    """One host with so many processors, so many of its own threads as workers."""

    def __init__(self, costs, cores, workers):
        self.costs, self.cores, self.workers = costs, cores, workers
        self.demands = {}  # resource -> microseconds of it per superpacket, spread over all of its instances

    def use(self, resource, microseconds, instances=1.0):
        self.demands[resource] = self.demands.get(resource, 0) + microseconds / instances

    def share_memory(self):
        bytes_moved = self.costs["memory_passes"] * self.costs["superpacket_bytes"]
        self.use("memory", bytes_moved / (self.costs["memory_gb_per_s"][str(self.cores)] * 1e3))

    def result(self):
        """(Gbit/s, the resource that is exhausted)."""
        resource = max(self.demands, key=self.demands.get)
        return self.costs["superpacket_bytes"] * 8e-3 / self.demands[resource], resource


def sending(costs, cores, workers, peers, flows):
    """The host sends to its peers: sealing is dealt out by flow (few peers) or goes with the peer (many)."""
    machine = Machine(costs, cores, workers)
    deal = workers > 1 and peers < 2 * workers
    seal = costs["out_read_us"] + costs["out_own_us"] + costs["out_seal_us"] + costs["out_send_us"]
    lines = costs["lines_out"] * costs["line_us"] if deal else 0
    homes = min(workers, peers)
    machine.use("the workers", seal + lines + costs["out_acks_us"], workers if deal else homes)
    if deal:
        machine.use("the workers that seal", seal + lines, used(workers, flows))
        machine.use("the peer's own worker, by answers", costs["out_acks_us"], homes)
        machine.use("the peer's cache lines", lines, peers)
    machine.use("all processors", seal + lines + costs["out_acks_us"] + costs["application_us"], cores)
    machine.use("one flow's sender", costs["application_us"], flows)
    machine.share_memory()
    return machine.result()


def receiving(costs, cores, workers, peers, flows):
    """The host receives from its peers: what a peer sends is opened by its own worker."""
    machine = Machine(costs, cores, workers)
    deal = workers > 1 and peers < 2 * workers
    opening = costs["in_receive_us"] + costs["in_own_us"] + costs["in_open_us"] + costs["in_write_us"]
    lines = costs["lines_in"] * costs["line_us"] if deal else 0
    homes = min(workers, peers)
    own = opening + lines + (0 if deal else costs["in_acks_us"])
    machine.use("the peer's own worker" if peers == 1 else "the workers", own, homes)
    if deal:
        machine.use("the workers that seal", costs["in_acks_us"], used(workers, flows))
        machine.use("all workers", own + costs["in_acks_us"], workers)
    machine.use("the card's receive queue", costs["softirq_us"], min(cores, peers))
    machine.use("all processors", opening + lines + costs["in_acks_us"] + costs["softirq_us"] +
                costs["application_us"], cores)
    machine.use("one flow's receiver", costs["application_us"], flows)
    machine.share_memory()
    return machine.result()


SCENARIOS = (
    ("one peer, one flow, sending", sending, 1, 1),
    ("one peer, one flow, receiving", receiving, 1, 1),
    (f"one peer, {FLOWS} flows, sending", sending, 1, FLOWS),
    (f"one peer, {FLOWS} flows, receiving", receiving, 1, FLOWS),
    ("100 peers, 4 flows each, sending", sending, 100, 400),
    ("100 peers, 4 flows each, receiving", receiving, 100, 400),
)


def curve(costs, scenario, cores):
    """[(workers, Gbit/s, resource)] for 1 .. cores workers."""
    _, direction, peers, flows = scenario
    return [(workers, *direction(costs, cores, workers, peers, flows)) for workers in range(1, cores + 1)]


def knee(points):
    """The first point that is nearly as good as the best."""
    best = max(rate for _, rate, _ in points)
    return next(point for point in points if point[1] >= NEARLY * best)


def tables(costs):
    print("| | processors | 1 worker | 2 | 4 | 8 | 16 | 32 | stops growing at | there | because exhausted |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for scenario in SCENARIOS:
        for cores in CORES:
            points = curve(costs, scenario, cores)
            at, rate, resource = knee(points)
            by_workers = {workers: f"{value:.0f}" for workers, value, _ in points}
            cells = [by_workers.get(workers, "") for workers in (1, 2, 4, 8, 16, 32)]
            print(f"| {scenario[0]} | {cores} | {' | '.join(cells)} | {at} | {rate:.0f} | {resource} |")


COLOURS = ("#1b9e77", "#66a61e", "#7570b3", "#e7298a", "#d95f02", "#a6761d")


def svg(costs, path, cores=16):
    """Throughput over workers on a machine of so many processors; lines that coincide are moved apart a little."""
    width, height, left, bottom = 640, 360, 50, 40
    curves = [(scenario[0], curve(costs, scenario, cores)) for scenario in SCENARIOS]
    most = max(rate for _, points in curves for _, rate, _ in points) * 1.05
    plot = width - left - 10, height - bottom - 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 20 * len(curves)}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height + 20 * len(curves)}" fill="white"/>']
    for tick in range(0, int(most) + 1, 20):
        y = 10 + plot[1] * (1 - tick / most)
        out.append(f'<path d="M{left} {y:.1f}H{width - 10}" stroke="#ddd"/>'
                   f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick}</text>')
    for workers in range(1, cores + 1):
        x = left + plot[0] * (workers - 1) / (cores - 1)
        out.append(f'<text x="{x:.1f}" y="{height - bottom + 10}" text-anchor="middle">{workers}</text>')
    out.append(f'<text x="{left + plot[0] / 2}" y="{height - 6}" text-anchor="middle">workers, on {cores} processors; '
               'Gbit/s</text>')
    for number, (name, points) in enumerate(curves):
        line = " ".join(f"{left + plot[0] * (workers - 1) / (cores - 1):.1f},"
                        f"{10 + plot[1] * (1 - rate / most) + number - 2:.1f}" for workers, rate, _ in points)
        out.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[number]}" stroke-width="2"/>')
        y = height + 20 * number + 6
        out.append(f'<path d="M{left} {y}h30" stroke="{COLOURS[number]}" stroke-width="2"/>'
                   f'<text x="{left + 38}" y="{y + 4}">{name}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out + ["</svg>"]) + "\n")


def self_test(costs):
    def rates(scenario, cores):
        return [rate for _, rate, _ in curve(costs, scenario, cores)]

    assert abs(used(4, 10 ** 6) - 4) < 1e-6 and abs(used(4, 1) - 1) < 1e-9
    for scenario in SCENARIOS:
        for cores in CORES:
            assert all(rate > 0 for rate in rates(scenario, cores)), scenario
    # A worker more never helps receiving from one peer, beyond the one that takes the answers away.
    one = rates(SCENARIOS[3], 16)
    assert max(one) == max(one[:3]), one
    # Twice the cost of everything is half of the throughput.
    twice = {name: value * 2 if name.endswith("_us") else value for name, value in costs.items()}
    twice["memory_gb_per_s"] = {cores: rate / 2 for cores, rate in costs["memory_gb_per_s"].items()}
    for scenario in SCENARIOS:
        for before, after in zip(rates(scenario, 16), curve(twice, scenario, 16)):
            assert abs(before / after[1] - 2) < 1e-9, scenario


def main():
    words = sys.argv[1:]
    path = words[words.index("--costs") + 1] if "--costs" in words else os.path.join(HERE, "costs.json")
    costs = load_costs(path)
    self_test(costs)
    if "--self-test" in words:
        return
    if "--svg" in words:
        svg(costs, words[words.index("--svg") + 1])
    else:
        tables(costs)


main()
