/* SPDX-License-Identifier: MIT
 *
 * vole top --once --json: a sample as JSON, documented in docs/json.md. Rates become whole numbers, rounded
 * up, so that 0 means that nothing came at all.
 */
#ifndef CLI_TOP_JSON_H
#define CLI_TOP_JSON_H

#include "cli/top_sample.h"
#include "vole.h"

/* Prints the interfaces that could be asked, with their peers as they were configured. The exit status. */
VOLE_MUST_CHECK int top_json_print(const struct top_sample *sample);

#endif
