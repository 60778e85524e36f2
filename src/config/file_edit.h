/* SPDX-License-Identifier: MIT
 *
 * A configuration file brought up to what runs, and without what wg does not know.
 *
 * file_edit_save() changes the file's own lines: what still holds stays as it was written, with comments,
 * order, names of hosts and keys kept in other files; values that changed are replaced in place; peers and
 * addresses that are gone are left out, with the comments that belong to them, and new ones are added.
 * Results are texts that hold keys: file_edit_free() wipes them. Errors: -ENOMEM. Spec: config §6.5.
 */
#ifndef CONFIG_FILE_EDIT_H
#define CONFIG_FILE_EDIT_H

#include "config/file.h"
#include "config/model.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_edit_text {
    char *bytes; /* not terminated; secret */
    size_t length;
    size_t capacity;
};

/* What runs. */
struct file_edit_running {
    const struct model_device *device;
    const struct vole_prefix *addresses;
    size_t address_count;
    uint32_t mtu; /* 0: not known */
    /* Whether what the file says still means the endpoint that is in use. */
    bool (*endpoint_holds)(void *context, const struct file_endpoint *written,
                           const struct vole_endpoint *used);
    void *context;
};

/* The file must have been read as FILE_QUICK, without errors, and with its key files. A name of a host that
 * no longer means the endpoint in use is kept as a further place to try. text must be zeros and is to be
 * freed whatever the result. */
VOLE_MUST_CHECK int file_edit_save(struct file_edit_text *text, const struct file *file,
                                   const struct file_edit_running *running);

/* The file without Address, DNS and all else that only wg-quick knows, for `wg syncconf`: other lines as they
 * are, comments included, without white space around them; a key that is in another file is written out. One
 * empty line more at the end. text as above. */
VOLE_MUST_CHECK int file_edit_strip(struct file_edit_text *text, const struct file *file);

/* The file as short as it can be, for reading by another program: without comments, empty lines and white
 * space around lines; a key that is in another file is written out. text as above. */
VOLE_MUST_CHECK int file_edit_bare(struct file_edit_text *text, const struct file *file);

void file_edit_free(struct file_edit_text *text);

#endif
