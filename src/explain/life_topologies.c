/* SPDX-License-Identifier: MIT
 *
 * Four ways to join machines, each with real devices and packets walked through: two points, a full mesh, a
 * hub with spokes and a subnet router, and a client that roams and sends everything through the server. And
 * what happens if a table or a switch is wrong.
 */
#include "explain/life_net.h"
#include "explain/life_parts.h"
#include "explain/value.h"

static const struct vole_endpoint office_address = {.address = {4, {203, 0, 113, 9}}, .port = 51820};
static const struct vole_endpoint phone_address = {.address = {4, {198, 51, 100, 88}}, .port = 40404};

struct topology {
    struct life_net net;
    json_t *item, *walks;
};

static void start(struct topology *topology, json_t *list, const struct story_options *options,
                  const char *name, const char *title)
{
    topology->item = value_object(list, NULL);
    value_text(topology->item, "name", name);
    value_text(topology->item, "title", title);
    life_net_init(&topology->net, options->seed);
    topology->walks = NULL;
}

static void ready(struct topology *topology)
{
    life_net_greet(&topology->net);
    life_net_put_places(&topology->net, value_list(topology->item, "places"));
    topology->walks = value_list(topology->item, "walks");
}

static void put_sessions(struct topology *topology)
{
    size_t peers = 0;

    for (size_t i = 0; i < topology->net.count; i++)
        peers += vole_peer_count(topology->net.places[i].member->device);
    value_number(topology->item, "peers", peers);
    value_number(topology->item, "tunnels", peers / 2);
    life_net_fini(&topology->net);
}

static struct life_place *add_laptop(struct topology *topology)
{
    return life_net_add(&topology->net, "laptop", &cast_laptop_address,
                        &(struct life_place){.kind = "laptop", .inside = "10.0.0.2"});
}

static struct life_place *add_server(struct topology *topology, bool forwards)
{
    return life_net_add(&topology->net, "server", &cast_server_address,
                        &(struct life_place){.kind = "server", .inside = "10.0.0.5", .forwards = forwards});
}

static void point_to_point(json_t *list, const struct story_options *options)
{
    struct topology topology;
    struct life_place *laptop, *server;

    start(&topology, list, options, "point", "Point to point");
    laptop = add_laptop(&topology);
    server = add_server(&topology, false);
    life_net_introduce(laptop, server, "10.0.0.5/32", true);
    life_net_introduce(server, laptop, "10.0.0.2/32", false);
    ready(&topology);
    (void)life_net_walk(&topology.net, topology.walks, "there", laptop, "10.0.0.2", "10.0.0.5", false);
    (void)life_net_walk(&topology.net, topology.walks, "and back", server, "10.0.0.5", "10.0.0.2", true);
    put_sessions(&topology);
}

static void full_mesh(json_t *list, const struct story_options *options)
{
    struct topology topology;
    struct life_place *places[4];
    static const char *const insides[4] = {"10.0.0.2/32", "10.0.0.5/32", "10.0.0.3/32", "10.0.0.4/32"};

    start(&topology, list, options, "mesh", "Full mesh of four");
    places[0] = add_laptop(&topology);
    places[1] = add_server(&topology, false);
    places[2] = life_net_add(&topology.net, "office", &office_address,
                             &(struct life_place){.kind = "server", .inside = "10.0.0.3"});
    places[3] = life_net_add(&topology.net, "phone", &phone_address,
                             &(struct life_place){.kind = "laptop", .inside = "10.0.0.4"});
    for (unsigned i = 0; i < 4; i++)
        for (unsigned other = 0; other < 4; other++)
            if (other != i)
                life_net_introduce(places[i], places[other], insides[other], true);
    ready(&topology);
    (void)life_net_walk(&topology.net, topology.walks, "laptop to phone, directly", places[0], "10.0.0.2",
                        "10.0.0.4", false);
    (void)life_net_walk(&topology.net, topology.walks, "office to server, directly", places[2], "10.0.0.3",
                        "10.0.0.5", false);
    put_sessions(&topology);
}

/* The hub with two spokes; behind one of them is a network. allowed_at_office: what the office takes from the
 * hub. */
static void make_hub(struct topology *topology, bool forwards, const char *allowed_at_office)
{
    struct life_place *laptop = add_laptop(topology), *server = add_server(topology, forwards), *office;

    office = life_net_add(&topology->net, "office", &office_address,
                          &(struct life_place){.kind = "server",
                                               .inside = "10.0.0.3",
                                               .behind = "10.1.0.0/24",
                                               .beyond = "the office network",
                                               .forwards = true});
    life_net_introduce(laptop, server, "10.0.0.0/24, 10.1.0.0/24", true);
    life_net_introduce(office, server, allowed_at_office, true);
    life_net_introduce(server, laptop, "10.0.0.2/32", false);
    life_net_introduce(server, office, "10.0.0.3/32, 10.1.0.0/24", false);
    ready(topology);
}

static void hub_and_spoke(json_t *list, const struct story_options *options)
{
    struct topology topology;
    const struct life_place *places = topology.net.places;

    start(&topology, list, options, "hub", "Hub and spokes, with a network behind one");
    make_hub(&topology, true, "10.0.0.0/24");
    (void)life_net_walk(&topology.net, topology.walks, "laptop to a printer behind the office", &places[0],
                        "10.0.0.2", "10.1.0.20", false);
    (void)life_net_walk(&topology.net, topology.walks, "and the printer's answer", &places[2], "10.1.0.20",
                        "10.0.0.2", true);
    put_sessions(&topology);
}

static void roaming_client(json_t *list, const struct story_options *options)
{
    struct topology topology;
    struct life_place *laptop, *server;

    start(&topology, list, options, "roaming", "A client on the road, with everything through the tunnel");
    laptop = add_laptop(&topology);
    server = life_net_add(&topology.net, "server", &cast_server_address,
                          &(struct life_place){.kind = "server",
                                               .inside = "10.0.0.5",
                                               .behind = "0.0.0.0/0",
                                               .beyond = "the internet",
                                               .forwards = true});
    life_net_introduce(laptop, server, "0.0.0.0/0", true);
    life_net_introduce(server, laptop, "10.0.0.2/32", false);
    ready(&topology);
    (void)life_net_walk(&topology.net, topology.walks, "from home to a web server", laptop, "10.0.0.2",
                        "192.0.2.80", false);
    laptop->member->address = cast_roamed_address;
    (void)life_net_walk(&topology.net, topology.walks, "the same from a train", laptop, "10.0.0.2",
                        "192.0.2.80", false);
    (void)life_net_walk(&topology.net, topology.walks, "the answer finds the train", server, "192.0.2.80",
                        "10.0.0.2", true);
    put_sessions(&topology);
}

json_t *life_topologies_new(const struct story_options *options)
{
    json_t *list = value_new_list();

    point_to_point(list, options);
    full_mesh(list, options);
    hub_and_spoke(list, options);
    roaming_client(list, options);
    return list;
}

json_t *life_misrouted_new(const struct story_options *options)
{
    json_t *list = value_new_list();
    struct topology topology;
    const struct life_place *places = topology.net.places;

    start(&topology, list, options, "hub_without_forwarding", "A hub that does not forward");
    make_hub(&topology, false, "10.0.0.0/24");
    (void)life_net_walk(&topology.net, topology.walks, "laptop to a printer behind the office", &places[0],
                        "10.0.0.2", "10.1.0.20", false);
    put_sessions(&topology);
    start(&topology, list, options, "narrow_spoke", "A spoke that allows the hub only its own address");
    make_hub(&topology, true, "10.0.0.5/32");
    (void)life_net_walk(&topology.net, topology.walks, "laptop to a printer behind the office", &places[0],
                        "10.0.0.2", "10.1.0.20", false);
    put_sessions(&topology);
    return list;
}
