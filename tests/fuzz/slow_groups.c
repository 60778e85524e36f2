/* SPDX-License-Identifier: MIT
 *
 * A packet joins its flow's last group behind, else in front, if the result is a group.
 */
#include "slow_groups.h"

#include <string.h>

enum { PSH = 0x08, ACK = 0x10 };

/* ---- one packet ---- */

static bool tcp_alone_fits(struct slow_member *member)
{
    const uint8_t *tcp = member->bytes + member->headers.transport;
    size_t bytes = (size_t)tcp[12] / 16 * 4;

    member->header_bytes = member->headers.transport + bytes;
    return bytes >= 20 && member->header_bytes < member->length && tcp[12] % 16 == 0 &&
           (tcp[13] == ACK || tcp[13] == ACK + PSH);
}

static bool udp_alone_fits(struct slow_member *member)
{
    member->header_bytes = member->headers.transport + 8;
    return member->header_bytes < member->length &&
           slow_number(member->bytes, member->headers.transport + 4, 2) ==
               member->length - member->headers.transport;
}

static struct slow_member judge(const struct slow_groups *batch, const uint8_t *packet, size_t length)
{
    struct slow_member member = {.bytes = packet, .length = length, .headers = slow_read(packet, length)};
    const struct slow_packet *headers = &member.headers;
    bool tcp = headers->protocol == SLOW_TCP, udp = headers->protocol == SLOW_UDP;

    member.kind = SLOW_BARRIER;
    if (headers->version == 0 || !headers->total_fits || headers->total != length || !headers->chain)
        return member;
    member.kind = SLOW_OTHER;
    if (!(tcp && batch->tcp) && !(udp && batch->udp))
        return member;
    member.kind = SLOW_BARRIER;
    if (headers->fragment || length - headers->transport < (tcp ? 20 : 8))
        return member;
    member.kind = SLOW_FLOW;
    member.mergeable = headers->transport == (headers->version == 4 ? 20 : 40) &&
                       (tcp ? tcp_alone_fits(&member) : udp_alone_fits(&member)) &&
                       slow_header_sum_right(packet, headers) &&
                       slow_transport_sum_right(packet, length, headers);
    return member;
}

/* ---- several ---- */

static bool equal_bytes(const struct slow_member *one, const struct slow_member *other, size_t position,
                        size_t count)
{
    return memcmp(one->bytes + position, other->bytes + position, count) == 0;
}

bool slow_same_flow(const struct slow_member *one, const struct slow_member *other)
{
    const struct slow_packet *headers = &one->headers;

    if (one->kind != SLOW_FLOW || other->kind != SLOW_FLOW || headers->version != other->headers.version ||
        headers->protocol != other->headers.protocol ||
        memcmp(one->bytes + headers->transport, other->bytes + other->headers.transport, 4) != 0)
        return false;
    return headers->version == 4 ? equal_bytes(one, other, 12, 8) : equal_bytes(one, other, 8, 32);
}

/* Both are mergeable and of one flow: what one header can say for both. */
static bool same_headers(const struct slow_member *one, const struct slow_member *other)
{
    size_t tcp = one->headers.transport;

    if (one->header_bytes != other->header_bytes)
        return false;
    if (one->headers.version == 4 ? !(equal_bytes(one, other, 1, 1) && equal_bytes(one, other, 6, 1) &&
                                      equal_bytes(one, other, 8, 1))
                                  : !(equal_bytes(one, other, 0, 4) && equal_bytes(one, other, 7, 1)))
        return false;
    if (one->headers.protocol == SLOW_UDP)
        return true;
    return equal_bytes(one, other, tcp + 8, 4) && equal_bytes(one, other, tcp + 14, 2) &&
           equal_bytes(one, other, tcp + 18, one->header_bytes - tcp - 18);
}

static size_t payload(const struct slow_member *member)
{
    return member->length - member->header_bytes;
}

static bool pushes(const struct slow_member *member)
{
    return member->headers.protocol == SLOW_TCP && (member->bytes[member->headers.transport + 13] & PSH) != 0;
}

/* Whether the second may stand right behind the first, in a group that begins with the head. */
static bool may_follow(const struct slow_member *head, const struct slow_member *first,
                       const struct slow_member *second)
{
    size_t sequence = head->headers.transport + 4;

    if (!second->mergeable || !slow_same_flow(head, second) || !same_headers(head, second) || pushes(first) ||
        payload(first) != payload(head) || payload(second) > payload(head))
        return false;
    return head->headers.protocol == SLOW_UDP ||
           (slow_number(first->bytes, sequence, 4) + payload(first)) % 0x100000000 ==
               slow_number(second->bytes, sequence, 4);
}

static bool is_group(const struct slow_groups *batch, const struct slow_group *group)
{
    const struct slow_member *head = &batch->members[group->members[0]];
    size_t length = head->length;

    if (!head->mergeable || (head->headers.protocol == SLOW_UDP && group->count > batch->udp_segments))
        return false;
    for (size_t i = 1; i < group->count; i++) {
        const struct slow_member *member = &batch->members[group->members[i]];

        length += payload(member);
        if (!may_follow(head, &batch->members[group->members[i - 1]], member))
            return false;
    }
    return length <= 65535;
}

static bool joins(struct slow_groups *batch, struct slow_group *group, size_t number)
{
    static struct slow_group wider;

    if (group->count == SLOW_MOST || pushes(&batch->members[group->members[group->count - 1]]))
        return false;
    wider = *group;
    wider.members[wider.count++] = number;
    if (!is_group(batch, &wider) && batch->members[number].headers.protocol == SLOW_TCP) {
        memmove(wider.members + 1, wider.members, group->count * sizeof wider.members[0]);
        wider.members[0] = number;
    }
    if (!is_group(batch, &wider))
        return false;
    *group = wider;
    return true;
}

void slow_groups_begin(struct slow_groups *batch, bool tcp, bool udp, size_t udp_segments)
{
    batch->tcp = tcp;
    batch->udp = udp;
    batch->udp_segments = udp_segments;
    batch->member_count = batch->group_count = batch->closed = batch->flow_count = 0;
}

void slow_groups_add(struct slow_groups *batch, const uint8_t *packet, size_t length)
{
    size_t number = batch->member_count++, last = batch->group_count;

    batch->members[number] = judge(batch, packet, length);
    while (last > 0 &&
           !slow_same_flow(&batch->members[batch->groups[last - 1].members[0]], &batch->members[number]))
        last--;
    batch->flow_count += last == 0 && batch->members[number].kind == SLOW_FLOW;
    if (last > batch->closed && joins(batch, &batch->groups[last - 1], number))
        return;
    batch->groups[batch->group_count].count = 1;
    batch->groups[batch->group_count++].members[0] = number;
    if (batch->members[number].kind == SLOW_BARRIER)
        batch->closed = batch->group_count;
}
