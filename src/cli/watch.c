/* SPDX-License-Identifier: MIT
 *
 * vole watch NAME|FILE...: for as long as it runs, peers whose endpoint is a host name, or that have several,
 * are kept reachable (endpoint_search.h). It runs in the foreground and ends at once when it is asked to:
 * nothing is ever left half done, since an endpoint is set as a whole or not at all.
 */
#include "cli/command.h"

#include "cli/root.h"
#include "cli/watch_tunnel.h"
#include "linux/clock.h"
#include "linux/link.h"

#include <poll.h>
#include <signal.h>
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

/* Also as the first process of a container, which takes no signal that it does not ask for. */
static void end_now(int number)
{
    (void)number;
    _exit(0);
}

static void end_when_asked(void)
{
    static const int endings[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = end_now};

    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        struct sigaction before;

        if (sigaction(endings[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(endings[i], &action, NULL);
    }
}

static int64_t monotonic_ms(void)
{
    struct vole_time now;

    clock_now(&now);
    return (int64_t)(now.monotonic_ns / 1000000);
}

/* Does not return. */
static void watch(struct watch_tunnel *tunnels, size_t count, struct pollfd *descriptors, int netlink)
{
    for (;;) {
        size_t descriptor_count = 0;
        int wait_ms = -1;

        for (size_t i = 0; i < count; i++) {
            int tunnel_wait_ms = watch_tunnel_look(&tunnels[i], netlink, monotonic_ms());

            if (wait_ms < 0 || tunnel_wait_ms < wait_ms)
                wait_ms = tunnel_wait_ms;
            descriptor_count += watch_tunnel_waits_for(&tunnels[i], descriptors + descriptor_count);
        }
        (void)poll(descriptors, (nfds_t)descriptor_count, wait_ms);
    }
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
    struct watch_tunnel *tunnels;
    struct pollfd *descriptors;
    size_t tunnel_count = (size_t)count - 1;
    bool wanted = command_wants_help(count, arguments);
    int netlink;

    if (wanted || is_misused(count, arguments)) {
        print_usage(wanted ? stdout : stderr);
        return wanted ? 0 : 1;
    }
    if (!root_is_given(count, arguments))
        return 1;
    end_when_asked();
    netlink = link_open();
    if (netlink < 0)
        fprintf(stderr, "vole: cannot speak to the kernel about interfaces: %s\n", strerror(-netlink));
    tunnels = calloc(tunnel_count, sizeof(*tunnels));
    descriptors = calloc(tunnel_count * WATCH_TUNNEL_LOOKUPS_MAX, sizeof(*descriptors));
    if (netlink >= 0 && tunnels != NULL && descriptors != NULL &&
        begin_all(tunnels, tunnel_count, arguments + 1))
        watch(tunnels, tunnel_count, descriptors, netlink);
    for (size_t i = 0; tunnels != NULL && i < tunnel_count; i++)
        watch_tunnel_free(&tunnels[i]);
    free(tunnels);
    free(descriptors);
    if (netlink >= 0)
        (void)close(netlink);
    return 1;
}
