/* SPDX-License-Identifier: MIT
 *
 * vole show INTERFACE drops: how many packets were dropped, why, and what to do about it. First the device,
 * whose counts contain those of all its peers, then each peer that something was dropped of.
 *
 * The words come from the list in vole_drops.h. A reason that is not in it (the daemon is newer than this
 * program) is shown by its name alone.
 */
#include "cli/show_view.h"

#include "cli/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct show_drop_words drop_words[] = {
#define DROP_WORDS(name, word, blame, text, advice) {word, text, advice},
    VOLE_DROP_REASONS(DROP_WORDS)
#undef DROP_WORDS
};

const struct show_drop_words *show_drop_words_find(const char *name)
{
    for (size_t i = 0; i < sizeof(drop_words) / sizeof(drop_words[0]); i++) {
        if (strcmp(drop_words[i].name, name) == 0)
            return &drop_words[i];
    }
    return NULL;
}

/* Digits of the largest count, so that counts stand below each other. */
static int count_width(const struct uapi_vole_owner *owner)
{
    uint64_t largest = 0;
    int width = 1;

    for (size_t i = 0; i < owner->drop_count; i++)
        largest = owner->drops[i].count > largest ? owner->drops[i].count : largest;
    for (; largest >= 10; largest /= 10)
        width++;
    return width;
}

static void print_drops(const struct terminal_styles *style, const struct uapi_vole_owner *owner)
{
    int width = count_width(owner);

    for (size_t i = 0; i < owner->drop_count; i++) {
        const struct uapi_vole_drop *drop = &owner->drops[i];
        const struct show_drop_words *words = show_drop_words_find(drop->name);

        printf("  %s%*" PRIu64 "%s  ", style->bold, width, drop->count, style->reset);
        if (words == NULL)
            printf("%s\n", drop->name);
        else
            printf("%s %s(%s)%s\n  %*s  %s\n", words->text, style->cyan, drop->name, style->reset, width, "",
                   words->advice);
    }
}

void show_drops(const struct uapi_vole *reply, const char *name, const struct peer_names *names)
{
    const struct terminal_styles *style = terminal_styles_of_output();
    bool any = false;

    printf("%s%s%sinterface%s: %s%s%s\n", style->reset, style->green, style->bold, style->reset, style->green,
           name, style->reset);
    for (size_t i = 0; i < reply->owner_count; i++)
        any = any || reply->owners[i].drop_count > 0;
    if (!any)
        puts("  no packet was dropped");
    print_drops(style, &reply->owners[0]);
    for (size_t i = 1; i < reply->owner_count; i++) {
        char label[PEER_NAMES_LABEL_BYTES];

        if (reply->owners[i].drop_count == 0)
            continue;
        peer_names_label(label, names, reply->owners[i].public_key);
        printf("\n%s%speer%s: %s%s%s\n", style->yellow, style->bold, style->reset, style->yellow, label,
               style->reset);
        print_drops(style, &reply->owners[i]);
    }
}
