/* SPDX-License-Identifier: MIT
 *
 * What the engine follows its interface with: all of it belongs to the namespace it was opened in, raw
 * sockets may be missing, and nothing is left open when something fails. Needs a network namespace of its
 * own and a TUN.
 */
#include "daemon/place.h"

#include "fresh_network.h"
#include "linux/link.h"
#include "linux/link_monitor.h"
#include "linux/tun.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void note_up(void *context, const struct link_event *event)
{
    struct link_state *seen = context;

    if (event->kind == LINK_CHANGED)
        *seen = event->state;
}

static void tells_how_the_interface_is_and_what_happens_to_it(void **state)
{
    struct tun_wishes wishes = {.vnet_header = true};
    struct link_state asked;
    struct link_state seen = {0};
    struct place place;
    struct tun tun;
    uint32_t index;

    (void)state;
    assert_int_equal(tun_create(&tun, "vole0", &wishes), 0);
    index = fresh_network_index("vole0");
    assert_int_equal(place_open(&place), 0);
    assert_int_equal(link_query(place.link, index, &asked), 0);
    assert_false(asked.up);
    fresh_network_up("vole0");
    assert_int_equal(link_monitor_read(place.monitor, note_up, &seen), 0);
    assert_int_equal(seen.index, index);
    assert_true(seen.up);
    place_close(&place);
    tun_close(&tun);
}

static void all_is_closed_on_exec_and_closed_at_the_end(void **state)
{
    struct place place;

    (void)state;
    assert_int_equal(place_open(&place), 0);
    int fds[] = {place.monitor, place.link, place.icmp.v4, place.icmp.v6};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        assert_true(fds[i] < 0 || (fcntl(fds[i], F_GETFD) & FD_CLOEXEC));
    assert_true(place.icmp.v4 >= 0);
    place_close(&place);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        assert_false(is_open(fds[i]));
    assert_int_equal(place.monitor, -1);
    assert_int_equal(place.link, -1);
    assert_int_equal(place.icmp.v4, -1);
    assert_int_equal(place.icmp.v6, -1);
    place_close(&place); /* of nothing, it does nothing */
}

/* In a child: a user namespace that owns nothing of the network's has no right to raw sockets there. */
static bool without_raw_sockets(void)
{
    struct place place;
    bool good;

    if (unshare(CLONE_NEWUSER) < 0)
        return false;
    good = place_open(&place) == 0 && place.monitor >= 0 && place.link >= 0 && place.icmp.v4 == -1 &&
           place.icmp.v6 == -1;
    place_close(&place);
    return good;
}

/* In a child: with room for one more descriptor and with none, there is an error and nothing stays open. */
static bool without_descriptors(void)
{
    int next = dup(STDERR_FILENO);

    if (next < 0)
        return false;
    close(next);
    for (rlim_t room = 0; room < 2; room++) {
        struct rlimit limit = {.rlim_cur = (rlim_t)next + room, .rlim_max = (rlim_t)next + 2};
        struct place place;

        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            return false;
        if (place_open(&place) != -EMFILE || place.monitor != -1 || place.link != -1 || is_open(next))
            return false;
    }
    return true;
}

static bool child_says(bool (*function)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(function() ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void raw_sockets_may_be_forbidden(void **state)
{
    (void)state;
    assert_true(child_says(without_raw_sockets));
}

static void a_failure_leaves_nothing_open(void **state)
{
    (void)state;
    assert_true(child_says(without_descriptors));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_the_interface_is_and_what_happens_to_it),
        cmocka_unit_test(all_is_closed_on_exec_and_closed_at_the_end),
        cmocka_unit_test(raw_sockets_may_be_forbidden),
        cmocka_unit_test(a_failure_leaves_nothing_open),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
