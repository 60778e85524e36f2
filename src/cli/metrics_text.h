/* SPDX-License-Identifier: MIT
 *
 * All interfaces as metrics, in the text format of Prometheus 0.0.4: what prometheus_wireguard_exporter has,
 * by the same names and labels, and what only voled knows: drops and what became of handshakes.
 *
 * There is no secret in it, but there are public keys, names and allowed IPs of peers.
 */
#ifndef CLI_METRICS_TEXT_H
#define CLI_METRICS_TEXT_H

#include "vole.h"

#include <stdbool.h>
#include <stdio.h>

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Asks all interfaces and prints. An interface that cannot be asked is said on stderr and by a metric. False:
 * interfaces cannot be listed, or none of those that are there can be asked; a message was printed. */
VOLE_MUST_CHECK bool metrics_text_print(FILE *stream);

/* A label's value, between the quotation marks: escaped, and what is not ASCII as question marks. */
void metrics_text_print_value(FILE *stream, const char *value);

#endif
