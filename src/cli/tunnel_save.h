/* SPDX-License-Identifier: MIT
 *
 * Writing what runs into the tunnel's file, for `save` and for SaveConfig.
 */
#ifndef CLI_TUNNEL_SAVE_H
#define CLI_TUNNEL_SAVE_H

#include "cli/tunnel.h"
#include "vole.h"

#include <stdbool.h>

/* The file is changed only where it does not say what runs, and is not touched if that is nowhere; comments
 * stay. The tunnel's file must be readable. False: a message was printed, and the file is as it was. */
VOLE_MUST_CHECK bool tunnel_save(struct tunnel *tunnel);

#endif
