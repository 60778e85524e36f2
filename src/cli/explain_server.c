/* SPDX-License-Identifier: MIT */
#include "cli/explain_server.h"

#include "cli/http_server.h"
#include "config/address.h"
#include "explain/page.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TOKEN_BYTES ((size_t)16)
#define PATH_LENGTH (2 * TOKEN_BYTES + 2) /* "/TOKEN/" */

struct serving {
    char path[PATH_LENGTH + 1];
    char hosts[2][ADDRESS_ENDPOINT_TEXT_BYTES]; /* by which the page may be asked for; the second may be "" */
    bool open_browser;
    explain_page *page;
    void *context;
};

static bool make_path(char path[static PATH_LENGTH + 1])
{
    uint8_t token[TOKEN_BYTES];

    if (getrandom(token, sizeof token, 0) != (ssize_t)sizeof token)
        return false;
    path[0] = '/';
    for (size_t i = 0; i < sizeof token; i++)
        (void)snprintf(path + 1 + 2 * i, 3, "%02x", token[i]);
    memcpy(path + 1 + 2 * TOKEN_BYTES, "/", 2);
    return true;
}

/* Takes as long wherever they differ. */
static bool is_path(const char *expected, const char *path)
{
    unsigned difference = 0;

    if (strlen(path) != PATH_LENGTH)
        return false;
    for (size_t i = 0; i < PATH_LENGTH; i++)
        difference |= (unsigned)(expected[i] ^ path[i]);
    return difference == 0;
}

static bool is_host(const struct serving *serving, const char *host)
{
    return host[0] != '\0' && (strcmp(host, serving->hosts[0]) == 0 || strcmp(host, serving->hosts[1]) == 0);
}

static void answer(void *context, const struct http_request *request, struct http_answer *answer)
{
    static char nothing[] = "nothing here; the address that vole explain printed is the whole of it\n",
                wrong_host[] = "wrong host\n", failed[] = "the page could not be made\n";
    static struct http_header headers[] = {{"Content-Security-Policy", NULL},
                                           {"X-Content-Type-Options", "nosniff"},
                                           {"X-Frame-Options", "DENY"},
                                           {"Referrer-Policy", "no-referrer"},
                                           {"Cross-Origin-Opener-Policy", "same-origin"},
                                           {"Cross-Origin-Resource-Policy", "same-origin"},
                                           {"Cache-Control", "no-store"},
                                           {NULL, NULL}};
    struct serving *serving = context;
    const char *keys;

    if (!is_host(serving, request->host)) {
        http_server_say(answer, 421, wrong_host);
        return;
    }
    if (!is_path(serving->path, request->path)) {
        http_server_say(answer, 404, nothing);
        return;
    }
    keys = http_server_argument(request, "keys");
    answer->text =
        serving->page(serving->context, keys != NULL && strcmp(keys, "fresh") == 0, &answer->length);
    if (answer->text == NULL) {
        http_server_say(answer, 500, failed);
        return;
    }
    headers[0].value = page_policy();
    answer->type = "text/html; charset=utf-8";
    answer->headers = headers;
    answer->to_be_freed = true;
}

/* It is not waited for: it ends with its session, or stays as a name in the table of processes until we end.
 */
static void open_browser(const char *address)
{
    pid_t child = fork();

    if (child != 0) {
        if (child < 0)
            fputs("vole explain: no browser was opened: cannot start a process\n", stderr);
        return;
    }
    execlp("xdg-open", "xdg-open", address, (char *)NULL);
    fputs("vole explain: no browser was opened: there is no xdg-open\n", stderr);
    _exit(1);
}

static void say_where(void *context, const struct vole_endpoint *bound, const char *text)
{
    struct serving *serving = context;
    char address[sizeof "http://" + ADDRESS_ENDPOINT_TEXT_BYTES + PATH_LENGTH];

    (void)snprintf(serving->hosts[0], sizeof serving->hosts[0], "%s", text);
    (void)snprintf(serving->hosts[1], sizeof serving->hosts[1], "localhost:%u", (unsigned)bound->port);
    (void)snprintf(address, sizeof address, "http://%s%s", text, serving->path);
    printf("%s\n", address);
    fflush(stdout);
    fputs("vole explain: serving until you end it (Ctrl-C)\n", stderr);
    if (serving->open_browser)
        open_browser(address);
}

int explain_server_run(const struct vole_endpoint *listen, bool open_browser_too, bool from_memory,
                       explain_page *page, void *context)
{
    struct serving serving = {.open_browser = open_browser_too, .page = page, .context = context};
    struct http_server server = {.command = "vole explain",
                                 .listen = *listen,
                                 .answer = answer,
                                 .context = &serving,
                                 .listening = say_where,
                                 .gives_up = from_memory ? GIVE_UP_FILES : GIVE_UP_CHANGES};

    if (!make_path(serving.path)) {
        fputs("vole explain: no random bytes to be had\n", stderr);
        return 1;
    }
    return http_server_run(&server);
}
