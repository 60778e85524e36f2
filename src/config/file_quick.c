/* SPDX-License-Identifier: MIT
 *
 * The keys of [Interface] that wg-quick knows. It takes values as they are written, with the white space
 * inside; empty ones do nothing. What the tools that it starts would refuse later is refused here, before
 * anything was done.
 */
#include "config/array.h"
#include "config/file_quote.h"
#include "config/file_reading.h"
#include "config/number.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_MTU INT32_MAX

/* The next word of a list with commas, white space or both in between; false: there is none. */
static bool next_word(const char **rest, size_t *rest_length, const char **word, size_t *length)
{
    while (*rest_length != 0 && (**rest == ',' || file_is_space(**rest))) {
        (*rest)++;
        (*rest_length)--;
    }
    *word = *rest;
    *length = 0;
    while (*length < *rest_length && (*word)[*length] != ',' && !file_is_space((*word)[*length]))
        (*length)++;
    *rest += *length;
    *rest_length -= *length;
    return *length != 0;
}

static bool is_empty(struct file_reading *reading, const struct file_entry *entry)
{
    if (entry->written_length != 0)
        return false;
    file_warn(reading, entry->place, "%s has no value, so this line does nothing: leave it out", entry->key);
    return true;
}

/* "ip[/length]", the length of a single address if there is none. */
static bool interface_address_read(struct vole_prefix *prefix, const char *text, size_t length)
{
    const char *slash = memchr(text, '/', length);
    size_t address_length = slash != NULL ? (size_t)(slash - text) : length;
    uint64_t bits;

    memset(prefix, 0, sizeof(*prefix));
    if (address_read(&prefix->address, text, address_length) != 0)
        return false;
    bits = prefix->address.family == 4 ? 32 : 128;
    if (slash != NULL && !number_read(&bits, slash + 1, length - address_length - 1, bits))
        return false;
    prefix->length = (uint8_t)bits;
    return true;
}

static void address_add(struct file_reading *reading, const char *text, size_t length)
{
    struct file *file = reading->file;
    struct file_place place = file_place_of(reading, text);
    struct file_address *items;
    struct vole_prefix prefix;
    char quote[FILE_QUOTE_BYTES];

    if (!interface_address_read(&prefix, text, length)) {
        file_quote(quote, text, length);
        file_refuse(reading, place,
                    "Unable to parse IP address: `%s': write Address as `10.0.0.1/24' or `fd00::1/64'",
                    quote);
        return;
    }
    items = array_grow(file->addresses, &file->address_capacity, file->address_count, sizeof(*items));
    if (items == NULL) {
        reading->out_of_memory = true;
        return;
    }
    file->addresses = items;
    items[file->address_count++] = (struct file_address){.prefix = prefix, .place = place};
}

void file_read_address(struct file_reading *reading, const struct file_entry *entry)
{
    const char *rest = entry->written;
    size_t rest_length = entry->written_length;
    const char *word;
    size_t length;

    if (is_empty(reading, entry))
        return;
    while (next_word(&rest, &rest_length, &word, &length) && !reading->out_of_memory)
        address_add(reading, word, length);
}

/* Digits and dots only, or a colon somewhere. */
static bool is_dns_server(const char *text, size_t length)
{
    if (memchr(text, ':', length) != NULL)
        return true;
    for (size_t i = 0; i < length; i++)
        if (text[i] != '.' && (text[i] < '0' || text[i] > '9'))
            return false;
    return true;
}

static void dns_add(struct file_reading *reading, const char *text, size_t length)
{
    struct file_place place = file_place_of(reading, text);
    const char *percent = memchr(text, '%', length);
    struct vole_address address;
    char quote[FILE_QUOTE_BYTES];

    if (!is_dns_server(text, length)) {
        file_add_text(reading, &reading->file->dns_domains, text, length, place);
        return;
    }
    if (address_read(&address, text, percent != NULL ? (size_t)(percent - text) : length) != 0) {
        file_quote(quote, text, length);
        file_warn(reading, place, "DNS server `%s' is not an address: write `192.0.2.53' or `2001:db8::53'",
                  quote);
    }
    file_add_text(reading, &reading->file->dns_servers, text, length, place);
}

void file_read_dns(struct file_reading *reading, const struct file_entry *entry)
{
    const char *rest = entry->written;
    size_t rest_length = entry->written_length;
    const char *word;
    size_t length;

    if (is_empty(reading, entry))
        return;
    while (next_word(&rest, &rest_length, &word, &length) && !reading->out_of_memory)
        dns_add(reading, word, length);
}

void file_read_mtu(struct file_reading *reading, const struct file_entry *entry)
{
    char quote[FILE_QUOTE_BYTES];
    uint64_t number;

    if (is_empty(reading, entry))
        return;
    if (!number_read(&number, entry->written, entry->written_length, LONGEST_MTU) || number == 0) {
        file_quote(quote, entry->written, entry->written_length);
        file_refuse(reading, entry->place, "MTU is not a number of bytes: `%s': write a number such as 1420",
                    quote);
        return;
    }
    file_take_last(reading, entry, &reading->file->mtu_place);
    reading->file->mtu = (uint32_t)number;
}

void file_read_table(struct file_reading *reading, const struct file_entry *entry)
{
    static const char *const words[] = {"off", "auto"};

    if (is_empty(reading, entry))
        return;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(entry->value, words[i]) == 0 && strcmp(entry->value, words[i]) != 0)
            file_warn(reading, entry->place, "Table `%s' is the name of a table: did you mean `%s'?",
                      entry->value, words[i]);
    file_take_last(reading, entry, &reading->file->table_place);
    file_keep_text(reading, &reading->file->table, entry->written, entry->written_length, entry->place);
}

static bool is_word(const struct file_entry *entry, const char *word)
{
    return entry->written_length == strlen(word) && strncasecmp(entry->written, word, strlen(word)) == 0;
}

void file_read_save_config(struct file_reading *reading, const struct file_entry *entry)
{
    char quote[FILE_QUOTE_BYTES];

    reading->file->save_config = is_word(entry, "true");
    if (reading->file->save_config || is_word(entry, "false"))
        return;
    file_quote(quote, entry->written, entry->written_length);
    file_refuse(reading, entry->place, "`%s' is neither true nor false: write SaveConfig as one of these",
                quote);
}

void file_read_hook(struct file_reading *reading, const struct file_entry *entry)
{
    static const char *const keys[FILE_HOOK_COUNT] = {[FILE_PRE_UP] = "PreUp",
                                                      [FILE_POST_UP] = "PostUp",
                                                      [FILE_PRE_DOWN] = "PreDown",
                                                      [FILE_POST_DOWN] = "PostDown"};

    if (is_empty(reading, entry))
        return;
    for (size_t i = 0; i < FILE_HOOK_COUNT; i++)
        if (strcmp(entry->key, keys[i]) == 0)
            file_add_text(reading, &reading->file->hooks[i], entry->written, entry->written_length,
                          entry->place);
}
