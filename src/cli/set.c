/* SPDX-License-Identifier: MIT
 *
 * vole set INTERFACE [WORD [VALUE]]...: what is written changes, all else stays. The words of the interface
 * come first; each `peer KEY` starts a peer, to which the words behind it belong.
 *
 * All words are read before anything is applied. Messages name the argument that is wrong, counted as the
 * shell does: the interface is argument 2. Spec: config §2.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/allowed_ip_theft.h"
#include "cli/interface_argument.h"
#include "cli/key_file.h"
#include "cli/peer_key.h"
#include "cli/program.h"
#include "cli/resolve.h"
#include "config/file_quote.h"
#include "config/file_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_BYTES 32

/* What is read so far. */
struct reading {
    char interface[DEVICE_NAME_BYTES];
    struct change change;
    char prefix[PREFIX_BYTES]; /* "argument 5: ", of the value being read */
};

/* Says what is wrong, or what is odd if the value can be used. Returns readable. */
static bool judge(const struct reading *reading, bool readable, const char *problem)
{
    if (problem[0] != '\0')
        fprintf(stderr, "%s%s%s\n", reading->prefix, readable ? "Warning: " : "", problem);
    return readable;
}

static bool out_of_memory(const struct reading *reading)
{
    return judge(reading, false, strerror(ENOMEM));
}

/* The peer whose words are being read. */
static struct change_peer *peer_of(struct reading *reading)
{
    return &reading->change.peers[reading->change.peer_count - 1];
}

/* ---- words of the interface ---- */

static bool read_listen_port(struct reading *reading, const char *value)
{
    char problem[FILE_PROBLEM_BYTES] = "";

    reading->change.has_listen_port = true;
    return judge(reading, file_value_port(&reading->change.listen_port, value, problem), problem);
}

static bool read_fwmark(struct reading *reading, const char *value)
{
    char problem[FILE_PROBLEM_BYTES] = "";

    reading->change.has_fwmark = true;
    return judge(reading, file_value_fwmark(&reading->change.fwmark, value, problem), problem);
}

static bool read_private_key(struct reading *reading, const char *value)
{
    reading->change.has_private_key = true;
    return key_file_read(reading->change.private_key, value, reading->prefix);
}

/* ---- words of a peer ---- */

static bool read_peer(struct reading *reading, const char *value)
{
    uint8_t key[VOLE_KEY_BYTES];

    if (!peer_key_read(key, value, reading->interface, reading->prefix))
        return false;
    return change_add_peer(&reading->change, key) != NULL || out_of_memory(reading);
}

static bool read_remove(struct reading *reading, const char *value)
{
    (void)value;
    peer_of(reading)->remove = true;
    return true;
}

static bool read_preshared_key(struct reading *reading, const char *value)
{
    struct change_peer *peer = peer_of(reading);

    peer->has_preshared_key = true;
    return key_file_read(peer->preshared_key, value, reading->prefix);
}

static bool read_endpoint(struct reading *reading, const char *value)
{
    struct change_peer *peer = peer_of(reading);
    struct file_endpoint endpoint = {0};
    char problem[FILE_PROBLEM_BYTES] = "";
    bool readable = judge(reading, file_value_endpoint(&endpoint, value, problem), problem);

    peer->has_endpoint = true;
    readable = readable && resolve_endpoint(&peer->endpoint, &endpoint, reading->prefix);
    free(endpoint.host);
    free(endpoint.port);
    return readable;
}

static bool read_keepalive(struct reading *reading, const char *value)
{
    struct change_peer *peer = peer_of(reading);
    char problem[FILE_PROBLEM_BYTES] = "";

    peer->has_persistent_keepalive = true;
    return judge(reading, file_value_keepalive(&peer->persistent_keepalive_s, value, problem), problem);
}

static bool read_allowed_ip(struct reading *reading, const char *text)
{
    struct change_peer *peer = peer_of(reading);
    char problem[FILE_PROBLEM_BYTES] = "";
    struct vole_prefix prefix;
    char sign;

    if (!judge(reading, file_value_allowed_ip(&prefix, &sign, text, problem), problem))
        return false;
    if (sign != 0)
        peer->replace_allowed_ips = false;
    return change_allow(peer, &prefix, sign == '-') == 0 || out_of_memory(reading);
}

/* A list separated by commas, in which white space is nothing; the empty one leaves no allowed IP. A sign
 * before any of them makes the list add to, or take from, what there is. */
static bool read_allowed_ips(struct reading *reading, const char *value)
{
    char *list = strdup(value);
    char *rest = list;
    char *end = list;
    bool readable = true;

    if (list == NULL)
        return out_of_memory(reading);
    for (const char *at = value; *at != '\0'; at++) {
        if (strchr(" \t\n\v\f\r", *at) == NULL)
            *end++ = *at;
    }
    *end = '\0';
    peer_of(reading)->replace_allowed_ips = true;
    while (list[0] != '\0' && readable && rest != NULL)
        readable = read_allowed_ip(reading, strsep(&rest, ","));
    free(list);
    return readable;
}

/* ---- all words ---- */

enum place { ANYWHERE, OF_INTERFACE, OF_PEER };

struct word {
    const char *name;
    enum place place;
    const char *value; /* what it is; NULL: there is none */
    bool (*read)(struct reading *reading, const char *value);
};

static const struct word words[] = {
    {"listen-port", OF_INTERFACE, "PORT", read_listen_port},
    {"fwmark", OF_INTERFACE, "MARK", read_fwmark},
    {"private-key", OF_INTERFACE, "FILE", read_private_key},
    {"peer", ANYWHERE, "KEY", read_peer},
    {"remove", OF_PEER, NULL, read_remove},
    {"preshared-key", OF_PEER, "FILE", read_preshared_key},
    {"endpoint", OF_PEER, "HOST:PORT", read_endpoint},
    {"persistent-keepalive", OF_PEER, "SECONDS", read_keepalive},
    {"allowed-ips", OF_PEER, "[+|-]IP/LENGTH[,[+|-]IP/LENGTH]...", read_allowed_ips},
};

#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

static void print_words(FILE *stream, enum place place)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (words[i].place == place)
            fprintf(stream, " [%s%s%s]", words[i].name, words[i].value != NULL ? " " : "",
                    words[i].value != NULL ? words[i].value : "");
    }
}

static void print_usage(FILE *stream)
{
    fprintf(stream, "Usage: %s set INTERFACE", program_name());
    print_words(stream, OF_INTERFACE);
    fputs(" [peer KEY", stream);
    print_words(stream, OF_PEER);
    fputs("]...\n", stream);
}

static const struct word *word_find(const char *name)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    }
    return NULL;
}

static void complain_of_unknown(int position, const char *text)
{
    char quote[FILE_QUOTE_BYTES];

    file_quote(quote, text, strlen(text));
    fprintf(stderr, "argument %d: Invalid argument: %s: the words are", position, quote);
    for (size_t i = 0; i < WORD_COUNT; i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", words[i].name);
    fputc('\n', stderr);
}

/* NULL: it may not stand there, and a message was printed. last: nothing stands behind it. */
static const struct word *word_take(const struct reading *reading, int position, const char *text, bool last)
{
    const struct word *word = word_find(text);
    bool in_peer = reading->change.peer_count > 0;

    if (word == NULL) {
        complain_of_unknown(position, text);
    } else if (word->place == OF_INTERFACE && in_peer) {
        fprintf(stderr,
                "argument %d: Invalid argument: %s: words of the interface stand before the first peer\n",
                position, text);
    } else if (word->place == OF_PEER && !in_peer) {
        fprintf(stderr, "argument %d: Invalid argument: %s: say whose: peer KEY %s\n", position, text, text);
    } else if (word->value != NULL && last) {
        fprintf(stderr, "argument %d: Invalid argument: %s: its value is missing: %s %s\n", position, text,
                text, word->value);
    } else {
        return word;
    }
    return NULL;
}

static bool read_words(struct reading *reading, int count, char **arguments)
{
    for (int at = 2; at < count; at++) {
        const struct word *word = word_take(reading, at + 1, arguments[at], at + 1 == count);

        if (word == NULL)
            return false;
        if (word->value != NULL)
            at++;
        (void)snprintf(reading->prefix, sizeof(reading->prefix), "argument %d: ", at + 1);
        if (!word->read(reading, arguments[at]))
            return false;
    }
    return true;
}

static int apply(const struct reading *reading)
{
    int error;

    allowed_ip_theft_warn(reading->interface, &reading->change);
    error = device_set(reading->interface, &reading->change);
    if (error != 0)
        access_report_change(error);
    return error == 0 ? 0 : 1;
}

int command_set(int count, char **arguments)
{
    bool help = command_wants_help(count, arguments);
    struct reading reading = {.prefix = ""};
    int status = 1;

    if (count < 3) {
        print_usage(help ? stdout : stderr);
        return help ? 0 : 1;
    }
    change_init(&reading.change);
    if (interface_argument_read(reading.interface, arguments[1]) && read_words(&reading, count, arguments))
        status = apply(&reading);
    change_free(&reading.change);
    return status;
}
