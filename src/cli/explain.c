/* SPDX-License-Identifier: MIT
 *
 * vole explain: a page that shows how a tunnel is built, its values computed by libvole when they are asked
 * for. Serves it on this machine, or writes it into a file.
 */
#include "cli/command.h"

#include "cli/explain_server.h"
#include "cli/explain_table.h"
#include "cli/explain_walk.h"
#include "cli/http_place.h"
#include "cli/program.h"
#include "config/key.h"
#include "explain/journey_capture.h"
#include "explain/page.h"
#include "explain/routing_example.h"
#include "explain/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What was asked for. */
struct explanation {
    const char *subject;        /* an interface or a file of the reader's, or NULL */
    struct routing_table table; /* its, or the built-in one */
    const char *to;             /* only the walk to this address is printed, or NULL */
    const char *from, *source;  /* the same of what a peer sends with this source */
    const char *capture;        /* where a capture of the run goes instead of the page, or NULL */
    const char *export;         /* where the page goes, "-": standard output; NULL: it is served */
    struct vole_endpoint listen;
    bool fresh, open_browser;
    bool seeded; /* fresh keys, but these: */
    uint8_t seed[CHANCE_SEED_BYTES];
};

static void print_usage(FILE *stream)
{
    fputs("Usage: vole explain [INTERFACE|FILE] [OPTIONS]\n"
          "Shows how a WireGuard tunnel is built and lives, step by step, on a page in your browser.\n"
          "Every value on it is computed by vole itself. With an INTERFACE or FILE, its own allowed IPs are\n"
          "on it, too; keys are not.\n"
          "  --open                     opens the page with the desktop's browser\n"
          "  --listen [ADDRESS:]PORT    serves it there; without it on 127.0.0.1, at any free port\n"
          "  --export FILE              writes the page into one file instead of serving it; -: to stdout\n"
          "  --fresh                    new keys instead of those that everybody sees\n"
          "  --seed SEED                the keys of that seed, as a page with fresh keys names it\n"
          "  --capture FILE             writes what went over the wire, for Wireshark, with the keys; -: to "
          "stdout\n"
          "  --to ADDRESS               prints, instead, whose that address is by the allowed IPs, and why\n"
          "  --from PEER --source ADDRESS   the same of a packet that PEER sends with that source address\n"
          "  --json                     prints the story, all values of the page, instead\n",
          stream);
}

/* False: no random bytes. */
static bool choose_seed(struct story_options *options, const struct explanation *asked, bool fresh)
{
    options->fresh = fresh;
    memcpy(options->seed, asked->seeded ? asked->seed : chance_public_seed, sizeof options->seed);
    return !fresh || asked->seeded ||
           getrandom(options->seed, sizeof options->seed, 0) == (ssize_t)sizeof options->seed;
}

/* NULL: none can be had, which was said. */
static json_t *make_story(const struct explanation *asked, bool fresh, bool served)
{
    struct story_options options = {.served = served, .own = asked->subject == NULL ? NULL : &asked->table};
    json_t *story;

    if (!choose_seed(&options, asked, fresh)) {
        fputs("vole explain: no random bytes to be had\n", stderr);
        return NULL;
    }
    story = story_new(&options);
    return story;
}

static char *make_page(const struct explanation *asked, bool fresh, bool served, size_t *length)
{
    json_t *story = make_story(asked, fresh, served);
    char *page = story == NULL ? NULL : page_new(story, length);

    json_decref(story);
    return page;
}

/* ---- what is done with it ---- */

/* A running interface may have changed meanwhile; one that is gone is shown as it was. */
static void read_table_again(struct explanation *asked)
{
    struct routing_table table;

    if (asked->subject == NULL || asked->table.kind != ROUTING_TABLE_INTERFACE)
        return;
    if (explain_table_read(&table, asked->subject)) {
        routing_table_fini(&asked->table);
        asked->table = table;
    } else {
        routing_table_fini(&table);
    }
}

static char *page_to_serve(void *context, bool fresh, size_t *length)
{
    struct explanation *asked = context;

    read_table_again(asked);
    return make_page(asked, fresh || asked->fresh, true, length);
}

static int print_story(const struct explanation *asked)
{
    json_t *story = make_story(asked, asked->fresh, false);
    int failed = story == NULL ? -1 : json_dumpf(story, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(15));

    json_decref(story);
    if (failed != 0)
        return 1;
    putchar('\n');
    return 0;
}

static int write_page(const struct explanation *asked)
{
    size_t length;
    char *page = make_page(asked, asked->fresh, false, &length);
    bool to_stdout = strcmp(asked->export, "-") == 0;
    FILE *out;
    bool success;

    if (page == NULL)
        return 1;
    out = to_stdout ? stdout : fopen(asked->export, "w");
    success = out != NULL && fwrite(page, 1, length, out) == length;
    if (out != NULL && !to_stdout && fclose(out) != 0)
        success = false;
    free(page);
    if (!success && !to_stdout)
        fprintf(stderr, "vole explain: cannot write %s: %s\n", asked->export, strerror(errno));
    return success ? 0 : 1;
}

static int write_capture(const struct explanation *asked)
{
    struct story_options options;
    int error;

    if (!choose_seed(&options, asked, asked->fresh)) {
        fputs("vole explain: no random bytes to be had\n", stderr);
        return 1;
    }
    error = journey_capture_write(options.seed, asked->capture);
    if (error != 0)
        fprintf(stderr, "vole explain: cannot write %s: %s\n", asked->capture, strerror(-error));
    return error == 0 ? 0 : 1;
}

/* ---- the command line ---- */

/* The option's value, the next word; NULL: there is none, which was said. */
static const char *take_value(char **arguments, int *at)
{
    const char *value = arguments[*at + 1];

    if (value == NULL)
        fprintf(stderr, "vole explain: %s wants a value; `vole explain --help' tells which\n",
                arguments[*at]);
    else
        ++*at;
    return value;
}

static bool read_seed(struct explanation *asked, const char *text)
{
    asked->seeded = asked->fresh = key_from_hex(asked->seed, text, strlen(text));
    if (!asked->seeded)
        fputs("vole explain: a seed is 64 hexadecimal digits\n", stderr);
    return asked->seeded;
}

static bool read_word(struct explanation *asked, char **arguments, int *at)
{
    const char *word = arguments[*at], *value;

    if (strcmp(word, "--open") == 0) {
        asked->open_browser = true;
    } else if (strcmp(word, "--fresh") == 0) {
        asked->fresh = true;
    } else if (strcmp(word, "--export") == 0) {
        asked->export = take_value(arguments, at);
        return asked->export != NULL;
    } else if (strcmp(word, "--capture") == 0) {
        asked->capture = take_value(arguments, at);
        return asked->capture != NULL;
    } else if (strcmp(word, "--to") == 0) {
        asked->to = take_value(arguments, at);
        return asked->to != NULL;
    } else if (strcmp(word, "--from") == 0) {
        asked->from = take_value(arguments, at);
        return asked->from != NULL;
    } else if (strcmp(word, "--source") == 0) {
        asked->source = take_value(arguments, at);
        return asked->source != NULL;
    } else if (strcmp(word, "--seed") == 0) {
        value = take_value(arguments, at);
        return value != NULL && read_seed(asked, value);
    } else if (strcmp(word, "--listen") == 0) {
        value = take_value(arguments, at);
        return value != NULL && http_place_read(&asked->listen, value, "vole explain");
    } else if (asked->subject == NULL) {
        asked->subject = word;
    } else {
        fprintf(stderr,
                "vole explain: `%s' is one too many: one interface or file at a time, and that is `%s'\n",
                word, asked->subject);
        return false;
    }
    return true;
}

/* Whether what was asked for goes together; if not, it was said. */
static bool is_one_question(const struct explanation *asked)
{
    if ((asked->from == NULL) == (asked->source == NULL) && (asked->to == NULL || asked->from == NULL))
        return true;
    fputs("vole explain: ask either `--to ADDRESS' or `--from PEER --source ADDRESS'\n", stderr);
    return false;
}

static int explain(struct explanation *asked)
{
    if (asked->to != NULL)
        return explain_walk_to(&asked->table, asked->to);
    if (asked->from != NULL)
        return explain_walk_from(&asked->table, asked->from, asked->source);
    if (asked->capture != NULL)
        return write_capture(asked);
    if (program_wants_json())
        return print_story(asked);
    if (asked->export != NULL)
        return write_page(asked);
    return explain_server_run(&asked->listen, asked->open_browser,
                              asked->subject == NULL || asked->table.kind != ROUTING_TABLE_INTERFACE,
                              page_to_serve, asked);
}

int command_explain(int count, char **arguments)
{
    struct explanation asked = {.listen = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}}};
    int status = 1;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    for (int i = 1; i < count; i++)
        if (!read_word(&asked, arguments, &i))
            return 1;
    if (!is_one_question(&asked))
        return 1;
    if (asked.subject == NULL)
        routing_example_fill(&asked.table);
    if (asked.subject == NULL || explain_table_read(&asked.table, asked.subject))
        status = explain(&asked);
    routing_table_fini(&asked.table);
    return status;
}
