/* SPDX-License-Identifier: MIT
 *
 * The interface's beginning and end.
 */
#include "cli/tunnel_link.h"

#include "linux/link.h"
#include "linux/process.h"
#include "linux/wireguard_netlink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* So long a daemon may take to end after its interface is gone. It is looked for more and more seldom: each
 * look is a connection, and a daemon that hangs has no more than 128 waiting before who comes waits, too. */
#define FAREWELL_MS         5000
#define FAREWELL_FIRST_MS   2
#define FAREWELL_LONGEST_MS 200

static void undo_link(struct tunnel *tunnel, const struct step *step)
{
    (void)step;
    (void)tunnel_link_remove(tunnel);
}

/* Where the program is that makes interfaces without the kernel's WireGuard. */
static bool find_program(char path[static PATH_MAX], const char **name)
{
    char beside[PATH_MAX];
    char *slash;

    *name = getenv("WG_QUICK_USERSPACE_IMPLEMENTATION");
    if (*name != NULL && **name != '\0')
        return process_find(path, *name);
    *name = "voled";
    slash = process_own_path(beside) ? strrchr(beside, '/') : NULL;
    if (slash != NULL && (size_t)(slash - beside) + sizeof("/voled") <= sizeof(beside)) {
        memcpy(slash, "/voled", sizeof("/voled"));
        if (process_find(path, beside))
            return true;
    }
    return process_find(path, *name);
}

static bool fail_as_taken(const struct tunnel *tunnel)
{
    return tunnel_fail(tunnel, "`%s' exists now: somebody else made it meanwhile, and it is left alone",
                       tunnel->name);
}

static bool start_program(struct tunnel *tunnel, const char *path)
{
    const char *arguments[] = {path, tunnel->name, NULL};
    int status;

    if (tunnel_has_interface(tunnel))
        return fail_as_taken(tunnel);
    (void)steps_push(&tunnel->steps, undo_link, NULL);
    steps_say("%s %s", path, tunnel->name);
    status = process_run(arguments, NULL);
    if (status < 0)
        return tunnel_fail(tunnel, "`%s' cannot be run: %s", path, strerror(-status));
    if (status > 0)
        return tunnel_fail(tunnel, "`%s %s' failed with exit status %d; what it said is above", path,
                           tunnel->name, status);
    if (!tunnel_has_interface(tunnel))
        return tunnel_fail(tunnel, "`%s %s' ended well but made no interface of that name here", path,
                           tunnel->name);
    return true;
}

/* 0, or why the kernel did not make it; then there is nothing to be taken back, or it is somebody else's. */
static int ask_kernel(struct tunnel *tunnel)
{
    int error;

    steps_say("ip link add dev %s type wireguard", tunnel->name);
    error = wireguard_link_create(tunnel->name);
    if (error == 0)
        (void)steps_push(&tunnel->steps, undo_link, NULL);
    if (error == 0 && !tunnel_has_interface(tunnel))
        error = -ENODEV;
    return error;
}

bool tunnel_link_make(struct tunnel *tunnel, bool userspace)
{
    char path[PATH_MAX];
    const char *name;
    bool found = find_program(path, &name);
    int error = -EOPNOTSUPP;

    if (!userspace) {
        error = ask_kernel(tunnel);
        if (error == 0)
            return true;
    }
    if (error == -EEXIST)
        return fail_as_taken(tunnel);
    if (error != -EOPNOTSUPP)
        return tunnel_fail(tunnel, "the kernel did not make the interface: %s", strerror(-error));
    if (!found)
        return tunnel_fail(tunnel,
                           "%sthere is no program `%s' to do its work: install it, or name another in "
                           "WG_QUICK_USERSPACE_IMPLEMENTATION",
                           userspace ? "" : "the kernel has no WireGuard (modprobe wireguard), and ", name);
    if (!userspace)
        fprintf(stderr, "[!] The kernel has no WireGuard: %s does its work.\n", name);
    return start_program(tunnel, path);
}

/* ---- the end ---- */

static void pause_ms(long milliseconds)
{
    struct timespec pause = {.tv_sec = 0, .tv_nsec = milliseconds * 1000000};

    (void)nanosleep(&pause, NULL);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until nobody listens on its socket any more. */
static void see_daemon_off(const struct tunnel *tunnel)
{
    int64_t end_ms = now_ms() + FAREWELL_MS;
    long wait_ms = FAREWELL_FIRST_MS;

    while (!tunnel->hung && now_ms() < end_ms) {
        if (device_kind_of(tunnel->name) != DEVICE_SOCKET)
            return;
        pause_ms(wait_ms);
        wait_ms = wait_ms * 3 / 2 < FAREWELL_LONGEST_MS ? wait_ms * 3 / 2 : FAREWELL_LONGEST_MS;
    }
    fprintf(stderr, "vole: %s: its daemon has not ended yet\n", tunnel->name);
}

bool tunnel_link_remove(struct tunnel *tunnel)
{
    bool had_daemon = device_kind_of(tunnel->name) == DEVICE_SOCKET;
    int error;

    if (!tunnel_has_interface(tunnel))
        return true;
    steps_say("ip link delete dev %s", tunnel->name);
    error = link_delete(tunnel->netlink, tunnel->index);
    if (error != 0 && error != -ENODEV)
        return tunnel_fail(tunnel, "the interface cannot be deleted: %s", strerror(-error));
    tunnel->index = 0;
    if (had_daemon)
        see_daemon_off(tunnel);
    return true;
}
