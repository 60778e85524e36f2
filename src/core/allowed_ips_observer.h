/* SPDX-License-Identifier: MIT
 *
 * Places in the allowed-IPs table where somebody may look on. Here nobody does: these functions are empty and
 * leave nothing in the program. The explainer compiles the same table once more with a header of this name
 * that writes down what it is shown (explain/observed/core), so what it tells is what the table did.
 *
 * Any thread that looks up. Only values are shown that the table has in its hands anyway.
 */
#ifndef CORE_ALLOWED_IPS_OBSERVER_H
#define CORE_ALLOWED_IPS_OBSERVER_H

#include "vole.h"

/* A lookup of this address (4 or 16 bytes by family) begins. */
static inline void allowed_ips_observer_begin(uint8_t family, const uint8_t *address)
{
    (void)family;
    (void)address;
}

/* It compares the address with a node's prefix, whose first length bits are in bytes. Returns contained: what
 * came out. */
static inline bool allowed_ips_observer_compare(const uint8_t *bytes, uint8_t length, bool contained)
{
    (void)bytes;
    (void)length;
    return contained;
}

/* The node just compared has an owner. */
static inline void allowed_ips_observer_owner(const struct vole_peer *peer)
{
    (void)peer;
}

/* A prefix is given to a peer; before: whose it was, NULL: nobody's. */
static inline void allowed_ips_observer_give(uint8_t family, const uint8_t *bytes, uint8_t length,
                                             const struct vole_peer *before, const struct vole_peer *after)
{
    (void)family;
    (void)bytes;
    (void)length;
    (void)before;
    (void)after;
}

#endif
