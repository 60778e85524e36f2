/* SPDX-License-Identifier: MIT
 *
 * Files of every shape, and whatever may run instead of what they say: a saved file, read again, says just
 * what runs; saving again changes nothing; and what a comment was about is still commented (config §6.5).
 *
 * The cases are drawn from a fixed seed, so a failure comes again.
 */
#include "config/file_edit.h"
#include "config/key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS     3000
#define PEERS      6 /* different keys */
#define FILE_BYTES 8192

static uint64_t drawn = 88172645463325252u;

static unsigned draw(unsigned below)
{
    drawn ^= drawn << 13;
    drawn ^= drawn >> 7;
    drawn ^= drawn << 17;
    return (unsigned)(drawn >> 33) % below;
}

static const char *one_of(const char *const *texts, unsigned count)
{
    return texts[draw(count)];
}

struct text {
    char bytes[FILE_BYTES];
    size_t length;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text->length +=
        (size_t)vsnprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, format, arguments);
    va_end(arguments);
    assert_true(text->length < sizeof(text->bytes));
}

/* ---- files ---- */

static void key_of(uint8_t key[static KEY_BYTES], unsigned number)
{
    memset(key, (int)number, KEY_BYTES);
}

static void put_key(struct text *text, unsigned number)
{
    uint8_t key[KEY_BYTES];
    char base64[KEY_BASE64_BYTES];

    key_of(key, number);
    key_to_base64(base64, key);
    put(text, "%s", base64);
}

static void put_name(struct text *text, const char *name)
{
    static const char *const before[] = {"", "  ", "\t"};
    static const char *const equals[] = {" = ", "=", " =\t"};

    put(text, "%s%s%s", one_of(before, 3), name, one_of(equals, 3));
}

static void put_end(struct text *text)
{
    static const char *const ends[] = {"\n",   "\n",   "\n",   " # why\n",  "#\n",
                                       "\r\n", "  \n", "\n\n", "\n# more\n"};

    put(text, "%s", one_of(ends, 9));
}

/* Prefixes differ from peer to peer, so that none takes another's. */
static void put_prefix(struct text *text, unsigned peer)
{
    if (draw(3) == 0)
        put(text, "fd%02x:%x::%x/64", peer, draw(4), draw(2));
    else
        put(text, "10.%u.%u.%u/24", peer, draw(5), draw(2));
}

static void put_list(struct text *text, const char *name, unsigned peer)
{
    unsigned count = 1 + draw(3);

    put_name(text, name);
    for (unsigned i = 0; i < count; i++) {
        put(text, "%s", i == 0 ? "" : (draw(2) == 0 ? ", " : ","));
        put_prefix(text, peer);
    }
    put_end(text);
}

static void put_peer(struct text *text, unsigned peer)
{
    if (draw(2) == 0)
        put(text, "# about %u\n", peer);
    put(text, "[Peer]");
    put_end(text);
    put_name(text, "PublicKey");
    put_key(text, peer);
    put_end(text);
    while (draw(2) == 0)
        put_list(text, "AllowedIPs", peer);
    if (draw(2) == 0) {
        put_name(text, "Endpoint");
        put(text, "192.0.2.%u:%u", draw(3), 1 + draw(3));
        put_end(text);
    }
    if (draw(3) == 0) {
        put_name(text, "PersistentKeepalive");
        put(text, "%u", draw(3));
        put_end(text);
    }
    if (draw(3) == 0) {
        put_name(text, "PresharedKey");
        put_key(text, 100 + draw(2));
        put_end(text);
    }
}

static void put_interface(struct text *text)
{
    put(text, "[Interface]");
    put_end(text);
    while (draw(2) == 0)
        put_list(text, "Address", 200);
    if (draw(3) != 0) {
        put_name(text, "PrivateKey");
        put_key(text, 50 + draw(2));
        put_end(text);
    }
    if (draw(2) == 0) {
        put_name(text, "ListenPort");
        put(text, "%u", 1 + draw(3));
        put_end(text);
    }
    if (draw(3) == 0) {
        put_name(text, "FwMark");
        put(text, "%u", draw(3));
        put_end(text);
    }
    if (draw(3) == 0) {
        put_name(text, "MTU");
        put(text, "%u", 1400 + draw(2));
        put_end(text);
    }
    if (draw(3) == 0)
        put(text, "PostUp = echo '#' [Peer]\n");
}

static void put_file(struct text *text)
{
    unsigned first = draw(PEERS);
    unsigned count = draw(PEERS);

    text->length = 0;
    put(text, "%s", draw(2) == 0 ? "# first\n\n" : "");
    if (draw(8) != 0)
        put_interface(text);
    for (unsigned i = 0; i < count; i++)
        put_peer(text, 1 + (first + i) % PEERS);
    if (draw(8) == 0 && text->length > 0 && text->bytes[text->length - 1] == '\n')
        text->bytes[--text->length] = '\0';
}

/* ---- what runs ---- */

struct running {
    struct model_device device;
    struct vole_prefix addresses[4];
    struct file_edit_running running;
};

static bool endpoint_holds(void *context, const struct file_endpoint *written,
                           const struct vole_endpoint *used)
{
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];
    char said[ADDRESS_ENDPOINT_TEXT_BYTES];

    (void)context;
    address_write_endpoint(text, used);
    (void)snprintf(said, sizeof(said), "%s:%s", written->host, written->port);
    return strcmp(text, said) == 0;
}

static struct vole_prefix some_prefix(unsigned peer, bool with_host)
{
    struct text text = {.length = 0};
    struct vole_prefix prefix;

    put_prefix(&text, peer);
    assert_int_equal(address_read_prefix(&prefix, text.bytes, text.length), 0);
    if (!with_host)
        (void)address_clear_host_bits(&prefix);
    return prefix;
}

static bool has_prefix(const struct vole_prefix *all, size_t count, const struct vole_prefix *one)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&all[i], one, sizeof(*one)) == 0)
            return true;
    }
    return false;
}

static void run_peer(struct model_device *device, unsigned number)
{
    uint8_t key[KEY_BYTES];
    char text[32];
    struct model_peer *peer;

    key_of(key, number);
    peer = model_add_peer(device, key);
    assert_non_null(peer);
    for (unsigned i = draw(4); i > 0; i--) {
        struct vole_prefix prefix = some_prefix(number, false);

        if (!has_prefix(peer->allowed_ips, peer->allowed_ip_count, &prefix))
            assert_int_equal(model_allow(peer, &prefix), 0);
    }
    if (draw(3) == 0)
        key_of(peer->preshared_key, 100 + draw(2));
    peer->persistent_keepalive_s = (uint16_t)draw(3);
    if (draw(2) == 0) {
        (void)snprintf(text, sizeof(text), "192.0.2.%u:%u", draw(3), 1 + draw(3));
        assert_int_equal(address_read_endpoint(&peer->endpoint, text, strlen(text)), 0);
    }
}

static void run_something(struct running *running)
{
    unsigned first = draw(PEERS);
    unsigned count = draw(PEERS);
    uint8_t key[KEY_BYTES] = {0};

    memset(running, 0, sizeof(*running));
    model_init(&running->device);
    if (draw(4) != 0)
        key_of(key, 50 + draw(2));
    model_set_private_key(&running->device, key);
    running->device.listen_port = (uint16_t)(1 + draw(3));
    running->device.fwmark = draw(3);
    for (unsigned i = 0; i < count; i++)
        run_peer(&running->device, 1 + (first + i) % PEERS);
    for (unsigned i = draw(4); i > 0; i--) {
        struct vole_prefix prefix = some_prefix(200, true);

        if (!has_prefix(running->addresses, running->running.address_count, &prefix))
            running->addresses[running->running.address_count++] = prefix;
    }
    running->running.device = &running->device;
    running->running.addresses = running->addresses;
    running->running.mtu = 1400 + draw(2);
    running->running.endpoint_holds = endpoint_holds;
}

/* ---- what must hold ---- */

static void parse(struct file *file, const char *bytes, size_t length)
{
    struct file_problems problems;
    int error = file_parse(file, "wg0.conf", bytes, length, FILE_QUICK, &problems);

    if (error != 0 && problems.count > 0)
        print_error("%s\n%.*s\n", problems.items[0].what, (int)length, bytes);
    file_problems_free(&problems);
    assert_int_equal(error, 0);
}

static void save(struct file_edit_text *saved, const struct file *file, const struct running *running)
{
    memset(saved, 0, sizeof(*saved));
    assert_int_equal(file_edit_save(saved, file, &running->running), 0);
}

static void expect_peer(const struct file *file, const struct model_peer *peer)
{
    const struct file_peer *found = NULL;
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];
    char said[ADDRESS_ENDPOINT_TEXT_BYTES];

    for (size_t i = 0; i < file->peer_count; i++) {
        if (memcmp(file->peers[i].public_key, peer->public_key, KEY_BYTES) == 0)
            found = &file->peers[i];
    }
    assert_non_null(found);
    assert_memory_equal(found->preshared_key, peer->preshared_key, KEY_BYTES);
    assert_int_equal(found->persistent_keepalive_s, peer->persistent_keepalive_s);
    if (peer->endpoint.address.family != 0) {
        assert_true(found->has_endpoint);
        address_write_endpoint(text, &peer->endpoint);
        (void)snprintf(said, sizeof(said), "%s:%s", found->endpoints[0].host, found->endpoints[0].port);
        assert_string_equal(said, text);
    }
    for (size_t i = 0; i < found->allowed_ip_count; i++) {
        struct vole_prefix prefix = found->allowed_ips[i].prefix;

        (void)address_clear_host_bits(&prefix);
        assert_true(has_prefix(peer->allowed_ips, peer->allowed_ip_count, &prefix));
    }
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        bool there = false;

        for (size_t j = 0; !there && j < found->allowed_ip_count; j++) {
            struct vole_prefix prefix = found->allowed_ips[j].prefix;

            (void)address_clear_host_bits(&prefix);
            there = memcmp(&prefix, &peer->allowed_ips[i], sizeof(prefix)) == 0;
        }
        assert_true(there);
    }
}

static void expect_says(const struct file *file, const struct running *running)
{
    const struct model_device *device = &running->device;

    assert_int_equal(file->has_private_key && !key_is_zero(file->private_key), device->has_private_key);
    if (device->has_private_key)
        assert_memory_equal(file->private_key, device->private_key, KEY_BYTES);
    assert_int_equal(file->listen_port, device->listen_port);
    assert_int_equal(file->fwmark, device->fwmark);
    assert_true(file->mtu == 0 || file->mtu == running->running.mtu);
    for (size_t i = 0; i < file->address_count; i++)
        assert_true(
            has_prefix(running->addresses, running->running.address_count, &file->addresses[i].prefix));
    for (size_t i = 0; i < running->running.address_count; i++) {
        bool there = false;

        for (size_t j = 0; !there && j < file->address_count; j++)
            there = has_prefix(&running->addresses[i], 1, &file->addresses[j].prefix);
        assert_true(there);
    }
    assert_int_equal(file->peer_count, device->peer_count);
    for (size_t i = 0; i < device->peer_count; i++)
        expect_peer(file, &device->peers[i]);
}

static bool contains(const char *bytes, size_t length, const char *text)
{
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

/* A comment above a peer stays as long as the peer, and goes with it. */
static void expect_comments(const struct text *text, const struct file_edit_text *saved,
                            const struct running *running)
{
    for (unsigned number = 1; number <= PEERS; number++) {
        char comment[32];
        uint8_t key[KEY_BYTES];
        bool runs = false;

        (void)snprintf(comment, sizeof(comment), "# about %u\n[Peer]", number);
        key_of(key, number);
        for (size_t i = 0; i < running->device.peer_count; i++)
            runs = runs || memcmp(running->device.peers[i].public_key, key, KEY_BYTES) == 0;
        assert_int_equal(contains(saved->bytes, saved->length, comment),
                         runs && contains(text->bytes, text->length, comment));
    }
}

static void saved_files_say_what_runs(void **state)
{
    static struct text text;
    static struct running running;
    struct file_edit_text saved;
    struct file_edit_text again;
    struct file file;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        put_file(&text);
        run_something(&running);
        parse(&file, text.bytes, text.length);
        save(&saved, &file, &running);
        file_free(&file);
        parse(&file, saved.bytes, saved.length);
        expect_says(&file, &running);
        expect_comments(&text, &saved, &running);
        save(&again, &file, &running);
        assert_int_equal(again.length, saved.length);
        assert_memory_equal(again.bytes, saved.bytes, saved.length);
        file_free(&file);
        file_edit_free(&saved);
        file_edit_free(&again);
        model_free(&running.device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(saved_files_say_what_runs)};

    if (key_start() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
