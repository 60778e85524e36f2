/* SPDX-License-Identifier: MIT
 *
 * A tunnel: an interface with the configuration file that belongs to it, for `up`, `down`, `save` and
 * `strip`.
 *
 * It is named by NAME, which is the file that the interface of this name came from (tunnel_file.h), or
 * /etc/wireguard/NAME.conf or, if there is no such file, /etc/vole/NAME.conf;
 * or by the path of a file NAME.conf. Names are 1 to 15 of [a-zA-Z0-9_=+.-].
 * tunnel_open() makes it, tunnel_close() ends it and wipes the file's keys. Spec: config §6.1.
 */
#ifndef CLI_TUNNEL_H
#define CLI_TUNNEL_H

#include "cli/device.h"
#include "cli/steps.h"
#include "config/file.h"
#include "vole.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct tunnel {
    char name[DEVICE_NAME_BYTES];
    char path[PATH_MAX]; /* of the file, without symbolic links */
    struct file file;
    bool readable;  /* nothing is wrong with the file; else it holds what could be read */
    int netlink;    /* of link_open(), -1: none */
    int lock;       /* of tunnel_lock_take(), negative: not held */
    uint32_t index; /* of the interface, 0: there is none (yet) */
    bool hung;      /* its daemon was asked and did not answer in time */
    uint32_t mark;  /* fwmark and routing table of its default route, 0: none (yet) */
    struct steps steps;
};

enum tunnel_need {
    TUNNEL_TEXT,    /* a file in which nothing is wrong */
    TUNNEL_SYSTEM,  /* that, and to change interfaces */
    TUNNEL_AS_IT_IS /* to change interfaces, whatever is wrong with the file */
};

/* Finds and reads the file, says what is wrong with it, and opens netlink if needed; locks nothing. False:
 * messages were printed. To be closed whatever the result. */
VOLE_MUST_CHECK bool tunnel_open(struct tunnel *tunnel, const char *word, enum tunnel_need need);
void tunnel_close(struct tunnel *tunnel);

/* Whether the interface is here now; sets index. */
VOLE_MUST_CHECK bool tunnel_has_interface(struct tunnel *tunnel);
/* Table is "auto" or not given: a default route gets rules and a table of its own. */
VOLE_MUST_CHECK bool tunnel_table_is_auto(const struct tunnel *tunnel);

/* Prints "vole: NAME: " and the message on stderr; returns false. */
bool tunnel_fail(const struct tunnel *tunnel, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with "FILE:LINE:COLUMN: ". */
bool tunnel_fail_at(const struct tunnel *tunnel, const struct file_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
