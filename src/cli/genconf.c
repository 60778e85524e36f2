/* SPDX-License-Identifier: MIT
 *
 * vole genconf [OPTIONS] DIRECTORY HOST[=ENDPOINT]...: writes configuration files that match each other,
 * DIRECTORY/HOST/wg0.conf for each host, with new keys. All are written or none, and nothing is overwritten.
 */
#include "cli/command.h"

#include "cli/genconf_file.h"
#include "cli/genconf_plan.h"
#include "cli/json_output.h"
#include "cli/new_directory.h"
#include "cli/program.h"
#include "linux/process.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

struct genconf_words {
    const char *directory;
    char file_name[IFNAMSIZ + 8];
};

static int print_usage(FILE *stream, int status)
{
    fputs("Usage: vole genconf [--topology pair|mesh|hub|gateway] [--network PREFIX]... [--interface NAME] "
          "[--json] DIRECTORY HOST[=ENDPOINT]...\n",
          stream);
    return status;
}

static bool set_interface(struct genconf_words *words, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t length = strlen(name);

    if (length == 0 || length >= IFNAMSIZ || strspn(name, allowed) != length || name[0] == '.' ||
        name[0] == '-') {
        fprintf(stderr, "vole genconf: an interface's name is 1 to 15 of a-z A-Z 0-9 _ . -\n");
        return false;
    }
    (void)snprintf(words->file_name, sizeof(words->file_name), "%s.conf", name);
    return true;
}

/* False: a message was printed. */
static bool read_words(struct genconf_words *words, struct genconf_plan *plan, int count, char **arguments)
{
    int i = 1;

    if (!set_interface(words, "wg0"))
        return false;
    for (; i + 1 < count && strncmp(arguments[i], "--", 2) == 0; i += 2) {
        bool good = false;

        if (strcmp(arguments[i], "--topology") == 0)
            good = genconf_set_topology(plan, arguments[i + 1]);
        else if (strcmp(arguments[i], "--network") == 0)
            good = genconf_add_network(plan, arguments[i + 1]);
        else if (strcmp(arguments[i], "--interface") == 0)
            good = set_interface(words, arguments[i + 1]);
        else
            (void)print_usage(stderr, 1);
        if (!good)
            return false;
    }
    if (i >= count || arguments[i][0] == '-') {
        (void)print_usage(stderr, 1);
        return false;
    }
    words->directory = arguments[i++];
    for (; i < count; i++) {
        if (!genconf_add_host(plan, arguments[i]))
            return false;
    }
    return genconf_complete(plan);
}

static int write_host(struct new_directory *directory, const struct genconf_words *words,
                      const struct genconf_plan *plan, size_t host)
{
    FILE *stream = new_directory_open(directory, plan->hosts[host].name, words->file_name);

    if (stream == NULL)
        return -errno;
    genconf_file_write(stream, plan, host);
    return new_directory_close(directory, stream);
}

static int write_all(const struct genconf_words *words, const struct genconf_plan *plan)
{
    struct new_directory directory;
    int error = new_directory_begin(&directory, words->directory);

    for (size_t i = 0; error == 0 && i < plan->host_count; i++) {
        error = write_host(&directory, words, plan, i);
        if (error == 0 && process_signal() != 0)
            error = -EINTR;
    }
    if (error == 0)
        return new_directory_finish(&directory);
    new_directory_abandon(&directory);
    return error;
}

static int print_files(const struct genconf_words *words, const struct genconf_plan *plan)
{
    struct json_output json;
    char path[PATH_MAX];

    if (program_wants_json()) {
        json_output_begin(&json);
        json_output_list(&json, "files");
    }
    for (size_t i = 0; i < plan->host_count; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s/%s", words->directory, plan->hosts[i].name,
                       words->file_name);
        if (!program_wants_json()) {
            puts(path);
            continue;
        }
        json_output_object(&json, NULL);
        json_output_text(&json, "path", path);
        json_output_text(&json, "host", plan->hosts[i].name);
        json_output_key(&json, "public_key", plan->hosts[i].public_key);
        json_output_end(&json);
    }
    if (!program_wants_json())
        return 0;
    json_output_end(&json);
    json_output_end(&json);
    return json_output_finish(&json, 0);
}

int command_genconf(int count, char **arguments)
{
    struct genconf_words words = {0};
    struct genconf_plan plan;
    bool success;
    int status = 1;
    int error;

    if (command_wants_help(count, arguments))
        return print_usage(stdout, 0);
    process_catch_signals();
    genconf_plan_init(&plan);
    success = read_words(&words, &plan, count, arguments);
    if (success) {
        error = write_all(&words, &plan);
        if (error == 0)
            status = print_files(&words, &plan);
        else
            fprintf(stderr, "vole genconf: %s: %s%s\n", words.directory, strerror(-error),
                    error == -EEXIST ? ": name a directory that is not there yet" : "");
    }
    genconf_plan_free(&plan);
    return status;
}
