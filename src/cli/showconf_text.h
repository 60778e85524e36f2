/* SPDX-License-Identifier: MIT
 *
 * An interface as the configuration file that would make it so: what `showconf` prints and `save` keeps.
 */
#ifndef CLI_SHOWCONF_TEXT_H
#define CLI_SHOWCONF_TEXT_H

#include "config/model.h"

#include <stdio.h>

/* Keys included: the stream's buffer holds secrets afterwards. An endpoint whose zone names no interface here
 * is written with the zone that it was given with. Spec: config §4. */
void showconf_text_print(FILE *stream, const struct model_device *device);

#endif
