# SPDX-License-Identifier: MIT
"""The lab: whole networks of hosts inside one process tree, for tests with real daemons.

sandbox.py   enters private namespaces (no root needed where user namespaces are allowed)
lab.py       hosts, cables, switches; cleans up; shows logs when a test fails
daemon.py    a WireGuard daemon on a host, and the settings that choose which one
traffic.py   ping and TCP transfers verified by SHA-256
scarce.py    allocations of a program that fail, one after the other
uapi.py      the configuration socket, byte by byte
figures.py   what processes use, what daemons have counted
packets.py   raw packets: sniffing, building, relaying
cases.py     what a test file looks like and how it is run

Everything is bounded in time; nothing waits blindly: `wait_for` polls a condition.
"""
