/* SPDX-License-Identifier: MIT
 *
 * vole watch NAME|FILE...: for as long as it runs, peers whose endpoint is a host name, or that have several,
 * are kept reachable (endpoint_search.h). It runs in the foreground and ends at once when it is asked to:
 * nothing is ever left half done, since an endpoint is set as a whole or not at all.
 */
#include "cli/command.h"

#include "cli/give_up.h"
#include "cli/root.h"
#include "cli/watch_tunnel.h"
#include "linux/clock.h"
#include "linux/link.h"
#include "linux/link_monitor.h"
#include "linux/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_usage(FILE *stream)
{
    fputs("Usage: vole watch NAME|FILE...\n"
          "\n"
          "  NAME  of an interface, or of a tunnel that will be up one day\n"
          "  FILE  its configuration file, NAME.conf\n"
          "\n"
          "Peers with a host name as endpoint, or with further ones (# vole:Endpoint = HOST:PORT), get the\n"
          "next address when they do not answer any more.\n",
          stream);
}

static int64_t monotonic_ms(void)
{
    struct vole_time now;

    clock_now(&now);
    return (int64_t)(now.monotonic_ns / 1000000);
}

/* ---- waiting ---- */

/* Everything that is looked at, and what wakes us. */
struct watch {
    struct watch_tunnel *tunnels;
    size_t count;
    int netlink;
    int monitor;                /* of interfaces that come and go */
    struct pollfd *descriptors; /* the monitor and those of lookups */
    bool is_touched;            /* by an event, one of our interfaces */
};

static void take_event(void *context, const struct link_event *event)
{
    struct watch *watch = context;

    if (event->kind == LINK_RESYNCHRONISE)
        watch->is_touched = true;
    for (size_t i = 0; i < watch->count; i++) {
        if (strcmp(watch->tunnels[i].name, event->state.name) == 0)
            watch->is_touched = true;
    }
}

/* Until the time is up, a lookup is over, or something happened to one of our interfaces; what happens to
 * others wakes nobody. */
static void wait_for_cause(struct watch *watch, size_t descriptor_count, int wait_ms)
{
    int64_t until_ms = monotonic_ms() + wait_ms;

    watch->is_touched = false;
    while (!watch->is_touched && wait_ms > 0) {
        int ready = poll(watch->descriptors, (nfds_t)descriptor_count, wait_ms);
        bool noted = ready > 0 && watch->descriptors[0].revents != 0;

        if (noted && link_monitor_read(watch->monitor, take_event, watch) != 0)
            watch->descriptors[0].fd = -1; /* then only time tells */
        if (ready > (noted ? 1 : 0))
            return;
        wait_ms = (int)(until_ms - monotonic_ms());
    }
}

/* Does not return. */
static void run(struct watch *watch)
{
    watch->descriptors[0] = (struct pollfd){.fd = watch->monitor, .events = POLLIN};
    for (;;) {
        size_t descriptor_count = 1;
        int wait_ms = INT_MAX;

        for (size_t i = 0; i < watch->count; i++) {
            int tunnel_wait_ms = watch_tunnel_look(&watch->tunnels[i], watch->netlink, monotonic_ms());

            if (tunnel_wait_ms < wait_ms)
                wait_ms = tunnel_wait_ms;
            descriptor_count +=
                watch_tunnel_waits_for(&watch->tunnels[i], watch->descriptors + descriptor_count);
        }
        wait_for_cause(watch, descriptor_count, wait_ms);
    }
}

/* ---- beginning ---- */

static bool open_all(struct watch *watch)
{
    watch->netlink = link_open();
    watch->monitor = link_monitor_open(false);
    if (watch->netlink < 0 || watch->monitor < 0)
        fprintf(stderr, "vole: cannot speak to the kernel about interfaces: %s\n",
                strerror(watch->netlink < 0 ? -watch->netlink : -watch->monitor));
    watch->tunnels = calloc(watch->count, sizeof(*watch->tunnels));
    watch->descriptors = calloc(1 + watch->count * WATCH_TUNNEL_LOOKUPS_MAX, sizeof(*watch->descriptors));
    if (watch->tunnels == NULL || watch->descriptors == NULL)
        fprintf(stderr, "vole: %s\n", strerror(ENOMEM));
    return watch->netlink >= 0 && watch->monitor >= 0 && watch->tunnels != NULL && watch->descriptors != NULL;
}

static void close_all(struct watch *watch)
{
    for (size_t i = 0; watch->tunnels != NULL && i < watch->count; i++)
        watch_tunnel_free(&watch->tunnels[i]);
    free(watch->tunnels);
    free(watch->descriptors);
    if (watch->netlink >= 0)
        (void)close(watch->netlink);
    if (watch->monitor >= 0)
        (void)close(watch->monitor);
}

static bool begin_all(struct watch_tunnel *tunnels, size_t count, char **words)
{
    for (size_t i = 0; i < count; i++) {
        if (!watch_tunnel_begin(&tunnels[i], words[i]))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(tunnels[i].name, tunnels[j].name) == 0) {
                fprintf(stderr, "vole: `%s' and `%s' are the same tunnel\n", words[j], words[i]);
                return false;
            }
        }
    }
    return true;
}

static bool is_misused(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (arguments[i][0] == '-')
            return true;
    }
    return count < 2;
}

int command_watch(int count, char **arguments)
{
    struct watch watch = {.count = (size_t)count - 1};
    bool wanted = command_wants_help(count, arguments);

    if (wanted || is_misused(count, arguments)) {
        print_usage(wanted ? stdout : stderr);
        return wanted ? 0 : 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    process_end_when_asked();
    if (open_all(&watch) && begin_all(watch.tunnels, watch.count, arguments + 1)) {
        give_up(GIVE_UP_PROGRAMS);
        run(&watch);
    }
    close_all(&watch);
    return 1;
}
