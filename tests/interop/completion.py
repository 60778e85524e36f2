#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completions of bash, zsh and fish, in these shells, on a host with an interface, peers and files."""

import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))

from harness.cases import Skipped, case, main
from harness.daemon import TREE, VOLE, Daemon, key_pair
from harness.lab import expect, expect_equal, wait_for

FOLDER = os.path.join(TREE, "dist", "completions")
KEY = key_pair()[1]
NAMED = key_pair()[1]
FIELDS = {"public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints", "allowed-ips",
          "latest-handshakes", "transfer", "persistent-keepalive", "dump", "drops", "features"}
OF_PEER = {"remove", "preshared-key", "endpoint", "persistent-keepalive", "allowed-ips", "peer"}

# what is typed: what is offered for its last word
OFFERED = {
    "sho": {"show", "showconf"},
    "show ": {"wg0", "all", "interfaces"},
    "show w": {"wg0"},
    "show wg0 ": FIELDS,
    "show wg0 p": {"public-key", "private-key", "peers", "preshared-keys", "persistent-keepalive"},
    "showconf ": {"wg0"},
    "top w": {"wg0"},
    "top --sort h": {"handshake"},
    "top --j": {"--json"},
    "set ": {"wg0"},
    "set wg0 ": {"listen-port", "fwmark", "private-key", "peer"},
    "set wg0 fwmark ": {"off"},
    "set wg0 listen-port ": set(),
    "set wg0 peer ": {KEY, NAMED, "laptop"},
    "set wg0 peer lap": {"laptop"},
    "set wg0 peer laptop ": OF_PEER,
    "set wg0 peer laptop endpoint 192.0.2.1 re": {"remove"},
    "setconf wg0 /etc/wireguard/of": {"/etc/wireguard/office.conf"},
    "up of": {"office"},
    "up --no": {"--no-wait-dns"},
    "down w": {"wg0"},
    "plan o": {"office"},
    "apply --c": {"--confirm"},
    "check /etc/wireguard/o": {"/etc/wireguard/office.conf"},
    "genconf --topology m": {"mesh"},
    "clock re": {"reset"},
    "explain w": {"wg0"},
    "explain --f": {"--fresh", "--from"},
    "genkey --": {"--json"},
}
BASH = r"""
cd "$3" && source "$1" || exit
read -r -a COMP_WORDS <<< "vole $2"
[[ $2 == *' ' || -z $2 ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
function=$(complete -p vole | sed 's/.*-F \([^ ]*\) vole$/\1/')
$function vole "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def host_with_everything(lab):
    host = lab.host("host")
    os.makedirs("/etc/wireguard", exist_ok=True)
    host.shell("mount -t tmpfs tmpfs /etc/wireguard")
    for name, text in (("wg0", f"[Interface]\n[Peer]\n# Name = laptop\nPublicKey = {NAMED}\n"), ("office", "[Interface]\n"),
                       ("other", "")):
        with open(host.path(f"/etc/wireguard/{name}{'' if name == 'other' else '.conf'}"), "w") as out:
            out.write(text)
    daemon = Daemon(host)
    daemon.configure(dict(PublicKey=KEY), dict(PublicKey=NAMED))
    return host


def environment():
    return {"PATH": f"{os.path.dirname(VOLE)}:{os.environ['PATH']}", "TERM": "dumb"}


def need(program):
    if shutil.which(program) is None:
        raise Skipped(f"there is no {program}")


def knows(file, commands):
    """Whoever adds a command adds its arguments to each file."""
    with open(f"{FOLDER}/{file}") as script:
        words = set(re.findall(r"\w+", script.read()))
    expect_equal(commands - words, set(), f"commands that {file} does not know")


def everything(host, file, offered):
    """offered(text) is the set of what a shell offers behind `vole `."""
    commands = set(re.findall(r"^  (\w+) ", host.output(VOLE, "--help"), re.MULTILINE))
    expect({"show", "set", "up"} < commands, f"{commands}")
    expect_equal(offered("") - {"--help", "--version"}, commands, "commands")
    knows(file, commands)
    for text, wanted in OFFERED.items():
        # shells differ in whether options are offered before a "-" is typed
        found = {word for word in offered(text) if "-" in text.split(" ")[-1] or not word.startswith("-")}
        expect_equal(found, wanted, f"vole {text}")


@case
def bash(lab):
    host = host_with_everything(lab)

    def offered(text):
        result = host.output("bash", "--norc", "-c", BASH, "bash", f"{FOLDER}/vole.bash", text, lab.folder, environment=environment())
        return set(result.splitlines()) - {""}
    everything(host, "vole.bash", offered)


@case
def fish(lab):
    need("fish")
    host = host_with_everything(lab)

    def offered(text):
        result = host.output("fish", "--no-config", "-c", 'cd $argv[3]; source $argv[1]; complete -C "vole $argv[2]"',
                             f"{FOLDER}/vole.fish", text, lab.folder, environment=dict(environment(), HOME=lab.folder))
        return {line.split("\t")[0] for line in result.splitlines()}
    everything(host, "vole.fish", offered)


@case
def zsh(lab):
    """What has one completion is typed into a real one, and Tab is pressed."""
    need("zsh")
    need("tmux")
    host = host_with_everything(lab)
    lab.file(".zshrc", f"PS1='ready> '; fpath=({FOLDER} $fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep\n")

    def tmux(*words):
        return host.output("tmux", "-L", "zsh", *words, environment={"TMUX_TMPDIR": lab.folder})
    tmux("-f", "/dev/null", "new-session", "-d", "-x", 150, "-y", 50, "-c", lab.folder, f"env -i PATH='{environment()['PATH']}' "
         f"TERM=screen ZDOTDIR={lab.folder} zsh")
    lab.closers.append(lambda: tmux("kill-server"))
    wait_for(lambda: tmux("capture-pane", "-p").startswith("ready>"), "a prompt")
    for text, wanted in OFFERED.items():
        if len(wanted) == 1:
            whole = f"ready> vole {text.rpartition(' ')[0]} {min(wanted)}"
            tmux("send-keys", "-l", f"vole {text}")
            tmux("send-keys", "Tab")
            wait_for(lambda: tmux("capture-pane", "-p").splitlines()[0] == whole, f"'{whole}' from '{text}' in:\n"
                     f"{tmux('capture-pane', '-p')}")
            tmux("send-keys", "C-u", "C-l")
            wait_for(lambda: tmux("capture-pane", "-p").strip() == "ready>", "an empty line")
    tmux("send-keys", "-l", "vole set wg0 peer ")
    tmux("send-keys", "Tab")
    wait_for(lambda: all(word in tmux("capture-pane", "-p") for word in (KEY, NAMED, "laptop")), "peers to choose from")


main(__file__)
