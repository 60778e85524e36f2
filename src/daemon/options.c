/* SPDX-License-Identifier: MIT
 *
 * Command line and environment: see options.h.
 */
#include "daemon/options.h"

#include "config/clock_state.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_FIRST_SWITCH   256 /* getopt's codes for switches: out of the way of letters */
#define OPTIONS_WORKERS        512
#define OPTIONS_STATE          513
#define OPTIONS_USER           514
#define OPTIONS_MEMORY         515
#define OPTIONS_FIXED          7 /* long options that are no switches */
#define OPTIONS_MOST_BY_ITSELF 8 /* workers, if nobody asked for more */

/* One row per switch: its two names and where it is kept. */
struct options_row {
    const char *option;
    const char *variable;
    size_t offset; /* of a bool in struct options_switches */
};

static const struct options_row options_rows[] = {
    {"no-vnet-hdr", "VOLE_NO_VNET_HDR", offsetof(struct options_switches, no_vnet_hdr)},
    {"no-tso", "VOLE_NO_TSO", offsetof(struct options_switches, no_tso)},
    {"no-uso", "VOLE_NO_USO", offsetof(struct options_switches, no_uso)},
    {"no-udp-segment", "VOLE_NO_UDP_SEGMENT", offsetof(struct options_switches, no_udp_segment)},
    {"no-udp-gro", "VOLE_NO_UDP_GRO", offsetof(struct options_switches, no_udp_gro)},
    {"no-udp-steering", "VOLE_NO_UDP_STEERING", offsetof(struct options_switches, no_udp_steering)},
    {"no-fair-queues", "VOLE_NO_FAIR_QUEUES", offsetof(struct options_switches, no_fair_queues)},
    {"no-tun-tcp-merge", "VOLE_NO_TUN_TCP_MERGE", offsetof(struct options_switches, no_tun_tcp_merge)},
    {"no-tun-udp-merge", "VOLE_NO_TUN_UDP_MERGE", offsetof(struct options_switches, no_tun_udp_merge)},
    {"no-avx2", "VOLE_NO_AVX2", offsetof(struct options_switches, no_avx2)},
    {"no-avx512", "VOLE_NO_AVX512", offsetof(struct options_switches, no_avx512)},
    {"no-sandbox", "VOLE_NO_SANDBOX", offsetof(struct options_switches, no_sandbox)},
};

#define OPTIONS_ROWS (sizeof options_rows / sizeof options_rows[0])

static const char options_usage_text[] =
    "usage: voled [-f | --foreground] [SWITCH...] NAME\n"
    "       voled -h | --help | --version\n"
    "\n"
    "Makes the WireGuard network interface NAME and serves it until the interface is deleted.\n"
    "Configure it with 'vole', 'wg' or 'wg-quick'.\n"
    "\n"
    "  -f, --foreground     stay in the foreground (also: WG_PROCESS_FOREGROUND=1)\n"
    "  -h, --help           show this text\n"
    "      --version        show the version\n"
    "      --workers N      threads that move packets (1 to 64, or auto, the default:\n"
    "                       1 on 2 processors, 3 on 4, 8 on 11 and more)\n"
    "      --memory-limit BYTES  all that both processes may take, as 32M (K, M, G: 1024 to the power of\n"
    "                       1, 2, 3), or none, the default; buffers fit in, peers beyond it are refused\n"
    "      --state-directory DIR  where the time of the last handshake is remembered, in case the clock\n"
    "                       goes back (" CLOCK_STATE_DIRECTORY "; empty: nowhere)\n"
    "      --user NAME      whom the process becomes that handles packets (" VOLE_USER ", if there is one;\n"
    "                       empty: nobody else)\n"
    "\n"
    "Switches that turn a feature off, to find out whether it is at fault:\n"
    "  --no-vnet-hdr        no superpackets at all between host and tunnel\n"
    "  --no-tso             no TCP superpackets from the host\n"
    "  --no-uso             no UDP superpackets from the host\n"
    "  --no-udp-segment     one datagram per packet to the network\n"
    "  --no-udp-gro         one datagram per packet from the network\n"
    "  --no-udp-steering    sessions reach workers as the kernel's hash will have it\n"
    "  --no-fair-queues     one queue between host and each worker for all flows\n"
    "  --no-tun-tcp-merge   no TCP superpackets to the host\n"
    "  --no-tun-udp-merge   no UDP superpackets to the host\n"
    "  --no-avx2            no vector code for cryptography beyond libsodium's\n"
    "  --no-avx512          no AVX-512 code for cryptography\n"
    "  --no-sandbox         processes keep user, capabilities, files and system calls\n"
    "\n"
    "Each of the long options that take effect while running is also an environment variable:\n"
    "VOLE_NO_TSO=1, VOLE_WORKERS=2, and so on. LOG_LEVEL is silent, error, info (default) or verbose.\n"
    "WG_TUN_FD and WG_UAPI_FD hand over an open TUN descriptor and a listening socket.\n";

const char *options_usage(void)
{
    return options_usage_text;
}

__attribute__((format(printf, 2, 3))) static enum options_outcome options_wrong(struct options *options,
                                                                                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(options->message, sizeof options->message, format, arguments);
    va_end(arguments);
    return OPTIONS_WRONG;
}

unsigned options_workers_for(unsigned processors)
{
    unsigned most = processors - processors / 4 - (processors % 4 != 0); /* three quarters, rounded down */

    if (processors < 2 || most < 1)
        return 1;
    return most > OPTIONS_MOST_BY_ITSELF ? OPTIONS_MOST_BY_ITSELF : most;
}

bool options_name_valid(const char *name)
{
    size_t length = strnlen(name, OPTIONS_NAME_BYTES);
    const char *pattern = strchr(name, '%');

    if (length == 0 || length >= OPTIONS_NAME_BYTES || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '/' || name[i] == ':' || isspace((unsigned char)name[i]) ||
            iscntrl((unsigned char)name[i]))
            return false;
    return pattern == NULL || (pattern[1] == 'd' && strchr(pattern + 1, '%') == NULL);
}

/* A whole decimal number within bounds. */
static bool options_number(const char *text, long lowest, long highest, long *number)
{
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    *number = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && *number >= lowest && *number <= highest;
}

static void options_turn_on(struct options *options, size_t row)
{
    *(bool *)((char *)&options->switches + options_rows[row].offset) = true;
}

static bool options_variable_set(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

static enum options_outcome options_set_workers(struct options *options, const char *where, const char *text)
{
    long number;

    if (strcmp(text, "auto") == 0) {
        options->workers = 0;
        return OPTIONS_RUN;
    }
    if (!options_number(text, 1, OPTIONS_MAX_WORKERS, &number))
        return options_wrong(options, "%s must be auto or a number from 1 to %d, not \"%.20s\"", where,
                             OPTIONS_MAX_WORKERS, text);
    options->workers = (unsigned)number;
    return OPTIONS_RUN;
}

/* A whole number with K, M or G behind it, if need be; false also for 0. */
static bool options_bytes(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMG";
    unsigned long long number;
    const char *unit;
    char *end;
    unsigned shift = 0;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || number == 0)
        return false;
    unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit != NULL) {
        shift = 10 * (unsigned)(unit - units + 1);
        end++;
    }
    *bytes = (uint64_t)number << shift;
    return *end == '\0' && *bytes >> shift == number && *bytes <= INT64_MAX;
}

static enum options_outcome options_set_memory_limit(struct options *options, const char *where,
                                                     const char *text)
{
    options->memory_limit = 0;
    if (strcmp(text, "none") == 0 || options_bytes(text, &options->memory_limit))
        return OPTIONS_RUN;
    return options_wrong(options, "%s must be none or a number of bytes such as 32M, not \"%.20s\"", where,
                         text);
}

static enum options_outcome options_descriptor(struct options *options, const char *variable, int *descriptor)
{
    const char *text = getenv(variable);
    long number;

    if (text == NULL || text[0] == '\0')
        return OPTIONS_RUN;
    if (!options_number(text, 0, 1 << 20, &number))
        return options_wrong(options, "%s must be the number of an open descriptor, not \"%.20s\"", variable,
                             text);
    *descriptor = (int)number;
    return OPTIONS_RUN;
}

static enum options_outcome options_read_environment(struct options *options)
{
    const char *level = getenv("LOG_LEVEL");
    const char *workers = getenv("VOLE_WORKERS");
    const char *memory = getenv("VOLE_MEMORY_LIMIT");
    const char *state = getenv(CLOCK_STATE_VARIABLE);
    const char *user = getenv("VOLE_USER");

    options->user = user != NULL ? user : VOLE_USER;
    options->user_given = user != NULL && user[0] != '\0';
    options->state_directory = state != NULL ? state : CLOCK_STATE_DIRECTORY;
    options->log_level_given = level != NULL && level[0] != '\0';
    options->log_level = log_level_read(level);
    options->foreground = options_variable_set("WG_PROCESS_FOREGROUND");
    for (size_t row = 0; row < OPTIONS_ROWS; row++)
        if (options_variable_set(options_rows[row].variable))
            options_turn_on(options, row);
    if (workers != NULL && workers[0] != '\0' &&
        options_set_workers(options, "VOLE_WORKERS", workers) != OPTIONS_RUN)
        return OPTIONS_WRONG;
    if (memory != NULL && memory[0] != '\0' &&
        options_set_memory_limit(options, "VOLE_MEMORY_LIMIT", memory) != OPTIONS_RUN)
        return OPTIONS_WRONG;
    if (options_descriptor(options, "WG_TUN_FD", &options->tun) != OPTIONS_RUN)
        return OPTIONS_WRONG;
    return options_descriptor(options, "WG_UAPI_FD", &options->uapi);
}

/* getopt's table: the fixed options, then one row per switch. */
static void options_fill_table(struct option table[static OPTIONS_ROWS + OPTIONS_FIXED + 1])
{
    static const struct option fixed[] = {
        {"foreground", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"workers", required_argument, NULL, OPTIONS_WORKERS},
        {"state-directory", required_argument, NULL, OPTIONS_STATE},
        {"user", required_argument, NULL, OPTIONS_USER},
        {"memory-limit", required_argument, NULL, OPTIONS_MEMORY},
    };

    memset(table, 0, (OPTIONS_ROWS + OPTIONS_FIXED + 1) * sizeof *table);
    memcpy(table, fixed, sizeof fixed);
    for (size_t row = 0; row < OPTIONS_ROWS; row++) {
        table[row + OPTIONS_FIXED].name = options_rows[row].option;
        table[row + OPTIONS_FIXED].val = OPTIONS_FIRST_SWITCH + (int)row;
    }
}

/* The word getopt has just read. */
static const char *options_word(char **arguments)
{
    return optarg != NULL && optarg == arguments[optind - 1] ? arguments[optind - 2] : arguments[optind - 1];
}

/* getopt also takes the beginning of a name for the name; we do not, as there will be more names. */
static bool options_abbreviated(const struct option *table, const char *word)
{
    size_t length = strcspn(word + 2, "=");

    for (; table->name != NULL; table++)
        if (strlen(table->name) == length && memcmp(table->name, word + 2, length) == 0)
            return false;
    return true;
}

static enum options_outcome options_set_number(struct options *options, int code, const char *text)
{
    return code == OPTIONS_WORKERS ? options_set_workers(options, "--workers", text)
                                   : options_set_memory_limit(options, "--memory-limit", text);
}

static enum options_outcome options_read_arguments(struct options *options, int count, char **arguments)
{
    struct option table[OPTIONS_ROWS + OPTIONS_FIXED + 1];
    int code, row = -1;

    options_fill_table(table);
    optind = 0;
    opterr = 0;
    for (; (code = getopt_long(count, arguments, "+:fh", table, &row)) != -1; row = -1) {
        if ((row >= 0 || code == ':') && options_abbreviated(table, options_word(arguments)))
            return options_wrong(options, "unknown option %.60s", options_word(arguments));
        if (code == 'f')
            options->foreground = true;
        else if (code == 'h')
            return OPTIONS_HELP;
        else if (code == 'V')
            return OPTIONS_VERSION;
        else if (code == ':')
            return options_wrong(options, "%.60s needs a value", arguments[optind - 1]);
        else if (code == '?')
            return options_wrong(options, "unknown option %.60s", arguments[optind - 1]);
        else if (code == OPTIONS_STATE)
            options->state_directory = optarg;
        else if (code == OPTIONS_USER) {
            options->user = optarg;
            options->user_given = optarg[0] != '\0';
        } else if (code == OPTIONS_WORKERS || code == OPTIONS_MEMORY) {
            if (options_set_number(options, code, optarg) != OPTIONS_RUN)
                return OPTIONS_WRONG;
        } else {
            options_turn_on(options, (size_t)(code - OPTIONS_FIRST_SWITCH));
        }
    }
    return OPTIONS_RUN;
}

enum options_outcome options_read(struct options *options, int count, char **arguments)
{
    enum options_outcome from_environment;
    enum options_outcome outcome;

    memset(options, 0, sizeof *options);
    options->tun = -1;
    options->uapi = -1;
    from_environment = options_read_environment(options);
    outcome = options_read_arguments(options, count, arguments);
    if (outcome != OPTIONS_RUN)
        return outcome;
    if (from_environment != OPTIONS_RUN)
        return from_environment;
    if (options->state_directory[0] != '\0' && options->state_directory[0] != '/')
        return options_wrong(options, "the state directory must be an absolute path, not \"%.60s\"",
                             options->state_directory);
    if (optind == count)
        return options_wrong(options, "the name of the interface is missing");
    if (optind < count - 1)
        return options_wrong(options, "only one interface name is expected; options go in front of it");
    if (!options_name_valid(arguments[optind]))
        return options_wrong(options,
                             "\"%.40s\" cannot be an interface's name: use 1 to 15 characters without "
                             "space, '/' or ':'",
                             arguments[optind]);
    memcpy(options->name, arguments[optind], strlen(arguments[optind]) + 1);
    return OPTIONS_RUN;
}
