/* SPDX-License-Identifier: MIT
 *
 * Plain decimal numbers as the configuration protocol has them: one or more digits, nothing else. No sign,
 * no space, no other base; the C library's readers allow all of these.
 * Spec: uapi §3.
 */
#ifndef CONFIG_NUMBER_H
#define CONFIG_NUMBER_H

#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False, and 0, if text is no number or above maximum. Leading zeros are allowed. */
VOLE_MUST_CHECK bool number_read(uint64_t *number, const char *text, size_t length, uint64_t maximum);

#endif
