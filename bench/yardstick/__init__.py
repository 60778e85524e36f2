# SPDX-License-Identifier: MIT
"""The bench: what is measured, on whom, and what the figures are held against.

programs.py  who is compared: voled, other programs found here, voled without cryptography, the bare cable
network.py   two hosts, a cable, a daemon on each; offloads of the cable switched off
load.py      TCP, UDP and ping between the two, as figures
usage.py     processor time and memory of daemons, from /proc
rows.py      every measurement, by name
flood.py     handshakes: how many are answered, and what a flood of them costs others
results.py   the file of figures: rounds, medians, machine
goals.py     what is to be reached, and whether it was
table.py     the same as text; chart.py as a drawing

Hosts, cables and daemons are those of the tests (tests/lab/harness).
"""

import os
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TREE, "tests", "lab"))
