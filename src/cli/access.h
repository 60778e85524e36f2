/* SPDX-License-Identifier: MIT
 *
 * Saying why an interface could not be asked or changed, in the words of wg: "Unable to access interface: No
 * such device" (none of that name), "Operation not supported" (it is no WireGuard), "Protocol not supported"
 * (this kernel has no WireGuard and no daemon has the interface). Spec: config §2.
 */
#ifndef CLI_ACCESS_H
#define CLI_ACCESS_H

#include <stdbool.h>

/* Each prints one message on stderr. error is a negative errno. */

/* Of device_get(); with_name: several interfaces are asked, so say which. */
void access_report(const char *name, int error, bool with_name);
/* Of device_set(). */
void access_report_change(int error);
/* Of device_socket_get_vole(). */
void access_report_vole(const char *name, int error, bool with_name);

#endif
