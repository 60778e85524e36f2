# SPDX-License-Identifier: MIT
"""What a test file looks like:

    from harness.cases import case, main

    @case
    def two_hosts_can_ping(lab): ...

    main(__file__)

Run alone it enters the sandbox, runs its cases one after another, each with a fresh Lab, prints a line for
each and a last line `N passed, N failed, N skipped`; the exit status is 1 if any failed. Words on the command
line choose the cases whose names contain them; -l lists them.
"""

import os
import signal
import sys
import time
import traceback

from . import daemon, sandbox
from .lab import Lab

_cases = []


class Skipped(Exception):
    """Raised by a case that cannot run here; says why."""


def case(function=None, *, seconds=120, voled_only=None):
    """Registers a test case. voled_only says which property other daemons lack."""
    def register(made):
        _cases.append((made.__name__, made, seconds, voled_only))
        return made
    return register(function) if function else register


def variants(function, **choices):
    """Registers one case per named choice: function(lab, *choice)."""
    for name, arguments in choices.items():
        def one(lab, arguments=arguments):
            function(lab, *arguments)
        _cases.append((f"{function.__name__}_{name}", one, 120, None))


def _too_long(_number, _frame):
    raise TimeoutError("the case ran longer than it may")


def _run(function, seconds, voled_only):
    if voled_only and not daemon.IS_VOLED:
        raise Skipped(f"only voled: {voled_only}")
    signal.alarm(seconds)
    try:
        with Lab() as lab:
            function(lab)
    finally:
        signal.alarm(0)


def main(path, users=False):
    chosen = [word for word in sys.argv[1:] if not word.startswith("-")]
    cases = [entry for entry in _cases if not chosen or any(word in entry[0] for word in chosen)]
    if "-l" in sys.argv:
        print("\n".join(entry[0] for entry in cases))
        return
    if not cases:
        sys.exit(f"lab: {path} has no case whose name contains {' or '.join(chosen)}; -l lists them")
    if not os.access(daemon.VOLED, os.X_OK):
        sys.exit(f"lab: there is no daemon {daemon.VOLED}: build it with 'make', or name another: VOLED=PROGRAM {path}")
    sandbox.enter(users)
    if os.environ.get("LAB_WG") == "vole":
        daemon.take_the_place_of_wg()
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Who starts this in the background has it ignored, and so would all programs under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    title = os.path.splitext(os.path.basename(path))[0]
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    for name, function, seconds, voled_only in cases:
        began, note = time.monotonic(), ""
        try:
            _run(function, seconds, voled_only)
            result = "ok"
        except Skipped as reason:
            result, note = "skip", f": {reason}"
        except KeyboardInterrupt:
            print("lab: interrupted; everything was taken down", file=sys.stderr)
            sys.exit(130)
        except Exception:
            traceback.print_exc()
            result = "FAIL"
        counts[result] += 1
        print(f"{result:4} {title}: {name.replace('_', ' ')} ({time.monotonic() - began:.1f} s){note}", flush=True)
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped", flush=True)
    sys.exit(1 if counts["FAIL"] else 0)
