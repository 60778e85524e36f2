/* SPDX-License-Identifier: MIT
 *
 * What wg reads out of a file (config §1): lexing row by row, every key, and what several lines together
 * mean.
 */
#include "file_case.h"

#include "config/key.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char whole_text[] = "[Interface]\n"
                                 "PrivateKey = " SECRET "\n"
                                 "ListenPort = 51820\n"
                                 "FwMark = 0xca6c\n"
                                 "\n"
                                 "[Peer]\n"
                                 "PublicKey = " KEY_ONE "\n"
                                 "PresharedKey = " KEY_TWO "\n"
                                 "AllowedIPs = 10.0.0.0/8, fd00::/64\n"
                                 "Endpoint = [2001:db8::1]:51820\n"
                                 "PersistentKeepalive = 25\n"
                                 "[Peer]\n"
                                 "PublicKey = " KEY_TWO "\n";

static void assert_key(const uint8_t key[static KEY_BYTES], const char *expected)
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    assert_string_equal(text, expected);
}

static void assert_allowed_ip(const struct file_peer *peer, size_t index, const char *expected, bool remove)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    assert_true(index < peer->allowed_ip_count);
    address_write_prefix(text, &peer->allowed_ips[index].prefix);
    assert_string_equal(text, expected);
    assert_int_equal(peer->allowed_ips[index].remove, remove);
}

static void check_whole(const struct file *file)
{
    const struct file_peer *peer = &file->peers[0];

    assert_true(file->has_private_key && file->has_listen_port && file->has_fwmark);
    assert_key(file->private_key, SECRET);
    assert_int_equal(file->listen_port, 51820);
    assert_int_equal(file->fwmark, 0xca6c);
    assert_int_equal(file->peer_count, 2);
    assert_true(peer->has_public_key && peer->has_preshared_key && peer->has_persistent_keepalive);
    assert_true(peer->has_endpoint);
    assert_key(peer->public_key, KEY_ONE);
    assert_key(peer->preshared_key, KEY_TWO);
    assert_int_equal(peer->allowed_ip_count, 2);
    assert_allowed_ip(peer, 0, "10.0.0.0/8", false);
    assert_allowed_ip(peer, 1, "fd00::/64", false);
    assert_false(peer->incremental);
    assert_int_equal(peer->endpoint_count, 1);
    assert_string_equal(peer->endpoints[0].host, "2001:db8::1");
    assert_string_equal(peer->endpoints[0].port, "51820");
    assert_int_equal(peer->persistent_keepalive_s, 25);
    peer = &file->peers[1];
    assert_key(peer->public_key, KEY_TWO);
    assert_false(peer->has_preshared_key || peer->has_persistent_keepalive || peer->has_endpoint);
}

static void every_key_has_its_value_and_place(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG, whole_text);
    check_whole(&c.file);
    assert_string_equal(c.file.path, "test.conf");
    assert_string_equal(c.file.bytes, whole_text);
    assert_int_equal(c.file.length, strlen(whole_text));
    assert_place(c.file.private_key_place, 2, 14);
    assert_place(c.file.listen_port_place, 3, 14);
    assert_place(c.file.fwmark_place, 4, 10);
    assert_place(c.file.peers[0].place, 6, 1);
    assert_place(c.file.peers[0].public_key_place, 7, 13);
    assert_place(c.file.peers[0].preshared_key_place, 8, 16);
    assert_place(c.file.peers[0].allowed_ips[0].place, 9, 14);
    assert_place(c.file.peers[0].allowed_ips[1].place, 9, 26);
    assert_place(c.file.peers[0].endpoints[0].place, 10, 12);
    assert_place(c.file.peers[0].keepalive_place, 11, 23);
    assert_place(c.file.peers[1].place, 12, 1);
    case_free(&c);
}

/* The same file in every way it can be written. */
static void lexing(void **state)
{
    static const char *const same[] = {
        /* without the last LF, without spaces, with CRLF */
        "[Interface]\nPrivateKey=" SECRET "\nListenPort=51820\nFwMark=51820\n[Peer]\nPublicKey=" KEY_ONE,
        "[Interface]\r\nPrivateKey = " SECRET "\r\nListenPort = 51820\r\nFwMark = 51820\r\n\r\n[Peer]\r\n"
        "PublicKey = " KEY_ONE "\r\n",
        /* white space of every kind, inside keys, sections and values */
        "\t[ Inter face ]\v\nPrivate Key = " SECRET
        "\n\fListenPort=5 1\t8 2 0\nFwMark = 51 820\n[P eer]\nPublicKey = "
        "xTIBA5rboUvnH4htodjb6e697QjL ERt1NAB4mZqp8Dg =\n",
        /* comments anywhere */
        "# a comment = here\n[Interface]#[Peer]\nPrivateKey = " SECRET " # secret\nListenPort = 51820#1\n"
        "#ListenPort = 1\nFwMark=51820\n   # \n[Peer] #\nPublicKey = " KEY_ONE "#\n#",
        /* any case */
        "[INTERFACE]\nPRIVATEKEY = " SECRET
        "\nlistenport = 51820\nfWmArK = 51820\n[peer]\npublickey = " KEY_ONE "\n",
        /* sections repeat and interleave; the last value wins where it is given twice (see below) */
        "[Peer]\nPublicKey = " KEY_ONE "\n[Interface]\nPrivateKey = " SECRET
        "\n[Interface]\nListenPort = 51820\n"
        "[Interface]\nFwMark = 51820\n",
        "\n\n\n[Interface]\nFwMark = 51820\n\nListenPort = 51820\n\n[Peer]\n\nPublicKey = " KEY_ONE
        "\n\n[Interface]\nPrivateKey = " SECRET "\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        struct file_case c;

        case_accept(&c, FILE_WG, same[i]);
        assert_key(c.file.private_key, SECRET);
        assert_int_equal(c.file.listen_port, 51820);
        assert_int_equal(c.file.fwmark, 51820);
        assert_int_equal(c.file.peer_count, 1);
        assert_key(c.file.peers[0].public_key, KEY_ONE);
        case_free(&c);
        case_accept(&c, FILE_QUICK, same[i]);
        assert_int_equal(c.file.listen_port, 51820);
        case_free(&c);
    }
}

static void nothing_is_a_file_too(void **state)
{
    static const char *const texts[] = {"", "\n", "#", "[Interface]", " \t\r\n\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct file_case c;

        case_accept(&c, FILE_WG, texts[i]);
        assert_false(c.file.has_private_key || c.file.has_listen_port || c.file.has_fwmark);
        assert_int_equal(c.file.peer_count, 0);
        case_free(&c);
    }
}

/* Columns count what was written, the deleted white space included. */
static void places_are_those_of_the_text_as_written(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG,
                "[Peer]\n \tPublicKey\t=\t\t" KEY_ONE
                "\n  AllowedIPs  =  10.0.0.0/8 ,  fd00 ::/64 , 1.2.3.4\n");
    assert_place(c.file.peers[0].public_key_place, 2, 16);
    assert_place(c.file.peers[0].allowed_ips[0].place, 3, 18);
    assert_place(c.file.peers[0].allowed_ips[1].place, 3, 32);
    assert_place(c.file.peers[0].allowed_ips[2].place, 3, 45);
    case_free(&c);
}

/* ---- the same key again ---- */

static void the_last_of_a_single_value_wins(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, "[Interface]\nListenPort = 1\nListenPort = 2\n", 3, 14,
              "ListenPort is given again: this one counts, and that of line 2 does not");
    assert_int_equal(c.file.listen_port, 2);
    assert_place(c.file.listen_port_place, 3, 14);
    case_free(&c);
    case_warn(&c, FILE_WG, "[Interface]\nFwMark = 1\n[Interface]\nFwMark = off\n", 4, 10,
              "FwMark is given again");
    assert_int_equal(c.file.fwmark, 0);
    assert_true(c.file.has_fwmark);
    case_free(&c);
    case_warn(&c, FILE_WG, "[Interface]\nPrivateKey = " KEY_ONE "\nPrivateKey = " SECRET, 3, 14,
              "PrivateKey is given again");
    assert_key(c.file.private_key, SECRET);
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "PublicKey = " KEY_TWO, 3, 13, "PublicKey is given again");
    assert_key(c.file.peers[0].public_key, KEY_TWO);
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "PresharedKey = " KEY_TWO "\nPresharedKey = " KEY_ONE, 4, 16,
              "PresharedKey is given again");
    assert_key(c.file.peers[0].preshared_key, KEY_ONE);
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "PersistentKeepalive = 25\nPersistentKeepalive = off\n", 4, 23,
              "PersistentKeepalive is given again");
    assert_int_equal(c.file.peers[0].persistent_keepalive_s, 0);
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "Endpoint = one:1\nEndpoint = two:2\n", 4, 12,
              "Endpoint is given again: this one counts, and that of line 3 does not");
    assert_int_equal(c.file.peers[0].endpoint_count, 1);
    assert_string_equal(c.file.peers[0].endpoints[0].host, "two");
    assert_place(c.file.peers[0].endpoints[0].place, 4, 12);
    case_free(&c);
}

static void a_peer_of_its_own_is_not_the_same_key_again(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG, PEER "Endpoint = a:1\n[Peer]\nPublicKey = " KEY_TWO "\nEndpoint = b:1\n");
    assert_int_equal(c.file.peer_count, 2);
    case_free(&c);
}

static void a_repeated_peer_is_warned_of(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, PEER "[Peer]\nPublicKey = " KEY_TWO "\n" PEER, 6, 13,
              "The peer of line 1 has the same public key");
    assert_int_equal(c.file.peer_count, 3);
    case_free(&c);
}

/* ---- allowed IPs ---- */

static void lists_of_allowed_ips_add_up(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG, PEER "AllowedIPs = 10.0.0.0/8,192.0.2.1\nAllowedIPs = fd00::1\n");
    assert_int_equal(c.file.peers[0].allowed_ip_count, 3);
    assert_allowed_ip(&c.file.peers[0], 0, "10.0.0.0/8", false);
    assert_allowed_ip(&c.file.peers[0], 1, "192.0.2.1/32", false);
    assert_allowed_ip(&c.file.peers[0], 2, "fd00::1/128", false);
    assert_false(c.file.peers[0].incremental);
    case_free(&c);
}

static void a_sign_makes_the_peer_incremental_until_a_list_without(void **state)
{
    static const struct {
        const char *lines;
        bool incremental;
    } rows[] = {
        {"AllowedIPs = +10.0.0.0/8\n", true},
        {"AllowedIPs = -10.0.0.0/8\n", true},
        {"AllowedIPs = 10.0.0.0/8, +10.1.0.0/16\n", true},
        {"AllowedIPs = +10.0.0.0/8, 10.1.0.0/16\n", true},
        {"AllowedIPs = 10.0.0.0/8\nAllowedIPs = -10.1.0.0/16\n", true},
        {"AllowedIPs = -10.1.0.0/16\nAllowedIPs = 10.0.0.0/8\n", false},
        {"AllowedIPs = 10.0.0.0/8\n", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file_case c;
        char text[400];

        snprintf(text, sizeof(text), PEER "%s", rows[i].lines);
        case_accept(&c, FILE_WG, text);
        if (c.file.peers[0].incremental != rows[i].incremental)
            fail_msg("%s", rows[i].lines);
        case_free(&c);
    }
}

static void the_sign_tells_which_prefix_goes(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG, PEER "AllowedIPs = -10.0.0.0/8, +fd00::/64, 1.2.3.4\n");
    assert_allowed_ip(&c.file.peers[0], 0, "10.0.0.0/8", true);
    assert_allowed_ip(&c.file.peers[0], 1, "fd00::/64", false);
    assert_allowed_ip(&c.file.peers[0], 2, "1.2.3.4/32", false);
    case_free(&c);
}

static void host_bits_are_kept_and_warned_of(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, PEER "AllowedIPs = 10.1.0.0/16, 10.0.0.1/8\n", 3, 27,
              "AllowedIP has nonzero host part: 10.0.0.1/8: it is taken as 10.0.0.0/8");
    assert_allowed_ip(&c.file.peers[0], 1, "10.0.0.1/8", false);
    case_free(&c);
}

/* ---- keys in files of their own ---- */

static void a_key_file_keeps_its_path(void **state)
{
    struct file_case c;

    (void)state;
    case_accept(&c, FILE_WG,
                "[Interface]\nPrivateKeyFile =  /etc/my keys/wg0.key \t # here\n" PEER
                "presharedkeyfile=psk\n");
    assert_string_equal(c.file.private_key_file.text, "/etc/my keys/wg0.key");
    assert_place(c.file.private_key_file.place, 2, 19);
    assert_false(c.file.has_private_key);
    assert_string_equal(c.file.peers[0].preshared_key_file.text, "psk");
    assert_false(c.file.peers[0].has_preshared_key);
    case_free(&c);
}

static void of_a_key_and_its_file_the_later_counts(void **state)
{
    struct file_case c;

    (void)state;
    case_warn(&c, FILE_WG, "[Interface]\nPrivateKey = " SECRET "\nPrivateKeyFile = f\n", 3, 18,
              "PrivateKeyFile is given again: this one counts, and that of line 2 does not");
    assert_false(c.file.has_private_key);
    assert_true(key_is_zero(c.file.private_key));
    assert_string_equal(c.file.private_key_file.text, "f");
    case_free(&c);
    case_warn(&c, FILE_WG, "[Interface]\nPrivateKeyFile = f\nPrivateKey = " SECRET "\n", 3, 14,
              "PrivateKey is given again");
    assert_key(c.file.private_key, SECRET);
    assert_null(c.file.private_key_file.text);
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "PresharedKey = " KEY_TWO "\nPresharedKeyFile = f\n", 4, 20,
              "PresharedKeyFile is given again");
    assert_false(c.file.peers[0].has_preshared_key);
    assert_true(key_is_zero(c.file.peers[0].preshared_key));
    case_free(&c);
    case_warn(&c, FILE_WG, PEER "PresharedKeyFile = f\nPresharedKey = " KEY_TWO "\n", 4, 16,
              "PresharedKey is given again");
    assert_null(c.file.peers[0].preshared_key_file.text);
    case_free(&c);
}

/* ---- the change ---- */

static void the_change_is_that_of_setconf(void **state)
{
    struct file_case c;
    struct change change;

    (void)state;
    case_accept(&c, FILE_WG, whole_text);
    change_init(&change);
    assert_int_equal(file_change(&c.file, &change), 0);
    assert_true(change.replace_peers && change.has_private_key && change.has_listen_port &&
                change.has_fwmark);
    assert_key(change.private_key, SECRET);
    assert_int_equal(change.listen_port, 51820);
    assert_int_equal(change.fwmark, 0xca6c);
    assert_int_equal(change.peer_count, 2);
    assert_key(change.peers[0].public_key, KEY_ONE);
    assert_true(change.peers[0].has_preshared_key && change.peers[0].has_persistent_keepalive);
    assert_key(change.peers[0].preshared_key, KEY_TWO);
    assert_int_equal(change.peers[0].persistent_keepalive_s, 25);
    assert_false(change.peers[0].has_endpoint || change.peers[0].remove);
    assert_true(change.peers[0].replace_allowed_ips && change.peers[1].replace_allowed_ips);
    assert_int_equal(change.peers[0].allowed_ip_count, 2);
    assert_false(change.peers[1].has_preshared_key || change.peers[1].has_persistent_keepalive);
    change_free(&change);
    case_free(&c);
}

static void what_the_file_does_not_give_is_given_as_none(void **state)
{
    struct file_case c;
    struct change change;

    (void)state;
    case_accept(&c, FILE_WG, PEER "AllowedIPs = -10.0.0.0/8\n");
    change_init(&change);
    assert_true(change_is_empty(&change));
    assert_int_equal(file_change(&c.file, &change), 0);
    assert_false(change_is_empty(&change));
    assert_true(change.has_private_key && key_is_zero(change.private_key));
    assert_true(change.has_listen_port && change.listen_port == 0);
    assert_true(change.has_fwmark && change.fwmark == 0);
    assert_false(change.peers[0].replace_allowed_ips);
    assert_true(change.peers[0].allowed_ips[0].remove);
    change_free(&change);
    case_free(&c);
}

/* ---- where the bytes come from ---- */

static void reads_a_file_of_any_length(void **state)
{
    static const size_t lengths[] = {0, 1, 4094, 4095, 4096, 4097, 8190, 8191, 8192, 8193, 100000};
    char path[] = "/tmp/vole-file-test-XXXXXX";
    int descriptor = mkstemp(path);

    (void)state;
    assert_true(descriptor >= 0);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char *text = malloc(lengths[i] + 1);
        struct file_case c;

        assert_non_null(text);
        memset(text, '#', lengths[i] + 1);
        assert_int_equal(ftruncate(descriptor, 0), 0);
        assert_int_equal(pwrite(descriptor, text, lengths[i], 0), (ssize_t)lengths[i]);
        c.result = file_read(&c.file, path, FILE_WG, &c.problems);
        assert_int_equal(c.result, 0);
        assert_int_equal(c.file.length, lengths[i]);
        assert_memory_equal(c.file.bytes, text, lengths[i]);
        assert_int_equal(c.file.bytes[lengths[i]], 0);
        assert_string_equal(c.file.path, path);
        case_free(&c);
        free(text);
    }
    close(descriptor);
    unlink(path);
}

static void reads_a_pipe_that_gives_little_at_a_time(void **state)
{
    struct file_case c;
    char path[40];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], whole_text, strlen(whole_text)), (ssize_t)strlen(whole_text));
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    c.result = file_read(&c.file, path, FILE_WG, &c.problems);
    assert_int_equal(c.result, 0);
    check_whole(&c.file);
    case_free(&c);
    close(ends[0]);
}

static void says_why_a_file_cannot_be_read(void **state)
{
    struct file_case c;

    (void)state;
    assert_int_equal(file_read(&c.file, "/no/such/file", FILE_WG, &c.problems), -ENOENT);
    case_free(&c);
    assert_int_equal(file_read(&c.file, "/", FILE_WG, &c.problems), -EISDIR);
    case_free(&c);
    assert_int_equal(file_read(&c.file, "/dev/zero", FILE_WG, &c.problems), -EFBIG);
    assert_int_equal(c.problems.count, 0);
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_its_value_and_place),
        cmocka_unit_test(lexing),
        cmocka_unit_test(nothing_is_a_file_too),
        cmocka_unit_test(places_are_those_of_the_text_as_written),
        cmocka_unit_test(the_last_of_a_single_value_wins),
        cmocka_unit_test(a_peer_of_its_own_is_not_the_same_key_again),
        cmocka_unit_test(a_repeated_peer_is_warned_of),
        cmocka_unit_test(lists_of_allowed_ips_add_up),
        cmocka_unit_test(a_sign_makes_the_peer_incremental_until_a_list_without),
        cmocka_unit_test(the_sign_tells_which_prefix_goes),
        cmocka_unit_test(host_bits_are_kept_and_warned_of),
        cmocka_unit_test(a_key_file_keeps_its_path),
        cmocka_unit_test(of_a_key_and_its_file_the_later_counts),
        cmocka_unit_test(the_change_is_that_of_setconf),
        cmocka_unit_test(what_the_file_does_not_give_is_given_as_none),
        cmocka_unit_test(reads_a_file_of_any_length),
        cmocka_unit_test(reads_a_pipe_that_gives_little_at_a_time),
        cmocka_unit_test(says_why_a_file_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
