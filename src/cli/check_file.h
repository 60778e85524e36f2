/* SPDX-License-Identifier: MIT
 *
 * What is doubtful about a configuration that can be read, by its text alone: keys, allowed IPs, endpoints.
 *
 * The rule for what belongs here: a careful operator would be glad to be told. What is usual, or a matter of
 * taste, is not mentioned. Spec: cryptokey-routing §2, config §6.4.
 */
#ifndef CLI_CHECK_FILE_H
#define CLI_CHECK_FILE_H

#include "cli/check_findings.h"
#include "config/file.h"

#include <stdbool.h>

/* file: read as FILE_QUICK without errors, with its key files. keys_unknown: not all of its key files can be
 * read here. */
void check_file(struct check_findings *findings, const struct file *file, bool keys_unknown);

/* Whether a hook contains the word, in any case: then somebody took care of what it is about. */
bool check_hooks_mention(const struct file *file, const char *word);
/* Table is "auto" or not given. */
bool check_table_is_auto(const struct file *file);

#endif
