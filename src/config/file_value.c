/* SPDX-License-Identifier: MIT
 *
 * What wg accepts is accepted and what it refuses is refused, in its own words, which are followed by what to
 * write instead. wg's numbers go through strtoul(): digits may have any number of leading zeros.
 * A port goes through the C library as it does for wg, so that the names of services are the system's.
 */
#include "config/file_value.h"

#include "config/file_quote.h"
#include "config/number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* ---- numbers ---- */

/* The C library takes more than ports: a sign, and numbers beyond, which it cuts to 16 bits. */
static void port_warn(uint16_t port, const char *text, char problem[static FILE_PROBLEM_BYTES])
{
    char quote[FILE_QUOTE_BYTES];

    if (!is_digit(text[0]) && text[0] != '+' && text[0] != '-')
        return;
    file_quote(quote, text, strlen(text));
    snprintf(problem, FILE_PROBLEM_BYTES, "Port `%s' is taken as %u: write a number from 0 to 65535", quote,
             port);
}

bool file_value_port(uint16_t *port, const char *text, char problem[static FILE_PROBLEM_BYTES])
{
    static const struct addrinfo wanted = {
        .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char quote[FILE_QUOTE_BYTES];
    uint64_t number;
    int error;

    *port = 0;
    problem[0] = '\0';
    if (number_read(&number, text, strlen(text), UINT16_MAX)) {
        *port = (uint16_t)number;
        return true;
    }
    file_quote(quote, text, strlen(text));
    if (text[0] == '\0') {
        snprintf(problem, FILE_PROBLEM_BYTES,
                 "Unable to parse empty port: write a number from 0 to 65535 or the name of a UDP service");
        return false;
    }
    error = getaddrinfo(NULL, text, &wanted, &found);
    if (error != 0) {
        snprintf(problem, FILE_PROBLEM_BYTES,
                 "%s: `%s': a port is a number from 0 to 65535 or the name of a UDP service",
                 error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error), quote);
        return false;
    }
    *port = ntohs(((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_port);
    freeaddrinfo(found);
    port_warn(*port, text, problem);
    return true;
}

/* All of text: hexadecimal digits, any number of leading zeros. */
static bool hexadecimal_read(uint32_t *number, const char *text)
{
    uint32_t value = 0;

    if (text[0] == '\0')
        return false;
    for (; *text != '\0'; text++) {
        uint32_t digit;

        if (is_digit(*text))
            digit = (uint32_t)(*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            digit = (uint32_t)(*text - 'a') + 10;
        else if (*text >= 'A' && *text <= 'F')
            digit = (uint32_t)(*text - 'A') + 10;
        else
            return false;
        if (value > UINT32_MAX >> 4)
            return false;
        value = value << 4 | digit;
    }
    *number = value;
    return true;
}

bool file_value_fwmark(uint32_t *fwmark, const char *text, char problem[static FILE_PROBLEM_BYTES])
{
    char quote[FILE_QUOTE_BYTES];
    uint64_t number;

    *fwmark = 0;
    problem[0] = '\0';
    if (strcasecmp(text, "off") == 0)
        return true;
    if (strncmp(text, "0x", 2) == 0 && hexadecimal_read(fwmark, text + 2))
        return true;
    if (number_read(&number, text, strlen(text), UINT32_MAX)) {
        *fwmark = (uint32_t)number;
        return true;
    }
    file_quote(quote, text, strlen(text));
    snprintf(
        problem, FILE_PROBLEM_BYTES,
        "Fwmark is neither 0/off nor 0-0xffffffff: `%s': write `off', a decimal number such as 51820, or "
        "0x and hexadecimal digits",
        quote);
    return false;
}

bool file_value_keepalive(uint16_t *seconds, const char *text, char problem[static FILE_PROBLEM_BYTES])
{
    char quote[FILE_QUOTE_BYTES];
    uint64_t number = 0;

    *seconds = 0;
    problem[0] = '\0';
    if (strcasecmp(text, "off") == 0)
        return true;
    if (number_read(&number, text, strlen(text), UINT16_MAX)) {
        *seconds = (uint16_t)number;
        return true;
    }
    file_quote(quote, text, strlen(text));
    snprintf(problem, FILE_PROBLEM_BYTES,
             "Persistent keepalive interval is neither 0/off nor 1-65535: `%s': write `off' or seconds, such "
             "as 25",
             quote);
    return false;
}

/* ---- addresses ---- */

static void allowed_ip_refuse(const char *words, const char *text, char problem[static FILE_PROBLEM_BYTES])
{
    char quote[FILE_QUOTE_BYTES];

    file_quote(quote, text, strlen(text));
    snprintf(problem, FILE_PROBLEM_BYTES,
             "%s: `%s': write `10.0.0.0/8' or `fd00::/64', with commas in between", words, quote);
}

static void allowed_ip_warn(const struct vole_prefix *prefix, const char *text,
                            char problem[static FILE_PROBLEM_BYTES])
{
    struct vole_prefix network = *prefix;
    char network_text[ADDRESS_PREFIX_TEXT_BYTES];
    char quote[FILE_QUOTE_BYTES];

    if (!address_clear_host_bits(&network))
        return;
    address_write_prefix(network_text, &network);
    file_quote(quote, text, strlen(text));
    snprintf(problem, FILE_PROBLEM_BYTES, "AllowedIP has nonzero host part: %s: it is taken as %s", quote,
             network_text);
}

bool file_value_allowed_ip(struct vole_prefix *prefix, char *sign, const char *text,
                           char problem[static FILE_PROBLEM_BYTES])
{
    const char *whole = text;
    const char *slash;
    uint64_t bits;

    memset(prefix, 0, sizeof(*prefix));
    problem[0] = '\0';
    *sign = text[0] == '+' || text[0] == '-' ? text[0] : '\0';
    if (*sign != '\0')
        text++;
    slash = strchr(text, '/');
    if (address_read(&prefix->address, text, slash != NULL ? (size_t)(slash - text) : strlen(text)) != 0) {
        allowed_ip_refuse("Unable to parse IP address", whole, problem);
        return false;
    }
    bits = prefix->address.family == 4 ? 32 : 128;
    if (slash != NULL && !number_read(&bits, slash + 1, strlen(slash + 1), bits)) {
        memset(prefix, 0, sizeof(*prefix));
        allowed_ip_refuse("AllowedIP is not in the correct format", whole, problem);
        return false;
    }
    prefix->length = (uint8_t)bits;
    allowed_ip_warn(prefix, *sign != '\0' ? whole + 1 : whole, problem);
    return true;
}

/* ---- endpoints and names ---- */

/* Where "host:port" is cut: the host's place and length and the port; or wg's words for why not. */
static const char *endpoint_cut(const char *text, const char **host, size_t *host_length, const char **port)
{
    const char *end;

    if (text[0] == '\0')
        return "Unable to parse empty endpoint";
    *host = text[0] == '[' ? text + 1 : text;
    end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
    if (end == NULL)
        return text[0] == '[' ? "Unable to find matching brace of endpoint"
                              : "Unable to find port of endpoint";
    *host_length = (size_t)(end - *host);
    if (text[0] == '[')
        end++;
    if (end[0] != ':' || end[1] == '\0')
        return "Unable to find port of endpoint";
    *port = end + 1;
    return *host_length == 0 ? "Unable to find host of endpoint" : NULL;
}

bool file_value_endpoint(struct file_endpoint *endpoint, const char *text,
                         char problem[static FILE_PROBLEM_BYTES])
{
    const char *host = text;
    const char *port = text;
    size_t host_length = 0;
    uint16_t number;
    char quote[FILE_QUOTE_BYTES];
    const char *words = endpoint_cut(text, &host, &host_length, &port);

    memset(endpoint, 0, sizeof(*endpoint));
    problem[0] = '\0';
    if (words != NULL) {
        file_quote(quote, text, strlen(text));
        snprintf(problem, FILE_PROBLEM_BYTES,
                 "%s: `%s': write `host.example:51820', `192.0.2.1:51820' or `[2001:db8::1]:51820'", words,
                 quote);
        return false;
    }
    if (!file_value_port(&number, port, problem))
        return false;
    endpoint->host = strndup(host, host_length);
    endpoint->port = strdup(port);
    if (endpoint->host != NULL && endpoint->port != NULL)
        return true;
    free(endpoint->host);
    free(endpoint->port);
    memset(endpoint, 0, sizeof(*endpoint));
    snprintf(problem, FILE_PROBLEM_BYTES, "%s", strerror(ENOMEM));
    return false;
}

bool file_value_name(const char *name, size_t length)
{
    if (length == 0 || length >= FILE_NAME_BYTES)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return true;
}
