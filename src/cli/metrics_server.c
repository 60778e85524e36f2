/* SPDX-License-Identifier: MIT */
#include "cli/metrics_server.h"

#include "cli/http_server.h"
#include "cli/metrics_text.h"
#include "config/text_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer_metrics(struct http_answer *answer)
{
    static char unreadable[] = "the interfaces cannot be asked\n";
    FILE *stream = text_stream_open(&answer->text, &answer->length);
    bool success = stream != NULL && metrics_text_print(stream);

    if (stream != NULL && !text_stream_close(stream, &answer->text))
        success = false;
    answer->type = METRICS_TEXT_TYPE;
    answer->to_be_freed = true;
    if (success)
        return;
    free(answer->text);
    http_server_say(answer, 500, unreadable);
}

static void answer(void *context, const struct http_request *request, struct http_answer *answer)
{
    static char other_path[] = "the metrics are at /metrics\n";

    (void)context;
    if (strcmp(request->path, "/metrics") == 0)
        answer_metrics(answer);
    else
        http_server_say(answer, 404, other_path);
}

static void say_where(void *context, const struct vole_endpoint *bound, const char *text)
{
    (void)context;
    (void)bound;
    fprintf(stderr, "vole metrics: serving http://%s/metrics\n", text);
}

int metrics_server_run(const struct vole_endpoint *listen)
{
    struct http_server server = {.command = "vole metrics",
                                 .listen = *listen,
                                 .answer = answer,
                                 .listening = say_where,
                                 .gives_up = GIVE_UP_CHANGES};

    return http_server_run(&server);
}
