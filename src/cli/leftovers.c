/* SPDX-License-Identifier: MIT
 *
 * First the firewall, which tells the mark; a file that gives the mark tells it as well.
 */
#include "cli/leftovers.h"

#include "cli/firewall.h"
#include "cli/tunnel_routes.h"

bool leftovers_remove(struct tunnel *tunnel)
{
    struct firewall_found found = firewall_remove(tunnel);
    uint32_t mark = found.mark != 0 ? found.mark : tunnel->file.fwmark;
    bool rules = tunnel_table_is_auto(tunnel) && tunnel_routes_remove_left_rules(tunnel, mark);

    return found.any || rules;
}
