/* SPDX-License-Identifier: MIT
 *
 * Saying why an interface could not be asked.
 */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include <stdbool.h>

/* Prints one message on stderr for the negative errno of device_socket_get() or device_socket_get_vole();
 * with_name: several interfaces are asked, so say which. What an interface without socket is, is looked up
 * here. Spec: config §2. */
void access_report(const char *name, int error, bool with_name);

#endif
