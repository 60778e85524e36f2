/* SPDX-License-Identifier: MIT
 *
 * vole check [--here] FILE...: says what is wrong or doubtful about configuration files, before somebody
 * finds out at the other end of a tunnel that no longer works.
 *
 * What depends on the host (check_host.h) is looked at only for files that are this host's: those in
 * /etc/wireguard and /etc/vole, and all with --here. Exit status: 0 nothing was found, 1 there are errors,
 * 2 there are warnings only.
 */
#include "cli/command.h"

#include "cli/check_file.h"
#include "cli/check_findings.h"
#include "cli/check_host.h"
#include "cli/json_output.h"
#include "cli/key_file.h"
#include "cli/program.h"
#include "cli/shell_word.h"
#include "cli/tunnel_file.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- key files, and who may read secrets ---- */

/* True if the path leads to a file whose mode says so, in a directory that others may enter. */
static bool others_may_read(const char *path)
{
    char resolved[PATH_MAX];
    struct stat status;

    if (realpath(path, resolved) == NULL || stat(resolved, &status) != 0 || !S_ISREG(status.st_mode) ||
        (status.st_mode & (S_IROTH | S_IWOTH)) == 0)
        return false;
    for (char *slash = strrchr(resolved, '/'); slash != NULL && slash != resolved;
         slash = strrchr(resolved, '/')) {
        *slash = '\0';
        if (stat(resolved, &status) == 0 && (status.st_mode & S_IXOTH) == 0)
            return false;
    }
    return true;
}

/* False: the key cannot be known here. */
static bool check_key_file(struct check_findings *findings, const struct file *file,
                           const struct file_text *from, uint8_t key[static VOLE_KEY_BYTES], bool *has_key)
{
    char path[PATH_MAX];
    char problem[FILE_PROBLEM_BYTES];
    char word[FILE_PROBLEM_BYTES / 2];

    if (key_file_is_credential(from->text) && getenv("CREDENTIALS_DIRECTORY") == NULL)
        return false;
    if (!key_file_locate(path, from->text, file->path, problem) || !key_file_try(key, path, problem)) {
        check_findings_error(findings, from->place, "key-file", "%s", problem);
        return false;
    }
    if (others_may_read(path))
        check_findings_warn(findings, from->place, "world-readable",
                            "the key file is open to all users of this host: chmod 600 %s",
                            shell_word_write(word, sizeof(word), path) ? word : "it");
    *has_key = true;
    return true;
}

/* Whether all keys are known. */
static bool check_key_files(struct check_findings *findings, struct file *file)
{
    bool known = true;

    if (file->private_key_file.text != NULL)
        known = check_key_file(findings, file, &file->private_key_file, file->private_key,
                               &file->has_private_key);
    for (size_t i = 0; i < file->peer_count; i++) {
        struct file_peer *peer = &file->peers[i];

        if (peer->preshared_key_file.text != NULL)
            known = check_key_file(findings, file, &peer->preshared_key_file, peer->preshared_key,
                                   &peer->has_preshared_key) &&
                    known;
    }
    return known;
}

static void check_mode(struct check_findings *findings, const struct file *file)
{
    bool secret = file->has_private_key;

    for (size_t i = 0; i < file->peer_count; i++)
        secret = secret || file->peers[i].has_preshared_key;
    if (secret && others_may_read(file->path))
        check_findings_warn(findings, (struct file_place){0}, "world-readable",
                            "the file holds secret keys and is open to all users of this host: chmod 600 it");
}

/* ---- one file ---- */

/* The interface's name, or "" if the file is not called like one. */
static void name_of(char name[static IFNAMSIZ], const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash != NULL ? slash + 1 : path;
    size_t length = strlen(start);
    size_t suffix = strlen(tunnel_file_suffix);

    memset(name, 0, IFNAMSIZ);
    if (length > suffix && length - suffix < IFNAMSIZ &&
        strcmp(start + length - suffix, tunnel_file_suffix) == 0)
        memcpy(name, start, length - suffix);
}

static bool is_of_this_host(const char *path)
{
    char resolved[PATH_MAX];

    if (realpath(path, resolved) == NULL)
        return false;
    for (size_t i = 0; tunnel_file_directories[i] != NULL; i++) {
        size_t length = strlen(tunnel_file_directories[i]);

        if (strncmp(resolved, tunnel_file_directories[i], length) == 0 && resolved[length] == '/')
            return true;
    }
    return false;
}

static void take_problems(struct check_findings *findings, const struct file_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct file_problem *problem = &problems->items[i];

        if (problem->warning)
            check_findings_warn(findings, problem->place, "syntax", "%s", problem->what);
        else
            check_findings_error(findings, problem->place, "syntax", "%s", problem->what);
    }
}

static void check_one(struct check_findings *findings, const char *path, bool here)
{
    struct file_problems problems;
    struct file file;
    char name[IFNAMSIZ];
    int error = file_read(&file, path, FILE_QUICK, &problems);

    take_problems(findings, &problems);
    file_problems_free(&problems);
    if (error != 0 && error != -EINVAL)
        check_findings_error(findings, (struct file_place){0}, "unreadable", "%s", strerror(-error));
    else
        check_mode(findings, &file);
    if (error == 0) {
        bool keys_known = check_key_files(findings, &file);

        check_file(findings, &file, !keys_known);
        name_of(name, path);
        if (here || is_of_this_host(path))
            check_host(findings, &file, name);
    }
    file_free(&file);
}

/* ---- the command ---- */

/* The exit status of one file. */
static int check_and_print(const char *path, bool here, struct json_output *json)
{
    struct check_findings findings = {0};
    int status;

    check_one(&findings, path, here);
    if (program_wants_json())
        check_findings_print_json(&findings, path, json);
    else
        check_findings_print(&findings, path);
    if (findings.incomplete)
        fprintf(stderr, "%s: %s: %s\n", program_name(), path, strerror(ENOMEM));
    status = findings.error_count != 0 || findings.incomplete ? 1 : findings.count != 0 ? 2 : 0;
    check_findings_free(&findings);
    return status;
}

/* Errors outweigh warnings. */
static int worse(int one, int other)
{
    return one == 1 || other == 1 ? 1 : one > other ? one : other;
}

int command_check(int count, char **arguments)
{
    bool here = count > 1 && strcmp(arguments[1], "--here") == 0;
    int first = here ? 2 : 1;
    struct json_output json;
    int status = 0;

    if (first >= count || command_wants_help(count, arguments) || strncmp(arguments[first], "--", 2) == 0) {
        bool wanted = command_wants_help(count, arguments);

        fprintf(wanted ? stdout : stderr, "Usage: %s %s [--here] [--json] FILE...\n", program_name(),
                arguments[0]);
        return wanted ? 0 : 1;
    }
    if (program_wants_json()) {
        json_output_begin(&json);
        json_output_list(&json, "findings");
    }
    for (int i = first; i < count; i++)
        status = worse(status, check_and_print(arguments[i], here, &json));
    if (!program_wants_json())
        return status;
    json_output_end(&json);
    json_output_end(&json);
    return json_output_finish(&json, 0) != 0 ? 1 : status;
}
