/* SPDX-License-Identifier: MIT
 *
 * vole metrics: prints metrics of all interfaces for Prometheus. With --listen, serves them over HTTP, on
 * this machine only unless an address is given.
 */
#include "cli/command.h"

#include "cli/metrics_server.h"
#include "cli/metrics_text.h"
#include "config/address.h"
#include "config/number.h"

#include <stdio.h>
#include <string.h>

static void print_usage(FILE *stream)
{
    fputs("Usage: vole metrics [--listen [ADDRESS:]PORT]\n"
          "Prints metrics of all interfaces in the text format of Prometheus.\n"
          "  --listen  serves them at http://ADDRESS:PORT/metrics; ADDRESS is 127.0.0.1 if it is not given,\n"
          "            and whoever reaches it can see public keys and allowed IPs of peers\n",
          stream);
}

/* "PORT", ":PORT", "192.0.2.1:PORT" or "[2001:db8::1]:PORT". */
static bool read_listen(struct vole_endpoint *listen, const char *word)
{
    static const struct vole_endpoint here = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}};
    const char *digits = word[0] == ':' ? word + 1 : word;
    uint64_t port;

    *listen = here;
    if (number_read(&port, digits, strlen(digits), UINT16_MAX)) {
        listen->port = (uint16_t)port;
        return true;
    }
    return address_read_endpoint(listen, word, strlen(word)) == 0;
}

int command_metrics(int count, char **arguments)
{
    struct vole_endpoint listen;

    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count == 1)
        return metrics_text_print(stdout) ? 0 : 1;
    if (count != 3 || strcmp(arguments[1], "--listen") != 0) {
        print_usage(stderr);
        return 1;
    }
    if (!read_listen(&listen, arguments[2])) {
        fprintf(stderr,
                "vole metrics: `%s' is no place to listen: write PORT, 192.0.2.1:PORT or [2001:db8::1]:PORT, "
                "with an address of this machine\n",
                arguments[2]);
        return 1;
    }
    return metrics_server_run(&listen);
}
