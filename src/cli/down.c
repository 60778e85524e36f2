/* SPDX-License-Identifier: MIT
 *
 * vole down NAME|FILE: takes away what `up` made, and nothing of any other tunnel. A file that was made
 * unreadable meanwhile does not hold it up, nor does a daemon that does not answer. If the interface vanished
 * by itself, what it left is taken away. A signal before the first step leaves the tunnel up; a later one
 * does not keep the rest from being taken away, but ends a PostDown hook. Spec: config §6.3.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/dns.h"
#include "cli/firewall.h"
#include "cli/hooks.h"
#include "cli/leftovers.h"
#include "cli/root.h"
#include "cli/tunnel.h"
#include "cli/tunnel_file.h"
#include "cli/tunnel_link.h"
#include "cli/tunnel_lock.h"
#include "cli/tunnel_routes.h"
#include "cli/tunnel_save.h"
#include "cli/watch_unit.h"
#include "linux/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_usage(FILE *stream)
{
    fputs("Usage: vole down NAME|FILE\n", stream);
}

/* No interface: perhaps something of it is left. */
static bool clean_up(struct tunnel *tunnel)
{
    bool left = leftovers_remove(tunnel);

    if (dns_is_left(tunnel)) {
        dns_unset(tunnel);
        left = true;
    }
    if (!left)
        return tunnel_fail(tunnel, "`%s' is not a WireGuard interface: the tunnel is not up", tunnel->name);
    (void)tunnel_fail(tunnel, "the interface was gone already; what was left of it is taken away");
    return true;
}

/* Its own rules, as the running interface tells them. Whether there were any. */
static bool remove_rules(struct tunnel *tunnel)
{
    struct model_device device;
    bool any = false;
    int error;

    model_init(&device);
    error = device_get(tunnel->name, &device);
    tunnel->hung = error == -ETIMEDOUT;
    if (error == 0)
        any = tunnel_routes_remove_rules(tunnel, &device);
    else
        access_report(tunnel->name, error, true);
    model_free(&device);
    return any;
}

/* Of an interface that is gone. If it did not tell its rules, as it did not answer, or its default route was
 * taken from it while it ran, the firewall does. */
static void remove_firewall(struct tunnel *tunnel, bool had_rules)
{
    struct firewall_found found = firewall_remove(tunnel);

    if (!had_rules && found.mark != 0)
        (void)tunnel_routes_remove_left_rules(tunnel, found.mark);
}

/* The interface with all that up made, in one go. */
static bool take_away(struct tunnel *tunnel)
{
    bool had_rules;
    bool success;

    process_ignore_signals();
    had_rules = remove_rules(tunnel);
    success = tunnel_link_remove(tunnel);
    if (success) {
        dns_unset(tunnel);
        remove_firewall(tunnel, had_rules);
    }
    process_heed_signals();
    return success;
}

static bool stays_up(const struct tunnel *tunnel)
{
    if (process_signal() != 0)
        (void)tunnel_fail(tunnel, "%s: the tunnel stays up", strsignal(process_signal()));
    return false;
}

static bool take_down(struct tunnel *tunnel)
{
    process_catch_signals();
    if (!tunnel_has_interface(tunnel)) {
        process_ignore_signals();
        return clean_up(tunnel);
    }
    if (device_kind_of(tunnel->name) == DEVICE_NONE)
        return tunnel_fail(tunnel, "`%s' is not a WireGuard interface", tunnel->name);
    if (tunnel->file.save_config && !tunnel->readable)
        return tunnel_fail(tunnel,
                           "SaveConfig is true, but the file cannot be saved as it is: correct it first");
    if (!tunnel->readable)
        (void)tunnel_fail(tunnel, "going on with what could be read of the file");
    if (!hooks_run(tunnel, FILE_PRE_DOWN) || (tunnel->file.save_config && !tunnel_save(tunnel)) ||
        process_signal() != 0)
        return stays_up(tunnel);
    return take_away(tunnel) && hooks_run(tunnel, FILE_POST_DOWN);
}

int command_down(int count, char **arguments)
{
    struct tunnel tunnel;
    bool success;

    if (count != 2 || command_wants_help(count, arguments)) {
        bool wanted = command_wants_help(count, arguments);

        print_usage(wanted ? stdout : stderr);
        return wanted ? 0 : 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    if (setenv("LC_ALL", "C", 1) != 0) {
        fprintf(stderr, "vole: %s\n", strerror(errno));
        return 1;
    }
    success = tunnel_open(&tunnel, arguments[1], TUNNEL_AS_IT_IS) && tunnel_lock_take(&tunnel) &&
              take_down(&tunnel);
    if (success) {
        tunnel_file_forget(tunnel.name);
        watch_unit_stop(&tunnel);
    }
    tunnel_close(&tunnel);
    return success ? 0 : 1;
}
