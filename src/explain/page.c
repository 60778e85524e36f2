/* SPDX-License-Identifier: MIT */
#include "explain/page.h"

#include "config/text_stream.h"
#include "explain/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *page_part_text(const char *name)
{
    for (const struct page_part *part = page_parts; part->name != NULL; part++)
        if (strcmp(part->name, name) == 0)
            return part->text;
    return NULL;
}

const char *page_policy(void)
{
    return page_part_text("policy");
}

/* The story as the page's script reads it: within a script element, no "<" may stand in it as such. */
static char *new_data(const json_t *story)
{
    char *compact = json_dumps(story, JSON_COMPACT | JSON_REAL_PRECISION(15));
    char *text = NULL;
    size_t length;
    FILE *stream = compact == NULL ? NULL : text_stream_open(&text, &length);

    if (stream != NULL) {
        for (const char *c = compact; *c != '\0'; c++) {
            if (*c == '<')
                fputs("\\u003c", stream);
            else
                fputc(*c, stream);
        }
        (void)!text_stream_close(stream, &text);
    }
    free(compact);
    return text;
}

/* context: the story's text. */
static const char *find_text(void *context, const char *name)
{
    return strcmp(name, "story") == 0 ? context : page_part_text(name);
}

char *page_new(const json_t *story, size_t *length)
{
    char problem[TEMPLATE_PROBLEM_BYTES] = "not enough memory";
    char *data = new_data(story), *page = NULL;
    FILE *stream = data == NULL ? NULL : text_stream_open(&page, length);
    bool success = stream != NULL && template_render(stream, "page", story, find_text, data, problem);

    if (stream != NULL && !text_stream_close(stream, &page))
        success = false;
    free(data);
    if (!success) {
        fprintf(stderr, "vole explain: %s\n", problem);
        free(page);
        return NULL;
    }
    return page;
}
