/* SPDX-License-Identifier: MIT
 *
 * Choosing a mark, adding routes and rules, and finding out whose a rule is.
 */
#include "cli/tunnel_routes.h"

#include "cli/firewall.h"
#include "cli/tunnel_lock.h"
#include "config/address.h"
#include "linux/routing_table.h"
#include "linux/routing_table_name.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_MARK 51820

static const char valid_mark_path[] = "/proc/sys/net/ipv4/conf/all/src_valid_mark";

static int flag_of(uint8_t family)
{
    return family == 4 ? 4 : 6;
}

static bool has_text(const struct tunnel *tunnel, const char *table)
{
    return tunnel->file.table.text != NULL && strcmp(tunnel->file.table.text, table) == 0;
}

bool tunnel_routes_table_is_known(const struct tunnel *tunnel)
{
    uint32_t table;

    if (tunnel_table_is_auto(tunnel) || has_text(tunnel, "off") ||
        routing_table_number(&table, tunnel->file.table.text))
        return true;
    return tunnel_fail_at(tunnel, &tunnel->file.table.place,
                          "Table `%s' is neither off, auto, a number, nor a name in /etc/iproute2/rt_tables",
                          tunnel->file.table.text);
}

/* ---- the two rules ---- */

static void say_rule(const char *verb, const struct routing_rule *rule)
{
    char priority[32] = "";

    if (rule->priority != 0)
        (void)snprintf(priority, sizeof(priority), " priority %" PRIu32, rule->priority);
    if (rule->kind == ROUTING_RULE_MARK)
        steps_say("ip -%d rule %s not fwmark %" PRIu32 " table %" PRIu32 "%s", flag_of(rule->family), verb,
                  rule->mark, rule->mark, priority);
    else
        steps_say("ip -%d rule %s table main suppress_prefixlength 0%s", flag_of(rule->family), verb,
                  priority);
}

static void delete_rule(const struct tunnel *tunnel, const struct routing_rule *rule)
{
    int error;

    say_rule("delete", rule);
    error = routing_rule_delete(tunnel->netlink, rule);
    if (error != 0)
        (void)tunnel_fail(tunnel, "the rule cannot be deleted: %s", strerror(-error));
}

static void undo_rule(struct tunnel *tunnel, const struct step *step)
{
    if (step->rule.priority != 0)
        delete_rule(tunnel, &step->rule);
}

/* Its inverse is on the list of steps as soon as it is there. */
static bool add_rule(struct tunnel *tunnel, const struct routing_rule *rule)
{
    struct step *step = steps_push(&tunnel->steps, undo_rule, rule);
    int error;

    say_rule("add", rule);
    error = routing_rule_add(tunnel->netlink, rule);
    if (error == 0)
        return true;
    step->rule.priority = 0;
    return tunnel_fail(tunnel, "the rule cannot be added: %s", strerror(-error));
}

static bool add_rules(struct tunnel *tunnel, uint8_t family)
{
    struct routing_rule mark = {.kind = ROUTING_RULE_MARK, .family = family, .mark = tunnel->mark};
    struct routing_rule suppress = {.kind = ROUTING_RULE_SUPPRESS, .family = family};
    int error = routing_rule_place(tunnel->netlink, family, &mark.priority);

    if (error != 0)
        return tunnel_fail(tunnel, "there is no place for its policy rules: %s", strerror(-error));
    suppress.priority = mark.priority - 1;
    return add_rule(tunnel, &mark) && add_rule(tunnel, &suppress);
}

/* Deletes each rule of the mark, and the suppressing one right in front of it. */
static size_t delete_rules_of_mark(const struct tunnel *tunnel, uint8_t family, uint32_t mark)
{
    struct routing_rule_list list = {0};
    size_t deleted = 0;

    if (routing_rule_read(tunnel->netlink, family, &list) != 0)
        list.count = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct routing_rule *rule = &list.rules[i];

        if (rule->kind != ROUTING_RULE_MARK || rule->mark != mark)
            continue;
        delete_rule(tunnel, rule);
        deleted++;
        if (i > 0 && list.rules[i - 1].kind == ROUTING_RULE_SUPPRESS)
            delete_rule(tunnel, &list.rules[i - 1]);
        else if (list.count == 2 && i == 0 && list.rules[1].kind == ROUTING_RULE_SUPPRESS)
            delete_rule(tunnel, &list.rules[1]); /* nobody else is there to need it */
    }
    routing_rule_list_free(&list);
    return deleted;
}

/* ---- a default route ---- */

/* The first free number whose table is empty becomes the device's mark. */
static bool choose_mark(struct tunnel *tunnel)
{
    struct change change;
    uint32_t mark = FIRST_MARK;
    int empty;
    int error;

    while ((empty = routing_table_is_empty(tunnel->netlink, mark)) == 0)
        mark++;
    if (empty < 0)
        return tunnel_fail(tunnel, "routing tables cannot be listed: %s", strerror(-empty));
    steps_say("wg set %s fwmark %" PRIu32, tunnel->name, mark);
    change_init(&change);
    change.has_fwmark = true;
    change.fwmark = mark;
    error = device_set(tunnel->name, &change);
    change_free(&change);
    if (error != 0)
        return tunnel_fail(tunnel, "its mark cannot be set: %s", strerror(-error));
    tunnel->mark = mark;
    return true;
}

static bool write_valid_mark(const struct tunnel *tunnel, const char *value)
{
    int fd = open(valid_mark_path, O_WRONLY | O_CLOEXEC);
    bool success = fd >= 0 && write(fd, value, 1) == 1;
    int error = errno;

    if (fd >= 0)
        (void)close(fd);
    return success || tunnel_fail(tunnel, "%s cannot be written: %s", valid_mark_path, strerror(error));
}

static void undo_valid_mark(struct tunnel *tunnel, const struct step *step)
{
    (void)step;
    steps_say("sysctl -q net.ipv4.conf.all.src_valid_mark=0");
    (void)write_valid_mark(tunnel, "0");
}

/* The reverse path filter must look at the mark, too. */
static bool set_valid_mark(struct tunnel *tunnel)
{
    int fd = open(valid_mark_path, O_RDONLY | O_CLOEXEC);
    char value = '0';

    if (fd >= 0) {
        (void)!read(fd, &value, 1);
        (void)close(fd);
    }
    if (value == '1')
        return true;
    steps_say("sysctl -q net.ipv4.conf.all.src_valid_mark=1");
    (void)steps_push(&tunnel->steps, undo_valid_mark, NULL);
    return write_valid_mark(tunnel, "1");
}

static bool add_route(const struct tunnel *tunnel, const struct vole_prefix *network, uint32_t table)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];
    int error;

    address_write_prefix(text, network);
    if (table == ROUTING_TABLE_MAIN)
        steps_say("ip -%d route add %s dev %s", flag_of(network->address.family), text, tunnel->name);
    else
        steps_say("ip -%d route add %s dev %s table %" PRIu32, flag_of(network->address.family), text,
                  tunnel->name, table);
    error = routing_table_add(tunnel->netlink, table, tunnel->index, network);
    if (error == -EEXIST)
        return tunnel_fail(tunnel,
                           "there is another route to %s already: see ip -%d route show %s table %" PRIu32,
                           text, flag_of(network->address.family), text, table);
    if (error != 0)
        return tunnel_fail(tunnel, "the route to %s cannot be added: %s", text, strerror(-error));
    return true;
}

static bool add_default(struct tunnel *tunnel, const struct vole_prefix *network)
{
    uint8_t family = network->address.family;
    int lock = tunnel_lock_host(); /* else another tunnel may find the same table empty */
    bool success = (tunnel->mark != 0 || choose_mark(tunnel)) && add_rules(tunnel, family) &&
                   add_route(tunnel, network, tunnel->mark);

    if (lock >= 0)
        (void)close(lock);
    return success && (family == 6 || set_valid_mark(tunnel)) && firewall_set(tunnel, family);
}

/* ---- all routes ---- */

/* before: what led into the interface before the first was added. As the longest come first, none that is
 * added covers a later one. */
static bool add_network(struct tunnel *tunnel, const struct vole_prefix *network,
                        const struct routing_table_list *before)
{
    uint32_t table = ROUTING_TABLE_MAIN;

    if (!tunnel_table_is_auto(tunnel))
        return routing_table_number(&table, tunnel->file.table.text) && add_route(tunnel, network, table);
    if (network->length == 0)
        return add_default(tunnel, network);
    return routing_table_list_covers(before, network) || add_route(tunnel, network, table);
}

/* The longest first; of the same length in the reverse order of their texts. */
static int compare_networks(const void *one, const void *other)
{
    const struct vole_prefix *first = one;
    const struct vole_prefix *second = other;
    char first_text[ADDRESS_PREFIX_TEXT_BYTES];
    char second_text[ADDRESS_PREFIX_TEXT_BYTES];

    if (first->length != second->length)
        return (int)second->length - (int)first->length;
    address_write_prefix(first_text, first);
    address_write_prefix(second_text, second);
    return strcmp(second_text, first_text);
}

static size_t count_networks(const struct model_device *device)
{
    size_t count = 0;

    for (size_t i = 0; i < device->peer_count; i++)
        count += device->peers[i].allowed_ip_count;
    return count;
}

bool tunnel_routes_add(struct tunnel *tunnel, const struct model_device *device)
{
    size_t count = count_networks(device);
    struct routing_table_list before = {0};
    struct vole_prefix *networks;
    size_t filled = 0;
    bool success;
    int error;

    tunnel->mark = device->fwmark;
    if (count == 0 || has_text(tunnel, "off"))
        return true;
    networks = calloc(count, sizeof(*networks));
    if (networks == NULL)
        return tunnel_fail(tunnel, "out of memory");
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *peer = &device->peers[i];

        for (size_t j = 0; j < peer->allowed_ip_count; j++)
            networks[filled++] = peer->allowed_ips[j];
    }
    qsort(networks, count, sizeof(*networks), compare_networks);
    error = routing_table_read_all(tunnel->netlink, tunnel->index, &before);
    success = error == 0 || tunnel_fail(tunnel, "routes cannot be listed: %s", strerror(-error));
    for (size_t i = 0; success && i < count; i++)
        success = add_network(tunnel, &networks[i], &before);
    routing_table_list_free(&before);
    free(networks);
    return success;
}

/* ---- taking them away ---- */

static bool routes_everything(const struct model_device *device)
{
    for (size_t i = 0; i < device->peer_count; i++) {
        const struct model_peer *peer = &device->peers[i];

        for (size_t j = 0; j < peer->allowed_ip_count; j++) {
            if (peer->allowed_ips[j].length == 0)
                return true;
        }
    }
    return false;
}

bool tunnel_routes_remove_rules(struct tunnel *tunnel, const struct model_device *device)
{
    if (!tunnel_table_is_auto(tunnel) || device->fwmark == 0 || !routes_everything(device))
        return false;
    return delete_rules_of_mark(tunnel, 4, device->fwmark) + delete_rules_of_mark(tunnel, 6, device->fwmark) >
           0;
}

/* Some interface of this host but the tunnel's own, which is gone, has the mark. */
static bool mark_is_in_use(const struct tunnel *tunnel, uint32_t mark)
{
    struct device_names names;
    struct model_device device;
    bool used = device_list(&names) != 0;

    for (size_t i = 0; !used && i < names.count; i++) {
        if (strcmp(names.names[i], tunnel->name) == 0)
            continue; /* its daemon hangs */
        model_init(&device);
        used = device_get(names.names[i], &device) == 0 && device.fwmark == mark;
        model_free(&device);
    }
    device_names_free(&names);
    return used;
}

bool tunnel_routes_remove_left_rules(struct tunnel *tunnel, uint32_t mark)
{
    if (mark == 0 || mark_is_in_use(tunnel, mark) || routing_table_is_empty(tunnel->netlink, mark) != 1)
        return false;
    return delete_rules_of_mark(tunnel, 4, mark) + delete_rules_of_mark(tunnel, 6, mark) > 0;
}
