# SPDX-License-Identifier: MIT
"""Runs this process again inside namespaces of its own: users, mounts, processes, network.

Inside, we are root over nothing but ourselves: /run is an empty private tmpfs, the network is empty, and
when the first process in there ends, the kernel ends all others, so nothing can be left behind.
"""

import os
import subprocess
import sys

INSIDE = "VOLE_LAB_INSIDE"
STATE = "VOLE_STATE_DIRECTORY"
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


def enter():
    """Returns only inside the sandbox; outside, replaces this process by itself inside."""
    if os.environ.get(INSIDE):
        return
    arguments = unshare_arguments()
    environment = dict(os.environ, **{INSIDE: "1"}, PYTHONDONTWRITEBYTECODE="1")
    for name in list(environment):
        if name.startswith(("WG_", "VOLE_NO_", "LOG_LEVEL")):
            del environment[name]
    environment[STATE] = os.path.realpath("/var/run") + "/vole"  # in the private tmpfs
    environment["PATH"] = "/usr/sbin:/sbin:" + environment.get("PATH", "/usr/bin:/bin")
    os.execvpe("unshare", ["unshare", *arguments, "sh", "-c", _INIT, "sh", sys.executable, *sys.argv],
               environment)
