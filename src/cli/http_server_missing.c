/* SPDX-License-Identifier: MIT
 *
 * In the place of http_server.c where vole is built without libmicrohttpd.
 */
#include "cli/http_server.h"

#include <stdio.h>

void http_server_say(struct http_answer *answer, unsigned status, char *text)
{
    *answer = (struct http_answer){.status = status, .text = text};
}

const char *http_server_argument(const struct http_request *request, const char *name)
{
    (void)request;
    (void)name;
    return NULL;
}

int http_server_run(const struct http_server *server)
{
    fprintf(stderr, "%s: this program was built without a server, for which it needs libmicrohttpd\n",
            server->command);
    return 1;
}
