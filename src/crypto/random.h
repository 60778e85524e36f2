/* SPDX-License-Identifier: MIT
 *
 * Bytes from the kernel's cryptographic random source.
 *
 * One getrandom() per 256 bytes, about half a microsecond: meant for handshakes (ephemeral keys, indices,
 * nonces), never for each packet. Nothing is buffered, so a fork cannot make two processes draw the same
 * bytes. Before the kernel's generator is seeded the first draw waits; a failing source ends the process,
 * since no caller could go on safely.
 */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills length bytes. Any thread, after crypto_start(). */
void random_fill(uint8_t *bytes, size_t length);

#endif
