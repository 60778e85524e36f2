/* SPDX-License-Identifier: MIT
 *
 * From a word on the command line to a file that was read.
 */
#include "cli/tunnel.h"

#include "cli/file_load.h"
#include "cli/tunnel_file.h"
#include "cli/tunnel_lock.h"
#include "linux/link.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names and places ---- */

static bool tunnel_name_is_valid(const char *name, size_t length)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";

    return length > 0 && length < DEVICE_NAME_BYTES && strspn(name, allowed) >= length;
}

/* Takes the interface's name from the last component of a path. */
static bool tunnel_name_from_path(struct tunnel *tunnel, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t length = strlen(name);
    size_t suffix = strlen(tunnel_file_suffix);

    if (length <= suffix || strcmp(name + length - suffix, tunnel_file_suffix) != 0 ||
        !tunnel_name_is_valid(name, length - suffix)) {
        fprintf(stderr,
                "vole: `%s': the file's name must be the interface's, 1 to 15 of a-z A-Z 0-9 _ = + . -, "
                "followed by .conf\n",
                path);
        return false;
    }
    memcpy(tunnel->name, name, length - suffix);
    return true;
}

/* Writes where the file is that the word means, which exists: a name means the file that its interface came
 * from, as long as that runs. */
static bool tunnel_find(char path[static PATH_MAX], const char *word)
{
    if (!tunnel_name_is_valid(word, strlen(word))) {
        path[0] = '\0';
        strncat(path, word, PATH_MAX - 1);
        if (access(path, F_OK) == 0)
            return true;
        fprintf(stderr, "vole: `%s' does not exist\n", word);
        return false;
    }
    if (tunnel_file_find(path, word) && access(path, F_OK) == 0)
        return true;
    for (size_t i = 0; tunnel_file_directories[i] != NULL; i++) {
        (void)snprintf(path, PATH_MAX, "%s/%s%s", tunnel_file_directories[i], word, tunnel_file_suffix);
        if (access(path, F_OK) == 0)
            return true;
        if (errno == EACCES) {
            fprintf(stderr, "vole: `%s': %s\n", path, strerror(errno));
            return false;
        }
    }
    fprintf(stderr, "vole: `%s/%s%s' does not exist, nor does `%s/%s%s'\n", tunnel_file_directories[0], word,
            tunnel_file_suffix, tunnel_file_directories[1], word, tunnel_file_suffix);
    if (access(word, F_OK) == 0)
        fprintf(stderr, "vole: for the file here, write ./%s\n", word);
    return false;
}

/* Both file and directory must be open to others, or nobody else gets there. */
static void tunnel_warn_of_others(const char *path)
{
    char directory[PATH_MAX];
    struct stat file;
    struct stat around;
    char *slash;

    (void)snprintf(directory, sizeof(directory), "%s", path);
    slash = strrchr(directory, '/');
    if (slash == NULL)
        return;
    slash[slash == directory ? 1 : 0] = '\0';
    if (stat(path, &file) == 0 && stat(directory, &around) == 0 &&
        (file.st_mode & around.st_mode & S_IRWXO) != 0)
        fprintf(stderr, "Warning: `%s' is world accessible\n", path);
}

bool tunnel_open(struct tunnel *tunnel, const char *word, enum tunnel_need need)
{
    char path[PATH_MAX];

    memset(tunnel, 0, sizeof(*tunnel));
    tunnel->netlink = -1;
    tunnel->lock = -1;
    if (!tunnel_find(path, word))
        return false;
    if (tunnel_name_is_valid(word, strlen(word)))
        memcpy(tunnel->name, word, strlen(word));
    else if (!tunnel_name_from_path(tunnel, path))
        return false;
    if (realpath(path, tunnel->path) == NULL) {
        fprintf(stderr, "vole: `%s': %s\n", path, strerror(errno));
        return false;
    }
    tunnel_warn_of_others(tunnel->path);
    tunnel->readable = file_load(&tunnel->file, tunnel->path, FILE_QUICK);
    if (!tunnel->readable && (need != TUNNEL_AS_IT_IS || tunnel->file.bytes == NULL))
        return false;
    if (need == TUNNEL_TEXT)
        return true;
    tunnel->netlink = link_open();
    if (tunnel->netlink < 0)
        return tunnel_fail(tunnel, "cannot speak to the kernel about interfaces: %s",
                           strerror(-tunnel->netlink));
    return true;
}

void tunnel_close(struct tunnel *tunnel)
{
    tunnel_lock_release(tunnel);
    file_free(&tunnel->file);
    if (tunnel->netlink >= 0)
        (void)close(tunnel->netlink);
    tunnel->netlink = -1;
}

bool tunnel_has_interface(struct tunnel *tunnel)
{
    struct link_state state;

    tunnel->index = link_find(tunnel->netlink, tunnel->name, &state) == 0 ? state.index : 0;
    return tunnel->index != 0;
}

bool tunnel_table_is_auto(const struct tunnel *tunnel)
{
    return tunnel->file.table.text == NULL || strcmp(tunnel->file.table.text, "auto") == 0;
}

/* ---- messages ---- */

bool tunnel_fail(const struct tunnel *tunnel, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "vole: %s: ", tunnel->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return false;
}

bool tunnel_fail_at(const struct tunnel *tunnel, const struct file_place *place, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%u:%u: ", tunnel->path, place->line, place->column);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return false;
}
