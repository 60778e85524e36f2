/* SPDX-License-Identifier: MIT
 *
 * What holds for every text that is given as a configuration file, however broken it is. The fuzzer and the
 * unit test of damaged files ask the same.
 */
#ifndef FILE_PROPERTIES_H
#define FILE_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>

/* Ends the process with a message if something does not hold. Whether wg's reader accepts the text. */
bool file_properties_check(const char *bytes, size_t length);

#endif
