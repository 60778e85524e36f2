/* SPDX-License-Identifier: MIT
 *
 * What a reading tells, as a model: for tests of messages. The callbacks check that what they are told can be
 * true, whatever the message was.
 */
#ifndef VOLE_TESTS_NETLINK_MODEL_H
#define VOLE_TESTS_NETLINK_MODEL_H

#include "config/model.h"
#include "linux/wireguard_netlink.h"

/* Tells an initialised model. */
struct wireguard_reader netlink_model_reader(struct model_device *device);

/* The model as `wg show INTERFACE dump` prints it; to be freed. */
char *netlink_model_dump(const struct model_device *device);

#endif
