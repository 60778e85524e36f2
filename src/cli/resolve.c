/* SPDX-License-Identifier: MIT
 *
 * getaddrinfo() reads numbers, zones and service names as wg does, since wg calls it too. What will not get
 * better by itself is not asked twice: an unknown name, but also an unknown service, which wg waits for in
 * vain.
 */
#include "cli/resolve.h"

#include "config/file_quote.h"
#include "config/number.h"
#include "linux/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRIES_DEFAULT  15
#define DELAY_FIRST_US   1000000
#define DELAY_LONGEST_US 20000000
#define QUOTE_BYTES      (2 * FILE_QUOTE_BYTES + 4) /* of host and port */

/* ---- asking ---- */

static int ask(struct addrinfo **found, const struct file_endpoint *from, int flags)
{
    const struct addrinfo wanted = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP, .ai_flags = flags};

    *found = NULL;
    return getaddrinfo(from->host, from->port, &wanted, found);
}

/* False: an address of a family that WireGuard does not speak. */
static bool endpoint_of(struct vole_endpoint *endpoint, const struct sockaddr *address)
{
    const struct sockaddr_in *address4 = (const void *)address;
    const struct sockaddr_in6 *address6 = (const void *)address;

    memset(endpoint, 0, sizeof(*endpoint));
    if (address->sa_family == AF_INET) {
        endpoint->address.family = 4;
        memcpy(endpoint->address.bytes, &address4->sin_addr, 4);
        endpoint->port = ntohs(address4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        endpoint->address.family = 6;
        memcpy(endpoint->address.bytes, &address6->sin6_addr, 16);
        endpoint->port = ntohs(address6->sin6_port);
        endpoint->scope = address6->sin6_scope_id;
    }
    return endpoint->address.family != 0;
}

size_t resolve_all(struct vole_endpoint *endpoints, size_t capacity, const struct file_endpoint *from)
{
    struct addrinfo *found;
    size_t count = 0;

    if (ask(&found, from, 0) != 0)
        return 0;
    for (const struct addrinfo *one = found; one != NULL && count < capacity; one = one->ai_next) {
        if (endpoint_of(&endpoints[count], one->ai_addr))
            count++;
    }
    freeaddrinfo(found);
    return count;
}

bool resolve_is_numeric(const struct file_endpoint *from)
{
    struct addrinfo *found;

    if (ask(&found, from, AI_NUMERICHOST) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

/* ---- asking again ---- */

/* How often; -1: for ever. False: the variable is neither a number nor "infinity". */
static bool retries_read(int *retries, const char *prefix)
{
    const char *text = getenv("WG_ENDPOINT_RESOLUTION_RETRIES");
    char quote[FILE_QUOTE_BYTES];
    uint64_t number = 0;

    *retries = RETRIES_DEFAULT;
    if (text == NULL)
        return true;
    if (strcmp(text, "infinity") == 0) {
        *retries = -1;
        return true;
    }
    if (text[0] != '\0' && !number_read(&number, text, strlen(text), INT_MAX)) {
        file_quote(quote, text, strlen(text));
        fprintf(stderr,
                "%sUnable to parse WG_ENDPOINT_RESOLUTION_RETRIES: `%s': write a number or infinity\n",
                prefix, quote);
        return false;
    }
    *retries = (int)number;
    return true;
}

static bool is_permanent(int error)
{
    return error == EAI_NONAME || error == EAI_FAIL || error == EAI_NODATA || error == EAI_SERVICE ||
           error == EAI_ADDRFAMILY;
}

static void wait_us(long long delay_us)
{
    struct timespec left = {.tv_sec = delay_us / 1000000, .tv_nsec = (long)(delay_us % 1000000) * 1000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR && process_signal() == 0)
        continue;
}

static const char *reason_of(int error)
{
    if (error == EAI_SYSTEM)
        return strerror(errno);
    return gai_strerror(error);
}

static const char *advice_for(int error)
{
    if (error == EAI_SERVICE)
        return ": the port is a number from 0 to 65535 or the name of a UDP service";
    if (error == EAI_NONAME || error == EAI_NODATA)
        return ": no address is known for this name; check its spelling, or write an address";
    return "";
}

static bool take_first(struct vole_endpoint *endpoint, struct addrinfo *found, const char *prefix,
                       const char *quote)
{
    bool usable = endpoint_of(endpoint, found->ai_addr);

    freeaddrinfo(found);
    if (!usable)
        fprintf(stderr, "%sNeither IPv4 nor IPv6 address found: `%s'\n", prefix, quote);
    return usable;
}

static void quote_write(char quote[static QUOTE_BYTES], const struct file_endpoint *from)
{
    char host[FILE_QUOTE_BYTES];
    char port[FILE_QUOTE_BYTES];

    file_quote(host, from->host, strlen(from->host));
    file_quote(port, from->port, strlen(from->port));
    (void)snprintf(quote, QUOTE_BYTES, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

bool resolve_endpoint_once(struct vole_endpoint *endpoint, const struct file_endpoint *from,
                           const char *prefix)
{
    struct addrinfo *found;
    char quote[QUOTE_BYTES];
    int error = ask(&found, from, 0);

    quote_write(quote, from);
    if (error == 0)
        return take_first(endpoint, found, prefix, quote);
    fprintf(stderr, "%s%s: `%s'%s\n", prefix, reason_of(error), quote,
            is_permanent(error) ? advice_for(error) : ": try again when names can be resolved");
    return false;
}

bool resolve_endpoint(struct vole_endpoint *endpoint, const struct file_endpoint *from, const char *prefix)
{
    struct addrinfo *found;
    char quote[QUOTE_BYTES];
    int retries;

    if (!retries_read(&retries, prefix))
        return false;
    quote_write(quote, from);
    for (long long delay_us = DELAY_FIRST_US;; delay_us = delay_us * 6 / 5) {
        int error = ask(&found, from, 0);

        if (error == 0)
            return take_first(endpoint, found, prefix, quote);
        if (is_permanent(error) || retries == 0) {
            fprintf(stderr, "%s%s: `%s'%s\n", prefix, reason_of(error), quote, advice_for(error));
            return false;
        }
        if (retries > 0)
            retries--;
        if (delay_us > DELAY_LONGEST_US)
            delay_us = DELAY_LONGEST_US;
        fprintf(stderr, "%s%s: `%s'. Trying again in %.2f seconds...\n", prefix, reason_of(error), quote,
                (double)delay_us / 1e6);
        wait_us(delay_us);
        if (process_signal() != 0) /* asked to end, and whoever asked will say so */
            return false;
    }
}
