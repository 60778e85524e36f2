/* SPDX-License-Identifier: MIT
 *
 * Messages that change an interface of the kernel's WireGuard: those of recorded changes, which a kernel has
 * taken, come out byte for byte; changes at random, in messages of any size, are read again as they were, and
 * what replaces stands where it may only; the first error ends it; and no key stays behind.
 * The seed is printed; give it as the first argument to repeat a run.
 */
#include "linux/wireguard_writing.h"

#include "config/change.h"
#include "config/file.h"
#include "config/key.h"
#include "linux/netlink_message.h"
#include "linux/wireguard_reading.h"
#include "netlink_model.h"
#include "recording.h"
#include "stack_search.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROUNDS       2000
#define FAMILY       0x21
/* Of netlink and of generic netlink. */
#define HEADERS_BYTES (sizeof(struct nlmsghdr) + sizeof(struct genlmsghdr))

/* The messages of one change, as they were sent. */
struct sent {
    struct {
        uint8_t *bytes;
        size_t length;
    } messages[2000];
    size_t count;
    size_t error_at; /* refuse from this message on, counted from 1; 0: never */
};

static int take_message(void *context, struct nlmsghdr *header)
{
    struct sent *sent = context;

    assert_true(sent->count < COUNT(sent->messages));
    if (sent->error_at != 0 && sent->count + 1 >= sent->error_at)
        return -ENETDOWN;
    sent->messages[sent->count].bytes = malloc(header->nlmsg_len);
    assert_non_null(sent->messages[sent->count].bytes);
    memcpy(sent->messages[sent->count].bytes, header, header->nlmsg_len);
    sent->messages[sent->count++].length = header->nlmsg_len;
    return 0;
}

static void sent_free(struct sent *sent)
{
    for (size_t i = 0; i < sent->count; i++)
        free(sent->messages[i].bytes);
    free(sent);
}

static int write_peer(struct wireguard_writing *writing, const struct change_peer *from)
{
    const struct wireguard_peer_change peer = {
        .public_key = from->public_key,
        .remove = from->remove,
        .update = from->update,
        .replace_allowed_ips = from->replace_allowed_ips,
        .has_preshared_key = from->has_preshared_key,
        .has_endpoint = from->has_endpoint,
        .has_persistent_keepalive = from->has_persistent_keepalive,
        .preshared_key = from->preshared_key,
        .endpoint = &from->endpoint,
        .persistent_keepalive_s = from->persistent_keepalive_s,
    };
    int error = wireguard_writing_peer(writing, &peer);

    for (size_t i = 0; i < from->allowed_ip_count && error == 0; i++)
        error =
            wireguard_writing_allowed_ip(writing, &from->allowed_ips[i].prefix, from->allowed_ips[i].remove);
    return error;
}

/* Writes the change in messages of at most limit bytes; the first error. */
static int write_change(struct wireguard_writing *writing, struct sent *sent, const char *name,
                        uint16_t family, size_t limit, const struct change *change)
{
    const struct wireguard_device_change device = {
        .has_private_key = change->has_private_key,
        .has_listen_port = change->has_listen_port,
        .has_fwmark = change->has_fwmark,
        .replace_peers = change->replace_peers,
        .private_key = change->private_key,
        .listen_port = change->listen_port,
        .fwmark = change->fwmark,
    };
    int error = 0;

    memset(writing, 0xa5, sizeof(*writing));
    writing->limit = limit;
    writing->family = family;
    writing->send = take_message;
    writing->context = sent;
    wireguard_writing_begin(writing, name, &device);
    for (size_t i = 0; i < change->peer_count && error == 0; i++)
        error = write_peer(writing, &change->peers[i]);
    int end_error = wireguard_writing_end(writing);
    return error != 0 ? error : end_error;
}

/* ---- recorded changes ---- */

/* The change that a recorded configuration makes, with its endpoints. */
static void change_of_text(struct change *change, const char *text)
{
    struct file file;
    struct file_problems problems;

    change_init(change);
    assert_int_equal(file_parse(&file, "recorded", text, strlen(text), FILE_WG, &problems), 0);
    assert_int_equal(file_change(&file, change), 0);
    for (size_t i = 0; i < file.peer_count; i++) {
        const struct file_peer *peer = &file.peers[i];
        char endpoint[128];

        if (peer->endpoint_count == 0)
            continue;
        int length =
            snprintf(endpoint, sizeof(endpoint), strchr(peer->endpoints[0].host, ':') ? "[%s]:%s" : "%s:%s",
                     peer->endpoints[0].host, peer->endpoints[0].port);
        assert_int_equal(address_read_endpoint(&change->peers[i].endpoint, endpoint, (size_t)length), 0);
        change->peers[i].has_endpoint = true;
    }
    file_problems_free(&problems);
    file_free(&file);
}

static void assert_as_recorded(const char *name, const char *interface)
{
    struct recording recording;
    struct change change;
    struct wireguard_writing writing;
    struct sent *sent = calloc(1, sizeof(*sent));
    size_t datagram = 0;
    size_t offset = 0;
    size_t length;
    size_t count = 0;
    const uint8_t *message;

    assert_non_null(sent);
    recording_read(&recording, name);
    change_of_text(&change, recording.text);
    while ((message = recording_next(&recording, true, &datagram, &offset, &length)) != NULL) {
        struct nlmsghdr header;
        uint8_t expected[WIREGUARD_WRITING_BYTES];

        assert_in_range(length, HEADERS_BYTES, sizeof(expected));
        memcpy(&header, message, sizeof(header));
        memcpy(expected, message, length);
        if (expected[sizeof(header)] != WG_CMD_SET_DEVICE)
            continue;
        if (count == 0)
            assert_int_equal(
                write_change(&writing, sent, interface, header.nlmsg_type, WIREGUARD_WRITING_BYTES, &change),
                0);
        memset(expected + offsetof(struct nlmsghdr, nlmsg_seq), 0, sizeof(header.nlmsg_seq));
        assert_true(count < sent->count);
        assert_int_equal(sent->messages[count].length, length);
        assert_memory_equal(sent->messages[count].bytes, expected, length);
        count++;
    }
    assert_true(count > 0);
    assert_int_equal(count, sent->count);
    change_free(&change);
    recording_free(&recording);
    sent_free(sent);
}

static void recorded_changes_come_out_as_they_were(void **state)
{
    (void)state;
    assert_as_recorded("set_everything", "wg1");
    assert_as_recorded("set_split", "wg2");
}

/* ---- changes at random ---- */

static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 0x2545f4914f6cdd1dull >> 33) % bound;
}

static void random_bytes(uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)random_below(256);
}

static void random_address(struct vole_address *address)
{
    memset(address, 0, sizeof(*address));
    address->family = random_below(2) == 0 ? 4 : 6;
    random_bytes(address->bytes, address->family == 4 ? 4 : 16);
}

static void random_peer(struct change *change)
{
    uint8_t key[VOLE_KEY_BYTES];
    struct change_peer *peer;
    uint32_t allowed_ips = random_below(3) == 0 ? random_below(400) : random_below(5);

    random_bytes(key, sizeof(key));
    peer = change_add_peer(change, key);
    assert_non_null(peer);
    peer->remove = random_below(8) == 0;
    peer->update = random_below(4) == 0;
    peer->replace_allowed_ips = random_below(2) == 0;
    peer->has_preshared_key = random_below(2) == 0;
    if (peer->has_preshared_key)
        random_bytes(peer->preshared_key, sizeof(peer->preshared_key));
    peer->has_endpoint = random_below(2) == 0;
    if (peer->has_endpoint) {
        random_address(&peer->endpoint.address);
        peer->endpoint.port = (uint16_t)random_below(65536);
        peer->endpoint.scope = peer->endpoint.address.family == 6 ? random_below(100) : 0;
    }
    peer->has_persistent_keepalive = random_below(2) == 0;
    peer->persistent_keepalive_s = peer->has_persistent_keepalive ? (uint16_t)random_below(65536) : 0;
    while (allowed_ips-- > 0) {
        struct vole_prefix prefix;

        random_address(&prefix.address);
        prefix.length = (uint8_t)random_below(prefix.address.family == 4 ? 33 : 129);
        assert_int_equal(change_allow(peer, &prefix, random_below(8) == 0), 0);
    }
}

static void random_change(struct change *change)
{
    change_init(change);
    change->has_private_key = random_below(2) == 0;
    if (change->has_private_key)
        random_bytes(change->private_key, sizeof(change->private_key));
    change->has_listen_port = random_below(2) == 0;
    change->listen_port = change->has_listen_port ? (uint16_t)random_below(65536) : 0;
    change->has_fwmark = random_below(2) == 0;
    change->fwmark = change->has_fwmark ? random_below(UINT32_MAX) : 0;
    change->replace_peers = random_below(2) == 0;
    for (uint32_t peers = random_below(12); peers > 0; peers--)
        random_peer(change);
}

/* What the messages are read as is what the change says. */
static void assert_read_again(const struct sent *sent, const struct change *change)
{
    struct model_device device;
    struct wireguard_reader reader = netlink_model_reader(&device);
    struct wireguard_reading reading = {.reader = &reader};

    model_init(&device);
    for (size_t i = 0; i < sent->count; i++)
        assert_int_equal(wireguard_reading_feed(&reading, sent->messages[i].bytes, sent->messages[i].length),
                         0);
    assert_int_equal(device.has_private_key, change->has_private_key);
    assert_memory_equal(device.private_key, change->private_key, VOLE_KEY_BYTES);
    assert_int_equal(device.listen_port, change->listen_port);
    assert_int_equal(device.fwmark, change->fwmark);
    assert_int_equal(device.peer_count, change->peer_count);
    for (size_t i = 0; i < device.peer_count; i++) {
        const struct model_peer *got = &device.peers[i];
        const struct change_peer *wanted = &change->peers[i];

        assert_memory_equal(got->public_key, wanted->public_key, VOLE_KEY_BYTES);
        assert_memory_equal(got->preshared_key, wanted->preshared_key, VOLE_KEY_BYTES);
        assert_int_equal(got->persistent_keepalive_s, wanted->persistent_keepalive_s);
        assert_memory_equal(&got->endpoint, &wanted->endpoint, sizeof(got->endpoint));
        assert_int_equal(got->allowed_ip_count, wanted->allowed_ip_count);
        for (size_t j = 0; j < got->allowed_ip_count; j++)
            assert_memory_equal(&got->allowed_ips[j], &wanted->allowed_ips[j].prefix,
                                sizeof(got->allowed_ips[j]));
    }
    model_free(&device);
}

/* ---- where flags and values stand ---- */

/* What is left of a message or a nest. */
struct walk {
    const uint8_t *at;
    size_t left;
};

static struct walk walk_nest(const struct nlattr *nest)
{
    return (struct walk){.at = netlink_attribute_value(nest), .left = netlink_attribute_bytes(nest)};
}

/* NULL: there is none any more. */
static const struct nlattr *walk_next(struct walk *walk)
{
    const struct nlattr *attribute = (const void *)walk->at;
    size_t step;

    if (walk->left == 0)
        return NULL;
    assert_true(walk->left >= sizeof(*attribute) && attribute->nla_len >= sizeof(*attribute));
    step = ((size_t)attribute->nla_len + 3) / 4 * 4;
    assert_true(step <= walk->left);
    walk->at += step;
    walk->left -= step;
    return attribute;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
    struct walk walk = walk_nest(nest);
    const struct nlattr *attribute;

    while ((attribute = walk_next(&walk)) != NULL && netlink_attribute_type(attribute) != type)
        ;
    return attribute;
}

static uint32_t flags_of(const struct nlattr *nest, uint16_t type)
{
    const struct nlattr *flags = find(nest, type);

    return flags != NULL ? netlink_attribute_u32(flags) : 0;
}

/* Walks through the allowed IPs of a peer in one message; *at counts those of the peer. */
static void assert_allowed_ips(const struct nlattr *peer, const struct change_peer *wanted, size_t *at)
{
    const struct nlattr *allowed_ips = find(peer, WGPEER_A_ALLOWEDIPS);
    const struct nlattr *allowed_ip;

    if (allowed_ips == NULL)
        return;
    assert_true(allowed_ips->nla_type & NLA_F_NESTED);
    struct walk walk = walk_nest(allowed_ips);
    while ((allowed_ip = walk_next(&walk)) != NULL) {
        assert_true(allowed_ip->nla_type & NLA_F_NESTED);
        assert_true(*at < wanted->allowed_ip_count);
        assert_int_equal(flags_of(allowed_ip, 4), wanted->allowed_ips[(*at)++].remove ? 1 : 0);
    }
}

/* A peer's own values and flags are where it begins, and nowhere else. */
static void assert_peer(const struct nlattr *peer, const struct change_peer *wanted, bool begins)
{
    uint32_t flags = (wanted->remove ? (uint32_t)WGPEER_F_REMOVE_ME : 0) |
                     (wanted->update ? (uint32_t)WGPEER_F_UPDATE_ONLY : 0) |
                     (wanted->replace_allowed_ips ? (uint32_t)WGPEER_F_REPLACE_ALLOWEDIPS : 0);

    assert_true(peer->nla_type & NLA_F_NESTED);
    assert_memory_equal(netlink_attribute_value(find(peer, WGPEER_A_PUBLIC_KEY)), wanted->public_key,
                        VOLE_KEY_BYTES);
    assert_int_equal(flags_of(peer, WGPEER_A_FLAGS), begins ? flags : 0);
    assert_int_equal(find(peer, WGPEER_A_PRESHARED_KEY) != NULL, begins && wanted->has_preshared_key);
    assert_int_equal(find(peer, WGPEER_A_ENDPOINT) != NULL, begins && wanted->has_endpoint);
    assert_int_equal(find(peer, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL) != NULL,
                     begins && wanted->has_persistent_keepalive);
}

/* How far a change has come in its messages. */
struct progress {
    const struct change *change;
    size_t peers;       /* that have begun */
    size_t allowed_ips; /* of the latest peer */
};

/* The peers of one message, of which the first may be the latest one going on. */
static void assert_peers(struct progress *progress, const struct nlattr *peers)
{
    const struct change_peer *wanted = progress->change->peers;
    struct walk walk = walk_nest(peers);
    const struct nlattr *peer;
    bool first = true;

    assert_true(peers->nla_type & NLA_F_NESTED);
    while ((peer = walk_next(&walk)) != NULL) {
        const uint8_t *key = netlink_attribute_value(find(peer, WGPEER_A_PUBLIC_KEY));
        bool goes_on = first && progress->peers > 0 &&
                       memcmp(key, wanted[progress->peers - 1].public_key, VOLE_KEY_BYTES) == 0;

        if (!goes_on) {
            if (progress->peers > 0)
                assert_int_equal(progress->allowed_ips, wanted[progress->peers - 1].allowed_ip_count);
            progress->peers++;
            progress->allowed_ips = 0;
        }
        assert_true(progress->peers <= progress->change->peer_count);
        assert_peer(peer, &wanted[progress->peers - 1], !goes_on);
        assert_allowed_ips(peer, &wanted[progress->peers - 1], &progress->allowed_ips);
        first = false;
    }
}

static void assert_message(struct progress *progress, const struct nlmsghdr *header, bool first)
{
    const struct genlmsghdr *generic = netlink_message_payload(header);
    struct walk walk = {.at = (const uint8_t *)header + HEADERS_BYTES,
                        .left = header->nlmsg_len - HEADERS_BYTES};
    const struct nlattr *attribute;

    assert_int_equal(header->nlmsg_type, FAMILY);
    assert_int_equal(header->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
    assert_int_equal(generic->cmd, WG_CMD_SET_DEVICE);
    assert_int_equal(generic->version, 1);
    while ((attribute = walk_next(&walk)) != NULL) {
        switch (netlink_attribute_type(attribute)) {
        case WGDEVICE_A_IFNAME:
            assert_string_equal(netlink_attribute_value(attribute), "wg-test");
            break;
        case WGDEVICE_A_PEERS:
            assert_peers(progress, attribute);
            break;
        case WGDEVICE_A_FLAGS:
            assert_true(progress->change->replace_peers);
            assert_int_equal(netlink_attribute_u32(attribute), WGDEVICE_F_REPLACE_PEERS);
            assert_true(first);
            break;
        default:
            assert_true(first);
        }
    }
}

static void assert_values_stand_once(const struct sent *sent, const struct change *change, size_t limit)
{
    struct progress progress = {.change = change};
    bool replaces = false;

    for (size_t i = 0; i < sent->count; i++) {
        assert_true(sent->messages[i].length <= limit);
        assert_message(&progress, (const void *)sent->messages[i].bytes, i == 0);
    }
    assert_int_equal(progress.peers, change->peer_count);
    struct walk walk = {.at = sent->messages[0].bytes + HEADERS_BYTES,
                        .left = sent->messages[0].length - HEADERS_BYTES};
    for (const struct nlattr *attribute; (attribute = walk_next(&walk)) != NULL;)
        replaces = replaces || netlink_attribute_type(attribute) == WGDEVICE_A_FLAGS;
    assert_int_equal(replaces, change->replace_peers);
}

static void changes_at_random_are_read_as_they_were(void **state)
{
    size_t most = 0;

    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct wireguard_writing writing;
        struct sent *sent = calloc(1, sizeof(*sent));
        struct change change;
        size_t limit =
            random_below(4) == 0
                ? WIREGUARD_WRITING_LEAST + random_below(64)
                : WIREGUARD_WRITING_LEAST +
                      random_below((uint32_t)(WIREGUARD_WRITING_BYTES - WIREGUARD_WRITING_LEAST + 1));

        assert_non_null(sent);
        random_change(&change);
        assert_int_equal(write_change(&writing, sent, "wg-test", FAMILY, limit, &change), 0);
        assert_read_again(sent, &change);
        assert_values_stand_once(sent, &change, limit);
        most = sent->count > most ? sent->count : most;
        change_free(&change);
        sent_free(sent);
    }
    assert_true(most > 100);
}

/* ---- edges ---- */

static void change_without_anything_asks_for_the_interface_only(void **state)
{
    struct wireguard_writing writing;
    struct sent *sent = calloc(1, sizeof(*sent));
    struct change change;

    (void)state;
    assert_non_null(sent);
    change_init(&change);
    assert_int_equal(write_change(&writing, sent, "wg-test", FAMILY, WIREGUARD_WRITING_BYTES, &change), 0);
    assert_int_equal(sent->count, 1);
    assert_int_equal(sent->messages[0].length, 20 + 4 + 8);
    sent_free(sent);
}

static void first_error_ends_it(void **state)
{
    struct change change;

    (void)state;
    change_init(&change);
    for (int i = 0; i < 20; i++)
        random_peer(&change);
    for (size_t error_at = 1; error_at <= 3; error_at++) {
        struct wireguard_writing writing;
        struct sent *sent = calloc(1, sizeof(*sent));
        const struct wireguard_peer_change peer = {.public_key = change.peers[0].public_key};
        const struct vole_prefix prefix = {.address = {.family = 4}, .length = 32};

        assert_non_null(sent);
        sent->error_at = error_at;
        assert_int_equal(write_change(&writing, sent, "wg-test", FAMILY, WIREGUARD_WRITING_LEAST, &change),
                         -ENETDOWN);
        assert_int_equal(sent->count, error_at - 1);
        /* Whatever comes now is not sent. */
        sent->error_at = 0;
        assert_int_equal(wireguard_writing_peer(&writing, &peer), -ENETDOWN);
        assert_int_equal(wireguard_writing_allowed_ip(&writing, &prefix, false), -ENETDOWN);
        assert_int_equal(wireguard_writing_end(&writing), -ENETDOWN);
        assert_int_equal(sent->count, error_at - 1);
        sent_free(sent);
    }
    change_free(&change);
}

static void allowed_ip_needs_a_peer_and_a_family(void **state)
{
    const struct wireguard_device_change device = {.has_fwmark = true};
    const struct wireguard_peer_change peer = {.public_key = (const uint8_t[VOLE_KEY_BYTES]){1}};
    const struct vole_prefix prefix = {.address = {.family = 4}, .length = 32};
    const struct vole_prefix none = {.address = {.family = 0}};
    struct wireguard_writing writing = {.limit = WIREGUARD_WRITING_BYTES, .send = take_message};

    (void)state;
    wireguard_writing_begin(&writing, "wg-test", &device);
    assert_int_equal(wireguard_writing_allowed_ip(&writing, &prefix, false), -EINVAL);
    assert_int_equal(wireguard_writing_end(&writing), -EINVAL);
    wireguard_writing_begin(&writing, "wg-test", &device);
    assert_int_equal(wireguard_writing_peer(&writing, &peer), 0);
    assert_int_equal(wireguard_writing_allowed_ip(&writing, &none, false), -EINVAL);
    assert_int_equal(wireguard_writing_end(&writing), -EINVAL);
}

/* ---- keys ---- */

static uint8_t secret_key[VOLE_KEY_BYTES];
static struct wireguard_writing secret_writing;

static int refuse_message(void *context, struct nlmsghdr *header)
{
    (void)context;
    (void)header;
    return -ENETDOWN;
}

static void write_secrets(void)
{
    const struct wireguard_device_change device = {.has_private_key = true, .private_key = secret_key};
    const struct wireguard_peer_change peer = {.public_key = (const uint8_t[VOLE_KEY_BYTES]){1},
                                               .has_preshared_key = true,
                                               .preshared_key = secret_key};

    wireguard_writing_begin(&secret_writing, "wg-test", &device);
    assert_int_equal(wireguard_writing_peer(&secret_writing, &peer), 0);
    assert_non_null(memmem(&secret_writing, sizeof(secret_writing), secret_key, sizeof(secret_key)));
    assert_int_equal(wireguard_writing_end(&secret_writing), -ENETDOWN);
}

/* Also if it was never sent. */
static void no_key_stays_after_a_mistake(void **state)
{
    const struct wireguard_device_change device = {.has_private_key = true, .private_key = secret_key};
    const struct vole_prefix prefix = {.address = {.family = 4}, .length = 32};

    (void)state;
    random_bytes(secret_key, sizeof(secret_key));
    secret_writing.limit = WIREGUARD_WRITING_BYTES;
    wireguard_writing_begin(&secret_writing, "wg-test", &device);
    assert_int_equal(wireguard_writing_allowed_ip(&secret_writing, &prefix, false), -EINVAL);
    assert_non_null(memmem(&secret_writing, sizeof(secret_writing), secret_key, sizeof(secret_key)));
    assert_int_equal(wireguard_writing_end(&secret_writing), -EINVAL);
    assert_null(memmem(&secret_writing, sizeof(secret_writing), secret_key, 8));
}

static void no_key_stays_behind(void **state)
{
    uint8_t *stack;

    (void)state;
    /* A sanitizer's own functions save registers, with parts of keys in them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip();
#endif
    random_bytes(secret_key, sizeof(secret_key));
    secret_writing.limit = WIREGUARD_WRITING_BYTES;
    secret_writing.send = refuse_message;
    stack = stack_after(write_secrets);
    assert_false(stack_contains(stack, secret_key));
    assert_null(memmem(&secret_writing, sizeof(secret_writing), secret_key, 8));
    munmap(stack, STACK_BYTES);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_changes_come_out_as_they_were),
        cmocka_unit_test(changes_at_random_are_read_as_they_were),
        cmocka_unit_test(change_without_anything_asks_for_the_interface_only),
        cmocka_unit_test(first_error_ends_it),
        cmocka_unit_test(allowed_ip_needs_a_peer_and_a_family),
        cmocka_unit_test(no_key_stays_after_a_mistake),
        cmocka_unit_test(no_key_stays_behind),
    };

    random_state = count > 1 ? strtoull(arguments[1], NULL, 0) : (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)random_state);
    random_state = random_state * 2 + 1; /* never 0 */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
