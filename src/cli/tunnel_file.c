/* SPDX-License-Identifier: MIT
 *
 * NAME.file is one line: "NAMESPACE INDEX PATH". It is replaced by renaming, so it is never half written.
 */
#include "cli/tunnel_file.h"

#include "config/number.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES (PATH_MAX + 64)

const char *const tunnel_file_directories[] = {"/etc/wireguard", "/etc/vole", NULL};
const char tunnel_file_suffix[] = ".conf";

uint64_t tunnel_file_namespace(void)
{
    struct stat status;

    return stat("/proc/self/ns/net", &status) == 0 ? (uint64_t)status.st_ino : 0;
}

static bool is_component(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0 && strlen(name) < IF_NAMESIZE;
}

static void record_path(char path[static PATH_MAX], const char *name, const char *suffix)
{
    (void)snprintf(path, PATH_MAX, "%s/%s.file%s", TUNNEL_FILE_DIRECTORY, name, suffix);
}

void tunnel_file_record(const char *name, uint32_t index, const char *path)
{
    char record[PATH_MAX];
    char unfinished[PATH_MAX];
    bool written;
    FILE *stream;

    if (!is_component(name) || strchr(path, '\n') != NULL)
        return;
    record_path(record, name, "");
    record_path(unfinished, name, ".new");
    (void)mkdir(TUNNEL_FILE_DIRECTORY, 0755);
    (void)unlink(unfinished);
    stream = fopen(unfinished, "wxe");
    if (stream == NULL)
        return;
    written = fprintf(stream, "%" PRIu64 " %" PRIu32 " %s\n", tunnel_file_namespace(), index, path) > 0;
    if (fclose(stream) != 0 || !written || rename(unfinished, record) != 0)
        (void)unlink(unfinished);
}

void tunnel_file_forget(const char *name)
{
    char record[PATH_MAX];

    if (!is_component(name))
        return;
    record_path(record, name, "");
    (void)unlink(record);
    record_path(record, name, ".new"); /* of an `up` that was killed while it wrote */
    (void)unlink(record);
}

/* A number with a space behind it, which are taken off the text. */
static bool take_number(uint64_t *number, const char **text)
{
    size_t length = strcspn(*text, " ");

    if ((*text)[length] != ' ' || !number_read(number, *text, length, UINT64_MAX))
        return false;
    *text += length + 1;
    return true;
}

static bool find_recorded(char path[static PATH_MAX], const char *name)
{
    char record[PATH_MAX];
    char line[LINE_BYTES] = "";
    const char *text = line;
    uint64_t namespace;
    uint64_t index;
    FILE *stream;

    record_path(record, name, "");
    stream = fopen(record, "re");
    if (stream == NULL)
        return false;
    if (fgets(line, sizeof(line), stream) == NULL)
        line[0] = '\0';
    (void)fclose(stream);
    line[strcspn(line, "\n")] = '\0';
    if (!take_number(&namespace, &text) || !take_number(&index, &text) || text[0] != '/' ||
        namespace != tunnel_file_namespace() || index != if_nametoindex(name))
        return false;
    (void)snprintf(path, PATH_MAX, "%s", text);
    return true;
}

bool tunnel_file_find(char path[static PATH_MAX], const char *name)
{
    if (!is_component(name))
        return false;
    if (find_recorded(path, name))
        return true;
    for (size_t i = 0; tunnel_file_directories[i] != NULL; i++) {
        (void)snprintf(path, PATH_MAX, "%s/%s%s", tunnel_file_directories[i], name, tunnel_file_suffix);
        if (access(path, F_OK) == 0)
            return true;
    }
    return false;
}
