/* SPDX-License-Identifier: MIT
 *
 * A key in a file of its own: what `set private-key FILE` and `set preshared-key FILE` name, and
 * PrivateKeyFile and PresharedKeyFile in a configuration file.
 *
 * 44 characters of base64, then only white space. An empty file and the null device hold the all-zero key,
 * which means "none". An empty pipe is an error: the program that was to write the key wrote none, and nobody
 * wants to lose a key by that. Nothing of the text stays in memory, and nothing of it is ever printed.
 * In a configuration file the name of a key file starts at that file's own directory, and "credential:NAME"
 * is what systemd hands to a service under that name (LoadCredential=, LoadCredentialEncrypted=), which is in
 * $CREDENTIALS_DIRECTORY.
 * One thread. Spec: config §1.3, §2, vole.conf(5).
 */
#ifndef CLI_KEY_FILE_H
#define CLI_KEY_FILE_H

#include "config/file.h"
#include "vole.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* False: a message was printed, which begins with prefix ("argument 4: "), and the key is zeros. The caller
 * wipes the key. */
VOLE_MUST_CHECK bool key_file_read(uint8_t key[static VOLE_KEY_BYTES], const char *path, const char *prefix);
/* The same, with what is wrong as a text. */
VOLE_MUST_CHECK bool key_file_try(uint8_t key[static VOLE_KEY_BYTES], const char *path,
                                  char problem[static FILE_PROBLEM_BYTES]);
/* Where the key file is that a configuration file names with value. False: problem says why there is none. */
VOLE_MUST_CHECK bool key_file_locate(char path[static PATH_MAX], const char *value, const char *file_path,
                                     char problem[static FILE_PROBLEM_BYTES]);
/* Whether value is the name of a credential. */
VOLE_MUST_CHECK bool key_file_is_credential(const char *value);

#endif
