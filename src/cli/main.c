/* SPDX-License-Identifier: MIT
 *
 * vole: looks at WireGuard interfaces, changes them, and makes keys. `vole COMMAND ARGUMENTS` does what `wg`
 * does with the same words; without a command it is `vole show`. Called as "wg" (program.h) it knows wg's
 * commands only. Spec: config §2.
 */
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/output.h"
#include "cli/program.h"
#include "config/key.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int count, char **arguments);
    const char *summary;
    bool of_wg;         /* wg has it, too */
    bool json;          /* has --json */
    const char *format; /* what it prints instead, where one may expect --json; or NULL */
    /* what command_knows_options() wants, or NULL: it looks at all of its words itself, as wg does */
    const char *options;
};

static const struct command commands[] = {
    {"show", command_show, "shows interfaces and their peers", true, true},
    {"top", command_top, "shows rates, handshakes and drops of peers, live", false, true,
     .options = "--once --interval= --sort="},
    {"showconf", command_showconf, "prints an interface as a configuration file", true, true},
    {"set", command_set, "changes an interface and its peers", true},
    {"setconf", command_setconf, "makes an interface what a configuration file says", true},
    {"addconf", command_addconf, "adds what a configuration file says", true},
    {"syncconf", command_syncconf, "makes an interface what a file says, keeping sessions", true},
    {"genkey", command_genkey, "prints a new private key", true, true, .options = ""},
    {"genpsk", command_genpsk, "prints a new preshared key", true, true, .options = ""},
    {"pubkey", command_pubkey, "reads a private key and prints its public key", true, true, .options = ""},
    {"up", command_up, "brings up the tunnel that a file describes", .options = "--userspace --no-wait-dns"},
    {"down", command_down, "takes it down", .options = ""},
    {"plan", command_plan, "prints how the running tunnel differs from its file", false, true, .options = ""},
    {"apply", command_apply, "makes the running tunnel what its file says", .options = "--confirm="},
    {"confirm", command_confirm, "keeps what `apply --confirm' did", .options = ""},
    {"watch", command_watch, "keeps peers reachable whose addresses change", .options = ""},
    {"save", command_save, "writes what runs into the tunnel's file", .options = ""},
    {"strip", command_strip, "prints the file without what setconf does not know", false, false,
     "a configuration file", .options = ""},
    {"metrics", command_metrics, "prints or serves metrics for Prometheus", false, false,
     "the text format of Prometheus", .options = "--listen="},
    {"clock", command_clock, "shows or resets up to when handshakes are stamped", false, true,
     .options = "--state-directory="},
    {"check", command_check, "finds what is wrong or doubtful in configuration files", false, true,
     .options = "--here"},
    {"genconf", command_genconf, "writes configuration files that match each other", false, true,
     .options = "--topology= --network= --interface="},
    {"explain", command_explain, "shows how a tunnel is built, move by move, on a page", false, true,
     .options = "--to= --from= --source= --open --listen= --export= --capture= --fresh --seed="},
    {"qr", command_qr, "draws a configuration file as a QR code", false, false, "a picture", .options = ""},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* The release of the wg tool whose behaviour is followed. */
#define WG_VERSION "1.0.20250521"

static bool is_known(const struct command *command)
{
    return command->of_wg || !program_is_wg();
}

static void print_usage(FILE *stream)
{
    const char *name = program_name();

    fprintf(stream, "Usage: %s [COMMAND [ARGUMENTS]]\n\nCommands (without one: show):\n", name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (is_known(&commands[i]))
            fprintf(stream, "  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(stream, "\n%s COMMAND --help tells more about one of them; %s --version prints the version.\n",
            name, name);
}

/* Scripts take the second word of wg's line. */
static void print_version(void)
{
    if (program_is_wg())
        puts("wireguard-tools v" WG_VERSION " - vole " VOLE_VERSION);
    else
        puts("vole " VOLE_VERSION);
}

static bool is_refused(const struct command *command, int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0) {
            fprintf(stderr, "%s %s: there is no --json here: what it prints is %s; leave --json out\n",
                    program_name(), command->name, command->format);
            return true;
        }
    }
    return false;
}

/* Takes --json away from the arguments. False: it cannot be had, which was said. */
static bool take_json(const struct command *command, int *count, char **arguments)
{
    int kept = 1;

    if (command->format != NULL)
        return !is_refused(command, *count, arguments);
    if (!command->json || program_is_wg())
        return true;
    for (int i = 1; i < *count; i++) {
        if (strcmp(arguments[i], "--json") == 0)
            program_want_json();
        else
            arguments[kept++] = arguments[i];
    }
    *count = kept;
    arguments[kept] = NULL;
    if (!program_wants_json() || json_output_is_possible())
        return true;
    fprintf(stderr, "%s: this program was built without JSON, for which it needs jansson\n", program_name());
    return false;
}

static int run_this(const struct command *command, int count, char **arguments)
{
    if (!take_json(command, &count, arguments))
        return 1;
    if (command->options != NULL && !program_is_wg() &&
        !command_knows_options(command->options, count, arguments))
        return 1;
    return command->run(count, arguments);
}

static int run_command(int count, char **arguments)
{
    char *show[] = {"show", NULL};

    if (count < 2)
        return command_show(1, show);
    if (count == 2 && strcmp(arguments[1], "--json") == 0)
        return run_this(&commands[0], 2, (char *[]){show[0], arguments[1], NULL});
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (is_known(&commands[i]) && strcmp(arguments[1], commands[i].name) == 0)
            return run_this(&commands[i], count - 1, arguments + 1);
    }
    if (command_wants_help(count, arguments)) {
        print_usage(stdout);
        return 0;
    }
    if (count == 2 && (strcmp(arguments[1], "-v") == 0 || strcmp(arguments[1], "--version") == 0 ||
                       strcmp(arguments[1], "version") == 0)) {
        print_version();
        return 0;
    }
    fprintf(stderr, "%s: there is no command '%s'\n", program_name(), arguments[1]);
    print_usage(stderr);
    return 1;
}

int main(int count, char **arguments)
{
    program_start(arguments[0]);
    output_start();
    if (key_start() != 0) {
        fprintf(stderr, "%s: the cryptographic library does not work on this system\n", program_name());
        return 1;
    }
    return output_finish(run_command(count, arguments));
}
