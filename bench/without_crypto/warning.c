/* SPDX-License-Identifier: MIT
 *
 * Says what voled-without-crypto is before it starts, so that nobody takes it for voled.
 */
#include "daemon/start.h"

#include <stdio.h>

int __real_start_run(const struct options *options);
int __wrap_start_run(const struct options *options);

int __wrap_start_run(const struct options *options)
{
    (void)fputs("voled-without-crypto: WARNING: THIS PROTECTS NOTHING. Every packet travels readable and "
                "forgeable. It exists to be measured.\n",
                stderr);
    return __real_start_run(options);
}
