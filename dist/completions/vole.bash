# SPDX-License-Identifier: MIT
#
# bash completion for vole(8). Commands are asked of vole itself; interfaces, peers and their names are those
# that run, for whoever may see them. Needs nothing but bash.

# Words that begin with what is typed, out of those given.
_vole_words()
{
    local word
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen -W "$1" -- "$2")
}

_vole_interfaces()
{
    _vole_words "$("$vole" show interfaces 2>/dev/null) ${2-}" "$1"
}

# Keys and names of an interface's peers.
_vole_peers()
{
    _vole_words "$("$vole" show "$2" peers 2>/dev/null) $(WG_COLOR_MODE=never "$vole" show "$2" 2>/dev/null |
        sed -n 's/^peer: \([^ ]*\) (.*/\1/p')" "$1"
}

# Files of any kind, or those with a suffix, and directories.
_vole_files()
{
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do
        [[ -d $path || $path == *"${2-}" ]] && COMPREPLY+=("$path")
    done < <(compgen -f -- "$1")
}

# Names of tunnels, and files of tunnels.
_vole_tunnels()
{
    local path names=
    for path in /etc/wireguard/*.conf /etc/vole/*.conf; do
        path=${path##*/}
        [[ $path == '*.conf' ]] || names+=" ${path%.conf}"
    done
    _vole_words "$names" "$1"
    _vole_files "$1" .conf
}

_vole_set()
{
    local word=$1 before=${COMP_WORDS[COMP_CWORD - 1]} i

    if ((COMP_CWORD == 2)); then
        _vole_interfaces "$word"
        return
    fi
    case $before in
    peer) _vole_peers "$word" "${COMP_WORDS[2]}" && return ;;
    private-key | preshared-key) _vole_files "$word" && return ;;
    fwmark | persistent-keepalive) _vole_words off "$word" && return ;;
    listen-port | endpoint | allowed-ips) return ;;
    esac
    for ((i = 3; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == peer ]]; then
            _vole_words "remove preshared-key endpoint persistent-keepalive allowed-ips peer" "$word"
            return
        fi
    done
    _vole_words "listen-port fwmark private-key peer" "$word"
}

_vole_fields="public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips
latest-handshakes transfer persistent-keepalive dump drops features"

_vole()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} vole=${COMP_WORDS[0]}

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _vole_words "$("$vole" --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p') --help --version" "$word"
        return
    fi
    case ${COMP_WORDS[1]} in
    show)
        case $COMP_CWORD in
        2) _vole_interfaces "$word" "all interfaces --json" ;;
        3) _vole_words "$_vole_fields --json" "$word" ;;
        4) _vole_words --json "$word" ;;
        esac
        ;;
    top)
        case $before in
        --sort) _vole_words "traffic in out handshake drops peer" "$word" ;;
        --interval) ;;
        *) _vole_interfaces "$word" "--once --interval --sort --json" ;;
        esac
        ;;
    showconf) _vole_interfaces "$word" --json ;;
    set) _vole_set "$word" ;;
    setconf | addconf | syncconf)
        case $COMP_CWORD in
        2) _vole_interfaces "$word" ;;
        3) _vole_files "$word" ;;
        esac
        ;;
    up)
        [[ $word == -* ]] && _vole_words "--userspace --no-wait-dns" "$word" || _vole_tunnels "$word"
        ;;
    apply)
        [[ $before == --confirm ]] && return
        [[ $word == -* ]] && _vole_words --confirm "$word" || _vole_tunnels "$word"
        ;;
    plan)
        [[ $word == -* ]] && _vole_words --json "$word" || _vole_tunnels "$word"
        ;;
    down | save | strip | qr | confirm | watch) _vole_tunnels "$word" ;;
    check)
        [[ $word == -* ]] && _vole_words "--here --json" "$word" || _vole_files "$word" .conf
        ;;
    explain)
        case $before in
        --listen | --seed | --to | --from | --source) ;;
        --export) _vole_files "$word" .html ;;
        *)
            if [[ $word == -* ]]; then
                _vole_words "--open --listen --export --fresh --seed --to --from --source --json" "$word"
            else
                _vole_interfaces "$word"
                _vole_files "$word" .conf
            fi
            ;;
        esac
        ;;
    genconf)
        case $before in
        --topology) _vole_words "pair mesh hub gateway" "$word" ;;
        --network | --interface) ;;
        *)
            if [[ $word == -* ]]; then
                _vole_words "--topology --network --interface --json" "$word"
            else
                _vole_files "$word" /
            fi
            ;;
        esac
        ;;
    clock)
        if [[ $before == --state-directory ]]; then
            _vole_files "$word" /
        else
            _vole_interfaces "$word" "show reset --state-directory --json"
        fi
        ;;
    metrics) [[ $before == --listen ]] || _vole_words --listen "$word" ;;
    genkey | genpsk | pubkey) _vole_words --json "$word" ;;
    esac
}

complete -F _vole vole
