/* SPDX-License-Identifier: MIT
 *
 * See place.h.
 */
#include "daemon/place.h"

#include "linux/link.h"
#include "linux/link_monitor.h"

#include <string.h>
#include <unistd.h>

void place_init(struct place *place)
{
    memset(place, 0, sizeof *place);
    place->monitor = -1;
    place->link = -1;
    place->icmp.v4 = -1;
    place->icmp.v6 = -1;
}

int place_open(struct place *place)
{
    int opened;

    place_init(place);
    opened = link_monitor_open(false);
    if (opened < 0)
        return opened;
    place->monitor = opened;
    opened = link_open();
    if (opened < 0) {
        place_close(place);
        return opened;
    }
    place->link = opened;
    (void)!icmp_open(&place->icmp); /* without the right the tunnel works, only its errors stay unsaid */
    return 0;
}

void place_close(struct place *place)
{
    if (place->monitor >= 0)
        close(place->monitor);
    if (place->link >= 0)
        close(place->link);
    icmp_close(&place->icmp);
    place->monitor = -1;
    place->link = -1;
}
