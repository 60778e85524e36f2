/* SPDX-License-Identifier: MIT
 *
 * What `check` found in one configuration file: each with its place, the words for a person, and one stable
 * word for programs, by which it can be recognised in every later release (vole(8) lists them).
 *
 * An error is what keeps the file from being used; a warning is what can be used, but hardly as somebody
 * meant it. Findings are kept until they are printed in the order of the file. One thread.
 */
#ifndef CLI_CHECK_FINDINGS_H
#define CLI_CHECK_FINDINGS_H

#include "cli/json_output.h"
#include "config/file.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>

struct check_finding {
    struct file_place place; /* line 0: the file as a whole */
    bool warning;
    const char *word; /* constant */
    char what[FILE_PROBLEM_BYTES];
};

/* Zeros are none. Freed by check_findings_free(). */
struct check_findings {
    struct check_finding *items;
    size_t count;
    size_t capacity;
    size_t error_count;
    bool incomplete; /* there was not enough memory */
};

/* Adds one; out of memory is remembered. */
void check_findings_error(struct check_findings *findings, struct file_place place, const char *word,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
void check_findings_warn(struct check_findings *findings, struct file_place place, const char *word,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One line for each on stdout: "FILE:LINE:COLUMN: [Warning: ]WHAT [WORD]". */
void check_findings_print(struct check_findings *findings, const char *path);
/* The same as objects of a list that is open. */
void check_findings_print_json(struct check_findings *findings, const char *path, struct json_output *output);
void check_findings_free(struct check_findings *findings);

#define CHECK_PEER_BYTES 80

/* What a peer is called in findings: its name, or its key in short. */
void check_peer_name(char name[static CHECK_PEER_BYTES], const struct file_peer *peer);

#endif
