/* SPDX-License-Identifier: MIT
 *
 * Collecting and printing; that it is sorted lets every check look at the file in its own order.
 */
#include "cli/check_findings.h"

#include "config/array.h"
#include "config/key.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An empty finding; NULL: out of memory. */
static struct check_finding *add(struct check_findings *findings, struct file_place place, bool warning,
                                 const char *word)
{
    struct check_finding *items =
        array_grow(findings->items, &findings->capacity, findings->count, sizeof(*items));

    if (items == NULL) {
        findings->incomplete = true;
        return NULL;
    }
    findings->items = items;
    if (!warning)
        findings->error_count++;
    items[findings->count] = (struct check_finding){.place = place, .warning = warning, .word = word};
    return &items[findings->count++];
}

void check_findings_error(struct check_findings *findings, struct file_place place, const char *word,
                          const char *format, ...)
{
    struct check_finding *finding = add(findings, place, false, word);
    va_list arguments;

    va_start(arguments, format);
    if (finding != NULL)
        (void)vsnprintf(finding->what, sizeof(finding->what), format, arguments);
    va_end(arguments);
}

void check_findings_warn(struct check_findings *findings, struct file_place place, const char *word,
                         const char *format, ...)
{
    struct check_finding *finding = add(findings, place, true, word);
    va_list arguments;

    va_start(arguments, format);
    if (finding != NULL)
        (void)vsnprintf(finding->what, sizeof(finding->what), format, arguments);
    va_end(arguments);
}

/* ---- printing ---- */

static int compare(const void *one, const void *other)
{
    const struct check_finding *a = one;
    const struct check_finding *b = other;

    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return strcmp(a->word, b->word) != 0 ? strcmp(a->word, b->word) : strcmp(a->what, b->what);
}

static void sort(struct check_findings *findings)
{
    if (findings->count != 0)
        qsort(findings->items, findings->count, sizeof(*findings->items), compare);
}

void check_findings_print(struct check_findings *findings, const char *path)
{
    sort(findings);
    for (size_t i = 0; i < findings->count; i++) {
        const struct check_finding *finding = &findings->items[i];

        printf("%s:", path);
        if (finding->place.line != 0)
            printf("%u:%u:", finding->place.line, finding->place.column);
        printf(" %s%s [%s]\n", finding->warning ? "Warning: " : "", finding->what, finding->word);
    }
}

void check_findings_print_json(struct check_findings *findings, const char *path, struct json_output *output)
{
    sort(findings);
    for (size_t i = 0; i < findings->count; i++) {
        const struct check_finding *finding = &findings->items[i];

        json_output_object(output, NULL);
        json_output_text(output, "file", path);
        json_output_number_or_null(output, "line", finding->place.line);
        json_output_number_or_null(output, "column", finding->place.column);
        json_output_text(output, "severity", finding->warning ? "warning" : "error");
        json_output_text(output, "word", finding->word);
        json_output_text(output, "message", finding->what);
        json_output_end(output);
    }
}

void check_findings_free(struct check_findings *findings)
{
    free(findings->items);
    *findings = (struct check_findings){0};
}

void check_peer_name(char name[static CHECK_PEER_BYTES], const struct file_peer *peer)
{
    char key[KEY_SHORT_BYTES];

    key_to_short(key, peer->public_key);
    (void)snprintf(name, CHECK_PEER_BYTES, "%s", peer->name[0] != '\0' ? peer->name : key);
}
