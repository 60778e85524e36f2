/* SPDX-License-Identifier: MIT
 *
 * Netlink messages: what is written reads back, by us and by the kernel's own macros; and whatever lengths a
 * message has, nothing outside it is given out. Each message lies in an allocation of just its length, so
 * that AddressSanitizer sees a byte too far.
 */
#include "linux/netlink_message.h"

#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct seen {
    unsigned count;
    unsigned sum; /* of all bytes of all values */
    const uint8_t *from, *to;
};

static int see(const struct nlattr *attribute, void *argument)
{
    struct seen *seen = argument;
    const uint8_t *value = netlink_attribute_value(attribute);

    assert_true(value >= seen->from && value + netlink_attribute_bytes(attribute) <= seen->to);
    seen->count++;
    for (size_t i = 0; i < netlink_attribute_bytes(attribute); i++)
        seen->sum += value[i];
    return netlink_attributes_inside(attribute, see, seen);
}

static int refuse(const struct nlattr *attribute, void *argument)
{
    unsigned *calls = argument;

    (*calls)++;
    return netlink_attribute_type(attribute) == 2 ? -7 : 0;
}

/* ---- writing ---- */

static struct nlmsghdr *write_example(uint8_t *bytes, size_t count)
{
    struct nlmsghdr *message;
    struct nlattr *nest;
    struct ifinfomsg *link;

    memset(bytes, 0xa5, count);
    message = netlink_message_begin(bytes);
    link = netlink_message_extend(message, sizeof(*link));
    assert_int_equal(link->ifi_index, 0);
    netlink_put_u8(message, 1, 0x12);
    netlink_put_u16(message, 2, 0x1234);
    netlink_put_text(message, 3, "wg0");
    nest = netlink_nest_begin(message, 4);
    netlink_put_u32(message, 5, 0x12345678);
    netlink_put(message, 6, 0, NULL);
    netlink_nest_end(message, nest);
    return message;
}

static void what_is_written_is_what_the_kernels_macros_read(void **state)
{
    static const unsigned types[] = {1, 2, 3, 4};
    static const size_t lengths[] = {1, 2, 4, 12};
    _Alignas(struct nlmsghdr) uint8_t bytes[256];
    struct nlmsghdr *message = write_example(bytes, sizeof(bytes));
    struct rtattr *attribute = (struct rtattr *)(bytes + NLMSG_LENGTH(sizeof(struct ifinfomsg)));
    size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(struct ifinfomsg));

    (void)state;
    assert_int_equal(message->nlmsg_len % 4, 0);
    assert_int_equal(bytes[message->nlmsg_len], 0xa5);
    for (unsigned i = 0; i < 4; i++, attribute = RTA_NEXT(attribute, left)) {
        assert_true(RTA_OK(attribute, left));
        assert_int_equal(attribute->rta_type & NLA_TYPE_MASK, types[i]);
        assert_int_equal(RTA_PAYLOAD(attribute), lengths[i]);
        for (size_t gap = attribute->rta_len; gap % 4 != 0; gap++)
            assert_int_equal(((uint8_t *)attribute)[gap], 0);
    }
    assert_int_equal(left, 0);
}

static int check_value(const struct nlattr *attribute, void *argument)
{
    unsigned *right = argument;

    switch (netlink_attribute_type(attribute)) {
    case 2:
        *right += netlink_attribute_u16(attribute) == 0x1234;
        return 0;
    case 3:
        *right += strcmp(netlink_attribute_value(attribute), "wg0") == 0;
        return 0;
    case 4:
        return netlink_attributes_inside(attribute, check_value, argument);
    case 5:
        *right += netlink_attribute_u32(attribute) == 0x12345678;
        return 0;
    case 6:
        *right += netlink_attribute_bytes(attribute) == 0;
        return 0;
    default:
        return 0;
    }
}

static void values_and_nests_read_back(void **state)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[256];
    const struct nlmsghdr *message = write_example(bytes, sizeof(bytes));
    unsigned right = 0;

    (void)state;
    assert_true(netlink_message_ok(message, message->nlmsg_len));
    assert_int_equal(netlink_attributes(message, sizeof(struct ifinfomsg), check_value, &right), 0);
    assert_int_equal(right, 4);
}

static void what_a_function_returns_ends_the_walk(void **state)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[256];
    const struct nlmsghdr *message = write_example(bytes, sizeof(bytes));
    unsigned calls = 0;

    (void)state;
    assert_int_equal(netlink_attributes(message, sizeof(struct ifinfomsg), refuse, &calls), -7);
    assert_int_equal(calls, 2);
}

/* ---- reading what is broken ---- */

static void messages_behind_each_other_are_found_and_none_that_is_cut(void **state)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[64];
    const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
    struct nlmsghdr header = {.nlmsg_len = 18}; /* filled up to 20 */
    size_t left = 40;

    (void)state;
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + 20, &header, sizeof(header));
    assert_true(netlink_message_ok(message, 18));
    assert_false(netlink_message_ok(message, 17));
    message = netlink_message_next(message, &left);
    assert_int_equal(left, 20);
    left = 18; /* the last one is not filled up */
    assert_true(netlink_message_ok(message, left));
    (void)netlink_message_next(message, &left);
    assert_int_equal(left, 0);
    assert_false(netlink_message_ok(message, left));
    header.nlmsg_len = sizeof(header) - 1;
    assert_false(netlink_message_ok(&header, sizeof(header)));
    header.nlmsg_len = UINT32_MAX;
    assert_false(netlink_message_ok(&header, sizeof(header)));
}

/* Every length that the two inner lengths can have, in a message of every length. */
static void no_length_leads_outside(void **state)
{
    static const uint16_t lengths[] = {0, 1, 3, 4, 5, 7, 8, 9, 12, 13, 16, 20, 21, 24, 255, 65533, 65535};
    const size_t count = sizeof(lengths) / sizeof(lengths[0]);

    (void)state;
    for (size_t bytes = NLMSG_HDRLEN; bytes <= NLMSG_HDRLEN + 24; bytes++) {
        for (size_t i = 0; i < count * count; i++) {
            uint8_t *exact = calloc(1, bytes);
            struct nlmsghdr *message = (struct nlmsghdr *)exact;
            struct seen seen = {.from = exact + NLMSG_HDRLEN, .to = exact + bytes};

            assert_non_null(exact);
            message->nlmsg_len = (uint32_t)bytes;
            if (bytes >= NLMSG_HDRLEN + 10) {
                memcpy(exact + NLMSG_HDRLEN, &lengths[i / count], sizeof(uint16_t));
                memcpy(exact + NLMSG_HDRLEN + 8, &lengths[i % count], sizeof(uint16_t));
            }
            for (size_t header = 0; header <= 28; header += 4)
                assert_int_equal(netlink_attributes(message, header, see, &seen), 0);
            free(exact);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_the_kernels_macros_read),
        cmocka_unit_test(values_and_nests_read_back),
        cmocka_unit_test(what_a_function_returns_ends_the_walk),
        cmocka_unit_test(messages_behind_each_other_are_found_and_none_that_is_cut),
        cmocka_unit_test(no_length_leads_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
