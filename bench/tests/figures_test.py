# SPDX-License-Identifier: MIT
"""Reading what tools print, medians, goals, and the drawing. Alone: python3 bench/tests/figures_test.py"""

import json
import os
import sys
import tempfile
import unittest
from xml.etree import ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from yardstick import chart, footprint, load, programs, results, table, usage  # noqa: E402
from yardstick.goals import GOALS, Goal, at_most  # noqa: E402
from yardstick.rows import ROWS  # noqa: E402
from harness.lab import Failed  # noqa: E402

STAT = "71 (voled) x (y) S 1 71 71 0 -1 4194560 231 0 0 0 250 125 7 9 20 0 3 0 99 1 2 3"


def sample():
    """Two rounds of a few rows, with round numbers."""
    made = results.Results()
    made.content["machine"] = {"processor": "a processor & more", "processors": 2, "virtual": True, "kernel": "6.1",
                               "vector_code": [], "memory_mib": 1, "system": "some <system>"}
    made.content["run"] = {"date": "today", "commit": "abc", "rounds": 3, "seconds": 1.0, "build": {}, "outdated": False, "environment": {"VOLE_WORKERS": "2"},
                           "measurements": 9, "begun_busy": 2, "stolen": 0.0123,
                           "versions": {programs.GO: "wireguard-go 0"}}
    for voled, go in ((10e9, 1e9), (50e9, 2e9), (20e9, 9e9)):
        made.add("tcp-one", programs.VOLED, {"bits_per_second": voled, "cpu_seconds_per_gigabyte": 1.5})
        made.add("tcp-one", programs.GO, {"bits_per_second": go, "cpu_seconds_per_gigabyte": 15})
        made.add("plain-cable", programs.VOLED, {"bits_per_second": 6e9})
        made.add("plain-cable", programs.GO, {"bits_per_second": 1e9})
        made.add("ping-idle", programs.VOLED, {"median_ms": 0.1})
        made.add("ping-idle", programs.GO, {"median_ms": 0.4})
    return made


class Reading(unittest.TestCase):
    def test_processor_time_is_user_plus_system_whatever_the_name_holds(self):
        self.assertAlmostEqual(usage.cpu_from_stat(STAT), (250 + 125) / os.sysconf("SC_CLK_TCK"))

    def test_processor_time_of_this_process_grows(self):
        before = usage.cpu_seconds([os.getpid()])
        while usage.cpu_seconds([os.getpid()]) - before < 0.05:
            pass

    def test_memory_is_pss_not_rss(self):
        self.assertEqual(usage.pss_from_rollup("0-1 ---p 0\nRss: 9 kB\nPss: 7 kB\nPss_Anon: 3 kB\n"), 7 * 1024)
        self.assertRaises(ValueError, usage.pss_from_rollup, "Rss: 9 kB\n")

    def test_a_large_allocation_shows_in_memory(self):
        before = usage.pss_bytes([os.getpid()])
        block = bytearray(b"x" * (32 << 20))
        self.assertGreater(usage.pss_bytes([os.getpid()]) - before, len(block) // 2)

    def test_idle_and_stolen_time_of_the_machine(self):
        ticks = os.sysconf("SC_CLK_TCK")
        text = "cpu  100 0 200 3000 400 0 0 50 77 0\ncpu0 9 9\n"
        self.assertEqual(usage.machine_times(text), (3400 / ticks, 50 / ticks, 3750 / ticks))

    def test_iperf3_counts_what_arrived_in_both_directions(self):
        end = {"sum_sent": {"bytes": 99, "bits_per_second": 99}, "sum_received": {"bytes": 10, "bits_per_second": 80},
               "sum_sent_bidir_reverse": {"bytes": 99, "bits_per_second": 99},
               "sum_received_bidir_reverse": {"bytes": 5, "bits_per_second": 40}}
        self.assertEqual(load.received_from_iperf3(json.dumps({"end": end})), (15, 120))

    def test_an_iperf3_that_failed_is_no_figure(self):
        self.assertRaises(Failed, load.received_from_iperf3, '{"error": "no route", "end": {}}')

    def test_ping_times(self):
        text = "64 bytes from x: icmp_seq=1 ttl=64 time=0.211 ms\nno answer yet\n64 bytes: icmp_seq=3 time=12.5 ms\n"
        self.assertEqual(load.times_from_ping(text), [0.211, 12.5])


    def test_the_start_ends_with_the_first_answer(self):
        printed = ("1700000000.000000\n1700000000.004000\nPING x (x) 56(84) bytes of data.\n"
                   "[1700000000.009500] 64 bytes from x: icmp_seq=1 ttl=64 time=1.09 ms\n\n--- x ping statistics ---\n")
        ready, answered = footprint.start_times(printed)
        self.assertAlmostEqual(ready, 4, 2)
        self.assertAlmostEqual(answered, 9.5, 2)


class Judging(unittest.TestCase):
    def test_a_ratio_is_that_of_medians(self):
        self.assertEqual(Goal("", "tcp-one", "bits_per_second", 9).measured(sample()), 10)

    def test_another_row_can_be_the_yardstick(self):
        goal = Goal("", "plain-cable", "bits_per_second", 4, against_row="tcp-one")
        self.assertEqual(goal.measured(sample()), 3)
        self.assertEqual(goal.verdict(sample()), "no")

    def test_must_and_aim_from_below_and_from_above(self):
        for goal, wanted in ((Goal("", "tcp-one", "bits_per_second", 9, 14), "must"),
                             (Goal("", "tcp-one", "bits_per_second", 9, 10), "aim"),
                             (Goal("", "tcp-one", "bits_per_second", 11, 14), "no"),
                             (at_most("", "tcp-one", "cpu_seconds_per_gigabyte", 2, 1.4, against=None), "must"),
                             (at_most("", "tcp-one", "cpu_seconds_per_gigabyte", 1.4, 1, against=None), "no"),
                             (at_most("", "ping-idle", "median_ms", 0.5), "must"),
                             (at_most("", "ping-idle", "median_ms", 0.2), "no")):
            self.assertEqual(goal.verdict(sample()), wanted, goal)

    def test_what_was_not_measured_is_not_judged(self):
        for goal in (Goal("", "udp-64", "datagrams_per_second", 3), Goal("", "tcp-one", "peak_mib", 3),
                     Goal("", "tcp-one", "bits_per_second", 3, against=programs.CRYPTOLESS)):
            self.assertIsNone(goal.verdict(sample()))

    def test_a_goal_for_wide_registers_is_not_judged_where_there_are_none(self):
        goal, wide = Goal("", "tcp-one", "bits_per_second", 3, needs="avx512ifma"), sample()
        self.assertIsNone(goal.verdict(wide))
        wide.content["machine"]["vector_code"] = ["avx512ifma"]
        self.assertEqual(goal.verdict(wide), "must")

    def test_every_goal_names_a_row_that_exists_and_a_figure_with_a_unit(self):
        rows = {row.name: row for row in ROWS}
        for goal in GOALS:
            self.assertIn(goal.row, rows)
            self.assertIn(goal.program, rows[goal.row].ours)
            self.assertIn(goal.figure, table.UNITS)


class Showing(unittest.TestCase):
    def test_what_is_saved_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "new", "results.json")
            sample().save(path)
            self.assertEqual(results.Results.load(path).content, sample().content)

    def test_a_spread_shows_median_and_extremes_in_the_figures_unit(self):
        self.assertEqual(table.spread("bits_per_second", [1e9, 4e9, 2.5e9]), "2.50 (1.00–4.00)")
        self.assertEqual(table.spread("handshakes_per_second", [12345]), "12\u00a0345")

    def test_the_table_of_goals_marks_what_was_reached(self):
        line = next(line for line in table.goals(sample()).splitlines() if line.startswith("ping, idle"))
        self.assertRegex(line, r"0\.25×.*≤ 0\.5× +✔$")

    def test_the_drawing_is_well_formed_and_longer_is_better(self):
        tree = ElementTree.fromstring(chart.draw(sample()))
        bars = [node for node in tree.iter("{http://www.w3.org/2000/svg}rect")
                if node.get("class") == "bar" and float(node.get("y")) > chart.TOP]
        self.assertEqual(len({bar.get("x") for bar in bars}), 1, "all begin where both are the same")
        widths = [float(bar.get("width")) for bar in bars]
        # TCP 10x, CPU 10x, plain cable 3x, ping 4x
        self.assertEqual(len(widths), 4)
        self.assertAlmostEqual(widths[0], widths[1], 1)
        self.assertLess(widths[2], widths[3])
        self.assertLess(widths[3], widths[0])

    def test_the_document_has_every_figure_and_escapes_nothing_away(self):
        text = table.document(sample())
        for piece in ("20.0 (10.0–50.0)", "![How many times", "a processor & more", "not measured", "2 of 9 measurements", "VOLE_WORKERS=2",
                      "1.2% of its"):
            self.assertIn(piece, text)


if __name__ == "__main__":
    unittest.main()
