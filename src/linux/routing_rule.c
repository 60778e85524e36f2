/* SPDX-License-Identifier: MIT
 *
 * RTM_NEWRULE, RTM_DELRULE and RTM_GETRULE.
 */
#include "linux/routing_rule.h"

#include "linux/netlink_request.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int routing_rule_change(int netlink, uint16_t type, uint16_t flags, const struct routing_rule *rule)
{
    struct netlink_request request;
    bool marks = rule->kind == ROUTING_RULE_MARK;
    uint32_t table = marks ? rule->mark : RT_TABLE_MAIN;
    struct fib_rule_hdr *header = netlink_request_init(&request, type, flags, sizeof(*header));

    header->family = rule->family == 4 ? AF_INET : AF_INET6;
    header->action = FR_ACT_TO_TBL;
    header->table = table < 256 ? (uint8_t)table : RT_TABLE_UNSPEC;
    if (marks) {
        header->flags = FIB_RULE_INVERT;
        netlink_put_u32(request.header, FRA_FWMARK, rule->mark);
    } else {
        netlink_put_u32(request.header, FRA_SUPPRESS_PREFIXLEN, 0);
    }
    netlink_put_u32(request.header, FRA_TABLE, table);
    if (rule->priority != 0)
        netlink_put_u32(request.header, FRA_PRIORITY, rule->priority);
    return netlink_request_do(netlink, &request, NULL, NULL);
}

int routing_rule_add(int netlink, const struct routing_rule *rule)
{
    return routing_rule_change(netlink, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

int routing_rule_delete(int netlink, const struct routing_rule *rule)
{
    return routing_rule_change(netlink, RTM_DELRULE, 0, rule);
}

/* ---- listing ---- */

/* A rule as the kernel tells it. */
struct routing_rule_told {
    uint32_t table;
    uint32_t mark;
    uint32_t mask;
    uint32_t priority;
    uint32_t suppress; /* UINT32_MAX: does not */
    bool more;         /* it asks for something that none of ours does */
};

static int routing_rule_attribute(const struct nlattr *attribute, void *argument)
{
    struct routing_rule_told *told = argument;
    bool is_number = netlink_attribute_bytes(attribute) == sizeof(uint32_t);

    switch (netlink_attribute_type(attribute)) {
    case FRA_TABLE:
        told->table = is_number ? netlink_attribute_u32(attribute) : 0;
        break;
    case FRA_FWMARK:
        told->mark = is_number ? netlink_attribute_u32(attribute) : 0;
        break;
    case FRA_FWMASK:
        told->mask = is_number ? netlink_attribute_u32(attribute) : 0;
        break;
    case FRA_PRIORITY:
        told->priority = is_number ? netlink_attribute_u32(attribute) : 0;
        break;
    case FRA_SUPPRESS_PREFIXLEN:
        told->suppress = is_number ? netlink_attribute_u32(attribute) : UINT32_MAX;
        break;
    case FRA_IIFNAME:
    case FRA_OIFNAME:
    case FRA_UID_RANGE:
    case FRA_SPORT_RANGE:
    case FRA_DPORT_RANGE:
    case FRA_IP_PROTO:
        told->more = true;
        break;
    default:
        break;
    }
    return 0;
}

/* False: it is neither of the two kinds. */
static bool routing_rule_classify(struct routing_rule *rule, const struct fib_rule_hdr *header,
                                  const struct routing_rule_told *told)
{
    bool inverted = header->flags & FIB_RULE_INVERT;

    rule->family = header->family == AF_INET ? 4 : 6;
    rule->priority = told->priority;
    rule->mark = told->mark;
    if (header->action != FR_ACT_TO_TBL || header->src_len != 0 || header->dst_len != 0 || header->tos != 0 ||
        told->more)
        return false;
    rule->kind = told->mark != 0 ? ROUTING_RULE_MARK : ROUTING_RULE_SUPPRESS;
    if (rule->kind == ROUTING_RULE_MARK)
        return inverted && told->mask == UINT32_MAX && told->table == told->mark;
    return !inverted && told->table == RT_TABLE_MAIN && told->suppress == 0;
}

static int routing_rule_answer(const struct nlmsghdr *message, void *argument)
{
    struct routing_rule_list *list = argument;
    const struct fib_rule_hdr *header = netlink_message_payload(message);
    struct routing_rule_told told = {.mask = UINT32_MAX, .suppress = UINT32_MAX};
    struct routing_rule rule;

    if (message->nlmsg_type != RTM_NEWRULE || netlink_message_payload_bytes(message) < sizeof(*header))
        return 0;
    told.table = header->table;
    if (netlink_attributes(message, sizeof(*header), routing_rule_attribute, &told) < 0)
        return -EBADMSG;
    if (!routing_rule_classify(&rule, header, &told))
        return 0;
    if (list->count == list->capacity) {
        size_t larger = list->capacity == 0 ? 4 : list->capacity * 2;
        struct routing_rule *grown = realloc(list->rules, larger * sizeof(*grown));

        if (grown == NULL)
            return -ENOMEM;
        list->rules = grown;
        list->capacity = larger;
    }
    list->rules[list->count++] = rule;
    return 0;
}

static void routing_rule_restart(void *argument)
{
    struct routing_rule_list *list = argument;

    list->count = 0;
}

static int routing_rule_dump(int netlink, uint8_t family, void (*restart)(void *argument),
                             netlink_answer_function *answer, void *argument)
{
    struct netlink_request request;
    struct fib_rule_hdr *header = netlink_request_init(&request, RTM_GETRULE, NLM_F_DUMP, sizeof(*header));

    header->family = family == 4 ? AF_INET : AF_INET6;
    return netlink_request_dump(netlink, &request, restart, answer, argument);
}

/* ---- a place ---- */

#define ROUTING_RULE_MAIN 32766 /* the priority of the kernel's own rule for the main table */

struct routing_rule_gap {
    bool any;          /* a rule was seen */
    uint32_t last;     /* its priority */
    uint32_t priority; /* what was looked for, 0: not found yet */
};

static int routing_rule_gap_answer(const struct nlmsghdr *message, void *argument)
{
    struct routing_rule_gap *gap = argument;
    struct routing_rule_told told = {0};

    if (message->nlmsg_type != RTM_NEWRULE ||
        netlink_message_payload_bytes(message) < sizeof(struct fib_rule_hdr))
        return 0;
    if (netlink_attributes(message, sizeof(struct fib_rule_hdr), routing_rule_attribute, &told) < 0)
        return -EBADMSG;
    if (gap->any && gap->priority == 0 && told.priority > gap->last && told.priority - gap->last > 2)
        gap->priority = told.priority - 1;
    gap->any = true;
    gap->last = told.priority;
    return 0;
}

static void routing_rule_gap_restart(void *argument)
{
    *(struct routing_rule_gap *)argument = (struct routing_rule_gap){0};
}

int routing_rule_place(int netlink, uint8_t family, uint32_t *priority)
{
    struct routing_rule_gap gap;
    int result = routing_rule_dump(netlink, family, routing_rule_gap_restart, routing_rule_gap_answer, &gap);

    if (result == 0 && gap.priority == 0 && gap.last < ROUTING_RULE_MAIN - 2)
        gap.priority = ROUTING_RULE_MAIN - 1;
    *priority = gap.priority;
    return result == 0 && gap.priority == 0 ? -ENOSPC : result;
}

/* ---- all of ours ---- */

int routing_rule_read(int netlink, uint8_t family, struct routing_rule_list *list)
{
    int result = routing_rule_dump(netlink, family, routing_rule_restart, routing_rule_answer, list);

    return result == -EOPNOTSUPP ? 0 : result; /* no rules of that family in this kernel */
}

void routing_rule_list_free(struct routing_rule_list *list)
{
    free(list->rules);
    memset(list, 0, sizeof(*list));
}
