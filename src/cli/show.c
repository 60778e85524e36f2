/* SPDX-License-Identifier: MIT
 *
 * vole show [INTERFACE | all | interfaces] [FIELD]: which interfaces to ask, which view to print. The views
 * themselves are show_human.c, show_field.c (for scripts), show_drops.c and show_features.c.
 *
 * All interfaces together are a success if at least one of them is, or if there are none. Spec: config §3.
 */
#include "cli/command.h"

#include "cli/access.h"
#include "cli/device.h"
#include "cli/give_up.h"
#include "cli/program.h"
#include "cli/show_view.h"
#include "config/device_socket.h"

#include <stdio.h>
#include <string.h>

/* What the user asked to see. */
struct show_request {
    enum { SHOW_HUMAN, SHOW_FIELD, SHOW_DROPS, SHOW_FEATURES } view;
    const struct show_field *field; /* of SHOW_FIELD */
    bool all;
    struct json_output *json; /* the list of interfaces is open; NULL: text */
};

static void print_usage(FILE *stream)
{
    size_t column = 0;

    fprintf(stream,
            "Usage: %s show [INTERFACE | all | interfaces] [FIELD]\n\nFields for scripts:", program_name());
    for (const struct show_field *field = show_fields; field->name != NULL; field++, column++)
        fprintf(stream, "%s%s", column % 4 == 0 ? "\n  " : ", ", field->name);
    fputs("\n", stream);
    if (program_is_wg())
        return;
    fputs("Views for people:\n"
          "  drops     which packets were dropped, why, and what to do about it\n"
          "  features  which offloads and other features of the system are in use\n"
          "With --json, any of these as JSON.\n",
          stream);
}

/* False: there is no such field. */
static bool request_parse_field(struct show_request *request, const char *word)
{
    if (!program_is_wg() && strcmp(word, "drops") == 0) {
        request->view = SHOW_DROPS;
        return true;
    }
    if (!program_is_wg() && strcmp(word, "features") == 0) {
        request->view = SHOW_FEATURES;
        return true;
    }
    request->view = SHOW_FIELD;
    request->field = show_field_find(word);
    return request->field != NULL;
}

/* ---- one interface ---- */

/* Once, when the sockets have been found: those that are dead were removed. */
static void give_up_for(const struct show_request *request, bool all)
{
    if (request->all == all)
        give_up(GIVE_UP_CHANGES);
}

/* As show_human(), which hides secrets unless told otherwise. */
static unsigned parts_for_people(void)
{
    return SHOW_EVERYTHING | SHOW_NAMES | (show_hides_secrets() ? 0u : (unsigned)SHOW_SECRETS);
}

static void show_human_next(const struct model_device *device, const char *name,
                            const struct peer_names *names, bool first)
{
    if (!first)
        putchar('\n');
    show_human(device, name, names);
}

static int show_model(const char *name, const struct show_request *request, bool first)
{
    struct peer_names names = {0};
    struct model_device device;
    int error;

    model_init(&device);
    error = device_get(name, &device);
    give_up_for(request, false);
    if (error != 0) {
        access_report(name, error, request->all);
    } else if (request->view == SHOW_FIELD && request->json == NULL) {
        request->field->print(&device, request->all ? name : NULL);
    } else if (request->view == SHOW_FIELD) {
        show_json(request->json, &device, name, NULL, request->field->parts);
    } else {
        peer_names_load(&names, name);
        if (request->json != NULL)
            show_json(request->json, &device, name, &names, parts_for_people());
        else
            show_human_next(&device, name, &names, first);
    }
    peer_names_free(&names);
    model_free(&device);
    return error;
}

static void show_vole_json(const struct uapi_vole *reply, const char *name,
                           const struct show_request *request, const struct peer_names *names)
{
    if (request->view == SHOW_DROPS)
        show_json_drops(request->json, reply, name, names);
    else
        show_json_features(request->json, reply, name);
}

static void show_vole_text(const struct uapi_vole *reply, const char *name,
                           const struct show_request *request, const struct peer_names *names, bool first)
{
    if (!first)
        putchar('\n');
    if (request->view == SHOW_DROPS)
        show_drops(reply, name, names);
    else
        show_features(reply, name);
}

static int show_vole(const char *name, const struct show_request *request, bool first)
{
    struct peer_names names = {0};
    struct uapi_vole reply;
    int error = uapi_vole_init(&reply);

    if (error == 0)
        error = device_socket_get_vole(name, &reply);
    give_up_for(request, false);
    if (error != 0) {
        access_report_vole(name, error, request->all);
    } else {
        peer_names_load(&names, name);
        if (request->json != NULL)
            show_vole_json(&reply, name, request, &names);
        else
            show_vole_text(&reply, name, request, &names, first);
    }
    peer_names_free(&names);
    uapi_vole_free(&reply);
    return error;
}

static int show_one(const char *name, const struct show_request *request, bool first)
{
    if (request->view == SHOW_DROPS || request->view == SHOW_FEATURES)
        return show_vole(name, request, first);
    return show_model(name, request, first);
}

/* ---- all interfaces ---- */

static int list_interfaces(struct device_names *names)
{
    int error = device_list(names);

    if (error != 0) {
        fprintf(stderr, "Unable to list interfaces: %s\n", strerror(-error));
        device_names_free(names);
    }
    return error;
}

static int show_all(const struct show_request *request)
{
    struct device_names names;
    size_t shown = 0;
    bool success;

    if (list_interfaces(&names) != 0)
        return 1;
    give_up_for(request, true);
    for (size_t i = 0; i < names.count; i++) {
        if (show_one(names.names[i], request, shown == 0) == 0)
            shown++;
    }
    success = shown > 0 || names.count == 0;
    device_names_free(&names);
    return success ? 0 : 1;
}

static void put_name(struct json_output *json, const char *name)
{
    json_output_object(json, NULL);
    json_output_text(json, "name", name);
    json_output_end(json);
}

static int show_interfaces(const struct show_request *request)
{
    struct device_names names;

    if (list_interfaces(&names) != 0)
        return 1;
    for (size_t i = 0; i < names.count; i++) {
        if (request->json != NULL)
            put_name(request->json, names.names[i]);
        else
            printf("%s%c", names.names[i], i + 1 < names.count ? ' ' : '\n');
    }
    device_names_free(&names);
    return 0;
}

/* word: NULL, if there is none. */
static int show(const struct show_request *request, const char *word)
{
    if (request->all)
        return show_all(request);
    if (request->view == SHOW_HUMAN && strcmp(word, "interfaces") == 0)
        return show_interfaces(request);
    return show_one(word, request, true) == 0 ? 0 : 1;
}

static int show_as_json(struct show_request *request, const char *word)
{
    struct json_output output;
    int status;

    json_output_begin(&output);
    json_output_list(&output, "interfaces");
    request->json = &output;
    status = show(request, word);
    request->json = NULL;
    json_output_end(&output);
    return json_output_finish(&output, status);
}

int command_show(int count, char **arguments)
{
    struct show_request request = {.view = SHOW_HUMAN};

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count > 3 || (count == 3 && strcmp(arguments[1], "interfaces") == 0)) {
        fprintf(stderr, "%s show: too many arguments\n", program_name());
        print_usage(stderr);
        return 1;
    }
    if (count == 3 && !request_parse_field(&request, arguments[2])) {
        fprintf(stderr, "%s show: there is no field '%s'\n", program_name(), arguments[2]);
        print_usage(stderr);
        return 1;
    }
    request.all = count == 1 || strcmp(arguments[1], "all") == 0;
    return program_wants_json() ? show_as_json(&request, arguments[1]) : show(&request, arguments[1]);
}
