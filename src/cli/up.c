/* SPDX-License-Identifier: MIT
 *
 * vole up [--userspace] [--no-wait-dns] NAME|FILE: makes the interface that a file describes, with its
 * addresses, routes, DNS and firewall, as wg-quick does. Everything that can be wrong with the file is found
 * out before anything is done; from then on, a step that fails, or a signal, takes back all steps before it,
 * and the status is 1. Hooks are not taken back, and Down hooks are not run then. Spec: config §6.2.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/dns.h"
#include "cli/file_load.h"
#include "cli/hooks.h"
#include "cli/leftovers.h"
#include "cli/path_mtu.h"
#include "cli/root.h"
#include "cli/tunnel.h"
#include "cli/tunnel_file.h"
#include "cli/tunnel_link.h"
#include "cli/tunnel_lock.h"
#include "cli/tunnel_routes.h"
#include "cli/watch_unit.h"
#include "config/address.h"
#include "linux/interface_address.h"
#include "linux/link.h"
#include "linux/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct up {
    struct tunnel tunnel;
    struct model_device device; /* as it runs after it was configured */
    bool userspace;             /* do not ask the kernel for WireGuard */
    bool no_wait_dns;           /* leave host names to `watch` */
};

/* ---- the steps: false: a message was printed, or we are asked to end ---- */

static bool make_link(struct up *up)
{
    return tunnel_link_make(&up->tunnel, up->userspace);
}

static bool run_pre_up(struct up *up)
{
    return hooks_run(&up->tunnel, FILE_PRE_UP);
}

/* What the file says is added to the new interface; hooks may have done their part. */
static bool configure(struct up *up)
{
    struct tunnel *tunnel = &up->tunnel;
    struct change change;
    bool success;
    int error = 0;

    steps_say("wg addconf %s <(wg-quick strip %s)", tunnel->name, tunnel->name);
    change_init(&change);
    if (up->no_wait_dns)
        success = file_load_change_numeric(&change, &tunnel->file);
    else
        success = file_load_change(&change, &tunnel->file);
    change.replace_peers = false;
    if (success)
        error = device_set(tunnel->name, &change);
    change_free(&change);
    if (error != 0)
        access_report_change(error);
    if (success && error == 0) {
        error = device_get(tunnel->name, &up->device);
        if (error != 0)
            access_report(tunnel->name, error, true);
    }
    return success && error == 0;
}

static bool add_addresses(struct up *up)
{
    const struct tunnel *tunnel = &up->tunnel;

    for (size_t i = 0; i < tunnel->file.address_count; i++) {
        const struct file_address *address = &tunnel->file.addresses[i];
        char text[ADDRESS_PREFIX_TEXT_BYTES];

        address_write_prefix(text, &address->prefix);
        steps_say("ip -%d address add %s dev %s", address->prefix.address.family == 4 ? 4 : 6, text,
                  tunnel->name);
        int error = interface_address_add(tunnel->netlink, tunnel->index, &address->prefix);
        if (error == -EEXIST)
            return tunnel_fail_at(tunnel, &address->place, "the address %s is given twice", text);
        if (error != 0)
            return tunnel_fail_at(tunnel, &address->place, "the address %s cannot be added: %s", text,
                                  strerror(-error));
    }
    return true;
}

static bool set_mtu_and_up(struct up *up)
{
    const struct tunnel *tunnel = &up->tunnel;
    uint32_t mtu = tunnel->file.mtu;

    if (mtu == 0)
        mtu = path_mtu_of_peers(tunnel->netlink, &up->device);
    steps_say("ip link set mtu %" PRIu32 " up dev %s", mtu, tunnel->name);
    int error = link_set_mtu(tunnel->netlink, tunnel->index, mtu);
    if (error != 0 && tunnel->file.mtu != 0)
        return tunnel_fail_at(tunnel, &tunnel->file.mtu_place,
                              "MTU %" PRIu32 " is refused by the interface: %s", mtu, strerror(-error));
    if (error != 0)
        return tunnel_fail(tunnel,
                           "MTU %" PRIu32 " is refused by the interface: %s; write an MTU into the file", mtu,
                           strerror(-error));
    error = link_set_up(tunnel->netlink, tunnel->index, true);
    if (error != 0)
        return tunnel_fail(tunnel, "it does not come up: %s", strerror(-error));
    return true;
}

static bool set_dns(struct up *up)
{
    return dns_set(&up->tunnel);
}

static bool add_routes(struct up *up)
{
    return tunnel_routes_add(&up->tunnel, &up->device);
}

static bool run_post_up(struct up *up)
{
    return hooks_run(&up->tunnel, FILE_POST_UP);
}

static bool run_steps(struct up *up)
{
    static bool (*const steps[])(struct up *) = {make_link,      run_pre_up, configure,  add_addresses,
                                                 set_mtu_and_up, set_dns,    add_routes, run_post_up};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!steps[i](up) || process_signal() != 0)
            return false;
    }
    return true;
}

/* ---- around them ---- */

static void print_usage(FILE *stream)
{
    fputs("Usage: vole up [--userspace] [--no-wait-dns] NAME|FILE\n"
          "\n"
          "  NAME           of a tunnel: the file is /etc/wireguard/NAME.conf or /etc/vole/NAME.conf\n"
          "  FILE           is called as the interface is to be, and .conf\n"
          "  --userspace    let voled (or what WG_QUICK_USERSPACE_IMPLEMENTATION names) do the work,\n"
          "                 also if the kernel has WireGuard\n"
          "  --no-wait-dns  leave endpoints that are host names to `vole watch'\n",
          stream);
}

/* Everything that can be known before anything is done. */
static bool may_begin(struct tunnel *tunnel)
{
    if (!hooks_can_run(tunnel) || !tunnel_routes_table_is_known(tunnel))
        return false;
    if (!tunnel_has_interface(tunnel))
        return true;
    if (device_kind_of(tunnel->name) != DEVICE_NONE)
        return tunnel_fail(tunnel, "`%s' already exists: the tunnel is up", tunnel->name);
    return tunnel_fail(tunnel,
                       "`%s' already exists, and it is no WireGuard interface: give the file another name",
                       tunnel->name);
}

/* What an earlier one left behind would be in its way. */
static bool wants_default_route(const struct tunnel *tunnel)
{
    for (size_t i = 0; tunnel_table_is_auto(tunnel) && i < tunnel->file.peer_count; i++) {
        const struct file_peer *peer = &tunnel->file.peers[i];

        for (size_t j = 0; j < peer->allowed_ip_count; j++) {
            if (peer->allowed_ips[j].prefix.length == 0)
                return true;
        }
    }
    return false;
}

static int bring_up(struct up *up)
{
    struct tunnel *tunnel = &up->tunnel;

    process_catch_signals();
    if (setenv("LC_ALL", "C", 1) == 0 && wants_default_route(tunnel))
        (void)leftovers_remove(tunnel);
    if (run_steps(up)) {
        tunnel_file_record(tunnel->name, tunnel->index, tunnel->path);
        watch_unit_start(tunnel, up->no_wait_dns);
        return 0;
    }
    if (process_signal() != 0)
        (void)tunnel_fail(tunnel, "%s: what was done is taken back", strsignal(process_signal()));
    else
        (void)tunnel_fail(tunnel, "what was done is taken back");
    steps_undo(&tunnel->steps, tunnel);
    return 1;
}

int command_up(int count, char **arguments)
{
    struct up up = {0};
    const char *word = NULL;
    int status = 1;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--userspace") == 0)
            up.userspace = true;
        else if (strcmp(arguments[i], "--no-wait-dns") == 0)
            up.no_wait_dns = true;
        else if (word == NULL && arguments[i][0] != '-')
            word = arguments[i];
        else
            count = 0;
    }
    if (word == NULL || count == 0) {
        print_usage(stderr);
        return 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    model_init(&up.device);
    if (tunnel_open(&up.tunnel, word, TUNNEL_SYSTEM) && tunnel_lock_take(&up.tunnel) && may_begin(&up.tunnel))
        status = bring_up(&up);
    model_free(&up.device);
    tunnel_close(&up.tunnel);
    return status;
}
