/* SPDX-License-Identifier: MIT */
#include "explain/template.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH      16 /* sections within sections, and texts within texts */
#define PATH_BYTES 120

struct item {
    const json_t *value;
    size_t number; /* from 1 */
};

struct rendering {
    FILE *out;
    struct item items[DEPTH]; /* the document, then the elements around this place */
    unsigned depth;
    unsigned texts_deep;
    template_texts *texts;
    void *context;
    char *problem;
    const char *name, *text; /* where we are, for problems */
};

/* A {{...}}: its kind ('\0' for an insertion), its path, and where the text goes on. */
struct tag {
    char kind;
    char path[PATH_BYTES];
    const char *begin, *after;
};

static bool complain(struct rendering *rendering, const char *place, const char *what, const char *path)
{
    unsigned line = 1;

    for (const char *c = rendering->text; c < place; c++)
        line += *c == '\n';
    (void)snprintf(rendering->problem, TEMPLATE_PROBLEM_BYTES, "%s:%u: {{%s}} %s", rendering->name, line,
                   path, what);
    return false;
}

/* The next tag at or after text. False: there is none. */
static bool find_tag(const char *text, struct tag *tag)
{
    const char *begin = strstr(text, "{{");
    const char *end = begin == NULL ? NULL : strstr(begin, "}}");
    const char *path;

    if (end == NULL)
        return false;
    path = begin + 2;
    tag->kind = '\0';
    if (strchr("#^/>=", *path) != NULL)
        tag->kind = *path++;
    (void)snprintf(tag->path, sizeof tag->path, "%.*s", (int)(end - path), path);
    tag->begin = begin;
    tag->after = end + 2;
    return true;
}

/* The end of the section that tag opens. False: there is none. */
static bool find_end(const struct tag *tag, struct tag *end)
{
    unsigned open = 1;
    const char *text = tag->after;

    while (find_tag(text, end)) {
        if (strcmp(end->path, tag->path) == 0) {
            open += end->kind == '#' || end->kind == '^';
            open -= end->kind == '/';
            if (open == 0)
                return true;
        }
        text = end->after;
    }
    return false;
}

static const json_t *step(const json_t *value, const char *name)
{
    if (json_is_array(value)) {
        char *end;
        unsigned long index = strtoul(name, &end, 10);

        return *name != '\0' && *end == '\0' ? json_array_get(value, index) : NULL;
    }
    return json_object_get(value, name);
}

/* What stands at a path, or NULL. */
static const json_t *find_value(const struct rendering *rendering, const char *path)
{
    char names[PATH_BYTES], *rest = NULL, *name;
    const json_t *value = NULL;

    if (strcmp(path, ".") == 0)
        return rendering->items[rendering->depth].value;
    memcpy(names, path, sizeof names);
    name = strtok_r(names, ".", &rest);
    if (name == NULL)
        return NULL;
    for (unsigned i = rendering->depth + 1; i-- > 0 && value == NULL;)
        value = step(rendering->items[i].value, name);
    while (value != NULL && (name = strtok_r(NULL, ".", &rest)) != NULL)
        value = step(value, name);
    return value;
}

static void write_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static bool insert(struct rendering *rendering, const struct tag *tag)
{
    const json_t *value;

    if (strcmp(tag->path, "@") == 0) {
        fprintf(rendering->out, "%zu", rendering->items[rendering->depth].number);
        return true;
    }
    value = find_value(rendering, tag->path);
    if (json_is_string(value))
        write_escaped(rendering->out, json_string_value(value));
    else if (json_is_integer(value))
        fprintf(rendering->out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        fprintf(rendering->out, "%.10g", json_real_value(value));
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", rendering->out);
    else
        return complain(rendering, tag->begin, value == NULL ? "is not there" : "is no text", tag->path);
    return true;
}

static bool is_there(const json_t *value)
{
    if (value == NULL || json_is_null(value) || json_is_false(value))
        return false;
    if (json_is_array(value))
        return json_array_size(value) > 0;
    return !json_is_string(value) || json_string_length(value) > 0;
}

static bool render(struct rendering *rendering, const char *text, const char *end);

static bool render_with(struct rendering *rendering, const json_t *value, size_t number,
                        const struct tag *tag, const struct tag *end)
{
    bool success;

    if (rendering->depth + 1 == DEPTH)
        return complain(rendering, tag->begin, "is too deep", tag->path);
    rendering->items[++rendering->depth] = (struct item){value, number};
    success = render(rendering, tag->after, end->begin);
    rendering->depth--;
    return success;
}

static bool render_section(struct rendering *rendering, const struct tag *tag, const struct tag *end)
{
    const json_t *value = find_value(rendering, tag->path);

    if (tag->kind == '^')
        return is_there(value) || render(rendering, tag->after, end->begin);
    if (!is_there(value))
        return true;
    if (!json_is_array(value))
        return render_with(rendering, value, rendering->items[rendering->depth].number, tag, end);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!render_with(rendering, json_array_get(value, i), i + 1, tag, end))
            return false;
    return true;
}

static bool render_text(struct rendering *rendering, const char *name)
{
    const char *text = rendering->texts(rendering->context, name);
    const char *outer_name = rendering->name, *outer_text = rendering->text;
    bool success;

    if (text == NULL || rendering->texts_deep == DEPTH)
        return complain(rendering, rendering->text, "is no text", name);
    rendering->texts_deep++;
    rendering->name = name;
    rendering->text = text;
    success = render(rendering, text, text + strlen(text));
    rendering->texts_deep--;
    rendering->name = outer_name;
    rendering->text = outer_text;
    return success;
}

static bool render_verbatim(struct rendering *rendering, const struct tag *tag)
{
    const char *text = rendering->texts(rendering->context, tag->path);

    if (text == NULL)
        return complain(rendering, tag->begin, "is no text", tag->path);
    fputs(text, rendering->out);
    return true;
}

/* One tag; *after is where the text goes on. */
static bool render_tag(struct rendering *rendering, const struct tag *tag, const char **after)
{
    struct tag end;

    *after = tag->after;
    switch (tag->kind) {
    case '#':
    case '^':
        if (!find_end(tag, &end))
            return complain(rendering, tag->begin, "does not end", tag->path);
        *after = end.after;
        return render_section(rendering, tag, &end);
    case '/':
        return complain(rendering, tag->begin, "ends what did not begin", tag->path);
    case '>':
        return render_text(rendering, tag->path);
    case '=':
        return render_verbatim(rendering, tag);
    default:
        return insert(rendering, tag);
    }
}

static bool render(struct rendering *rendering, const char *text, const char *end)
{
    struct tag tag;

    while (find_tag(text, &tag) && tag.begin < end) {
        fwrite(text, 1, (size_t)(tag.begin - text), rendering->out);
        if (!render_tag(rendering, &tag, &text))
            return false;
    }
    fwrite(text, 1, (size_t)(end - text), rendering->out);
    return true;
}

bool template_render(FILE *out, const char *name, const json_t *document, template_texts *texts,
                     void *context, char problem[static TEMPLATE_PROBLEM_BYTES])
{
    struct rendering rendering = {.out = out,
                                  .items = {{document, 1}},
                                  .texts = texts,
                                  .context = context,
                                  .problem = problem,
                                  .name = name,
                                  .text = ""};

    problem[0] = '\0';
    return render_text(&rendering, name);
}
