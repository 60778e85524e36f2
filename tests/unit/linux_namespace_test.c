/* SPDX-License-Identifier: MIT
 *
 * Network namespaces: a TUN that was moved is found again, and visits end where they began (routing §8).
 */
#include "fresh_network.h"
#include "linux/kernel_constants.h"
#include "linux/link.h"
#include "linux/link_monitor.h"
#include "linux/namespace.h"
#include "linux/tun.h"
#include "old_kernel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes a second namespace and returns its descriptor; the test stays where it is. */
static int other_namespace(void)
{
    int home = namespace_current();
    int other;

    assert_true(home >= 0);
    fresh_network_leave_for_new();
    other = namespace_current();
    assert_true(other >= 0);
    assert_false(namespace_same(home, other));
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    (void)close(home);
    return other;
}

static void move_device(int network)
{
    char command[128];

    /* Inherited by ip, which wants a path. */
    assert_int_equal(fcntl(network, F_SETFD, 0), 0);
    (void)snprintf(command, sizeof(command), "ip link set vole0 netns /proc/self/fd/%d", network);
    if (system(command) != 0)
        skip();
}

static struct tun make_device(void)
{
    struct tun tun;
    struct tun_wishes wishes = {.vnet_header = true, .tso = true, .uso = true};

    assert_int_equal(tun_create(&tun, "vole0", &wishes), 0);
    return tun;
}

static int count_here(void *argument)
{
    *(uint32_t *)argument = if_nametoindex("vole0");
    return 17;
}

static void finds_a_device_that_was_moved(void **state)
{
    struct tun tun = make_device();
    int home = namespace_current();
    int other = other_namespace();
    char name[IFNAMSIZ];
    uint32_t index = 0;

    (void)state;
    int found = namespace_of_tun(tun.fd);
    assert_true(found >= 0);
    assert_true(fcntl(found, F_GETFD) & FD_CLOEXEC);
    assert_true(namespace_same(found, home));
    assert_int_equal(namespace_tun_link(tun.fd, found, name, &index), 0);
    assert_string_equal(name, "vole0");
    assert_int_equal(index, fresh_network_index("vole0"));
    (void)close(found);

    move_device(other);
    assert_int_equal(if_nametoindex("vole0"), 0);
    found = namespace_of_tun(tun.fd);
    assert_true(found >= 0);
    assert_true(namespace_same(found, other));
    assert_int_equal(namespace_tun_link(tun.fd, found, name, &index), 0);
    assert_string_equal(name, "vole0");
    uint32_t seen = 0;
    assert_int_equal(namespace_run(other, count_here, &seen), 17);
    assert_int_equal(index, seen);
    assert_int_equal(if_nametoindex("vole0"), 0); /* back home */
    (void)close(found);
    (void)close(other);
    (void)close(home);
    tun_close(&tun);
}

static int open_monitor(void *argument)
{
    (void)argument;
    return link_monitor_open(false);
}

static int open_link(void *argument)
{
    (void)argument;
    return link_open();
}

struct last {
    enum link_event_kind kind;
    struct link_state state;
};

static void remember(void *context, const struct link_event *event)
{
    struct last *last = context;

    if (strcmp(event->state.name, "vole0") != 0)
        return;
    last->kind = event->kind;
    last->state = event->state;
}

static void a_move_is_seen_and_followed(void **state)
{
    struct tun tun = make_device();
    int other = other_namespace();
    int monitor = link_monitor_open(false);
    struct last last = {.kind = LINK_RESYNCHRONISE};
    char name[IFNAMSIZ];
    uint32_t index;

    (void)state;
    assert_true(monitor >= 0);
    move_device(other);
    assert_int_equal(link_monitor_read(monitor, remember, &last), 0);
    assert_int_equal(last.kind, LINK_MOVED);
    (void)close(monitor);

    /* From here on through descriptors that belong to where the device is now. */
    monitor = namespace_run(other, open_monitor, NULL);
    int netlink = namespace_run(other, open_link, NULL);
    assert_true(monitor >= 0 && netlink >= 0);
    assert_int_equal(namespace_tun_link(tun.fd, other, name, &index), 0);
    assert_int_equal(link_set_up(netlink, index, true), 0);
    last.kind = LINK_RESYNCHRONISE;
    assert_int_equal(link_monitor_read(monitor, remember, &last), 0);
    assert_int_equal(last.kind, LINK_CHANGED);
    assert_true(last.state.up);
    assert_int_equal(last.state.index, index);
    (void)close(netlink);
    (void)close(monitor);
    (void)close(other);
    tun_close(&tun);
}

static void a_deleted_device_is_nowhere(void **state)
{
    struct tun tun = make_device();
    int home = namespace_current();
    char name[IFNAMSIZ];
    uint32_t index;

    (void)state;
    fresh_network_delete("vole0");
    assert_int_equal(namespace_of_tun(tun.fd), -EBADFD);
    assert_int_equal(namespace_tun_link(tun.fd, home, name, &index), -EBADFD);
    (void)close(home);
    tun_close(&tun);
}

static void a_visit_to_what_is_no_namespace_is_an_error(void **state)
{
    int pipes[2];
    uint32_t seen;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(namespace_run(pipes[0], count_here, &seen), -EINVAL);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static bool is_the_one_in_proc(void)
{
    int here = namespace_current();
    int wanted = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    bool good =
        here >= 0 && wanted >= 0 && namespace_same(here, wanted) && (fcntl(here, F_GETFD) & FD_CLOEXEC) != 0;

    (void)close(here);
    (void)close(wanted);
    return good;
}

static void the_current_one_is_known_with_and_without_the_quick_question(void **state)
{
    (void)state;
    assert_true(is_the_one_in_proc());
    assert_true(old_kernel_run(SIOCGSKNS, 0, is_the_one_in_proc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_current_one_is_known_with_and_without_the_quick_question),
        cmocka_unit_test(finds_a_device_that_was_moved),
        cmocka_unit_test(a_move_is_seen_and_followed),
        cmocka_unit_test(a_deleted_device_is_nowhere),
        cmocka_unit_test(a_visit_to_what_is_no_namespace_is_an_error),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
