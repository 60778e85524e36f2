/* SPDX-License-Identifier: MIT
 *
 * A file brought up to what runs: what stays to the byte, what changes, what goes (config §6.5); and a file
 * without what wg does not know.
 */
#include "config/file_edit.h"
#include "config/key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys whose base64 form is easy to write: 42 times the same character, "A" or so, and "=". */
#define KEY(letter)                                                                                          \
    letter letter letter letter letter letter letter letter letter letter letter letter letter letter letter \
        letter letter letter letter letter letter letter letter letter letter letter letter letter letter    \
            letter letter letter letter letter letter letter letter letter letter letter letter letter "A="
#define PRIVATE KEY("B")
#define ONE     KEY("C")
#define TWO     KEY("D")
#define THREE   KEY("E")
#define SECRET  KEY("F")

struct fixture {
    struct file file;
    struct model_device device;
    struct vole_prefix addresses[4];
    struct file_edit_running running;
    bool holds; /* what endpoint_holds() answers */
};

static bool endpoint_holds(void *context, const struct file_endpoint *written,
                           const struct vole_endpoint *used)
{
    const struct fixture *fixture = context;

    (void)written;
    (void)used;
    return fixture->holds;
}

static void read_file(struct fixture *fixture, const char *text)
{
    struct file_problems problems;

    assert_int_equal(file_parse(&fixture->file, "wg0.conf", text, strlen(text), FILE_QUICK, &problems), 0);
    file_problems_free(&problems);
}

static void key_of(uint8_t key[static KEY_BYTES], const char *base64)
{
    assert_true(key_from_base64(key, base64, KEY_BASE64_LENGTH));
}

static struct vole_prefix prefix(const char *text)
{
    struct vole_prefix read;

    assert_int_equal(address_read_prefix(&read, text, strlen(text)), 0);
    return read;
}

static void allow(struct model_peer *peer, const char *text)
{
    struct vole_prefix one = prefix(text);

    assert_int_equal(model_allow(peer, &one), 0);
}

static struct model_peer *add_peer(struct fixture *fixture, const char *base64)
{
    uint8_t key[KEY_BYTES];
    struct model_peer *peer;

    key_of(key, base64);
    peer = model_add_peer(&fixture->device, key);
    assert_non_null(peer);
    return peer;
}

/* What runs is what this file says. */
static const char whole[] = "# all of it\n"
                            "[Interface] # here\n"
                            "PrivateKey = " PRIVATE " # secret\n"
                            "  listenport=51820\n"
                            "Address = 10.9.0.1/24, fd09::1/64 # inside\n"
                            "Address = 10.8.0.1\n"
                            "MTU = 1380\n"
                            "DNS = 10.9.0.53, example.org\n"
                            "PostUp = echo '#' %i\n"
                            "\n"
                            "# Name = one\n"
                            "[Peer]\n"
                            "PublicKey = " ONE "\n"
                            "PresharedKey = " SECRET "\n"
                            "AllowedIPs = 10.9.0.2/24 # its network\n"
                            "AllowedIPs = 10.20.0.0/16, fd20::/32\n"
                            "Endpoint = host.example:51820 # by name\n"
                            "PersistentKeepalive = 25\n"
                            "\n"
                            "# two is old\n"
                            "[Peer]\n"
                            "PublicKey = " TWO "\n"
                            "# its comment\n"
                            "\n"
                            "# three is new\n"
                            "[Peer]\n"
                            "PublicKey = " THREE "\n"
                            "AllowedIPs = 10.30.0.0/16";

static int begin(void **state)
{
    static struct fixture fixture;
    uint8_t key[KEY_BYTES];

    memset(&fixture, 0, sizeof(fixture));
    read_file(&fixture, whole);
    model_init(&fixture.device);
    key_of(key, PRIVATE);
    model_set_private_key(&fixture.device, key);
    fixture.device.listen_port = 51820;
    struct model_peer *one = add_peer(&fixture, ONE);
    key_of(one->preshared_key, SECRET);
    allow(one, "10.9.0.0/24");
    allow(one, "10.20.0.0/16");
    allow(one, "fd20::/32");
    assert_int_equal(address_read_endpoint(&one->endpoint, "192.0.2.7:51820", 15), 0);
    one->persistent_keepalive_s = 25;
    (void)add_peer(&fixture, TWO);
    allow(add_peer(&fixture, THREE), "10.30.0.0/16");
    fixture.addresses[0] = prefix("10.9.0.1/24");
    fixture.addresses[1] = prefix("10.8.0.1/32");
    fixture.addresses[2] = prefix("fd09::1/64");
    fixture.holds = true;
    fixture.running = (struct file_edit_running){.device = &fixture.device,
                                                 .addresses = fixture.addresses,
                                                 .address_count = 3,
                                                 .mtu = 1380,
                                                 .endpoint_holds = endpoint_holds,
                                                 .context = &fixture};
    *state = &fixture;
    return 0;
}

static int finish(void **state)
{
    struct fixture *fixture = *state;

    model_free(&fixture->device);
    file_free(&fixture->file);
    return 0;
}

/* Saves, and compares with `whole` in which some texts were replaced: pairs of old and new, then NULL. */
static void expect_saved(struct fixture *fixture, const char *const *changes)
{
    char wanted[4096];
    char rest[4096];
    struct file_edit_text text = {0};

    (void)snprintf(wanted, sizeof(wanted), "%s", whole);
    for (; *changes != NULL; changes += 2) {
        char *place = strstr(wanted, changes[0]);

        assert_non_null(place);
        (void)snprintf(rest, sizeof(rest), "%s", place + strlen(changes[0]));
        (void)snprintf(place, sizeof(wanted) - (size_t)(place - wanted), "%s%s", changes[1], rest);
    }
    assert_int_equal(file_edit_save(&text, &fixture->file, &fixture->running), 0);
    (void)snprintf(rest, sizeof(rest), "%.*s", (int)text.length, text.bytes);
    assert_string_equal(rest, wanted);
    file_edit_free(&text);
    assert_null(text.bytes);
}

static void nothing_changed_is_the_same_text(void **state)
{
    const char *none[] = {NULL};

    expect_saved(*state, none);
}

static void values_change_where_they_stand(void **state)
{
    struct fixture *fixture = *state;
    uint8_t key[KEY_BYTES];
    const char *changes[] = {PRIVATE " # secret",
                             THREE " # secret",
                             "listenport=51820",
                             "listenport=7",
                             "MTU = 1380",
                             "MTU = 1400",
                             "PresharedKey = " SECRET,
                             "PresharedKey = " TWO,
                             "PersistentKeepalive = 25",
                             "PersistentKeepalive = 9",
                             "echo '#' %i\n",
                             "echo '#' %i\nFwMark = 0xca6c\n",
                             NULL};

    key_of(key, THREE);
    model_set_private_key(&fixture->device, key);
    fixture->device.listen_port = 7;
    fixture->device.fwmark = 51820;
    fixture->running.mtu = 1400;
    key_of(fixture->device.peers[0].preshared_key, TWO);
    fixture->device.peers[0].persistent_keepalive_s = 9;
    expect_saved(fixture, changes);
}

static void values_that_are_gone_go(void **state)
{
    struct fixture *fixture = *state;
    struct model_peer *one = &fixture->device.peers[0];
    const char *changes[] = {"PrivateKey = " PRIVATE " # secret\n",
                             "",
                             "PresharedKey = " SECRET "\n",
                             "",
                             "PersistentKeepalive = 25\n",
                             "",
                             NULL};
    uint8_t none[KEY_BYTES] = {0};

    model_set_private_key(&fixture->device, none);
    memset(one->preshared_key, 0, KEY_BYTES);
    one->persistent_keepalive_s = 0;
    expect_saved(fixture, changes);
}

static void lists_lose_and_gain_line_by_line(void **state)
{
    struct fixture *fixture = *state;
    struct model_peer *one = &fixture->device.peers[0];
    const char *changes[] = {"10.9.0.1/24, fd09::1/64 # inside",
                             "fd09::1/64 # inside",
                             "Address = 10.8.0.1\n",
                             "",
                             "echo '#' %i\n",
                             "echo '#' %i\nAddress = 10.7.0.1/16\n",
                             "AllowedIPs = 10.20.0.0/16, fd20::/32\n",
                             "AllowedIPs = 10.20.0.0/16\n",
                             "PersistentKeepalive = 25\n",
                             "PersistentKeepalive = 25\nAllowedIPs = 10.40.0.0/16, 10.50.0.0/16\n",
                             NULL};

    fixture->addresses[0] = prefix("10.7.0.1/16");
    fixture->addresses[1] = prefix("fd09::1/64");
    fixture->running.address_count = 2;
    one->allowed_ip_count = 2;
    allow(one, "10.40.0.0/16");
    allow(one, "10.50.0.0/16");
    expect_saved(fixture, changes);
}

static void peers_go_with_their_comments_and_come_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    const char *changes[] = {"# two is old\n[Peer]\nPublicKey = " TWO "\n# its comment\n\n", "",
                             "AllowedIPs = 10.30.0.0/16",
                             "AllowedIPs = 10.30.0.0/16\n\n[Peer]\nPublicKey = " PRIVATE
                             "\nPresharedKey = " SECRET "\nAllowedIPs = 10.60.0.0/16, fd60::/16\n"
                             "Endpoint = 192.0.2.8:9\nPersistentKeepalive = 5\n",
                             NULL};
    struct model_peer *added;

    key_of(fixture->device.peers[1].public_key, PRIVATE);
    added = &fixture->device.peers[1];
    key_of(added->preshared_key, SECRET);
    allow(added, "10.60.0.0/16");
    allow(added, "fd60::/16");
    assert_int_equal(address_read_endpoint(&added->endpoint, "192.0.2.8:9", 11), 0);
    added->persistent_keepalive_s = 5;
    expect_saved(fixture, changes);
}

static void a_name_that_moved_is_kept_as_a_further_place(void **state)
{
    struct fixture *fixture = *state;
    const char *changes[] = {"Endpoint = host.example:51820 # by name",
                             "Endpoint = 192.0.2.7:51820 # by name", "PersistentKeepalive = 25\n",
                             "PersistentKeepalive = 25\n# vole:Endpoint = host.example:51820\n", NULL};

    fixture->holds = false;
    expect_saved(fixture, changes);
}

static void a_peer_that_is_there_twice_is_saved_once(void **state)
{
    struct fixture *fixture = *state;
    struct file_edit_text text = {0};
    struct model_device device = fixture->device;
    char saved[4096];

    file_free(&fixture->file);
    read_file(fixture,
              "[Peer]\nPublicKey = " TWO "\n# again\n[Peer]\nPublicKey = " TWO "\nAllowedIPs = ::/0\n");
    device.peers++;
    device.peer_count = 1;
    device.listen_port = 0;
    device.has_private_key = false;
    fixture->running.device = &device;
    fixture->running.address_count = 1;
    assert_int_equal(file_edit_save(&text, &fixture->file, &fixture->running), 0);
    (void)snprintf(saved, sizeof(saved), "%.*s", (int)text.length, text.bytes);
    assert_string_equal(saved, "[Interface]\nAddress = 10.9.0.1/24\n\n[Peer]\nPublicKey = " TWO "\n");
    file_edit_free(&text);
}

#define MANY 30000

/* The same for each number below MANY + 1. */
static void key_of_number(uint8_t key[static KEY_BYTES], uint32_t number)
{
    memset(key, 0, KEY_BYTES);
    for (unsigned i = 0; i < 4; i++)
        key[i] = (uint8_t)(number * 2654435761u >> (8 * i));
    key[4] = 1;
}

static char *text_of_many_peers(void)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    fputs("[Interface]\n", stream);
    for (uint32_t i = 0; i < MANY; i++) {
        char base64[KEY_BASE64_BYTES];
        uint8_t key[KEY_BYTES];

        key_of_number(key, i);
        key_to_base64(base64, key);
        fprintf(stream, "# Name = p%" PRIu32 "\n[Peer]\nPublicKey = %s\nPersistentKeepalive = 25\n", i,
                base64);
    }
    assert_int_equal(fclose(stream), 0);
    return text;
}

/* Every one of them differs: in a time that grows with their square, this test would take minutes. */
static void a_file_of_many_peers_is_saved(void **state)
{
    struct fixture *fixture = *state;
    struct model_device device;
    struct file_edit_text text = {0};
    char *before = text_of_many_peers();
    char *after;

    model_init(&device);
    device.peers = calloc(MANY, sizeof(*device.peers));
    assert_non_null(device.peers);
    device.peer_count = device.peer_capacity = MANY;
    for (uint32_t i = 0; i < MANY; i++) { /* backwards; the first is gone, and one is new */
        key_of_number(device.peers[i].public_key, MANY - i);
        device.peers[i].persistent_keepalive_s = (uint16_t)(1 + i % 1000);
    }
    file_free(&fixture->file);
    read_file(fixture, before);
    fixture->running.device = &device;
    fixture->running.address_count = 0;
    assert_int_equal(file_edit_save(&text, &fixture->file, &fixture->running), 0);
    after = strndup(text.bytes, text.length);
    assert_non_null(after);
    file_free(&fixture->file);
    read_file(fixture, after);
    assert_int_equal(fixture->file.peer_count, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct file_peer *peer = &fixture->file.peers[i];
        uint8_t key[KEY_BYTES];

        key_of_number(key, i + 1);
        assert_memory_equal(peer->public_key, key, KEY_BYTES);
        assert_int_equal(peer->persistent_keepalive_s, 1 + (MANY - 1 - i) % 1000);
        assert_int_equal(peer->name[0], i + 1 < MANY ? 'p' : '\0');
    }
    free(after);
    free(before);
    file_edit_free(&text);
    model_free(&device);
}

static void strip_leaves_what_wg_knows(void **state)
{
    struct fixture *fixture = *state;
    struct file_edit_text text = {0};
    char stripped[4096];

    file_free(&fixture->file);
    read_file(fixture, "# one\n[Interface]\n Address = 10.9.0.1 # a\nPrivateKey = " PRIVATE
                       "\nDNS = 1.1.1.1\nmtu=1400\nTable=off\nPostUp = a = b # c\nSaveConfig = true\n"
                       "\tListenPort = 5 # five \n\n[Peer]\nPublicKey = " ONE "\n");
    assert_int_equal(file_edit_strip(&text, &fixture->file), 0);
    (void)snprintf(stripped, sizeof(stripped), "%.*s", (int)text.length, text.bytes);
    assert_string_equal(stripped, "# one\n[Interface]\nPrivateKey = " PRIVATE
                                  "\nListenPort = 5 # five\n\n[Peer]\nPublicKey = " ONE "\n\n");
    file_edit_free(&text);
}

static void bare_keeps_a_hook_whole(void **state)
{
    struct fixture *fixture = *state;
    struct file_edit_text text = {0};
    char bare[4096];

    file_free(&fixture->file);
    read_file(fixture, "# one\n[Interface]\n Address = 10.9.0.1 # a\n\n\tpostup = echo '#' a#b # c \n"
                       "DNS = 1.1.1.1#b\n#PostDown = x\n[Peer] # two\nPublicKey = " ONE "# PostUp = 1\n");
    assert_int_equal(file_edit_bare(&text, &fixture->file), 0);
    (void)snprintf(bare, sizeof(bare), "%.*s", (int)text.length, text.bytes);
    assert_string_equal(bare, "[Interface]\nAddress = 10.9.0.1\npostup = echo '#' a#b # c\nDNS = 1.1.1.1\n"
                              "[Peer]\nPublicKey = " ONE "\n");
    file_edit_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_changed_is_the_same_text, begin, finish),
        cmocka_unit_test_setup_teardown(values_change_where_they_stand, begin, finish),
        cmocka_unit_test_setup_teardown(values_that_are_gone_go, begin, finish),
        cmocka_unit_test_setup_teardown(lists_lose_and_gain_line_by_line, begin, finish),
        cmocka_unit_test_setup_teardown(peers_go_with_their_comments_and_come_at_the_end, begin, finish),
        cmocka_unit_test_setup_teardown(a_name_that_moved_is_kept_as_a_further_place, begin, finish),
        cmocka_unit_test_setup_teardown(a_peer_that_is_there_twice_is_saved_once, begin, finish),
        cmocka_unit_test_setup_teardown(a_file_of_many_peers_is_saved, begin, finish),
        cmocka_unit_test_setup_teardown(strip_leaves_what_wg_knows, begin, finish),
        cmocka_unit_test_setup_teardown(bare_keeps_a_hook_whole, begin, finish),
    };

    if (key_start() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
