/* SPDX-License-Identifier: MIT
 *
 * Running resolvectl or resolvconf.
 */
#include "cli/dns.h"

#include "config/address.h"
#include "config/text_stream.h"
#include "linux/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DNS_RECORD_BYTES 80

static const char dns_interface_order[] = "/etc/resolvconf/interface-order";

/* ---- whom to tell ---- */

enum dns_keeper { DNS_NOBODY, DNS_RESOLVECTL, DNS_RESOLVCONF };

static bool path_is_link(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* This host asks systemd-resolved: /etc/resolv.conf leads to it. */
static bool resolved_is_asked(void)
{
    char *place = realpath("/etc/resolv.conf", NULL);
    bool asked = place != NULL && strncmp(place, "/run/systemd/resolve/", 21) == 0;

    free(place);
    return asked;
}

/* A resolvconf that is a symbolic link is resolvectl under another name. */
static enum dns_keeper find_keeper(void)
{
    char path[PATH_MAX];
    bool resolved = access("/run/systemd/resolve", F_OK) == 0 && process_find(path, "resolvectl");
    bool resolvconf = process_find(path, "resolvconf") && !path_is_link(path);

    if (resolved && (!resolvconf || resolved_is_asked()))
        return DNS_RESOLVECTL;
    return resolvconf || process_find(path, "resolvconf") ? DNS_RESOLVCONF : DNS_NOBODY;
}

/* The name of resolvconf's record: that of the interface behind the prefix of the first "name*" entry. */
static void record_name(char record[static DNS_RECORD_BYTES], const struct tunnel *tunnel)
{
    char path[PATH_MAX];
    char line[64];
    FILE *file = NULL;

    (void)snprintf(record, DNS_RECORD_BYTES, "%s", tunnel->name);
    if (process_find(path, "resolvconf") && !path_is_link(path))
        file = fopen(dns_interface_order, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t length = strcspn(line, "\n");

        line[length] = '\0';
        if (length >= 2 && line[length - 1] == '*' &&
            strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == length - 1) {
            (void)snprintf(record, DNS_RECORD_BYTES, "%.*s.%s", (int)(length - 1), line, tunnel->name);
            break;
        }
    }
    (void)fclose(file);
}

/* ---- running them ---- */

static bool run_said(const struct tunnel *tunnel, const char *const *arguments, const char *input)
{
    int status;

    fputs("[#]", stderr);
    for (const char *const *word = arguments; *word != NULL; word++)
        fprintf(stderr, " %s", *word);
    fputc('\n', stderr);
    status = process_run(arguments, input);
    if (status < 0)
        return tunnel_fail(tunnel, "`%s' cannot be run: %s", arguments[0], strerror(-status));
    if (status > 0)
        return tunnel_fail(tunnel, "`%s' failed with exit status %d; what it said is above", arguments[0],
                           status);
    return true;
}

/* "resolvectl VERB NAME WORDS... LAST"; last may be NULL. */
static bool run_resolvectl(const struct tunnel *tunnel, const char *verb, const struct file_texts *words,
                           const char *last)
{
    const char **arguments = calloc(words->count + 5, sizeof(*arguments));
    size_t count = 0;
    bool success;

    if (arguments == NULL)
        return tunnel_fail(tunnel, "out of memory");
    arguments[count++] = "resolvectl";
    arguments[count++] = verb;
    arguments[count++] = tunnel->name;
    for (size_t i = 0; i < words->count; i++)
        arguments[count++] = words->items[i].text;
    arguments[count] = last;
    success = run_said(tunnel, arguments, NULL);
    free(arguments);
    return success;
}

/* What resolvconf is told, to be freed; NULL: out of memory. */
static char *resolvconf_text(const struct file_texts *servers, const struct file_texts *domains)
{
    char *text = NULL;
    size_t length;
    FILE *stream = text_stream_open(&text, &length);

    if (stream == NULL)
        return NULL;
    for (size_t i = 0; i < servers->count; i++)
        fprintf(stream, "nameserver %s\n", servers->items[i].text);
    for (size_t i = 0; i < domains->count; i++)
        fprintf(stream, "%s%s", i == 0 ? "search " : " ", domains->items[i].text);
    if (domains->count > 0)
        fputc('\n', stream);
    return text_stream_close(stream, &text) ? text : NULL;
}

static bool run_resolvconf(const struct tunnel *tunnel, const struct file_texts *servers,
                           const struct file_texts *domains)
{
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-a", record, "-m", "0", "-x", NULL};
    char *text = resolvconf_text(servers, domains);
    bool success;

    if (text == NULL)
        return tunnel_fail(tunnel, "out of memory");
    record_name(record, tunnel);
    success = run_said(tunnel, arguments, text);
    free(text);
    return success;
}

static void undo_resolvectl(struct tunnel *tunnel, const struct step *step)
{
    const struct file_texts none = {0};

    (void)step;
    (void)run_resolvectl(tunnel, "revert", &none, NULL);
}

static void undo_resolvconf(struct tunnel *tunnel, const struct step *step)
{
    (void)step;
    dns_unset(tunnel);
}

static bool fail_without_keeper(const struct tunnel *tunnel)
{
    return tunnel_fail_at(tunnel, &tunnel->file.dns_servers.items[0].place,
                          "DNS needs systemd-resolved or a resolvconf program, and neither is here: install "
                          "openresolv, or leave the line out");
}

bool dns_set(struct tunnel *tunnel)
{
    const struct file *file = &tunnel->file;

    if (file->dns_servers.count == 0)
        return true;
    switch (find_keeper()) {
    case DNS_RESOLVECTL:
        (void)steps_push(&tunnel->steps, undo_resolvectl, NULL);
        return run_resolvectl(tunnel, "dns", &file->dns_servers, NULL) &&
               run_resolvectl(tunnel, "domain", &file->dns_domains, "~.");
    case DNS_RESOLVCONF:
        (void)steps_push(&tunnel->steps, undo_resolvconf, NULL);
        return run_resolvconf(tunnel, &file->dns_servers, &file->dns_domains);
    case DNS_NOBODY:
        break;
    }
    return fail_without_keeper(tunnel);
}

/* Of resolvconf, which does not forget by itself. */
static bool forget_record(const struct tunnel *tunnel)
{
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-d", record, "-f", NULL};

    record_name(record, tunnel);
    return run_said(tunnel, arguments, NULL);
}

bool dns_is_left(const struct tunnel *tunnel)
{
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-l", record, NULL};
    char *output = NULL;
    bool left;

    if (find_keeper() != DNS_RESOLVCONF)
        return false;
    record_name(record, tunnel);
    left = process_read(arguments, &output) == 0 && strstr(output, "nameserver") != NULL;
    free(output);
    return left;
}

/* The file may have named servers only while it came up. */
void dns_unset(const struct tunnel *tunnel)
{
    if ((tunnel->file.dns_servers.count > 0 && find_keeper() == DNS_RESOLVCONF) || dns_is_left(tunnel))
        (void)forget_record(tunnel);
}

/* ---- as a state ---- */

/* Appends a word; addresses in the C library's form. */
static void write_word(FILE *stream, const char *word, size_t length)
{
    struct vole_address address;
    char text[ADDRESS_TEXT_BYTES];

    if (ftell(stream) > 0)
        fputc(' ', stream);
    if (address_read(&address, word, length) == 0) {
        address_write(text, &address);
        fputs(text, stream);
    } else {
        (void)fwrite(word, 1, length, stream);
    }
}

struct dns_writer {
    FILE *servers;
    FILE *domains;
    size_t server_length;
    size_t domain_length;
};

static bool writer_begin(struct dns_writer *writer, struct dns_state *state)
{
    *state = (struct dns_state){0};
    *writer = (struct dns_writer){0};
    writer->servers = text_stream_open(&state->servers, &writer->server_length);
    writer->domains = text_stream_open(&state->domains, &writer->domain_length);
    return writer->servers != NULL && writer->domains != NULL;
}

static bool writer_end(struct dns_writer *writer, struct dns_state *state, const struct tunnel *tunnel)
{
    bool success = writer->servers != NULL && text_stream_close(writer->servers, &state->servers);

    success = writer->domains != NULL && text_stream_close(writer->domains, &state->domains) && success;
    return success || tunnel_fail(tunnel, "out of memory");
}

/* The words of a text up to the end of its line. "~." is what `up` adds for resolvectl. */
static void write_words(FILE *stream, const char *text)
{
    for (size_t length; *text != '\0' && *text != '\n'; text += length) {
        text += strspn(text, " \t\r");
        length = strcspn(text, " \t\r\n");
        if (length > 0 && !(length == 2 && memcmp(text, "~.", 2) == 0))
            write_word(stream, text, length);
    }
}

/* The lines of resolv.conf(5). */
static void write_record(struct dns_writer *writer, const char *text)
{
    while (*text != '\0') {
        if (strncmp(text, "nameserver ", 11) == 0)
            write_words(writer->servers, text + 11);
        else if (strncmp(text, "search ", 7) == 0)
            write_words(writer->domains, text + 7);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

/* "Link 7 (wg0): WORDS..." */
static void write_link_words(FILE *stream, const char *verb, const struct tunnel *tunnel)
{
    const char *arguments[] = {"resolvectl", verb, tunnel->name, NULL};
    char *output = NULL;
    const char *words = process_read(arguments, &output) == 0 ? strstr(output, "): ") : NULL;

    if (words != NULL)
        write_words(stream, words + 3);
    free(output);
}

bool dns_of_file(struct dns_state *state, const struct tunnel *tunnel)
{
    const struct file *file = &tunnel->file;
    struct dns_writer writer;

    if (writer_begin(&writer, state)) {
        for (size_t i = 0; i < file->dns_servers.count; i++)
            write_words(writer.servers, file->dns_servers.items[i].text);
        for (size_t i = 0; file->dns_servers.count > 0 && i < file->dns_domains.count; i++)
            write_words(writer.domains, file->dns_domains.items[i].text);
    }
    return writer_end(&writer, state, tunnel);
}

bool dns_of_host(struct dns_state *state, const struct tunnel *tunnel)
{
    struct dns_writer writer;
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-l", record, NULL};
    char *output = NULL;

    if (writer_begin(&writer, state)) {
        switch (find_keeper()) {
        case DNS_RESOLVECTL:
            write_link_words(writer.servers, "dns", tunnel);
            write_link_words(writer.domains, "domain", tunnel);
            break;
        case DNS_RESOLVCONF:
            record_name(record, tunnel);
            if (process_read(arguments, &output) == 0)
                write_record(&writer, output);
            free(output);
            break;
        case DNS_NOBODY:
            break;
        }
    }
    return writer_end(&writer, state, tunnel);
}

void dns_state_free(struct dns_state *state)
{
    free(state->servers);
    free(state->domains);
    *state = (struct dns_state){0};
}

bool dns_can_be_set(const struct tunnel *tunnel)
{
    return tunnel->file.dns_servers.count == 0 || find_keeper() != DNS_NOBODY || fail_without_keeper(tunnel);
}

/* The words of text, which is cut into them; items is to be freed by the caller. */
static bool split_words(struct file_texts *texts, char *text)
{
    *texts = (struct file_texts){.items = calloc(strlen(text) / 2 + 1, sizeof(*texts->items))};
    for (char *rest = NULL, *word = strtok_r(text, " ", &rest); texts->items != NULL && word != NULL;
         word = strtok_r(NULL, " ", &rest))
        texts->items[texts->count++].text = word;
    return texts->items != NULL;
}

static bool tell_keeper(const struct tunnel *tunnel, const struct file_texts *servers,
                        const struct file_texts *domains)
{
    const struct file_texts none = {0};

    switch (find_keeper()) {
    case DNS_RESOLVECTL:
        if (servers->count == 0)
            return run_resolvectl(tunnel, "revert", &none, NULL);
        return run_resolvectl(tunnel, "dns", servers, NULL) &&
               run_resolvectl(tunnel, "domain", domains, "~.");
    case DNS_RESOLVCONF:
        return servers->count == 0 ? forget_record(tunnel) : run_resolvconf(tunnel, servers, domains);
    case DNS_NOBODY:
        break;
    }
    return tunnel_fail(tunnel,
                       "there is neither systemd-resolved nor a resolvconf program to tell about DNS");
}

bool dns_change(const struct tunnel *tunnel, const struct dns_state *state)
{
    char *server_text = strdup(state->servers);
    char *domain_text = strdup(state->domains);
    struct file_texts servers = {0};
    struct file_texts domains = {0};
    bool success = server_text != NULL && domain_text != NULL && split_words(&servers, server_text) &&
                   split_words(&domains, domain_text);

    if (success)
        success = tell_keeper(tunnel, &servers, &domains);
    else
        (void)tunnel_fail(tunnel, "out of memory");
    free(servers.items);
    free(domains.items);
    free(server_text);
    free(domain_text);
    return success;
}
