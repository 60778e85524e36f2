/* SPDX-License-Identifier: MIT
 *
 * A public key is no secret, so what was written can be shown.
 */
#include "cli/peer_key.h"

#include "config/file_quote.h"
#include "config/key.h"

#include <stdio.h>
#include <string.h>

bool peer_key_read(uint8_t public_key[static VOLE_KEY_BYTES], const char *word, const char *interface,
                   const char *prefix)
{
    char quote[FILE_QUOTE_BYTES];

    (void)interface;
    if (key_from_base64(public_key, word, strlen(word)))
        return true;
    file_quote_public(quote, word, strlen(word));
    fprintf(stderr,
            "%sKey is not the correct length or format: `%s': a public key is 44 characters of base64\n",
            prefix, quote);
    return false;
}
