/* SPDX-License-Identifier: MIT
 *
 * The text format of Prometheus, read strictly: every line is a comment with HELP or TYPE or a sample of the
 * metric that was announced last, and labels are quoted and escaped.
 */
#ifndef FUZZ_PROMETHEUS_TEXT_H
#define FUZZ_PROMETHEUS_TEXT_H

#include <stddef.h>

/* Ends the process with what does not hold. */
void prometheus_text_check(const char *text, size_t length);

#endif
