/* SPDX-License-Identifier: MIT
 *
 * Which peer a word on the command line means: the word is its public key in base64 or its name
 * (peer_names.h). What is a key is a key, whatever is called so. Called as wg there are no names.
 */
#ifndef CLI_PEER_KEY_H
#define CLI_PEER_KEY_H

#include "vole.h"

#include <stdbool.h>
#include <stdint.h>

/* interface: whose peer it is. False: a message was printed, which begins with prefix ("argument 4: "): it is
 * neither, or the name of several peers. One thread. */
VOLE_MUST_CHECK bool peer_key_read(uint8_t public_key[static VOLE_KEY_BYTES], const char *word,
                                   const char *interface, const char *prefix);

#endif
