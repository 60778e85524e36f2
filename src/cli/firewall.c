/* SPDX-License-Identifier: MIT
 *
 * Rules as text for nft and iptables-restore, and finding them again.
 */
#include "cli/firewall.h"

#include "config/address.h"
#include "config/text_stream.h"
#include "linux/interface_address.h"
#include "linux/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIREWALL_TABLE_BYTES   (3 * DEVICE_NAME_BYTES + 16)
#define FIREWALL_COMMENT_BYTES (DEVICE_NAME_BYTES + 32)

/* nft has no way to write a name with "+" or "=": these are "/2b" and "/3d", as no interface has "/". */
static void table_name(char table[static FIREWALL_TABLE_BYTES], const struct tunnel *tunnel)
{
    int length = snprintf(table, FIREWALL_TABLE_BYTES, "wg-quick-");

    for (const char *name = tunnel->name; *name != '\0'; name++) {
        bool is_plain = *name != '+' && *name != '=';

        length += snprintf(table + length, FIREWALL_TABLE_BYTES - (size_t)length, is_plain ? "%c" : "/%02x",
                           (unsigned)*name);
    }
}

static void rule_comment(char comment[static FIREWALL_COMMENT_BYTES], const struct tunnel *tunnel)
{
    (void)snprintf(comment, FIREWALL_COMMENT_BYTES, "wg-quick(8) rule for %s", tunnel->name);
}

static bool is_installed(const char *program)
{
    char path[PATH_MAX];

    return process_find(path, program);
}

/* ---- what is to be loaded ---- */

static void write_nft(FILE *stream, const struct tunnel *tunnel, uint8_t family,
                      const struct interface_address_list *addresses)
{
    const char *of = family == 4 ? "ip" : "ip6";
    char text[ADDRESS_TEXT_BYTES];
    char table[FIREWALL_TABLE_BYTES];

    table_name(table, tunnel);
    fprintf(stream, "add table %s %s\ndelete table %s %s\nadd table %s %s\n", of, table, of, table, of,
            table);
    fprintf(stream, "add chain %s %s preraw { type filter hook prerouting priority -300; }\n", of, table);
    fprintf(stream, "add chain %s %s premangle { type filter hook prerouting priority -150; }\n", of, table);
    fprintf(stream, "add chain %s %s postmangle { type filter hook postrouting priority -150; }\n", of,
            table);
    for (size_t i = 0; i < addresses->count; i++) {
        if (addresses->addresses[i].address.family != family)
            continue;
        address_write(text, &addresses->addresses[i].address);
        fprintf(stream, "add rule %s %s preraw iifname != \"%s\" %s daddr %s fib saddr type != local drop\n",
                of, table, tunnel->name, of, text);
    }
    fprintf(stream,
            "add rule %s %s postmangle meta l4proto udp meta mark %" PRIu32 " ct mark set meta mark\n", of,
            table, tunnel->mark);
    fprintf(stream, "add rule %s %s premangle meta l4proto udp meta mark set ct mark\n", of, table);
}

static void write_iptables(FILE *stream, const struct tunnel *tunnel, uint8_t family,
                           const struct interface_address_list *addresses)
{
    char text[ADDRESS_TEXT_BYTES];
    char comment[FIREWALL_COMMENT_BYTES];

    rule_comment(comment, tunnel);
    fputs("*raw\n", stream);
    for (size_t i = 0; i < addresses->count; i++) {
        if (addresses->addresses[i].address.family != family)
            continue;
        address_write(text, &addresses->addresses[i].address);
        fprintf(stream,
                "-I PREROUTING ! -i %s -d %s -m addrtype ! --src-type LOCAL -j DROP -m comment --comment "
                "\"%s\"\n",
                tunnel->name, text, comment);
    }
    fputs("COMMIT\n*mangle\n", stream);
    fprintf(stream,
            "-I POSTROUTING -m mark --mark %" PRIu32
            " -p udp -j CONNMARK --save-mark -m comment --comment \"%s\"\n",
            tunnel->mark, comment);
    fprintf(stream, "-I PREROUTING -p udp -j CONNMARK --restore-mark -m comment --comment \"%s\"\n", comment);
    fputs("COMMIT\n", stream);
}

/* NULL: it could not be made, and a message was printed. Freed by the caller. */
static char *rules_text(const struct tunnel *tunnel, uint8_t family, bool for_nft)
{
    struct interface_address_list addresses = {0};
    char *text = NULL;
    size_t length;
    FILE *stream;
    int error = interface_address_read(tunnel->netlink, tunnel->index, &addresses);

    stream = error == 0 ? text_stream_open(&text, &length) : NULL;
    if (stream != NULL) {
        if (for_nft)
            write_nft(stream, tunnel, family, &addresses);
        else
            write_iptables(stream, tunnel, family, &addresses);
        error = text_stream_close(stream, &text) ? 0 : -ENOMEM;
    } else if (error == 0) {
        error = -ENOMEM;
    }
    interface_address_list_free(&addresses);
    if (error == 0)
        return text;
    free(text);
    (void)tunnel_fail(tunnel, "its addresses cannot be listed: %s", strerror(-error));
    return NULL;
}

/* ---- loading ---- */

static bool load(const struct tunnel *tunnel, const char *const *arguments, const char *text)
{
    int status;

    steps_say("%s %s %s", arguments[0], arguments[1], arguments[2] != NULL ? arguments[2] : "");
    status = process_run(arguments, text);
    if (status < 0)
        return tunnel_fail(tunnel, "`%s' cannot be run: %s", arguments[0], strerror(-status));
    if (status > 0)
        return tunnel_fail(tunnel, "`%s' refused the rules of the firewall (exit status %d)", arguments[0],
                           status);
    return true;
}

static bool load_nft(const struct tunnel *tunnel, const char *text)
{
    const char *arguments[] = {"nft", "-f", "-", NULL};

    return load(tunnel, arguments, text);
}

static bool load_iptables(const struct tunnel *tunnel, uint8_t family, const char *text)
{
    const char *arguments[] = {family == 4 ? "iptables-restore" : "ip6tables-restore", "-n", NULL};

    return load(tunnel, arguments, text);
}

static bool load_rules(const struct tunnel *tunnel, uint8_t family, bool has_nft)
{
    char *text = rules_text(tunnel, family, has_nft);
    bool success;

    if (text == NULL)
        return false;
    success = has_nft ? load_nft(tunnel, text) : load_iptables(tunnel, family, text);
    free(text);
    return success;
}

static void undo_firewall(struct tunnel *tunnel, const struct step *step)
{
    (void)step;
    (void)firewall_remove(tunnel);
}

bool firewall_set(struct tunnel *tunnel, uint8_t family)
{
    bool has_nft = is_installed("nft");

    if (!has_nft && !is_installed(family == 4 ? "iptables-restore" : "ip6tables-restore"))
        return tunnel_fail(tunnel, "a default route needs a firewall, and there is neither nft nor "
                                   "iptables-restore: install nftables");
    if (!has_nft && tunnel->name[strlen(tunnel->name) - 1] == '+')
        return tunnel_fail(tunnel, "iptables takes a name that ends in + for all that begin like it: install "
                                   "nftables, or name the tunnel otherwise");
    (void)steps_push(&tunnel->steps, undo_firewall, NULL);
    return load_rules(tunnel, family, has_nft);
}

/* ---- finding and removing ---- */

/* The hexadecimal number behind a word in a text, 0 if there is none. */
static uint32_t number_behind(const char *text, const char *word)
{
    const char *place = strstr(text, word);

    return place != NULL ? (uint32_t)strtoul(place + strlen(word), NULL, 16) : 0;
}

static uint32_t mark_of_nft(const char *of, const char *table)
{
    const char *arguments[] = {"nft", "list", "table", of, table, NULL};
    char *output = NULL;
    uint32_t mark = 0;

    if (process_read(arguments, &output) == 0)
        mark = number_behind(output, "udp meta mark 0x");
    free(output);
    return mark;
}

static void remove_from_nft(const struct tunnel *tunnel, struct firewall_found *found)
{
    const char *list[] = {"nft", "list", "tables", NULL};
    static const char *const families[] = {"ip", "ip6"};
    char line[FIREWALL_TABLE_BYTES + 16];
    char commands[2 * (FIREWALL_TABLE_BYTES + 24)] = "";
    char table[FIREWALL_TABLE_BYTES];
    char *output = NULL;

    table_name(table, tunnel);
    if (process_read(list, &output) == 0) {
        for (size_t i = 0; i < 2; i++) {
            size_t length = strlen(commands);

            (void)snprintf(line, sizeof(line), "table %s %s\n", families[i], table);
            if (strstr(output, line) == NULL)
                continue;
            (void)snprintf(commands + length, sizeof(commands) - length, "delete %s", line);
            if (found->mark == 0)
                found->mark = mark_of_nft(families[i], table);
        }
    }
    free(output);
    if (commands[0] != '\0') {
        found->any = true;
        (void)load_nft(tunnel, commands);
    }
}

/* Turns what iptables-save printed into what takes our rules out again; false: there are none. */
static bool write_removal(FILE *stream, const char *saved, const char *comment, uint32_t *mark)
{
    char quoted[FIREWALL_COMMENT_BYTES + 16];
    bool any = false;

    (void)snprintf(quoted, sizeof(quoted), "--comment \"%s\"", comment);
    while (*saved != '\0') {
        size_t length = strcspn(saved, "\n");
        const char *ours = memmem(saved, length, quoted, strlen(quoted));

        if (ours != NULL && strncmp(saved, "-A ", 3) == 0) {
            any = true;
            fprintf(stream, "-D%.*s\n", (int)(length - 2), saved + 2);
            if (*mark == 0 && memmem(saved, length, "--mark 0x", 9) != NULL)
                *mark = number_behind(saved, "--mark 0x");
        } else if (saved[0] == '*' || strncmp(saved, "COMMIT", 6) == 0) {
            fprintf(stream, "%.*s\n", (int)length, saved);
        }
        saved += length + (saved[length] == '\n' ? 1 : 0);
    }
    return any;
}

static void remove_from_iptables(const struct tunnel *tunnel, uint8_t family, struct firewall_found *found)
{
    const char *save[] = {family == 4 ? "iptables-save" : "ip6tables-save", NULL};
    char comment[FIREWALL_COMMENT_BYTES];
    char *output = NULL;
    char *text = NULL;
    size_t length;
    FILE *stream;
    bool any = false;

    rule_comment(comment, tunnel);
    if (!is_installed(save[0]) || process_read(save, &output) != 0) {
        free(output);
        return;
    }
    stream = text_stream_open(&text, &length);
    if (stream != NULL) {
        any = write_removal(stream, output, comment, &found->mark);
        any = text_stream_close(stream, &text) && any;
    }
    if (any) {
        found->any = true;
        (void)load_iptables(tunnel, family, text);
    }
    free(text);
    free(output);
}

struct firewall_found firewall_remove(const struct tunnel *tunnel)
{
    struct firewall_found found = {0};

    if (is_installed("nft"))
        remove_from_nft(tunnel, &found);
    remove_from_iptables(tunnel, 4, &found);
    remove_from_iptables(tunnel, 6, &found);
    return found;
}

bool firewall_renew(struct tunnel *tunnel, uint8_t family)
{
    struct firewall_found found = {0};
    bool has_nft = is_installed("nft");

    if (!has_nft)
        remove_from_iptables(tunnel, family, &found);
    return load_rules(tunnel, family, has_nft);
}
