/* SPDX-License-Identifier: MIT
 *
 * The list of names (PEER_NAMES_FILE, cli/peer_names.h), and the names in a configuration file's comments:
 * each key has one name, the first that was read, from the interface's own file before the list; a name is a
 * word that may stand anywhere; written down as a list it is the same table. What is wrong is said at a
 * place, in plain text.
 *
 * Input: the list; behind a byte of 0xff the configuration file.
 */
#include "target.h"

#include "cli/peer_names.h"
#include "config/key.h"

#include <errno.h>

static void check_name(const char *name)
{
    size_t length = strlen(name);

    target_hold(length >= 1 && length < FILE_NAME_BYTES, "a name is as long as it may be");
    for (; *name != '\0'; name++)
        target_hold((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                        (*name >= '0' && *name <= '9') || *name == '.' || *name == '_' || *name == '-',
                    "a name is a word");
}

static void check_table(const struct peer_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct peer_name *item = &names->items[i];
        char label[PEER_NAMES_LABEL_BYTES];
        size_t position = 0;
        const uint8_t *key;
        bool found = false;

        check_name(item->name);
        target_hold(i == 0 || memcmp(names->items[i - 1].public_key, item->public_key, KEY_BYTES) < 0,
                    "a key has one name");
        target_hold(peer_names_of(names, item->public_key) == item->name, "a key's name is found");
        while (i < 64 && !found && (key = peer_names_next_key(names, item->name, &position)) != NULL)
            found = key == item->public_key;
        target_hold(found || i >= 64, "a name's key is found");
        peer_names_label(label, names, item->public_key);
        target_hold(strncmp(label, item->name, strlen(item->name)) == 0, "a label begins with the name");
    }
}

static void check_same_again(const struct peer_names *names)
{
    struct peer_names again = {0};
    char key[KEY_BASE64_BYTES];
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    target_hold(out != NULL, "there is memory");
    for (size_t i = 0; i < names->count; i++) {
        key_to_base64(key, names->items[i].public_key);
        fprintf(out, "%s\t%s # %zu\n", key, names->items[i].name, i);
    }
    fclose(out);
    peer_names_add_list(&again, "again", text, length, true);
    target_hold(again.count == names->count, "a table that is written down is read again");
    for (size_t i = 0; i < names->count; i++)
        target_hold(memcmp(again.items[i].public_key, names->items[i].public_key, KEY_BYTES) == 0 &&
                        strcmp(again.items[i].name, names->items[i].name) == 0,
                    "a table that is written down is the same");
    peer_names_free(&again);
    free(text);
}

/* "list:LINE:COLUMN: Warning: ..." or, of a second name, "list:LINE: Warning: ...". */
static void check_warnings(const char *text, size_t length, size_t lines)
{
    const char *end = text + length;

    for (const char *line = text, *feed; line < end; line = feed + 1) {
        unsigned number, column;
        int after = 0;

        feed = memchr(line, '\n', (size_t)(end - line));
        target_hold(feed != NULL, "a warning is a line");
        for (const char *c = line; c < feed; c++)
            target_hold(*c >= ' ' && *c <= '~', "a warning is plain text");
        if (sscanf(line, "list:%u:%u: Warning: %n", &number, &column, &after) < 2 || after == 0)
            target_hold(sscanf(line, "list:%u: Warning: %n", &number, &after) == 1 && after > 0,
                        "a warning has a place");
        target_hold(number >= 1 && number <= lines, "the place is in the list");
    }
}

static size_t count_lines(const char *text, size_t length)
{
    size_t lines = 1;

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

/* What of a name was read first stays. */
static void check_kept(const struct peer_names *names, const struct peer_names *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const char *name = peer_names_of(names, before->items[i].public_key);

        target_hold(name != NULL && strcmp(name, before->items[i].name) == 0,
                    "the name that was first stays");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const uint8_t *mark = length > 0 ? memchr(bytes, 0xff, length) : NULL;
    size_t list_length = mark == NULL ? length : (size_t)(mark - bytes);
    size_t file_length = mark == NULL ? 0 : length - list_length - 1;
    char *list = (char *)target_copy(bytes, list_length);
    char *text = (char *)target_copy(mark == NULL ? bytes : mark + 1, file_length);
    struct peer_names names = {0}, of_file = {0};
    struct file_problems problems;
    struct file file;
    FILE *before = stderr;
    char *warnings;
    size_t warned;

    (void)!file_parse(&file, "file", text, file_length, FILE_QUICK, &problems);
    peer_names_add_file(&of_file, &file);
    peer_names_add_file(&names, &file);
    stderr = open_memstream(&warnings, &warned);
    target_hold(stderr != NULL, "there is memory");
    peer_names_add_list(&names, "list", list, list_length, true);
    fclose(stderr);
    stderr = before;
    check_warnings(warnings, warned, count_lines(list, list_length));
    check_table(&names);
    check_kept(&names, &of_file);
    check_same_again(&names);
    peer_names_free(&names);
    peer_names_free(&of_file);
    file_free(&file);
    file_problems_free(&problems);
    free(warnings);
    free(list);
    free(text);
    return 0;
}
