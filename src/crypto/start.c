/* SPDX-License-Identifier: MIT
 *
 * See start.h. sodium_init() locks by itself and answers 1 when it has already run.
 */
#include "crypto/start.h"

#include "crypto/processor.h"

#include <errno.h>
#include <sodium.h>

int crypto_start(void)
{
    processor_look();
    return sodium_init() < 0 ? -ENOSYS : 0;
}
