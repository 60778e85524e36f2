/* SPDX-License-Identifier: MIT
 *
 * First each line is given its fate (kept, dropped, or with another value), and each section what is added to
 * it; then all is written in one go.
 *
 * Lists (Address, AllowedIPs) lose what is gone line by line, so that lines all of which still holds stay as
 * they are; what is new comes behind the section's last entry.
 */
#include "config/file_edit.h"

#include "config/array.h"
#include "config/file_edit_index.h"
#include "config/file_edit_text.h"
#include "config/file_layout.h"
#include "config/key.h"
#include "crypto/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDIT_VALUE_BYTES 96 /* longer than any single value that is written */

struct edit_line {
    bool drop;
    bool replace;
    struct file_edit_text value; /* what replaces it */
};

struct edit {
    const struct file *file;
    const struct file_edit_running *running;
    struct file_layout layout;
    struct file_edit_index index;
    struct edit_line *lines;          /* as many as the layout's */
    struct file_edit_text *additions; /* for each section */
    bool *dropped;                    /* for each section */
    int error;                        /* the first; nothing counts then */
};

/* Keeps the first error. */
static void edit_try(struct edit *edit, int error)
{
    if (edit->error == 0)
        edit->error = error;
}

/* ---- single values ---- */

/* Where this section's peer is told of, or the interface, which may have several sections. */
static struct file_edit_lines edit_lines_of(const struct edit *edit, size_t section)
{
    if (edit->layout.sections[section].kind == FILE_SECTION_PEER)
        return edit->index.sections[section];
    return (struct file_edit_lines){.behind = edit->layout.line_count};
}

/* The line, which is one of these, gives this key. */
static bool edit_gives(const struct edit *edit, size_t line, size_t section, enum file_key key)
{
    const struct file_section *sections = edit->layout.sections;
    size_t of = edit->layout.lines[line].section;

    return edit->layout.lines[line].key == key &&
           (of == section || (sections[of].kind == FILE_SECTION_INTERFACE &&
                              sections[section].kind == FILE_SECTION_INTERFACE));
}

static void edit_drop(struct edit *edit, size_t section, enum file_key key)
{
    struct file_edit_lines lines = edit_lines_of(edit, section);

    for (size_t i = lines.first; i < lines.behind; i++) {
        if (edit_gives(edit, i, section, key))
            edit->lines[i].drop = true;
    }
}

/* Gives the section's lines of this key another value, or adds one. */
static void edit_set(struct edit *edit, size_t section, enum file_key key, const char *name,
                     const char *value)
{
    struct file_edit_lines lines = edit_lines_of(edit, section);
    bool found = false;

    for (size_t i = lines.first; i < lines.behind; i++) {
        if (!edit_gives(edit, i, section, key))
            continue;
        file_edit_free(&edit->lines[i].value);
        edit_try(edit, file_edit_put_text(&edit->lines[i].value, value));
        edit->lines[i].replace = true;
        found = true;
    }
    if (!found)
        edit_try(edit, file_edit_put_entry(&edit->additions[section], name, value));
}

static void edit_set_key(struct edit *edit, size_t section, enum file_key key, const char *name,
                         const uint8_t value[static KEY_BYTES])
{
    char base64[KEY_BASE64_BYTES];

    key_to_base64(base64, value);
    edit_set(edit, section, key, name, base64);
    key_wipe(base64, sizeof(base64));
}

static void edit_set_number(struct edit *edit, size_t section, enum file_key key, const char *name,
                            const char *format, uint32_t value)
{
    char text[EDIT_VALUE_BYTES];

    (void)snprintf(text, sizeof(text), format, value);
    edit_set(edit, section, key, name, text);
}

/* ---- lists ---- */

/* One entry of a list in the file. */
struct edit_entry {
    unsigned line; /* from 1 */
    struct vole_prefix prefix;
    bool holds;
};

/* One list: what the file has, by line, and what runs. */
struct edit_list {
    struct edit_entry *entries;
    size_t count;
    const struct vole_prefix *wanted;
    size_t wanted_count;
    struct vole_prefix *sorted_entries;
    struct vole_prefix *sorted_wanted;
};

/* Leaves in this line what holds. Its entries begin at next; returns where those of the next line do. */
static size_t edit_list_line(struct edit *edit, size_t index, const struct edit_list *list, size_t next)
{
    struct edit_line *line = &edit->lines[index];
    size_t held = 0;
    size_t behind;
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    while (next < list->count && list->entries[next].line < index + 1)
        next++;
    for (behind = next; behind < list->count && list->entries[behind].line == index + 1; behind++)
        held += list->entries[behind].holds;
    line->drop = behind > next && held == 0;
    line->replace = held > 0 && held < behind - next;
    for (; line->replace && next < behind; next++) {
        if (!list->entries[next].holds)
            continue;
        if (line->value.length > 0)
            edit_try(edit, file_edit_put_text(&line->value, ", "));
        address_write_prefix(text, &list->entries[next].prefix);
        edit_try(edit, file_edit_put_text(&line->value, text));
    }
    return behind;
}

/* Adds what no entry has: all in one line, or each in its own. */
static void edit_list_add(struct edit *edit, size_t section, const char *name, bool together,
                          const struct edit_list *list)
{
    struct file_edit_text *text = &edit->additions[section];
    char prefix[ADDRESS_PREFIX_TEXT_BYTES];
    size_t added = 0;

    for (size_t i = 0; i < list->wanted_count; i++) {
        if (file_edit_index_has(list->sorted_entries, list->count, &list->wanted[i]))
            continue;
        address_write_prefix(prefix, &list->wanted[i]);
        if (together && added > 0) {
            text->length--; /* its LF */
            edit_try(edit, file_edit_put_text(text, ", "));
            edit_try(edit, file_edit_put_text(text, prefix));
            edit_try(edit, file_edit_put_text(text, "\n"));
        } else {
            edit_try(edit, file_edit_put_entry(text, name, prefix));
        }
        added++;
    }
}

/* The two sorted arrays, to be freed whatever the result. */
static bool edit_list_sort(struct edit_list *list)
{
    list->sorted_entries = calloc(list->count + 1, sizeof(*list->sorted_entries));
    list->sorted_wanted = calloc(list->wanted_count + 1, sizeof(*list->sorted_wanted));
    if (list->sorted_entries == NULL || list->sorted_wanted == NULL)
        return false;
    for (size_t i = 0; i < list->count; i++)
        list->sorted_entries[i] = list->entries[i].prefix;
    for (size_t i = 0; i < list->wanted_count; i++)
        list->sorted_wanted[i] = list->wanted[i];
    file_edit_index_sort(list->sorted_entries, list->count);
    file_edit_index_sort(list->sorted_wanted, list->wanted_count);
    return true;
}

static void edit_list(struct edit *edit, size_t section, enum file_key key, struct edit_list *list)
{
    struct file_edit_lines lines = edit_lines_of(edit, section);
    bool addresses = key == FILE_KEY_ADDRESS;
    size_t next = 0;

    if (!edit_list_sort(list)) {
        edit_try(edit, -ENOMEM);
    } else {
        for (size_t i = 0; i < list->count; i++)
            list->entries[i].holds =
                list->entries[i].holds &&
                file_edit_index_has(list->sorted_wanted, list->wanted_count, &list->entries[i].prefix);
        for (size_t i = lines.first; i < lines.behind; i++) {
            if (edit_gives(edit, i, section, key))
                next = edit_list_line(edit, i, list, next);
        }
        edit_list_add(edit, section, addresses ? "Address" : "AllowedIPs", !addresses, list);
    }
    free(list->sorted_entries);
    free(list->sorted_wanted);
}

/* ---- the interface ---- */

static void edit_addresses(struct edit *edit, size_t section)
{
    const struct file *file = edit->file;
    struct edit_list list = {.entries = calloc(file->address_count + 1, sizeof(*list.entries)),
                             .count = file->address_count,
                             .wanted = edit->running->addresses,
                             .wanted_count = edit->running->address_count};

    if (list.entries == NULL) {
        edit_try(edit, -ENOMEM);
        return;
    }
    for (size_t i = 0; i < file->address_count; i++)
        list.entries[i] = (struct edit_entry){file->addresses[i].place.line, file->addresses[i].prefix, true};
    edit_list(edit, section, FILE_KEY_ADDRESS, &list);
    free(list.entries);
}

static void edit_private_key(struct edit *edit, size_t section)
{
    const struct file *file = edit->file;
    const struct model_device *device = edit->running->device;
    bool had = file->has_private_key && !key_is_zero(file->private_key);

    if (had == device->has_private_key &&
        (!had || memory_equal(file->private_key, device->private_key, KEY_BYTES)))
        return;
    edit_drop(edit, section, FILE_KEY_PRIVATE_KEY_FILE);
    if (device->has_private_key)
        edit_set_key(edit, section, FILE_KEY_PRIVATE_KEY, "PrivateKey", device->private_key);
    else
        edit_drop(edit, section, FILE_KEY_PRIVATE_KEY);
}

static void edit_interface(struct edit *edit, size_t section)
{
    const struct file *file = edit->file;
    const struct model_device *device = edit->running->device;

    edit_addresses(edit, section);
    edit_private_key(edit, section);
    if (device->listen_port != 0 && (!file->has_listen_port || file->listen_port != device->listen_port))
        edit_set_number(edit, section, FILE_KEY_LISTEN_PORT, "ListenPort", "%" PRIu32, device->listen_port);
    if (file->fwmark != device->fwmark) {
        if (device->fwmark != 0)
            edit_set_number(edit, section, FILE_KEY_FWMARK, "FwMark", "0x%" PRIx32, device->fwmark);
        else
            edit_drop(edit, section, FILE_KEY_FWMARK);
    }
    if (file->mtu != 0 && edit->running->mtu != 0 && file->mtu != edit->running->mtu)
        edit_set_number(edit, section, FILE_KEY_MTU, "MTU", "%" PRIu32, edit->running->mtu);
}

/* ---- peers ---- */

static void edit_allowed_ips(struct edit *edit, size_t section, const struct file_peer *from,
                             const struct model_peer *peer)
{
    struct edit_list list = {.entries = calloc(from->allowed_ip_count + 1, sizeof(*list.entries)),
                             .count = from->allowed_ip_count,
                             .wanted = peer->allowed_ips,
                             .wanted_count = peer->allowed_ip_count};

    if (list.entries == NULL) {
        edit_try(edit, -ENOMEM);
        return;
    }
    for (size_t i = 0; i < from->allowed_ip_count; i++) {
        const struct file_allowed_ip *one = &from->allowed_ips[i];

        list.entries[i] = (struct edit_entry){one->place.line, one->prefix, !one->remove};
        (void)address_clear_host_bits(&list.entries[i].prefix);
    }
    edit_list(edit, section, FILE_KEY_ALLOWED_IPS, &list);
    free(list.entries);
}

static void edit_preshared_key(struct edit *edit, size_t section, const struct file_peer *from,
                               const struct model_peer *peer)
{
    if (memory_equal(from->preshared_key, peer->preshared_key, KEY_BYTES))
        return;
    edit_drop(edit, section, FILE_KEY_PRESHARED_KEY_FILE);
    if (key_is_zero(peer->preshared_key))
        edit_drop(edit, section, FILE_KEY_PRESHARED_KEY);
    else
        edit_set_key(edit, section, FILE_KEY_PRESHARED_KEY, "PresharedKey", peer->preshared_key);
}

/* The name of a host that is not the endpoint any more stays as a further place to try. */
static void edit_keep_name(struct edit *edit, size_t section, const struct file_peer *from)
{
    const struct file_endpoint *name = &from->endpoints[0];
    struct vole_address address;
    const char *parts[] = {"# vole:Endpoint = ", name->host, ":", name->port, "\n"};

    if (address_read(&address, name->host, strcspn(name->host, "%")) == 0)
        return;
    for (size_t i = 1; i < from->endpoint_count; i++) {
        if (strcmp(from->endpoints[i].host, name->host) == 0 &&
            strcmp(from->endpoints[i].port, name->port) == 0)
            return;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        edit_try(edit, file_edit_put_text(&edit->additions[section], parts[i]));
}

static void edit_endpoint(struct edit *edit, size_t section, const struct file_peer *from,
                          const struct model_peer *peer)
{
    const struct file_edit_running *running = edit->running;
    char text[ADDRESS_ENDPOINT_TEXT_BYTES];

    if (peer->endpoint.address.family == 0 ||
        (from->has_endpoint &&
         running->endpoint_holds(running->context, &from->endpoints[0], &peer->endpoint)))
        return;
    address_write_endpoint(text, &peer->endpoint);
    edit_set(edit, section, FILE_KEY_ENDPOINT, "Endpoint", text);
    if (from->has_endpoint)
        edit_keep_name(edit, section, from);
}

static void edit_peer(struct edit *edit, size_t section)
{
    const struct file_peer *from = &edit->file->peers[edit->layout.sections[section].peer];
    const struct model_peer *peer = file_edit_index_running(&edit->index, from->public_key);

    if (peer == NULL || file_edit_index_written(&edit->index, from->public_key) != from) {
        edit->dropped[section] = true;
        return;
    }
    edit_preshared_key(edit, section, from, peer);
    edit_allowed_ips(edit, section, from, peer);
    edit_endpoint(edit, section, from, peer);
    if (from->persistent_keepalive_s == peer->persistent_keepalive_s)
        return;
    if (peer->persistent_keepalive_s == 0)
        edit_drop(edit, section, FILE_KEY_PERSISTENT_KEEPALIVE);
    else
        edit_set_number(edit, section, FILE_KEY_PERSISTENT_KEEPALIVE, "PersistentKeepalive", "%" PRIu32,
                        peer->persistent_keepalive_s);
}

/* ---- writing ---- */

static void write_new_peer(struct edit *edit, struct file_edit_text *text, const struct model_peer *peer)
{
    char value[ADDRESS_ENDPOINT_TEXT_BYTES + ADDRESS_PREFIX_TEXT_BYTES];

    edit_try(edit, file_edit_end_line(text));
    edit_try(edit, file_edit_put_text(text, "\n[Peer]\n"));
    edit_try(edit, file_edit_put_key(text, "PublicKey", peer->public_key));
    if (!key_is_zero(peer->preshared_key))
        edit_try(edit, file_edit_put_key(text, "PresharedKey", peer->preshared_key));
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        address_write_prefix(value, &peer->allowed_ips[i]);
        edit_try(edit, file_edit_put_text(text, i == 0 ? "AllowedIPs = " : ", "));
        edit_try(edit, file_edit_put_text(text, value));
    }
    if (peer->allowed_ip_count > 0)
        edit_try(edit, file_edit_put_text(text, "\n"));
    if (peer->endpoint.address.family != 0) {
        address_write_endpoint(value, &peer->endpoint);
        edit_try(edit, file_edit_put_entry(text, "Endpoint", value));
    }
    if (peer->persistent_keepalive_s != 0) {
        (void)snprintf(value, sizeof(value), "%u", peer->persistent_keepalive_s);
        edit_try(edit, file_edit_put_entry(text, "PersistentKeepalive", value));
    }
}

static void write_line(struct edit *edit, struct file_edit_text *text, size_t index)
{
    const struct file_line *line = &edit->layout.lines[index];
    const struct edit_line *fate = &edit->lines[index];

    if (!fate->drop && fate->replace) {
        edit_try(edit, file_edit_put(text, line->text, line->value_start));
        edit_try(edit, file_edit_put(text, fate->value.bytes, fate->value.length));
        edit_try(edit, file_edit_put(text, line->text + line->value_end, line->length - line->value_end));
    } else if (!fate->drop) {
        edit_try(edit, file_edit_put(text, line->text, line->length));
    }
    if (!fate->drop && line->text + line->length < edit->file->bytes + edit->file->length)
        edit_try(edit, file_edit_put(text, "\n", 1));
}

static void write_lines(struct edit *edit, struct file_edit_text *text)
{
    for (size_t i = 0; i < edit->layout.line_count; i++) {
        size_t section = edit->layout.lines[i].section;
        const struct file_edit_text *addition = &edit->additions[section];

        if (edit->dropped[section])
            continue;
        write_line(edit, text, i);
        if (section > 0 && i == edit->layout.sections[section].last_line && addition->length > 0) {
            edit_try(edit, file_edit_end_line(text));
            edit_try(edit, file_edit_put(text, addition->bytes, addition->length));
        }
    }
}

static void write_all(struct edit *edit, struct file_edit_text *text)
{
    const struct model_device *device = edit->running->device;

    if (edit->additions[0].length > 0) { /* a file without [Interface] */
        edit_try(edit, file_edit_put_text(text, "[Interface]\n"));
        edit_try(edit, file_edit_put(text, edit->additions[0].bytes, edit->additions[0].length));
        edit_try(edit, file_edit_put_text(text, "\n"));
    }
    write_lines(edit, text);
    for (size_t i = 0; i < device->peer_count; i++) {
        if (file_edit_index_written(&edit->index, device->peers[i].public_key) == NULL)
            write_new_peer(edit, text, &device->peers[i]);
    }
}

/* ---- all of it ---- */

/* What is new of the interface goes to its first section. */
static size_t interface_section(const struct file_layout *layout)
{
    for (size_t i = 1; i < layout->section_count; i++) {
        if (layout->sections[i].kind == FILE_SECTION_INTERFACE)
            return i;
    }
    return 0;
}

static void edit_free(struct edit *edit)
{
    for (size_t i = 0; edit->lines != NULL && i < edit->layout.line_count; i++)
        file_edit_free(&edit->lines[i].value);
    for (size_t i = 0; edit->additions != NULL && i < edit->layout.section_count; i++)
        file_edit_free(&edit->additions[i]);
    free(edit->lines);
    free(edit->additions);
    free(edit->dropped);
    file_edit_index_fini(&edit->index);
    file_layout_free(&edit->layout);
}

int file_edit_save(struct file_edit_text *text, const struct file *file,
                   const struct file_edit_running *running)
{
    struct edit edit = {.file = file, .running = running};

    edit.error = file_layout_read(&edit.layout, file->bytes, file->length);
    if (edit.error == 0)
        edit.error = file_edit_index_init(&edit.index, file, running->device, &edit.layout);
    edit.lines = calloc(edit.layout.line_count + 1, sizeof(*edit.lines));
    edit.additions = calloc(edit.layout.section_count + 1, sizeof(*edit.additions));
    edit.dropped = calloc(edit.layout.section_count + 1, sizeof(*edit.dropped));
    if (edit.lines == NULL || edit.additions == NULL || edit.dropped == NULL)
        edit_try(&edit, -ENOMEM);
    if (edit.error == 0) {
        edit_interface(&edit, interface_section(&edit.layout));
        for (size_t i = 1; i < edit.layout.section_count; i++) {
            if (edit.layout.sections[i].kind == FILE_SECTION_PEER &&
                edit.layout.sections[i].peer < file->peer_count)
                edit_peer(&edit, i);
        }
        write_all(&edit, text);
    }
    edit_free(&edit);
    return edit.error;
}
