/* SPDX-License-Identifier: MIT
 *
 * What the allowed-IPs table shows, written down: stands in the place of core/allowed_ips_observer.h when the
 * core is compiled for the explainer. Spec: cryptokey-routing §1.
 */
#ifndef CORE_ALLOWED_IPS_OBSERVER_H
#define CORE_ALLOWED_IPS_OBSERVER_H

#include "explain/walk_record.h"

static inline void allowed_ips_observer_begin(uint8_t family, const uint8_t *address)
{
    walk_record_begin(family, address);
}

static inline bool allowed_ips_observer_compare(const uint8_t *bytes, uint8_t length, bool contained)
{
    walk_record_compare(bytes, length, contained);
    return contained;
}

static inline void allowed_ips_observer_owner(const struct vole_peer *peer)
{
    walk_record_owner(peer);
}

static inline void allowed_ips_observer_give(uint8_t family, const uint8_t *bytes, uint8_t length,
                                             const struct vole_peer *before, const struct vole_peer *after)
{
    walk_record_give(family, bytes, length, before, after);
}

#endif
