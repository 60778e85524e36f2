/* SPDX-License-Identifier: MIT */
#include "cli/http_place.h"

#include "config/address.h"
#include "config/number.h"

#include <stdio.h>
#include <string.h>

bool http_place_read(struct vole_endpoint *listen, const char *word, const char *command)
{
    static const struct vole_endpoint here = {.address = {.family = 4, .bytes = {127, 0, 0, 1}}};
    const char *digits = word[0] == ':' ? word + 1 : word;
    uint64_t port;

    *listen = here;
    if (number_read(&port, digits, strlen(digits), UINT16_MAX)) {
        listen->port = (uint16_t)port;
        return true;
    }
    if (address_read_endpoint(listen, word, strlen(word)) == 0)
        return true;
    fprintf(stderr,
            "%s: `%s' is no place to listen: write PORT, 192.0.2.1:PORT or [2001:db8::1]:PORT, "
            "with an address of this machine\n",
            command, word);
    return false;
}
