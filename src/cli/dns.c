/* SPDX-License-Identifier: MIT
 *
 * Running resolvectl or resolvconf.
 */
#include "cli/dns.h"

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
static char *resolvconf_text(const struct file *file)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    if (stream == NULL)
        return NULL;
    for (size_t i = 0; i < file->dns_servers.count; i++)
        fprintf(stream, "nameserver %s\n", file->dns_servers.items[i].text);
    for (size_t i = 0; i < file->dns_domains.count; i++)
        fprintf(stream, "%s%s", i == 0 ? "search " : " ", file->dns_domains.items[i].text);
    if (file->dns_domains.count > 0)
        fputc('\n', stream);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool run_resolvconf(const struct tunnel *tunnel)
{
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-a", record, "-m", "0", "-x", NULL};
    char *text = resolvconf_text(&tunnel->file);
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
        return run_resolvconf(tunnel);
    case DNS_NOBODY:
        break;
    }
    return tunnel_fail_at(tunnel, &file->dns_servers.items[0].place,
                          "DNS needs systemd-resolved or a resolvconf program, and neither is here: install "
                          "openresolv, or leave the line out");
}

void dns_unset(const struct tunnel *tunnel)
{
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-d", record, "-f", NULL};

    if (tunnel->file.dns_servers.count == 0 || find_keeper() != DNS_RESOLVCONF)
        return;
    record_name(record, tunnel);
    (void)run_said(tunnel, arguments, NULL);
}

bool dns_is_left(const struct tunnel *tunnel)
{
    char record[DNS_RECORD_BYTES];
    const char *arguments[] = {"resolvconf", "-l", record, NULL};
    char *output = NULL;
    bool left;

    if (tunnel->file.dns_servers.count == 0 || find_keeper() != DNS_RESOLVCONF)
        return false;
    record_name(record, tunnel);
    left = process_read(arguments, &output) == 0 && strstr(output, "nameserver") != NULL;
    free(output);
    return left;
}
