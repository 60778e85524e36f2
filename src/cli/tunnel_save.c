/* SPDX-License-Identifier: MIT
 *
 * Asking what runs, and config/file_edit.h for the rest.
 */
#include "cli/tunnel_save.h"

#include "cli/access.h"
#include "cli/file_replace.h"
#include "cli/resolve.h"
#include "config/file_edit.h"
#include "linux/interface_address.h"
#include "linux/link.h"

#include <stdio.h>
#include <string.h>

#define PLACES_MAX 32 /* addresses of one name that are looked at */

/* A name holds as long as one of its addresses is in use. */
static bool endpoint_holds(void *context, const struct file_endpoint *written,
                           const struct vole_endpoint *used)
{
    struct vole_endpoint places[PLACES_MAX];
    size_t count = resolve_all(places, PLACES_MAX, written);

    (void)context;
    for (size_t i = 0; i < count; i++) {
        if (places[i].address.family == used->address.family && places[i].port == used->port &&
            memcmp(places[i].address.bytes, used->address.bytes, sizeof(used->address.bytes)) == 0)
            return true;
    }
    return false;
}

static bool write_file(const struct tunnel *tunnel, const struct file_edit_text *text)
{
    int error;

    if (text->length == tunnel->file.length &&
        memcmp(text->bytes, tunnel->file.bytes, tunnel->file.length) == 0)
        return true;
    error = file_replace(tunnel->path, text->bytes, text->length);
    return error == 0 || tunnel_fail(tunnel, "`%s' cannot be written: %s", tunnel->path, strerror(-error));
}

bool tunnel_save(struct tunnel *tunnel)
{
    struct interface_address_list addresses = {0};
    struct file_edit_text text = {0};
    struct link_state link;
    struct model_device device;
    bool success = false;
    int error;

    steps_say("wg showconf %s", tunnel->name);
    model_init(&device);
    error = device_get(tunnel->name, &device);
    if (error != 0) {
        access_report(tunnel->name, error, true);
        model_free(&device);
        return false;
    }
    error = interface_address_read(tunnel->netlink, tunnel->index, &addresses);
    if (error == 0)
        error = link_query(tunnel->netlink, tunnel->index, &link);
    if (error == 0) {
        const struct file_edit_running running = {.device = &device,
                                                  .addresses = addresses.addresses,
                                                  .address_count = addresses.count,
                                                  .mtu = link.mtu,
                                                  .endpoint_holds = endpoint_holds};

        error = file_edit_save(&text, &tunnel->file, &running);
    }
    if (error != 0)
        (void)tunnel_fail(tunnel, "it cannot be saved: %s", strerror(-error));
    else
        success = write_file(tunnel, &text);
    file_edit_free(&text);
    interface_address_list_free(&addresses);
    model_free(&device);
    return success;
}
