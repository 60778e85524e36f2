# SPDX-License-Identifier: MIT
#
# fish completion for vole(8). Commands are asked of vole itself; interfaces, peers and their names are those
# that run, for whoever may see them.

function __vole_commands
    vole --help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __vole_interfaces
    vole show interfaces 2>/dev/null | string split -n ' '
end

# Of the interface that was typed.
function __vole_peers
    set -l words (commandline -opc)
    vole show $words[3] peers 2>/dev/null
    WG_COLOR_MODE=never vole show $words[3] 2>/dev/null | sed -n 's/^peer: \([^ ]*\) (.*/\1/p'
end

function __vole_files
    __fish_complete_suffix .conf | string match -r '.*(?:/|\.conf)$'
end

function __vole_tunnels
    for path in /etc/wireguard/*.conf /etc/vole/*.conf
        string replace -r '.*/(.*)\.conf$' '$1' $path
    end
    __vole_files
end

# Whether the command is one of the first arguments, up to "--", and so many words stand before the one that is typed.
function __vole_at
    set -l words (commandline -opc)
    set -l split (contains -i -- -- $argv)
    set -q words[2]; and contains -- $words[2] $argv[1..(math $split - 1)]; and contains -- (count $words) $argv[(math $split + 1)..]
end

function __vole_command
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end

# Whether the word before is one of these.
function __vole_behind
    contains -- (commandline -opc)[-1] $argv
end

function __vole_set
    set -l words (commandline -opc)
    set -q words[3]; and test $words[2] = set
    and not __vole_behind peer private-key preshared-key fwmark persistent-keepalive listen-port endpoint allowed-ips
end

set -l fields public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes \
    transfer persistent-keepalive dump drops features

complete -c vole -f
complete -c vole -n __fish_is_first_arg -a '(__vole_commands)'
complete -c vole -n __fish_is_first_arg -l help
complete -c vole -n __fish_is_first_arg -l version

complete -c vole -n '__vole_at show showconf set setconf addconf syncconf -- 2' -a '(__vole_interfaces)'
complete -c vole -n '__vole_at show -- 2' -a 'all interfaces'
complete -c vole -n '__vole_at show -- 3' -a "$fields"
complete -c vole -n '__vole_at setconf addconf syncconf -- 3' -F
complete -c vole -n '__vole_command show top showconf plan check explain genconf clock genkey genpsk pubkey' -l json -d 'as JSON'

complete -c vole -n '__vole_command top' -a '(__vole_interfaces)'
complete -c vole -n '__vole_command top' -l once -d 'one table'
complete -c vole -n '__vole_command top' -l interval -x -d 'how often to look'
complete -c vole -n '__vole_command top' -l sort -x -a 'traffic in out handshake drops peer' -d 'the order of peers'

complete -c vole -n '__vole_set; and not contains peer (commandline -opc)' -a 'listen-port fwmark private-key peer'
complete -c vole -n '__vole_set; and contains peer (commandline -opc)' \
    -a 'remove preshared-key endpoint persistent-keepalive allowed-ips peer'
complete -c vole -n '__vole_command set; and __vole_behind peer' -a '(__vole_peers)'
complete -c vole -n '__vole_command set; and __vole_behind private-key preshared-key' -F
complete -c vole -n '__vole_command set; and __vole_behind fwmark persistent-keepalive' -a off

complete -c vole -n '__vole_command up down save strip plan apply confirm watch qr' -a '(__vole_tunnels)'
complete -c vole -n '__vole_command up' -l userspace -d 'let voled do the work'
complete -c vole -n '__vole_command up' -l no-wait-dns -d 'leave host names to vole watch'
complete -c vole -n '__vole_command apply' -l confirm -x -d 'take it back unless confirmed'
complete -c vole -n '__vole_command check' -a '(__vole_files)'
complete -c vole -n '__vole_command check' -l here -d 'and on this machine'
complete -c vole -n '__vole_command explain' -a '(__vole_interfaces) (__vole_files)'
complete -c vole -n '__vole_command explain' -l open -d 'with the browser'
complete -c vole -n '__vole_command explain' -l listen -x -d 'serve it there'
complete -c vole -n '__vole_command explain' -l export -r -F -d 'write it into a file'
complete -c vole -n '__vole_command explain' -l fresh -d 'new keys'
complete -c vole -n '__vole_command explain' -l seed -x -d 'the keys of that seed'
complete -c vole -n '__vole_command explain' -l to -x -d 'whose that address is'
complete -c vole -n '__vole_command explain' -l from -x -d 'a packet that a peer sends'
complete -c vole -n '__vole_command explain' -l source -x -d 'with that source address'
complete -c vole -n '__vole_command genconf' -F
complete -c vole -n '__vole_command genconf' -l topology -x -a 'pair mesh hub gateway' -d 'who talks to whom'
complete -c vole -n '__vole_command genconf' -l network -x -d 'addresses'
complete -c vole -n '__vole_command genconf' -l interface -x -d 'name of the interface'
complete -c vole -n '__vole_at clock -- 2' -a 'show reset'
complete -c vole -n '__vole_command clock' -a '(__vole_interfaces)'
complete -c vole -n '__vole_command clock' -l state-directory -r -F -d 'where it is remembered'
complete -c vole -n '__vole_command metrics' -l listen -x -d 'serve them'
