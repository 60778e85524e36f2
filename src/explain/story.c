/* SPDX-License-Identifier: MIT */
#include "explain/story.h"

#include "config/key.h"
#include "explain/cast.h"
#include "explain/handshake_act.h"
#include "explain/journey_act.h"
#include "explain/life_act.h"
#include "explain/routing_act.h"
#include "explain/value.h"

#include <string.h>

/* As it stands in a configuration file. */
static void put_base64(json_t *parent, const char *name, const uint8_t key[static VOLE_KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];

    key_to_base64(text, key);
    value_text(parent, name, text);
}

static void put_member(json_t *parent, const char *name, const struct vole_endpoint *address,
                       const char *inside, const uint8_t *seed)
{
    json_t *member = value_object(parent, name);
    uint8_t private_key[VOLE_KEY_BYTES], public_key[VOLE_KEY_BYTES];

    cast_private_key(private_key, seed, name);
    vole_public_key(public_key, private_key);
    value_text(member, "name", name);
    value_endpoint(member, "address", address);
    value_text(member, "inside", inside);
    value_bytes(member, "private_key", private_key, sizeof private_key);
    value_bytes(member, "public_key", public_key, sizeof public_key);
    put_base64(member, "private_key_base64", private_key);
    put_base64(member, "public_key_base64", public_key);
}

static json_t *cast_new(const struct story_options *options)
{
    json_t *cast = value_new_object();
    uint8_t preshared[VOLE_KEY_BYTES];

    put_member(cast, "laptop", &cast_laptop_address, "10.0.0.2", options->seed);
    put_member(cast, "server", &cast_server_address, "10.0.0.5", options->seed);
    value_endpoint(cast, "roamed", &cast_roamed_address);
    value_endpoint(cast, "stranger", &cast_stranger_address);
    cast_preshared_key(preshared, options->seed);
    value_bytes(cast, "preshared_key", preshared, sizeof preshared);
    put_base64(cast, "preshared_key_base64", preshared);
    return cast;
}

json_t *story_new(const struct story_options *options)
{
    json_t *story = value_new_object();

    value_text(story, "vole", vole_version());
    value_text(story, "mode", options->fresh ? "fresh" : "public");
    value_bytes(story, "seed", options->seed, sizeof options->seed);
    value_truth(story, "fresh", options->fresh);
    value_truth(story, "served", options->served);
    value_put(story, "cast", cast_new(options));
    value_put(story, "handshake", handshake_act_new(options));
    value_put(story, "routing", routing_act_new(options));
    value_put(story, "journey", journey_act_new(options));
    value_put(story, "life", life_act_new(options));
    return story;
}
