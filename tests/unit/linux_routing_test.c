/* SPDX-License-Identifier: MIT
 *
 * Addresses, routing tables and policy rules of an interface, against the kernel of this host (config §6.4).
 */
#include "config/address.h"
#include "fresh_network.h"
#include "linux/interface_address.h"
#include "linux/link.h"
#include "linux/route.h"
#include "linux/routing_rule.h"
#include "linux/routing_table.h"
#include "linux/routing_table_name.h"
#include "linux/tun.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define TABLE 51820

struct fixture {
    struct tun tun;
    int netlink;
    uint32_t index;
};

static int make_device(void **state)
{
    static struct fixture fixture;
    struct tun_wishes wishes = {0};

    fixture.netlink = link_open();
    if (fixture.netlink < 0 || tun_create(&fixture.tun, "vole0", &wishes) < 0)
        return -1;
    fixture.index = fresh_network_index("vole0");
    if (link_make_like_wireguard(fixture.netlink, fixture.index, true) < 0 ||
        link_set_up(fixture.netlink, fixture.index, true) < 0)
        return -1;
    *state = &fixture;
    return 0;
}

static int remove_device(void **state)
{
    struct fixture *fixture = *state;

    tun_close(&fixture->tun);
    (void)close(fixture->netlink);
    return 0;
}

static struct vole_prefix prefix(const char *text)
{
    struct vole_prefix read;

    assert_int_equal(address_read_prefix(&read, text, strlen(text)), 0);
    return read;
}

static void addresses_come_and_go(void **state)
{
    const struct fixture *f = *state;
    struct vole_prefix one = prefix("10.9.0.1/24");
    struct vole_prefix other = prefix("fd09::1/64");
    struct interface_address_list list = {0};

    assert_int_equal(interface_address_read(f->netlink, f->index, &list), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(interface_address_add(f->netlink, f->index, &other), 0);
    assert_int_equal(interface_address_add(f->netlink, f->index, &one), 0);
    assert_int_equal(interface_address_add(f->netlink, f->index, &one), -EEXIST);
    assert_int_equal(interface_address_read(f->netlink, f->index, &list), 0);
    assert_int_equal(list.count, 2);
    assert_memory_equal(&list.addresses[0], &one, sizeof(one));
    assert_memory_equal(&list.addresses[1], &other, sizeof(other));
    assert_int_equal(interface_address_remove(f->netlink, f->index, &one), 0);
    assert_int_equal(interface_address_remove(f->netlink, f->index, &one), -EADDRNOTAVAIL);
    assert_int_equal(interface_address_read(f->netlink, f->index, &list), 0);
    assert_int_equal(list.count, 1);
    interface_address_list_free(&list);
}

static void no_address_is_refused(void **state)
{
    const struct fixture *f = *state;
    struct vole_prefix none = {0};
    struct vole_prefix long_one = prefix("10.9.0.1/24");

    long_one.length = 33;
    assert_int_equal(interface_address_add(f->netlink, f->index, &none), -EINVAL);
    assert_int_equal(interface_address_add(f->netlink, f->index, &long_one), -EINVAL);
}

static void a_wider_route_covers_a_narrower_one(void **state)
{
    const struct fixture *f = *state;
    struct vole_prefix wide = prefix("10.8.0.0/13");
    struct vole_prefix inside = prefix("10.15.255.0/24");
    struct vole_prefix outside = prefix("10.16.0.0/24");
    struct vole_prefix wider = prefix("10.0.0.0/8");
    struct routing_table_list list = {0};

    assert_int_equal(routing_table_covers(f->netlink, f->index, &inside), 0);
    assert_int_equal(routing_table_add(f->netlink, ROUTING_TABLE_MAIN, f->index, &wide), 0);
    assert_int_equal(routing_table_add(f->netlink, ROUTING_TABLE_MAIN, f->index, &wide), -EEXIST);
    assert_int_equal(routing_table_covers(f->netlink, f->index, &wide), 1);
    assert_int_equal(routing_table_covers(f->netlink, f->index, &inside), 1);
    assert_int_equal(routing_table_covers(f->netlink, f->index, &outside), 0);
    assert_int_equal(routing_table_covers(f->netlink, f->index, &wider), 0);
    assert_int_equal(routing_table_covers(f->netlink, f->index + 1, &inside), 0);
    assert_int_equal(routing_table_read_all(f->netlink, f->index, &list), 0);
    assert_true(routing_table_list_covers(&list, &wide));
    assert_true(routing_table_list_covers(&list, &inside));
    assert_false(routing_table_list_covers(&list, &outside));
    assert_false(routing_table_list_covers(&list, &wider));
    assert_int_equal(routing_table_remove(f->netlink, ROUTING_TABLE_MAIN, f->index, &wide), 0);
    assert_int_equal(routing_table_covers(f->netlink, f->index, &inside), 0);
    assert_int_equal(routing_table_read_all(f->netlink, f->index, &list), 0);
    assert_false(routing_table_list_covers(&list, &inside));
    routing_table_list_free(&list);
}

static void a_table_is_empty_until_either_family_has_a_route(void **state)
{
    const struct fixture *f = *state;
    const char *defaults[] = {"0.0.0.0/0", "::/0"};

    assert_int_equal(routing_table_is_empty(f->netlink, 255), 0); /* "local" */
    for (size_t i = 0; i < 2; i++) {
        struct vole_prefix all = prefix(defaults[i]);

        assert_int_equal(routing_table_is_empty(f->netlink, TABLE), 1);
        assert_int_equal(routing_table_add(f->netlink, TABLE, f->index, &all), 0);
        assert_int_equal(routing_table_is_empty(f->netlink, TABLE), 0);
        assert_int_equal(routing_table_covers(f->netlink, f->index, &all), 0); /* it is not in main */
        assert_int_equal(routing_table_remove(f->netlink, TABLE, f->index, &all), 0);
    }
    assert_int_equal(routing_table_is_empty(f->netlink, TABLE), 1);
}

static void the_default_route_and_its_interface_are_found(void **state)
{
    const struct fixture *f = *state;
    struct vole_prefix all = prefix("0.0.0.0/0");
    struct vole_address somewhere = fresh_network_address("192.0.2.1");
    uint32_t interface;
    uint32_t mtu;

    assert_int_equal(routing_table_default(f->netlink, &interface, &mtu), 0);
    assert_int_equal(interface, 0);
    assert_int_equal(route_query_mtu(f->netlink, &somewhere, &interface, &mtu), -ENETUNREACH);
    assert_int_equal(routing_table_add(f->netlink, ROUTING_TABLE_MAIN, f->index, &all), 0);
    assert_int_equal(routing_table_default(f->netlink, &interface, &mtu), 0);
    assert_int_equal(interface, f->index);
    assert_int_equal(mtu, 0);
    assert_int_equal(route_query_mtu(f->netlink, &somewhere, &interface, &mtu), 0);
    assert_int_equal(interface, f->index);
    assert_int_equal(mtu, 0);
}

static void rules_stand_in_the_order_of_a_default_route(void **state)
{
    const struct fixture *f = *state;

    for (uint8_t family = 4; family <= 6; family += 2) {
        struct routing_rule mark = {.kind = ROUTING_RULE_MARK, .family = family, .mark = TABLE};
        struct routing_rule suppress = {.kind = ROUTING_RULE_SUPPRESS, .family = family};
        struct routing_rule_list list = {0};

        assert_int_equal(routing_rule_read(f->netlink, family, &list), 0);
        assert_int_equal(list.count, 0);
        assert_int_equal(routing_rule_add(f->netlink, &mark), 0);
        assert_int_equal(routing_rule_add(f->netlink, &suppress), 0);
        assert_int_equal(routing_rule_read(f->netlink, family, &list), 0);
        assert_int_equal(list.count, 2);
        assert_int_equal(list.rules[0].kind, ROUTING_RULE_SUPPRESS);
        assert_int_equal(list.rules[0].priority, 32764);
        assert_int_equal(list.rules[1].kind, ROUTING_RULE_MARK);
        assert_int_equal(list.rules[1].priority, 32765);
        assert_int_equal(list.rules[1].mark, TABLE);
        assert_int_equal(list.rules[1].family, family);
        suppress.priority = 32700;
        assert_int_equal(routing_rule_add(f->netlink, &suppress), 0);
        assert_int_equal(routing_rule_add(f->netlink, &suppress), -EEXIST);
        assert_int_equal(routing_rule_delete(f->netlink, &list.rules[0]), 0);
        assert_int_equal(routing_rule_delete(f->netlink, &list.rules[0]), -ENOENT);
        assert_int_equal(routing_rule_delete(f->netlink, &list.rules[1]), 0);
        assert_int_equal(routing_rule_delete(f->netlink, &suppress), 0);
        assert_int_equal(routing_rule_read(f->netlink, family, &list), 0);
        assert_int_equal(list.count, 0);
        routing_rule_list_free(&list);
    }
}

/* Adds a suppressing rule there, as somebody else's. */
static void add_suppressing(const struct fixture *f, uint8_t family, uint32_t priority)
{
    struct routing_rule rule = {.kind = ROUTING_RULE_SUPPRESS, .family = family, .priority = priority};

    assert_int_equal(routing_rule_add(f->netlink, &rule), 0);
}

static uint32_t place_of(const struct fixture *f, uint8_t family)
{
    uint32_t priority;

    assert_int_equal(routing_rule_place(f->netlink, family, &priority), 0);
    return priority;
}

static void there_is_a_place_for_two_rules_beside_rules_of_the_first_priorities(void **state)
{
    const struct fixture *f = *state;

    for (uint8_t family = 4; family <= 6; family += 2) {
        struct routing_rule_list list = {0};

        assert_int_equal(place_of(f, family), 32765);
        add_suppressing(f, family, 3);
        assert_int_equal(place_of(f, family), 2);
        add_suppressing(f, family, 2);
        assert_int_equal(place_of(f, family), 32765);
        add_suppressing(f, family, 1);
        add_suppressing(f, family, 6);
        assert_int_equal(place_of(f, family), 5);
        add_suppressing(f, family, 5);
        assert_int_equal(place_of(f, family), 32765);
        assert_int_equal(routing_rule_read(f->netlink, family, &list), 0);
        for (size_t i = 0; i < list.count; i++)
            assert_int_equal(routing_rule_delete(f->netlink, &list.rules[i]), 0);
        routing_rule_list_free(&list);
    }
}

static bool has_route(const struct routing_table_list *list, const char *network, uint32_t table, bool plain)
{
    struct vole_prefix wanted = prefix(network);

    for (size_t i = 0; i < list->count; i++) {
        const struct routing_table_entry *entry = &list->entries[i];

        if (entry->table == table && entry->network.length == wanted.length &&
            memcmp(&entry->network.address, &wanted.address, sizeof(wanted.address)) == 0)
            return entry->plain == plain;
    }
    return false;
}

/* The kernel makes a route of its own for each address, also where there is one already. */
static void own_routes_are_listed_and_removed_beside_those_of_the_kernel(void **state)
{
    struct fixture *fixture = *state;
    struct routing_table_list list = {0};
    const char *const networks[] = {"10.9.0.0/24", "fd09::/64"};
    const char *const addresses[] = {"10.9.0.1/24", "fd09::1/64"};

    for (size_t i = 0; i < 2; i++) {
        struct vole_prefix network = prefix(networks[i]);
        struct vole_prefix address = prefix(addresses[i]);

        assert_int_equal(interface_address_add(fixture->netlink, fixture->index, &address), 0);
        assert_int_equal(routing_table_read_all(fixture->netlink, fixture->index, &list), 0);
        assert_true(routing_table_list_covers(&list, &network));
        assert_int_equal(routing_table_read(fixture->netlink, fixture->index, &list), 0);
        assert_int_equal(list.count, 0);
        /* IPv4 refuses a second route of the same metric, so that one goes into another table */
        assert_int_equal(routing_table_add(fixture->netlink, i == 0 ? TABLE : ROUTING_TABLE_MAIN,
                                           fixture->index, &network),
                         0);
        assert_int_equal(routing_table_read(fixture->netlink, fixture->index, &list), 0);
        assert_int_equal(list.count, 1);
        assert_true(has_route(&list, networks[i], i == 0 ? TABLE : ROUTING_TABLE_MAIN, true));
        assert_int_equal(routing_table_remove(fixture->netlink, i == 0 ? TABLE : ROUTING_TABLE_MAIN,
                                              fixture->index, &network),
                         0);
        assert_int_equal(routing_table_covers(fixture->netlink, fixture->index, &network), 1);
        assert_int_equal(routing_table_remove(fixture->netlink, ROUTING_TABLE_MAIN, fixture->index, &network),
                         -ESRCH);
        assert_int_equal(routing_table_covers(fixture->netlink, fixture->index, &network), 1);
    }
    routing_table_list_free(&list);
}

static void tables_have_numbers_and_names(void **state)
{
    uint32_t table;

    (void)state;
    assert_true(routing_table_number(&table, "51820"));
    assert_int_equal(table, 51820);
    assert_true(routing_table_number(&table, "0xca6c"));
    assert_int_equal(table, 51820);
    assert_true(routing_table_number(&table, "main"));
    assert_int_equal(table, ROUTING_TABLE_MAIN);
    assert_false(routing_table_number(&table, "no-such-table"));
    assert_false(routing_table_number(&table, "0"));
    assert_false(routing_table_number(&table, "4294967296"));
    assert_false(routing_table_number(&table, ""));
    assert_false(routing_table_number(&table, "-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses_come_and_go, make_device, remove_device),
        cmocka_unit_test_setup_teardown(no_address_is_refused, make_device, remove_device),
        cmocka_unit_test_setup_teardown(a_wider_route_covers_a_narrower_one, make_device, remove_device),
        cmocka_unit_test_setup_teardown(a_table_is_empty_until_either_family_has_a_route, make_device,
                                        remove_device),
        cmocka_unit_test_setup_teardown(the_default_route_and_its_interface_are_found, make_device,
                                        remove_device),
        cmocka_unit_test_setup_teardown(rules_stand_in_the_order_of_a_default_route, make_device,
                                        remove_device),
        cmocka_unit_test_setup_teardown(there_is_a_place_for_two_rules_beside_rules_of_the_first_priorities,
                                        make_device, remove_device),
        cmocka_unit_test_setup_teardown(own_routes_are_listed_and_removed_beside_those_of_the_kernel,
                                        make_device, remove_device),
        cmocka_unit_test(tables_have_numbers_and_names),
    };

    if (!fresh_network_enter(true))
        return FRESH_NETWORK_SKIP;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
