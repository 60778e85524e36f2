/* SPDX-License-Identifier: MIT
 *
 * Says what is wrong with a line that is neither a section nor a key with a value where it may stand, and
 * what was probably meant. All of them start with wg's "Line unrecognized".
 * The line is shown without anything that may be a secret: the value of whatever is called a key is not.
 * Spec: config §1.1.
 */
#ifndef CONFIG_FILE_UNRECOGNIZED_H
#define CONFIG_FILE_UNRECOGNIZED_H

#include "config/file_keys.h"
#include "config/file_reading.h"

/* About the current line, whose key, if it has a known one, cannot stand here or has no value. */
void file_refuse_line(struct file_reading *reading, const struct file_key *key);

#endif
