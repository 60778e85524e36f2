/* SPDX-License-Identifier: MIT
 *
 * libFuzzer's way in to the reader of configuration files: tests/fuzz/run.
 */
#include "file_properties.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    (void)file_properties_check((const char *)bytes, length);
    return 0;
}
