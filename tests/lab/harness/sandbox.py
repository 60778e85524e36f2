# SPDX-License-Identifier: MIT
"""Runs this process again inside namespaces of its own: users, mounts, processes, network.

Inside, we are root over nothing but ourselves: /run is an empty private tmpfs, the network is empty, and
when the first process in there ends, the kernel ends all others, so nothing can be left behind.
"""

import ctypes
import os
import signal
import subprocess
import sys

INSIDE = "VOLE_LAB_INSIDE"
STATE = "VOLE_STATE_DIRECTORY"
USERS = 65536
_PRIVATE = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
# The shell is process 1: it collects daemons whose parent has gone, which Python would not.
_INIT = 'mount -t tmpfs tmpfs "$(realpath /var/run)" && ip link set lo up && "$@"; exit $?'


def _works(arguments):
    command = ["unshare", *arguments, "sh", "-c", "mount -t tmpfs tmpfs /run && ip link set lo up"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def unshare_arguments():
    """The arguments for unshare(1) that work here, or an exit with an explanation."""
    rootless = ["--user", "--map-root-user", *_PRIVATE]
    if _works(rootless):
        return rootless
    if os.geteuid() == 0 and _works(_PRIVATE):
        return _PRIVATE
    sys.exit("lab: cannot make network namespaces here: user namespaces are switched off for users "
             "(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, "
             "user.max_user_namespaces). Run the same command as root, for example with sudo.")


def has_users():
    """Whether there are others than root."""
    with open("/proc/self/uid_map", encoding="ascii") as lines:
        return sum(int(line.split()[2]) for line in lines) >= USERS


def _enter_users():
    """Goes on in a child that is root over the first of this system's users, which only root may make; this process ends
    with it. False: may not."""
    ready, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        library = ctypes.CDLL(None, use_errno=True)
        made = library.unshare(0x10000000) == 0  # CLONE_NEWUSER
        library.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        os.write(ready[1], b"1" if made else b"0")
        if os.read(mapped[0], 1) == b"1":
            return True
        os._exit(0)
    success = os.read(ready[0], 1) == b"1"
    for name in ("uid_map", "gid_map") if success else ():
        try:
            with open(f"/proc/{child}/{name}", "w", encoding="ascii") as users:
                users.write(f"0 0 {USERS}")
        except OSError:
            success = False
    os.write(mapped[1], b"1" if success else b"0")
    _, status = os.waitpid(child, 0)
    if success:
        os._exit(os.waitstatus_to_exitcode(status) & 0xff)
    return False


def enter(users=False):
    """Returns only inside the sandbox; outside, replaces this process by itself inside. users: with other users than root,
    where that can be had."""
    if os.environ.get(INSIDE):
        return
    arguments = _PRIVATE if users and os.geteuid() == 0 and has_users() and _enter_users() else unshare_arguments()
    environment = dict(os.environ, **{INSIDE: "1"}, PYTHONDONTWRITEBYTECODE="1")
    for name in list(environment):
        if name.startswith(("WG_", "VOLE_NO_", "LOG_LEVEL")):
            del environment[name]
    environment[STATE] = os.path.realpath("/var/run") + "/vole"  # in the private tmpfs
    environment["PATH"] = "/usr/sbin:/sbin:" + environment.get("PATH", "/usr/bin:/bin")
    os.execvpe("unshare", ["unshare", *arguments, "sh", "-c", _INIT, "sh", sys.executable, *sys.argv],
               environment)
