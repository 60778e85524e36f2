/* SPDX-License-Identifier: MIT
 *
 * The reader of configuration files: the properties in file_properties.c.
 */
#include "file_properties.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    (void)file_properties_check((const char *)bytes, length);
    return 0;
}
