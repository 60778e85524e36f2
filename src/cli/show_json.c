/* SPDX-License-Identifier: MIT
 *
 * vole show --json: each view as one object of the list "interfaces". The members are documented in
 * docs/json.md; a field is the same object with fewer members.
 */
#include "cli/show_view.h"

#include "config/key.h"
#include "config/number.h"

#include <string.h>

/* "(hidden)" is what people see, too. */
static void put_secret(struct json_output *output, const char *name, const uint8_t key[static KEY_BYTES],
                       bool present, unsigned parts)
{
    if (!present)
        json_output_text(output, name, NULL);
    else if ((parts & SHOW_SECRETS) != 0)
        json_output_key(output, name, key);
    else
        json_output_text(output, name, "(hidden)");
}

static void put_allowed_ips(struct json_output *output, const struct model_peer *peer)
{
    char text[ADDRESS_PREFIX_TEXT_BYTES];

    json_output_list(output, "allowed_ips");
    for (size_t i = 0; i < peer->allowed_ip_count; i++) {
        address_write_prefix(text, &peer->allowed_ips[i]);
        json_output_text(output, NULL, text);
    }
    json_output_end(output);
}

static void put_endpoint(struct json_output *output, const struct model_peer *peer)
{
    char text[SHOW_ENDPOINT_BYTES];

    show_endpoint_text(text, peer);
    json_output_text(output, "endpoint", peer->endpoint.address.family != 0 ? text : NULL);
}

static void put_peer(struct json_output *output, const struct model_peer *peer,
                     const struct peer_names *names, unsigned parts)
{
    json_output_object(output, NULL);
    json_output_key(output, "public_key", peer->public_key);
    if ((parts & SHOW_NAMES) != 0)
        json_output_text(output, "name", peer_names_of(names, peer->public_key));
    if ((parts & SHOW_PRESHARED_KEYS) != 0)
        put_secret(output, "preshared_key", peer->preshared_key, !key_is_zero(peer->preshared_key), parts);
    if ((parts & SHOW_ENDPOINTS) != 0)
        put_endpoint(output, peer);
    if ((parts & SHOW_ALLOWED_IPS) != 0)
        put_allowed_ips(output, peer);
    if ((parts & SHOW_LATEST_HANDSHAKES) != 0)
        json_output_number_or_null(output, "latest_handshake", (uint64_t)peer->latest_handshake_s);
    if ((parts & SHOW_TRANSFER) != 0) {
        json_output_number(output, "received_bytes", peer->received_bytes);
        json_output_number(output, "sent_bytes", peer->sent_bytes);
    }
    if ((parts & SHOW_KEEPALIVES) != 0)
        json_output_number_or_null(output, "persistent_keepalive", peer->persistent_keepalive_s);
    json_output_end(output);
}

void show_json(struct json_output *output, const struct model_device *device, const char *name,
               const struct peer_names *names, unsigned parts)
{
    json_output_object(output, NULL);
    json_output_text(output, "name", name);
    if ((parts & SHOW_PUBLIC_KEY) != 0)
        put_secret(output, "public_key", device->public_key, device->has_private_key, SHOW_SECRETS);
    if ((parts & SHOW_PRIVATE_KEY) != 0)
        put_secret(output, "private_key", device->private_key, device->has_private_key, parts);
    if ((parts & SHOW_LISTEN_PORT) != 0)
        json_output_number_or_null(output, "listen_port", device->listen_port);
    if ((parts & SHOW_FWMARK) != 0)
        json_output_number_or_null(output, "fwmark", device->fwmark);
    if ((parts & SHOW_PEERS) != 0) {
        json_output_list(output, "peers");
        for (size_t i = 0; i < device->peer_count; i++)
            put_peer(output, &device->peers[i], names, parts);
        json_output_end(output);
    }
    json_output_end(output);
}

/* ---- drops and features ---- */

static void put_drops(struct json_output *output, const struct uapi_vole_owner *owner)
{
    json_output_list(output, "drops");
    for (size_t i = 0; i < owner->drop_count; i++) {
        const struct show_drop_words *words = show_drop_words_find(owner->drops[i].name);

        json_output_object(output, NULL);
        json_output_text(output, "reason", owner->drops[i].name);
        json_output_number(output, "packets", owner->drops[i].count);
        json_output_text(output, "text", words != NULL ? words->text : NULL);
        json_output_text(output, "advice", words != NULL ? words->advice : NULL);
        json_output_end(output);
    }
    json_output_end(output);
}

void show_json_drops(struct json_output *output, const struct uapi_vole *reply, const char *name,
                     const struct peer_names *names)
{
    json_output_object(output, NULL);
    json_output_text(output, "name", name);
    put_drops(output, &reply->owners[0]);
    json_output_list(output, "peers");
    for (size_t i = 1; i < reply->owner_count; i++) {
        json_output_object(output, NULL);
        json_output_key(output, "public_key", reply->owners[i].public_key);
        json_output_text(output, "name", peer_names_of(names, reply->owners[i].public_key));
        put_drops(output, &reply->owners[i]);
        json_output_end(output);
    }
    json_output_end(output);
    json_output_end(output);
}

static void put_feature_value(struct json_output *output, const char *value)
{
    uint64_t number;

    if (strcmp(value, "on") == 0 || strcmp(value, "off") == 0)
        json_output_boolean(output, "value", value[1] == 'n');
    else if (number_read(&number, value, strlen(value), UINT64_MAX))
        json_output_number(output, "value", number);
    else
        json_output_text(output, "value", value);
}

void show_json_features(struct json_output *output, const struct uapi_vole *reply, const char *name)
{
    json_output_object(output, NULL);
    json_output_text(output, "name", name);
    json_output_text(output, "version", reply->version[0] != '\0' ? reply->version : NULL);
    json_output_list(output, "features");
    for (size_t i = 0; i < reply->feature_count; i++) {
        const struct uapi_vole_feature *feature = &reply->features[i];

        json_output_object(output, NULL);
        json_output_text(output, "name", feature->name);
        put_feature_value(output, feature->value);
        json_output_text(output, "remark", feature->remark[0] != '\0' ? feature->remark : NULL);
        json_output_end(output);
    }
    json_output_end(output);
    json_output_end(output);
}
