/* SPDX-License-Identifier: MIT
 *
 * vole clock [show | reset] [INTERFACE | KEY]: up to when voled has stamped handshakes, beside what this
 * machine's clock says; and forgetting it, for who knows that it was the clock that was wrong.
 *
 * An interface that runs is asked for its key, and is reset through its socket, because its daemon knows what
 * it sent; all else is looked up in the state directory, where each file names the interface that wrote it.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/clock_states.h"
#include "cli/device.h"
#include "cli/json_output.h"
#include "cli/program.h"
#include "cli/terminal.h"
#include "config/clock_state.h"
#include "config/device_socket.h"
#include "config/key.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What an interface answered, so that one that does not answer is waited for only once. */
struct clock_answer {
    char interface[DEVICE_NAME_BYTES]; /* "": none was asked */
    uint8_t public_key[KEY_BYTES];
    int error;
};

struct clock_request {
    const char *directory;
    bool reset;
    const char *word; /* the interface or key, NULL: all */
    bool has_key;     /* known, from word or from the interface, which runs */
    uint8_t public_key[KEY_BYTES];
    struct clock_answer answer;
    struct json_output *json; /* its one list is open; NULL: text */
};

static void print_usage(FILE *stream)
{
    fprintf(stream,
            "Usage: %s clock [--json] [--state-directory DIR] [show] [INTERFACE | PUBLIC-KEY]\n"
            "       %s clock [--json] [--state-directory DIR] reset INTERFACE | PUBLIC-KEY\n"
            "Up to when handshakes have timestamps, so that none is older than the last, whatever this "
            "machine's\n"
            "clock says. reset forgets it: if the clock was in the future once, and is right now.\n",
            program_name(), program_name());
}

/* ---- which ---- */

/* 0: an interface runs that is a daemon's, and this is its key; -ENOKEY: it has none. */
static int find_running(struct clock_answer *answer, const char *name, uint8_t public_key[static KEY_BYTES])
{
    struct model_device device;

    if (name[0] == '\0' || strlen(name) >= DEVICE_NAME_BYTES)
        return -ENODEV;
    if (strcmp(answer->interface, name) != 0) {
        model_init(&device);
        answer->error = device_socket_get(name, &device);
        if (answer->error == 0 && !device.has_private_key)
            answer->error = -ENOKEY;
        memcpy(answer->public_key, device.public_key, KEY_BYTES);
        (void)snprintf(answer->interface, DEVICE_NAME_BYTES, "%s", name);
        model_free(&device);
    }
    memcpy(public_key, answer->public_key, KEY_BYTES);
    return answer->error;
}

static void find_key(struct clock_request *request)
{
    if (request->word == NULL)
        return;
    request->has_key = key_from_base64(request->public_key, request->word, strlen(request->word)) ||
                       find_running(&request->answer, request->word, request->public_key) == 0;
}

static bool is_meant(const struct clock_request *request, const struct clock_state *state)
{
    if (request->word == NULL)
        return true;
    if (request->has_key && memcmp(state->public_key, request->public_key, KEY_BYTES) == 0)
        return true;
    return strcmp(state->interface, request->word) == 0;
}

static int say_nothing(const struct clock_request *request)
{
    fprintf(stderr, "%s clock: nothing is remembered of %s in %s\n", program_name(), request->word,
            request->directory);
    return 1;
}

/* ---- show ---- */

static void print_date(uint64_t seconds)
{
    time_t time = (time_t)seconds;
    char text[40];
    struct tm parts;

    if (gmtime_r(&time, &parts) != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0)
        fputs(text, stdout);
}

/* The two largest units are enough. */
static void print_span(uint64_t seconds)
{
    static const struct {
        const char *word;
        uint64_t seconds;
    } units[] = {{"year", 31536000}, {"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
    size_t unit = 0;

    while (unit < 4 && seconds < units[unit].seconds)
        unit++;
    for (size_t i = unit; i < 5 && i < unit + 2; i++) {
        uint64_t count = seconds / units[i].seconds;

        seconds %= units[i].seconds;
        if (count > 0 || i == 4)
            printf("%s%" PRIu64 " %s%s", i > unit ? ", " : "", count, units[i].word, count == 1 ? "" : "s");
    }
}

static void print_comparison(const struct terminal_styles *style, const struct clock_state *state,
                             uint64_t now)
{
    const char *name = state->interface[0] != '\0' ? state->interface : "PUBLIC-KEY";

    if (state->ceiling_s <= now) {
        print_span(now - state->ceiling_s);
        puts(" ago: all is well");
    } else if (state->ceiling_s <= now + CLOCK_STATE_DOUBT_S) {
        print_span(state->ceiling_s - now);
        puts(" ahead, in reserve: all is well");
    } else {
        fputs(style->red, stdout);
        print_span(state->ceiling_s - now);
        printf(" ahead: this machine's clock is wrong now, or was then%s\n", style->reset);
        printf("  If it is wrong now, set it right. If it was wrong then: %s clock reset %s\n",
               program_name(), name);
    }
}

static void print_state(const struct clock_state *state, bool first)
{
    const struct terminal_styles *style = terminal_styles_of_output();
    char key[KEY_BASE64_BYTES];

    key_to_base64(key, state->public_key);
    printf("%s%s%sinterface%s: %s%s%s\n", first ? "" : "\n", style->green, style->bold, style->reset,
           style->green, state->interface[0] != '\0' ? state->interface : "(unknown)", style->reset);
    printf("  %spublic key%s: %s\n", style->bold, style->reset, key);
    printf("  %shandshakes up to%s: ", style->bold, style->reset);
    if (state->ceiling_s == 0) {
        puts("(unknown)");
        return;
    }
    print_date(state->ceiling_s);
    printf("\n  %scompared with the clock%s: ", style->bold, style->reset);
    print_comparison(style, state, (uint64_t)time(NULL));
}

static const char *verdict(const struct clock_state *state, uint64_t now)
{
    if (state->ceiling_s == 0)
        return "unknown";
    if (state->ceiling_s <= now)
        return "past";
    return state->ceiling_s <= now + CLOCK_STATE_DOUBT_S ? "reserve" : "future";
}

static void put_identity(struct json_output *json, const char *interface,
                         const uint8_t public_key[static KEY_BYTES])
{
    json_output_object(json, NULL);
    json_output_text(json, "interface", interface[0] != '\0' ? interface : NULL);
    json_output_key(json, "public_key", public_key);
}

static void put_state(struct json_output *json, const struct clock_state *state)
{
    uint64_t now = (uint64_t)time(NULL);

    put_identity(json, state->interface, state->public_key);
    json_output_number_or_null(json, "handshakes_until", state->ceiling_s);
    json_output_number(json, "now", now);
    json_output_text(json, "verdict", verdict(state, now));
    json_output_end(json);
}

static int show(const struct clock_request *request, const struct clock_states *states)
{
    size_t shown = 0;

    for (size_t i = 0; i < states->count; i++) {
        if (!is_meant(request, &states->list[i]))
            continue;
        if (request->json != NULL)
            put_state(request->json, &states->list[i]);
        else
            print_state(&states->list[i], shown == 0);
        shown++;
    }
    if (shown == 0 && request->word != NULL)
        return say_nothing(request);
    return states->damaged ? 1 : 0;
}

/* ---- reset ---- */

static void say_reset(const struct clock_request *request, const char *interface,
                      const uint8_t public_key[static KEY_BYTES], bool running)
{
    char key[KEY_BASE64_BYTES];

    if (request->json != NULL) {
        put_identity(request->json, interface, public_key);
        json_output_boolean(request->json, "running", running);
        json_output_end(request->json);
    } else if (running) {
        printf("%s: reset; its next handshakes follow the clock. It goes on running.\n", interface);
    } else {
        key_to_base64(key, public_key);
        printf("%s%s%s: reset\n", interface, interface[0] != '\0' ? ", " : "", key);
    }
}

/* True if the interface runs with this key, or perhaps does, and was told, or could not be told, which
 * *status then says. */
static bool reset_running(struct clock_request *request, const char *name,
                          const uint8_t public_key[static KEY_BYTES], int *status)
{
    uint8_t running[KEY_BYTES];
    int error = find_running(&request->answer, name, running);

    if (error == -ENOKEY || (error != 0 && device_kind_of(name) != DEVICE_SOCKET) ||
        (error == 0 && memcmp(running, public_key, KEY_BYTES) != 0))
        return false;
    if (error == 0)
        error = device_socket_reset_clock(name);
    *status = error == 0 ? 0 : 1;
    if (error == -EOPNOTSUPP)
        fprintf(stderr, "%s clock: %s is not voled's, or an older one's: end it, then reset\n",
                program_name(), name);
    else if (error < 0)
        access_report(name, error, true);
    else
        say_reset(request, name, public_key, true);
    return true;
}

static int reset_state(struct clock_request *request, const struct clock_states *states,
                       const struct clock_state *state)
{
    int status;

    if (state->interface[0] != '\0' && reset_running(request, state->interface, state->public_key, &status))
        return status;
    if (!clock_states_remove(states, state))
        return 1;
    say_reset(request, state->interface, state->public_key, false);
    return 0;
}

static int reset(struct clock_request *request, const struct clock_states *states)
{
    bool any = false;
    int status = 0;

    /* Renamed since it wrote, or it has nothing stored: it knows what it sent nevertheless. */
    if (request->has_key && strlen(request->word) < DEVICE_NAME_BYTES &&
        reset_running(request, request->word, request->public_key, &status))
        return status;
    for (size_t i = 0; i < states->count; i++) {
        if (!is_meant(request, &states->list[i]))
            continue;
        any = true;
        if (reset_state(request, states, &states->list[i]) != 0)
            status = 1;
    }
    return any ? status : say_nothing(request);
}

/* ---- the command ---- */

static bool read_arguments(struct clock_request *request, int count, char **arguments)
{
    int i = 1;

    if (i < count && strcmp(arguments[i], "--state-directory") == 0) {
        if (i + 1 == count)
            return false;
        request->directory = arguments[i + 1];
        i += 2;
    }
    if (i < count && (strcmp(arguments[i], "show") == 0 || strcmp(arguments[i], "reset") == 0))
        request->reset = arguments[i++][0] == 'r';
    if (i < count)
        request->word = arguments[i++];
    return i == count && (request->word != NULL || !request->reset);
}

static int run(struct clock_request *request, const struct clock_states *states)
{
    struct json_output output;
    int status;

    if (program_wants_json()) {
        request->json = &output;
        json_output_begin(&output);
        json_output_list(&output, request->reset ? "reset" : "clocks");
    }
    status = request->reset ? reset(request, states) : show(request, states);
    if (request->json == NULL)
        return status;
    request->json = NULL;
    json_output_end(&output);
    return json_output_finish(&output, status);
}

int command_clock(int count, char **arguments)
{
    const char *variable = getenv(CLOCK_STATE_VARIABLE);
    struct clock_request request = {.directory = variable != NULL ? variable : CLOCK_STATE_DIRECTORY};
    struct clock_states states;
    int status = 1;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (!read_arguments(&request, count, arguments)) {
        print_usage(stderr);
        return 1;
    }
    if (request.directory[0] == '\0') {
        fprintf(stderr, "%s clock: there is no state directory: %s is empty\n", program_name(),
                CLOCK_STATE_VARIABLE);
        return 1;
    }
    find_key(&request);
    if (clock_states_open(&states, request.directory))
        status = run(&request, &states);
    clock_states_close(&states);
    return status;
}
