/* SPDX-License-Identifier: MIT
 *
 * A comment with a name is read into the held name; who gets it is decided when the next line is known.
 */
#include "config/file_names.h"

#include "config/file_quote.h"
#include "config/file_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whose name it is ---- */

static bool stood_above(const struct file_peer *peer)
{
    return peer->name_place.line != 0 && peer->name_place.line < peer->place.line;
}

static void name_give(struct file_peer *peer, const char *name, struct file_place place)
{
    snprintf(peer->name, sizeof(peer->name), "%s", name);
    peer->name_place = place;
}

/* The name from above goes back to the peer before, if it stood there and is needed there. */
static bool name_give_back(struct file_reading *reading, struct file_peer *peer)
{
    struct file_peer *before = peer - 1;

    if (!stood_above(peer) || !reading->held_name.above_stood_in_peer || before->name[0] != '\0')
        return false;
    name_give(before, peer->name, peer->name_place);
    return true;
}

void file_names_settle(struct file_reading *reading, bool above)
{
    struct file_held_name *held = &reading->held_name;
    struct file_peer *peer;

    if (held->name[0] == '\0')
        return;
    if (reading->section == FILE_PEER) {
        peer = file_current_peer(reading);
        if (above)
            held->above_stood_in_peer = held->stood_in_peer;
        if (peer->name[0] == '\0' || name_give_back(reading, peer))
            name_give(peer, held->name, held->place);
        else if (strcmp(peer->name, held->name) != 0)
            file_warn(reading, held->place,
                      "Name `%s' is ignored: this peer is already called `%s' in line %u", held->name,
                      peer->name, peer->name_place.line);
    }
    held->name[0] = '\0';
}

/* ---- comments ---- */

/* The value, trimmed, if the comment is "word = value". */
static bool comment_match(const char *comment, size_t length, const char *word, const char **value,
                          size_t *value_length)
{
    size_t word_length = strlen(word);

    if (length < word_length || strncasecmp(comment, word, word_length) != 0)
        return false;
    *value = comment + word_length;
    *value_length = length - word_length;
    file_trim(value, value_length);
    if (*value_length == 0 || **value != '=')
        return false;
    (*value)++;
    (*value_length)--;
    file_trim(value, value_length);
    return true;
}

static void read_name(struct file_reading *reading, const char *name, size_t length)
{
    struct file_held_name *held = &reading->held_name;
    char quote[FILE_QUOTE_BYTES];

    if (!file_value_name(name, length)) {
        file_quote(quote, name, length);
        file_warn(reading, file_place_of(reading, name),
                  "Name `%s' is ignored: a name is 1 to %d of the characters A-Z a-z 0-9 . _ -", quote,
                  FILE_NAME_BYTES - 1);
        return;
    }
    memcpy(held->name, name, length);
    held->name[length] = '\0';
    held->place = file_place_of(reading, name);
    held->stood_in_peer = reading->section == FILE_PEER;
    /* Behind something else it cannot be about what comes. */
    if (reading->lines.length != 0)
        file_names_settle(reading, false);
}

static void read_candidate(struct file_reading *reading, const char *value, size_t length)
{
    struct file_place place = file_place_of(reading, value);
    size_t used = 0;
    char *text;

    if (reading->section != FILE_PEER) {
        file_warn(reading, place, "vole:Endpoint is ignored here: it belongs below [Peer]");
        return;
    }
    text = malloc(length + 1);
    if (text == NULL) {
        reading->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < length; i++)
        if (!file_is_space(value[i]))
            text[used++] = value[i];
    text[used] = '\0';
    file_add_candidate(reading, text, place);
    file_string_free(text);
}

void file_names_read_comment(struct file_reading *reading)
{
    static const char extension[] = "vole:";
    const char *comment = reading->lines.raw + reading->lines.code_length;
    size_t length = reading->lines.raw_length - reading->lines.code_length;
    char quote[FILE_QUOTE_BYTES];
    const char *value;
    size_t value_length;

    while (length != 0 && *comment == '#') {
        comment++;
        length--;
    }
    file_trim(&comment, &length);
    if (comment_match(comment, length, "Name", &value, &value_length) ||
        comment_match(comment, length, "friendly_name", &value, &value_length)) {
        read_name(reading, value, value_length);
    } else if (comment_match(comment, length, "vole:Endpoint", &value, &value_length)) {
        read_candidate(reading, value, value_length);
    } else if (length >= strlen(extension) && strncasecmp(comment, extension, strlen(extension)) == 0) {
        file_quote(quote, comment, length);
        file_warn(reading, file_place_of(reading, comment),
                  "Comment `%s' is ignored: the one that means something is `# vole:Endpoint = host:port'",
                  quote);
    }
}
