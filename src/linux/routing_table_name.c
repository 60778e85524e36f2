/* SPDX-License-Identifier: MIT
 *
 * Reading the files that give routing tables their names: "NUMBER NAME" lines.
 */
#include "linux/routing_table_name.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole number, as strtoul() with any base reads it. */
static bool routing_table_parse(uint32_t *table, const char *text)
{
    char *end;
    unsigned long long number;

    if (*text < '0' || *text > '9')
        return false;
    number = strtoull(text, &end, 0);
    if (*end != '\0' || number == 0 || number > UINT32_MAX)
        return false;
    *table = (uint32_t)number;
    return true;
}

static bool routing_table_look_in_file(uint32_t *table, const char *path, const char *name)
{
    FILE *file = fopen(path, "re");
    char line[512];
    char number[64];
    char found[256];
    bool known = false;

    if (file == NULL)
        return false;
    while (!known && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "%63s %255s", number, found) == 2 && number[0] != '#' && strcmp(found, name) == 0)
            known = routing_table_parse(table, number);
    }
    (void)fclose(file);
    return known;
}

static bool routing_table_look_in_directory(uint32_t *table, const char *path, const char *name)
{
    DIR *directory = opendir(path);
    bool known = false;
    struct dirent *entry;

    if (directory == NULL)
        return false;
    while (!known && (entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);
        char file[PATH_MAX];

        if (entry->d_name[0] == '.' || length < 6 || strcmp(entry->d_name + length - 5, ".conf") != 0)
            continue;
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        known = routing_table_look_in_file(table, file, name);
    }
    (void)closedir(directory);
    return known;
}

bool routing_table_number(uint32_t *table, const char *name)
{
    static const struct {
        const char *name;
        uint32_t table;
    } builtin[] = {{"default", 253}, {"main", 254}, {"local", 255}};

    if (routing_table_parse(table, name))
        return true;
    if (routing_table_look_in_file(table, "/etc/iproute2/rt_tables", name) ||
        routing_table_look_in_directory(table, "/etc/iproute2/rt_tables.d", name) ||
        routing_table_look_in_file(table, "/usr/share/iproute2/rt_tables", name) ||
        routing_table_look_in_directory(table, "/usr/share/iproute2/rt_tables.d", name) ||
        routing_table_look_in_file(table, "/usr/lib/iproute2/rt_tables", name))
        return true;
    for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++) {
        if (strcmp(name, builtin[i].name) == 0) {
            *table = builtin[i].table;
            return true;
        }
    }
    return false;
}
