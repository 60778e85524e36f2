/* SPDX-License-Identifier: MIT
 *
 * The file is read by system calls, in small pieces, so that no buffer but ours ever holds the key. Reading
 * to its end is part of it: a pipe's writer may have more to say.
 */
#include "cli/key_file.h"

#include "config/file_quote.h"
#include "config/key.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a file may be for a key. */
enum verdict { KEY_READ, KEY_EMPTY, KEY_TOO_SHORT, KEY_TRAILING, KEY_MALFORMED, KEY_UNREADABLE };

static const char *const complaints[] = {
    [KEY_EMPTY] = "the program at the other end of this pipe wrote no key",
    [KEY_TOO_SHORT] = "too short for a key: 44 characters of base64 are expected",
    [KEY_TRAILING] = "something follows the key: 44 characters of base64 and nothing else are expected",
    [KEY_MALFORMED] = "this is no key: 44 characters of base64 are expected",
};

/* The number of bytes read, fewer than length at the end of the file only; or -1 and errno. */
static ssize_t read_fully(int descriptor, char *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t count = read(descriptor, bytes + done, length - done);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

/* What follows the key. */
static enum verdict read_rest(int descriptor)
{
    enum verdict verdict = KEY_READ;
    char bytes[64];
    ssize_t length;

    do {
        length = read_fully(descriptor, bytes, sizeof(bytes));
        for (ssize_t i = 0; i < length; i++) {
            if (!isspace((unsigned char)bytes[i]))
                verdict = KEY_TRAILING;
        }
    } while (verdict == KEY_READ && length == (ssize_t)sizeof(bytes));
    key_wipe(bytes, sizeof(bytes));
    return length < 0 ? KEY_UNREADABLE : verdict;
}

static enum verdict read_key(uint8_t key[static KEY_BYTES], int descriptor)
{
    char text[KEY_BASE64_LENGTH];
    enum verdict verdict = KEY_READ;
    ssize_t length = read_fully(descriptor, text, sizeof(text));

    if (length < 0)
        verdict = KEY_UNREADABLE;
    else if (length == 0)
        verdict = lseek(descriptor, 0, SEEK_CUR) == 0 ? KEY_READ : KEY_EMPTY;
    else if (length < (ssize_t)sizeof(text))
        verdict = KEY_TOO_SHORT;
    else
        verdict = read_rest(descriptor);
    if (verdict == KEY_READ && length > 0 && !key_from_base64(key, text, sizeof(text)))
        verdict = KEY_MALFORMED;
    key_wipe(text, sizeof(text));
    return verdict;
}

/* A key where the name of a file belongs is not shown. */
static void complain(char problem[static FILE_PROBLEM_BYTES], const char *path, const char *what)
{
    uint8_t key[KEY_BYTES];
    char quote[FILE_QUOTE_BYTES];

    file_quote(quote, path, strlen(path));
    if (key_from_base64(key, path, strlen(path)))
        (void)snprintf(problem, FILE_PROBLEM_BYTES,
                       "a key is not written here, where others could see it: name a file that holds it");
    else
        (void)snprintf(problem, FILE_PROBLEM_BYTES, "%s: %s", quote, what);
    key_wipe(key, sizeof(key));
}

bool key_file_try(uint8_t key[static VOLE_KEY_BYTES], const char *path,
                  char problem[static FILE_PROBLEM_BYTES])
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum verdict verdict = KEY_UNREADABLE;
    int error = errno;

    memset(key, 0, VOLE_KEY_BYTES);
    if (descriptor >= 0) {
        verdict = read_key(key, descriptor);
        error = errno;
        (void)close(descriptor);
    }
    if (verdict != KEY_READ)
        complain(problem, path, verdict == KEY_UNREADABLE ? strerror(error) : complaints[verdict]);
    return verdict == KEY_READ;
}

bool key_file_read(uint8_t key[static VOLE_KEY_BYTES], const char *path, const char *prefix)
{
    char problem[FILE_PROBLEM_BYTES];

    if (key_file_try(key, path, problem))
        return true;
    fprintf(stderr, "%s%s\n", prefix, problem);
    return false;
}

/* ---- where key files are ---- */

static const char credential[] = "credential:";

bool key_file_is_credential(const char *value)
{
    return strncmp(value, credential, strlen(credential)) == 0;
}

static bool locate_credential(char path[static PATH_MAX], const char *name,
                              char problem[static FILE_PROBLEM_BYTES])
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char quote[FILE_QUOTE_BYTES];

    file_quote(quote, name, strlen(name));
    if (name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        (void)snprintf(problem, FILE_PROBLEM_BYTES,
                       "`%s' is no name of a credential: write credential:NAME, where the unit says "
                       "LoadCredential=NAME:FILE",
                       quote);
    else if (directory == NULL || directory[0] != '/')
        (void)snprintf(problem, FILE_PROBLEM_BYTES,
                       "systemd handed over no credentials (CREDENTIALS_DIRECTORY is not set): start this as "
                       "a service whose unit says LoadCredential=%s:FILE",
                       quote);
    else if ((size_t)snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
        (void)snprintf(problem, FILE_PROBLEM_BYTES, "%s", strerror(ENAMETOOLONG));
    else
        return true;
    return false;
}

bool key_file_locate(char path[static PATH_MAX], const char *value, const char *file_path,
                     char problem[static FILE_PROBLEM_BYTES])
{
    const char *slash = strrchr(file_path, '/');
    int directory_length = slash != NULL && value[0] != '/' ? (int)(slash - file_path) + 1 : 0;

    if (key_file_is_credential(value))
        return locate_credential(path, value + strlen(credential), problem);
    if ((size_t)snprintf(path, PATH_MAX, "%.*s%s", directory_length, file_path, value) < PATH_MAX)
        return true;
    (void)snprintf(problem, FILE_PROBLEM_BYTES, "%s", strerror(ENAMETOOLONG));
    return false;
}
