/* SPDX-License-Identifier: MIT
 *
 * Both programs print one rule a line. A rule may let our packets pass if it accepts or leads elsewhere, does
 * not ask for other interfaces only, and not for packets of established connections only.
 */
#include "cli/forward_chain.h"

#include "linux/process.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 64

static bool contains(const char *line, const char *words)
{
    return strstr(line, words) != NULL;
}

/* Asks for a state, and not for new connections. */
static bool is_for_old_connections(const char *line)
{
    return (contains(line, "ct state") && !contains(line, "new")) ||
           (contains(line, "--ctstate") && !contains(line, "NEW")) ||
           (contains(line, "--state") && !contains(line, "NEW"));
}

/* ---- nft ---- */

/* Whether the rule names interfaces, and ours is not among them. Sets of names that stand elsewhere may hold
 * it. What is quoted, and too long for a name, is a comment or a prefix for a log. */
static bool nft_is_for_others(const char *line, const char *interface)
{
    char name[NAME_BYTES];

    if ((!contains(line, "iif") && !contains(line, "oif")) || contains(line, "@") || contains(line, "!="))
        return false;
    for (const char *quote = strchr(line, '"'), *end; quote != NULL; quote = strchr(end + 1, '"')) {
        size_t length = strcspn(quote + 1, "\"");

        end = quote + 1 + length;
        if (length == 0 || *end == '\0')
            return false;
        if (length >= sizeof(name))
            continue;
        memcpy(name, quote + 1, length);
        name[length] = '\0';
        if (fnmatch(name, interface, 0) == 0)
            return false;
    }
    return true;
}

static bool nft_may_pass(const char *line, const char *interface)
{
    bool leads_on = contains(line, "accept") || contains(line, "jump") || contains(line, "goto") ||
                    contains(line, "vmap") || contains(line, "queue");

    return leads_on && !nft_is_for_others(line, interface) && !is_for_old_connections(line);
}

bool forward_chain_in_nft(char chain[static FORWARD_CHAIN_BYTES], char *ruleset, const char *interface)
{
    char table[NAME_BYTES] = "";
    char name[NAME_BYTES] = "";
    bool drops = false;
    bool open = false;
    char *state;

    for (char *line = strtok_r(ruleset, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state)) {
        line += strspn(line, " \t");
        if (strncmp(line, "table ", 6) == 0) {
            (void)sscanf(line, "table %63[^{\n]", table);
        } else if (sscanf(line, "chain %63[^ {] {", name) == 1) {
            drops = false;
            open = false;
        } else if (contains(line, "hook forward")) {
            drops = contains(line, "policy drop");
        } else if (strcmp(line, "}") == 0 && drops && !open) {
            table[strcspn(table, "\n") - (table[0] != '\0' ? 1 : 0)] = '\0'; /* the space before the brace */
            (void)snprintf(chain, FORWARD_CHAIN_BYTES, "table %s, chain %s", table, name);
            return true;
        } else if (strcmp(line, "}") == 0) {
            drops = false;
        } else {
            open = open || nft_may_pass(line, interface);
        }
    }
    return false;
}

/* ---- iptables ---- */

/* Its wildcard is a "+" at the end. */
static bool iptables_matches(const char *pattern, const char *interface)
{
    size_t length = strlen(pattern);

    if (length > 0 && pattern[length - 1] == '+')
        return strncmp(pattern, interface, length - 1) == 0;
    return strcmp(pattern, interface) == 0;
}

static bool iptables_is_for_others(const char *line, const char *interface)
{
    static const char *const options[] = {" -i ", " -o "};
    bool names_some = false;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        const char *option = strstr(line, options[i]);
        char name[NAME_BYTES];

        if (option == NULL)
            continue;
        if (contains(line, "! -i") || contains(line, "! -o") || sscanf(option + 4, "%63s", name) != 1 ||
            iptables_matches(name, interface))
            return false;
        names_some = true;
    }
    return names_some;
}

bool forward_chain_in_iptables(char chain[static FORWARD_CHAIN_BYTES], char *rules, const char *interface)
{
    bool drops = false;
    char *state;

    for (char *line = strtok_r(rules, "\n", &state); line != NULL; line = strtok_r(NULL, "\n", &state)) {
        if (strcmp(line, "-P FORWARD DROP") == 0)
            drops = true;
        else if (strncmp(line, "-A FORWARD", 10) == 0 && !contains(line, "-j DROP") &&
                 !contains(line, "-j REJECT") && !contains(line, "-j LOG") &&
                 !iptables_is_for_others(line, interface) && !is_for_old_connections(line))
            return false;
    }
    (void)snprintf(chain, FORWARD_CHAIN_BYTES, "iptables, chain FORWARD");
    return drops;
}

/* ---- asking ---- */

bool forward_chain_is_closed(char chain[static FORWARD_CHAIN_BYTES], const char *interface)
{
    char *text = NULL;
    bool closed = false;
    int status = process_read((const char *const[]){"nft", "list", "ruleset", NULL}, &text);

    if (status == 0) {
        closed = forward_chain_in_nft(chain, text, interface);
    } else if (status < 0) {
        free(text);
        text = NULL;
        if (process_read((const char *const[]){"iptables", "-S", "FORWARD", NULL}, &text) == 0)
            closed = forward_chain_in_iptables(chain, text, interface);
    }
    free(text);
    return closed;
}
