/* SPDX-License-Identifier: MIT
 *
 * vole: looks at WireGuard interfaces and makes keys. `vole COMMAND ARGUMENTS` does what `wg` does with the
 * same words; without a command it is `vole show`. Spec: config §2.
 */
#include "cli/command.h"
#include "cli/output.h"
#include "config/key.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *summary;
};

static const struct command commands[] = {
    {"show", command_show, "shows interfaces, their peers, and why packets were dropped"},
    {"genkey", command_genkey, "prints a new private key"},
    {"genpsk", command_genpsk, "prints a new preshared key"},
    {"pubkey", command_pubkey, "reads a private key and prints its public key"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *stream)
{
    fputs("Usage: vole [COMMAND [ARGUMENTS]]\n\nCommands (without one: show):\n", stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\nvole COMMAND --help tells more about one of them; vole --version prints the version.\n", stream);
}

static int run_command(int count, char **arguments)
{
    char *show[] = {"show", NULL};

    if (count < 2)
        return command_show(1, show);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(arguments[1], commands[i].name) == 0)
            return commands[i].run(count - 1, arguments + 1);
    }
    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count == 2 && (strcmp(arguments[1], "-v") == 0 || strcmp(arguments[1], "--version") == 0 ||
                       strcmp(arguments[1], "version") == 0)) {
        puts("vole " VOLE_VERSION);
        return 0;
    }
    fprintf(stderr, "vole: there is no command '%s'\n", arguments[1]);
    print_usage(stderr);
    return 1;
}

int main(int count, char **arguments)
{
    output_start();
    if (key_start() != 0) {
        fputs("vole: the cryptographic library does not work on this system\n", stderr);
        return 1;
    }
    return output_finish(run_command(count, arguments));
}
