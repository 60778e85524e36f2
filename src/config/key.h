/* SPDX-License-Identifier: MIT
 *
 * Keys as text: 64 hexadecimal digits (the configuration protocol), 44 characters of base64 (people, files),
 * and a short form for logs.
 *
 * Every coder here runs in a time that depends on the text's length only: no branch and no table index comes
 * from a digit, so that a private key leaks through neither cache nor clock. A decoder reads the whole text
 * before it says whether it was well formed; on failure the key is zeros.
 * Texts come with their length and need no terminator; what is written is terminated.
 * A text of a secret key is as secret as the key: wipe it with key_wipe().
 * Any thread may call; there is no state. Spec: uapi §3 (hex), config §1.3 (base64).
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES         VOLE_KEY_BYTES
#define KEY_HEX_LENGTH    64
#define KEY_BASE64_LENGTH 44
#define KEY_HEX_BYTES     (KEY_HEX_LENGTH + 1)    /* with terminator */
#define KEY_BASE64_BYTES  (KEY_BASE64_LENGTH + 1) /* with terminator */
#define KEY_SHORT_BYTES   12                      /* 4 + an ellipsis of 3 bytes in UTF-8 + 4 + terminator */

/* Lower-case digits. */
void key_to_hex(char text[static KEY_HEX_BYTES], const uint8_t key[static KEY_BYTES]);
/* Exactly 64 digits of either case; false otherwise. */
VOLE_MUST_CHECK bool key_from_hex(uint8_t key[static KEY_BYTES], const char *text, size_t length);

/* Standard alphabet, one "=" at the end. */
void key_to_base64(char text[static KEY_BASE64_BYTES], const uint8_t key[static KEY_BYTES]);
/* Exactly 44 characters of the standard alphabet, the last one "=", the two unused bits zero; false
 * otherwise.
 */
VOLE_MUST_CHECK bool key_from_base64(uint8_t key[static KEY_BYTES], const char *text, size_t length);

/* The first and the last four significant characters of the base64 form, "AbCd…wXyZ": enough to tell peers
 * apart in a log. For public keys only. */
void key_to_short(char text[static KEY_SHORT_BYTES], const uint8_t public_key[static KEY_BYTES]);

/* Constant time. */
VOLE_MUST_CHECK bool key_is_zero(const uint8_t key[static KEY_BYTES]);

/* Once per process, before any function below. -ENOSYS: the primitives cannot run here. */
VOLE_MUST_CHECK int key_start(void);
/* A new private key: random and clamped. Ends the process if the kernel has no randomness. */
void key_generate_private(uint8_t private_key[static KEY_BYTES]);
/* Whether no private key whatever shares a secret with this public key (protocol §1): nobody owns it. */
VOLE_MUST_CHECK bool key_is_low_order(const uint8_t public_key[static KEY_BYTES]);
/* A new preshared key: random. */
void key_generate_preshared(uint8_t preshared_key[static KEY_BYTES]);
/* The public key of a private key, clamped or not. */
void key_public(uint8_t public_key[static KEY_BYTES], const uint8_t private_key[static KEY_BYTES]);
/* Overwrites secret bytes in a way the compiler does not remove. */
void key_wipe(void *secret, size_t length);

#endif
