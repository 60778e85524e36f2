/* SPDX-License-Identifier: MIT
 *
 * A public key is no secret, so what was written can be shown. Names are read when the first word is no key,
 * and kept for the next one.
 */
#include "cli/peer_key.h"

#include "cli/device.h"
#include "cli/peer_names.h"
#include "cli/program.h"
#include "config/file_quote.h"
#include "config/file_value.h"
#include "config/key.h"

#include <stdio.h>
#include <string.h>

/* Those of the interface that was asked for last. */
static const struct peer_names *names_of(const char *interface)
{
    static char loaded[DEVICE_NAME_BYTES];
    static struct peer_names names;

    if (loaded[0] == '\0' || strncmp(loaded, interface, sizeof(loaded) - 1) != 0) {
        peer_names_free(&names);
        (void)snprintf(loaded, sizeof(loaded), "%s", interface);
        peer_names_load(&names, interface);
    }
    return &names;
}

static void complain_of_unknown(const char *word, const char *interface, const char *prefix)
{
    char quote[FILE_QUOTE_BYTES];

    file_quote_public(quote, word, strlen(word));
    fprintf(stderr,
            "%sKey is not the correct length or format: `%s': a public key is 44 characters of base64",
            prefix, quote);
    if (!program_is_wg() && file_value_name(word, strlen(word)))
        fprintf(stderr, ", and no peer has this name in the file of %s or in %s", interface, PEER_NAMES_FILE);
    fputc('\n', stderr);
}

static void complain_of_ambiguous(const struct peer_names *names, const char *word, const char *prefix)
{
    char key[KEY_BASE64_BYTES];
    const uint8_t *next;
    size_t position = 0;

    fprintf(stderr, "%sthe name `%s' belongs to more than one peer: write the key of the one you mean:\n",
            prefix, word);
    while ((next = peer_names_next_key(names, word, &position)) != NULL) {
        key_to_base64(key, next);
        fprintf(stderr, "  %s\n", key);
    }
}

bool peer_key_read(uint8_t public_key[static VOLE_KEY_BYTES], const char *word, const char *interface,
                   const char *prefix)
{
    const struct peer_names *names;
    const uint8_t *key;
    size_t position = 0;

    if (key_from_base64(public_key, word, strlen(word)))
        return true;
    names = names_of(interface);
    key = peer_names_next_key(names, word, &position);
    if (key == NULL) {
        complain_of_unknown(word, interface, prefix);
        return false;
    }
    memcpy(public_key, key, KEY_BYTES);
    if (peer_names_next_key(names, word, &position) == NULL)
        return true;
    complain_of_ambiguous(names, word, prefix);
    return false;
}
