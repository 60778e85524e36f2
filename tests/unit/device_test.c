/* SPDX-License-Identifier: MIT
 *
 * Interfaces of both kinds behind cli/device.h, and linux/wireguard_netlink.h below it, on this system's
 * kernel, in a network of its own. Where that kernel has no WireGuard, this is what is said; where it has one
 * (tests/interop/kernel_netlink.py runs this test in such a guest), interfaces are made, changed, read and
 * listed. Daemons are sockets that somebody listens on.
 * The argument "here" makes it use the network it is started in, for kernels that have only one.
 */
#include "cli/device.h"

#include "config/device_socket.h"
#include "config/key.h"
#include "fresh_network.h"
#include "linux/wireguard_netlink.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static bool kernel_has_wireguard;

/* A socket for this interface that accepts connections, or, if it is closed, a dead one. */
static int listen_as(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", DEVICE_SOCKET_DIRECTORY, name);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(descriptor, 8), 0);
    return descriptor;
}

static void unlisten(int descriptor, const char *name)
{
    char path[108];

    snprintf(path, sizeof(path), "%s/%s.sock", DEVICE_SOCKET_DIRECTORY, name);
    assert_int_equal(close(descriptor), 0);
    (void)unlink(path);
}

static int get(const char *name)
{
    struct model_device device;
    int error;

    model_init(&device);
    error = device_get(name, &device);
    model_free(&device);
    return error;
}

static int set(const char *name)
{
    struct change change;

    change_init(&change);
    change.has_fwmark = true;
    change.fwmark = 5;
    return device_set(name, &change);
}

/* ---- without WireGuard in the kernel, or without such an interface ---- */

static void what_is_no_interface_is_told_apart(void **state)
{
    const int absent = kernel_has_wireguard ? -ENODEV : -EPROTONOSUPPORT;

    (void)state;
    assert_int_equal(get("none"), absent);
    assert_int_equal(set("none"), absent);
    assert_int_equal(get("a/b"), absent);
    assert_int_equal(get(""), absent);
    assert_int_equal(get("lo"), kernel_has_wireguard ? -EOPNOTSUPP : -EPROTONOSUPPORT);
    assert_int_equal(set("lo"), kernel_has_wireguard ? -EOPNOTSUPP : -EPROTONOSUPPORT);
    assert_int_equal(get("sixteen-letters-"), kernel_has_wireguard ? -ENAMETOOLONG : -EPROTONOSUPPORT);
    assert_int_equal(set("sixteen-letters-"), kernel_has_wireguard ? -ENAMETOOLONG : -EPROTONOSUPPORT);
    assert_int_equal(device_kind_of("none"), DEVICE_NONE);
    assert_int_equal(device_kind_of("lo"), DEVICE_NONE);
    assert_int_equal(device_kind_of("sixteen-letters-"), DEVICE_NONE);
    assert_int_equal(wireguard_link_create("sixteen-letters-"), -ENAMETOOLONG);
}

static void dead_socket_is_no_interface(void **state)
{
    (void)state;
    assert_int_equal(close(listen_as("dead")), 0);
    assert_int_equal(get("dead"), kernel_has_wireguard ? -ENODEV : -EPROTONOSUPPORT);
    assert_int_equal(access(DEVICE_SOCKET_DIRECTORY "/dead.sock", F_OK), -1);
}

/* A daemon's own "no such device" is its answer, and nobody else is asked. */
static void daemon_with_that_error_is_believed(void **state)
{
    int listener = listen_as("wg-error");
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        int connection = accept(listener, NULL, NULL);
        char request[64];
        static const char reply[] = "errno=19\n\n";

        if (read(connection, request, sizeof(request)) > 0)
            (void)!write(connection, reply, sizeof(reply) - 1);
        _exit(0);
    }
    assert_int_equal(get("wg-error"), -ENODEV);
    unlisten(listener, "wg-error");
}

/* ---- both kinds ---- */

static void delete_link(const char *name)
{
    fresh_network_delete(name);
}

static void kernels_come_first_and_each_once(void **state)
{
    static const char *const with_kernel[] = {"wg-b", "wg-a", "wg-both", "wg-daemon"};
    static const char *const without[] = {"wg-both", "wg-daemon"};
    const char *const *expected = kernel_has_wireguard ? with_kernel : without;
    size_t count = kernel_has_wireguard ? 4 : 2;
    int both;
    int daemon;
    struct device_names names;

    (void)state;
    if (kernel_has_wireguard) {
        assert_int_equal(wireguard_link_create("wg-b"), 0);
        assert_int_equal(wireguard_link_create("wg-a"), 0);
        assert_int_equal(wireguard_link_create("wg-both"), 0);
    }
    both = listen_as("wg-both");
    daemon = listen_as("wg-daemon");
    assert_int_equal(device_list(&names), 0);
    assert_int_equal(names.count, count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;

        /* sockets come in the directory's order */
        for (size_t j = 0; j < count; j++)
            found = found || strcmp(names.names[j], expected[i]) == 0;
        assert_true(found);
        if (kernel_has_wireguard)
            assert_string_equal(names.names[i], expected[i]);
    }
    device_names_free(&names);
    assert_int_equal(device_kind_of("wg-both"), DEVICE_SOCKET);
    assert_int_equal(device_kind_of("wg-daemon"), DEVICE_SOCKET);
    unlisten(both, "wg-both");
    unlisten(daemon, "wg-daemon");
    assert_int_equal(device_kind_of("wg-both"), kernel_has_wireguard ? DEVICE_KERNEL : DEVICE_NONE);
    for (size_t i = 0; kernel_has_wireguard && i < 3; i++)
        delete_link(with_kernel[i]);
}

static void nothing_is_a_list_of_nothing(void **state)
{
    struct device_names names;

    (void)state;
    assert_int_equal(device_list(&names), 0);
    assert_int_equal(names.count, 0);
    device_names_free(&names);
}

/* ---- the kernel's ---- */

static void interface_is_made_once(void **state)
{
    (void)state;
    if (!kernel_has_wireguard) {
        assert_int_equal(wireguard_link_create("wg-new"), -EOPNOTSUPP);
        return;
    }
    assert_int_equal(wireguard_link_create("wg-new"), 0);
    assert_int_equal(wireguard_link_create("wg-new"), -EEXIST);
    assert_int_equal(device_kind_of("wg-new"), DEVICE_KERNEL);
    delete_link("wg-new");
    assert_int_equal(device_kind_of("wg-new"), DEVICE_NONE);
}

static void add_peer(struct change *change, unsigned number, unsigned allowed_ips)
{
    uint8_t key[VOLE_KEY_BYTES] = {1, (uint8_t)(number >> 8), (uint8_t)number};
    struct change_peer *peer = change_add_peer(change, key);

    assert_non_null(peer);
    peer->replace_allowed_ips = true;
    peer->has_persistent_keepalive = true;
    peer->persistent_keepalive_s = (uint16_t)number;
    peer->has_preshared_key = true;
    peer->preshared_key[5] = (uint8_t)(number + 1);
    peer->has_endpoint = true;
    peer->endpoint = fresh_network_endpoint(number % 2 == 0 ? "192.0.2.1" : "2001:db8::1", (uint16_t)number);
    for (unsigned i = 0; i < allowed_ips; i++) {
        struct vole_prefix prefix = {
            .address = {.family = 4, .bytes = {10, (uint8_t)number, (uint8_t)(i >> 8), (uint8_t)i}},
            .length = 32};
        assert_int_equal(change_allow(peer, &prefix, false), 0);
    }
}

static void what_is_set_is_read(void **state)
{
    struct change change;
    struct model_device device;

    (void)state;
    if (!kernel_has_wireguard)
        return;
    assert_int_equal(wireguard_link_create("wg-new"), 0);
    change_init(&change);
    change.has_private_key = change.has_listen_port = change.has_fwmark = change.replace_peers = true;
    memset(change.private_key, 0x40, sizeof(change.private_key));
    change.listen_port = 4567;
    change.fwmark = 0xfedcba98;
    for (unsigned number = 0; number < 200; number++)
        add_peer(&change, number, number == 100 ? 2000 : number % 3);
    assert_int_equal(device_set("wg-new", &change), 0);
    model_init(&device);
    assert_int_equal(device_get("wg-new", &device), 0);
    assert_true(device.has_private_key);
    assert_memory_equal(device.private_key, change.private_key, VOLE_KEY_BYTES);
    assert_int_equal(device.listen_port, 4567);
    assert_int_equal(device.fwmark, 0xfedcba98);
    assert_int_equal(device.peer_count, 200);
    for (size_t i = 0; i < device.peer_count; i++) {
        const struct model_peer *got = &device.peers[i];
        const struct change_peer *wanted = &change.peers[i];

        assert_memory_equal(got->public_key, wanted->public_key, VOLE_KEY_BYTES);
        assert_memory_equal(got->preshared_key, wanted->preshared_key, VOLE_KEY_BYTES);
        assert_int_equal(got->persistent_keepalive_s, wanted->persistent_keepalive_s);
        assert_memory_equal(&got->endpoint, &wanted->endpoint, sizeof(got->endpoint));
        assert_int_equal(got->allowed_ip_count, wanted->allowed_ip_count);
        for (size_t j = 0; j < got->allowed_ip_count; j++)
            assert_memory_equal(&got->allowed_ips[j], &wanted->allowed_ips[j].prefix,
                                sizeof(struct vole_prefix));
    }
    model_free(&device);

    /* A peer that is removed is gone, whatever else is given of it; the others stay. */
    change_free(&change);
    add_peer(&change, 7, 3);
    change.peers[0].remove = true;
    assert_int_equal(device_set("wg-new", &change), 0);
    assert_int_equal(device_get("wg-new", &device), 0);
    assert_int_equal(device.peer_count, 199);
    model_free(&device);
    change_free(&change);
    delete_link("wg-new");
    assert_int_equal(get("wg-new"), -ENODEV);
}

/* A network and a /var/run that nobody else sees; what is mounted here must not show up outside. */
static bool enter_own_system(void)
{
    return fresh_network_enter(false) && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_list_of_nothing), cmocka_unit_test(what_is_no_interface_is_told_apart),
        cmocka_unit_test(dead_socket_is_no_interface),  cmocka_unit_test(daemon_with_that_error_is_believed),
        cmocka_unit_test(interface_is_made_once),       cmocka_unit_test(kernels_come_first_and_each_once),
        cmocka_unit_test(what_is_set_is_read),
    };

    if (!(count == 2 && strcmp(arguments[1], "here") == 0) && !enter_own_system())
        return FRESH_NETWORK_SKIP;
    if (mount("tmpfs", "/var/run/", "tmpfs", 0, NULL) != 0 || mkdir(DEVICE_SOCKET_DIRECTORY, 0755) != 0) {
        perror("device_test: a /var/run of our own");
        return FRESH_NETWORK_SKIP;
    }
    switch (wireguard_link_create("wg-probe")) {
    case 0:
        kernel_has_wireguard = true;
        delete_link("wg-probe");
        break;
    case -EOPNOTSUPP:
        break;
    default:
        fputs("device_test: cannot make interfaces here\n", stderr);
        return FRESH_NETWORK_SKIP;
    }
    printf("this kernel has %s\n", kernel_has_wireguard ? "WireGuard" : "no WireGuard");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
