/* SPDX-License-Identifier: MIT
 *
 * See random.h.
 */
#include "crypto/random.h"

#include <sodium.h>

void random_fill(uint8_t *bytes, size_t length)
{
    randombytes_buf(bytes, length);
}
