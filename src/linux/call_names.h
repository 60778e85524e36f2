/* SPDX-License-Identifier: MIT
 *
 * System calls by their names, as this machine's kernel numbers them. The table is made by scripts/call-names
 * from the headers of the compiler that builds us, so a call that is newer than these has no name.
 */
#ifndef VOLE_LINUX_CALL_NAMES_H
#define VOLE_LINUX_CALL_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define CALL_NAME_BYTES 32

/* -1: this machine does not have it. */
int call_number(const char *name, size_t length);
/* The name of the call with this number, or "number N". */
void call_name(char name[static CALL_NAME_BYTES], int number);

/* The table, in the alphabet's order: names behind each other, each with a zero, and where each begins. */
extern const unsigned call_names_count;
extern const uint16_t call_names_offsets[];
extern const uint32_t call_names_numbers[];
extern const char call_names_text[];

#endif
