/* SPDX-License-Identifier: MIT
 *
 * 1. Reading ends, with errors or without, and says so in both ways alike.
 * 2. Each problem is one line of printable characters, at a place that is in the text.
 * 3. What wg takes, wg-quick takes.
 * 4. What was accepted and is written down plainly is read again as the same, without any error.
 * 5. The change has the file's peers; it differs in nothing from an interface that is just like it.
 */
#include "file_properties.h"

#include "config/file.h"
#include "config/key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hold(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* ---- problems ---- */

static void check_place(struct file_place place, const char *bytes, size_t length)
{
    const char *line = bytes;
    const char *end = bytes + length;
    const char *line_end;

    for (unsigned number = 1; number < place.line; number++) {
        const char *found = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
        hold(found != NULL, "the line is in the text");
        line = found + 1;
    }
    line_end = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
    if (line_end == NULL)
        line_end = end;
    hold(place.column >= 1 && place.column <= (size_t)(line_end - line) + 1, "the column is in the line");
}

static void check_problems(const struct file_problems *problems, int result, const char *bytes, size_t length)
{
    size_t errors = 0;

    hold(result == 0 || result == -EINVAL, "reading ends well or with problems");
    hold((result == 0) == (problems->error_count == 0), "the result and the problems agree");
    for (size_t i = 0; i < problems->count; i++) {
        const struct file_problem *problem = &problems->items[i];

        errors += !problem->warning;
        hold(problem->what[0] != '\0' && strlen(problem->what) < FILE_PROBLEM_BYTES, "something is said");
        for (const char *c = problem->what; *c != '\0'; c++)
            hold(*c >= ' ' && *c <= '~', "what is said is printable");
        hold(problem->place.line >= 1, "there is a place");
        check_place(problem->place, bytes, length);
    }
    hold(problems->count > 1000 || errors == problems->error_count, "the errors are counted");
}

/* ---- writing it down ---- */

static void write_key(FILE *out, const char *name, const uint8_t key[static KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    fprintf(out, "%s = %s\n", name, text);
}

/* Each in a list of its own: the last list's sign, or its lack, is what the peer is in the end. */
static void write_allowed_ips(FILE *out, const struct file_peer *peer)
{
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        const struct file_allowed_ip *allowed_ip = &peer->allowed_ips[i];
        char text[ADDRESS_PREFIX_TEXT_BYTES];

        address_write_prefix(text, &allowed_ip->prefix);
        fprintf(out, "AllowedIPs = %s%s\n", allowed_ip->remove ? "-" : (peer->incremental ? "+" : ""), text);
    }
}

/* A host that starts with "[" was in brackets, so it has no "]". */
static void write_endpoint(FILE *out, const char *key, const struct file_endpoint *endpoint)
{
    bool brackets = endpoint->host[0] == '[';

    fprintf(out, "%s = %s%s%s:%s\n", key, brackets ? "[" : "", endpoint->host, brackets ? "]" : "",
            endpoint->port);
}

static void write_peer(FILE *out, const struct file_peer *peer)
{
    fprintf(out, "[Peer]\n");
    if (peer->name[0] != '\0')
        fprintf(out, "# Name = %s\n", peer->name);
    write_key(out, "PublicKey", peer->public_key);
    if (peer->has_preshared_key)
        write_key(out, "PresharedKey", peer->preshared_key);
    if (peer->preshared_key_file.text != NULL)
        fprintf(out, "PresharedKeyFile = %s\n", peer->preshared_key_file.text);
    write_allowed_ips(out, peer);
    for (size_t i = 0; i < peer->endpoint_count; i++)
        write_endpoint(out, i == 0 && peer->has_endpoint ? "Endpoint" : "# vole:Endpoint",
                       &peer->endpoints[i]);
    if (peer->has_persistent_keepalive)
        fprintf(out, "PersistentKeepalive = %u\n", peer->persistent_keepalive_s);
    fprintf(out, "\n");
}

static void write_texts(FILE *out, const char *key, const struct file_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        fprintf(out, "%s = %s\n", key, texts->items[i].text);
}

static void write_file(FILE *out, const struct file *file)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    fprintf(out, "[Interface]\n");
    if (file->has_private_key)
        write_key(out, "PrivateKey", file->private_key);
    if (file->private_key_file.text != NULL)
        fprintf(out, "PrivateKeyFile = %s\n", file->private_key_file.text);
    if (file->has_listen_port)
        fprintf(out, "ListenPort = %u\n", file->listen_port);
    if (file->has_fwmark)
        fprintf(out, "FwMark = 0x%" PRIx32 "\n", file->fwmark);
    for (size_t i = 0; i < file->address_count; i++) {
        address_write_prefix(text, &file->addresses[i].prefix);
        fprintf(out, "Address = %s\n", text);
    }
    write_texts(out, "DNS", &file->dns_servers);
    write_texts(out, "DNS", &file->dns_domains);
    if (file->mtu != 0)
        fprintf(out, "MTU = %" PRIu32 "\n", file->mtu);
    if (file->table.text != NULL)
        fprintf(out, "Table = %s\n", file->table.text);
    write_texts(out, "PreUp", &file->hooks[FILE_PRE_UP]);
    write_texts(out, "PostUp", &file->hooks[FILE_POST_UP]);
    write_texts(out, "PreDown", &file->hooks[FILE_PRE_DOWN]);
    write_texts(out, "PostDown", &file->hooks[FILE_POST_DOWN]);
    if (file->save_config)
        fprintf(out, "SaveConfig = true\n");
    for (size_t i = 0; i < file->peer_count; i++)
        write_peer(out, &file->peers[i]);
}

static void write_text(const struct file *file, char **text, size_t *length)
{
    FILE *out = open_memstream(text, length);

    hold(out != NULL, "there is memory");
    write_file(out, file);
    hold(fclose(out) == 0, "there is memory");
}

static void check_same_again(const struct file *file)
{
    struct file again;
    struct file_problems problems;
    char *first, *second;
    size_t first_length, second_length;

    write_text(file, &first, &first_length);
    hold(file_parse(&again, "again", first, first_length, FILE_QUICK, &problems) == 0, "plain text is read");
    write_text(&again, &second, &second_length);
    hold(first_length == second_length && memcmp(first, second, first_length) == 0,
         "plain text is the same again");
    file_free(&again);
    file_problems_free(&problems);
    free(first);
    free(second);
}

/* ---- the change ---- */

/* An interface that has what the change gives. False: not in a simple way, a peer or a prefix comes twice. */
static bool run_change(struct model_device *device, const struct change *change)
{
    model_set_private_key(device, change->private_key);
    device->listen_port = change->listen_port;
    device->fwmark = change->fwmark;
    for (size_t i = 0; i < change->peer_count; i++) {
        const struct change_peer *from = &change->peers[i];
        struct model_peer *peer;

        for (size_t j = 0; j < i; j++)
            if (memcmp(change->peers[j].public_key, from->public_key, VOLE_KEY_BYTES) == 0 ||
                (change->peers[j].allowed_ip_count != 0 && from->allowed_ip_count != 0))
                return false;
        peer = model_add_peer(device, from->public_key);
        hold(peer != NULL, "there is memory");
        memcpy(peer->preshared_key, from->preshared_key, VOLE_KEY_BYTES);
        peer->persistent_keepalive_s = from->persistent_keepalive_s;
        for (size_t j = 0; j < from->allowed_ip_count; j++) {
            if (from->allowed_ips[j].remove)
                return false;
            hold(model_allow(peer, &from->allowed_ips[j].prefix) == 0, "there is memory");
        }
    }
    return true;
}

static void check_change(const struct file *file)
{
    struct change change, difference;
    struct model_device device;

    change_init(&change);
    change_init(&difference);
    model_init(&device);
    hold(file_change(file, &change) == 0 && change.peer_count == file->peer_count,
         "the change has all peers");
    if (file->peer_count < 20 && run_change(&device, &change)) {
        hold(change_between(&difference, &device, &change, true) == 0, "there is memory");
        hold(change_is_empty(&difference), "an interface just like it needs no change");
    }
    model_free(&device);
    change_free(&difference);
    change_free(&change);
}

bool file_properties_check(const char *bytes, size_t length)
{
    struct file wg, quick;
    struct file_problems wg_problems, quick_problems;
    int wg_result = file_parse(&wg, "wg", bytes, length, FILE_WG, &wg_problems);
    int quick_result = file_parse(&quick, "quick", bytes, length, FILE_QUICK, &quick_problems);

    check_problems(&wg_problems, wg_result, bytes, length);
    check_problems(&quick_problems, quick_result, bytes, length);
    hold(wg_result != 0 || quick_result == 0, "what wg takes, wg-quick takes");
    if (quick_result == 0) {
        check_same_again(&quick);
        check_change(&quick);
    }
    file_free(&wg);
    file_free(&quick);
    file_problems_free(&wg_problems);
    file_problems_free(&quick_problems);
    return wg_result == 0;
}
