/* SPDX-License-Identifier: MIT
 *
 * The example, the reader's own table, and the example spoilt in three ways.
 */
#include "explain/routing_act.h"

#include "explain/routing_questions.h"
#include "explain/routing_values.h"
#include "explain/value.h"

#include <string.h>

/* A table's value; also that of its first member's claims and of single walks, while its world lives. */
struct told {
    struct routing_table table;
    struct routing_world world;
    struct routing_view view;
};

static void told_init(struct told *told, const uint8_t *seed)
{
    routing_world_init(&told->world, &told->table, seed, 0);
    routing_world_meet(&told->world);
    routing_view_init(&told->view, &told->world);
}

static void told_fini(struct told *told)
{
    routing_view_fini(&told->view);
    routing_world_fini(&told->world);
    routing_table_fini(&told->table);
}

static json_t *example_values(struct told *told)
{
    return routing_values_table(&told->view, routing_example_destinations, routing_example_sources);
}

static const struct routing_question *destination(const char *name)
{
    const struct routing_question *question = routing_example_destinations;

    while (strcmp(question->name, name) != 0)
        question++;
    return question;
}

/* ---- break it ---- */

static void put_foreign_source(json_t *broken, struct told *example)
{
    json_t *run = value_object(broken, "foreign_source");
    size_t laptop = routing_table_find(&example->table, "laptop");

    value_put(run, "honest", routing_values_claim(&example->view, laptop, "10.0.0.2"));
    value_put(run, "foreign", routing_values_claim(&example->view, laptop, "192.168.20.77"));
}

static void put_stolen_prefix(json_t *broken, struct told *example, const uint8_t *seed)
{
    json_t *run = value_object(broken, "stolen_prefix");
    size_t laptop = routing_table_find(&example->table, "laptop");
    struct told spoilt;

    routing_example_fill(&spoilt.table);
    routing_example_change(&spoilt.table, "printer", "10.0.0.2/32", false);
    told_init(&spoilt, seed);
    value_text(run, "peer", "printer");
    value_text(run, "prefix", "10.0.0.2/32");
    value_put(run, "table", example_values(&spoilt));
    value_put(run, "before", routing_values_walk(&example->view, destination("host")));
    value_put(run, "after", routing_values_walk(&spoilt.view, destination("host")));
    value_put(run, "claim_before", routing_values_claim(&example->view, laptop, "10.0.0.2"));
    value_put(run, "claim_after", routing_values_claim(&spoilt.view, laptop, "10.0.0.2"));
    told_fini(&spoilt);
}

static void put_missing_route(json_t *broken, struct told *example, const uint8_t *seed)
{
    json_t *run = value_object(broken, "missing_route");
    struct told spoilt;

    routing_example_fill(&spoilt.table);
    routing_example_change(&spoilt.table, "gateway", "0.0.0.0/0", true);
    told_init(&spoilt, seed);
    value_text(run, "peer", "gateway");
    value_text(run, "prefix", "0.0.0.0/0");
    value_put(run, "table", example_values(&spoilt));
    value_put(run, "before", routing_values_walk(&example->view, destination("internet")));
    value_put(run, "after", routing_values_walk(&spoilt.view, destination("internet")));
    told_fini(&spoilt);
}

/* ---- the act ---- */

static json_t *own_values(const struct routing_table *own, const uint8_t *seed)
{
    struct routing_questions questions;
    struct routing_world world;
    struct routing_view view;
    json_t *values;

    routing_questions_choose(&questions, own);
    routing_world_init(&world, own, seed, 0);
    routing_view_init(&view, &world);
    values = routing_values_table(&view, questions.items, questions.items);
    routing_view_fini(&view);
    routing_world_fini(&world);
    return values;
}

/* The walks again, by name: for a text that speaks about a certain one. */
static void put_telling(json_t *act)
{
    const json_t *walks = json_object_get(json_object_get(act, "example"), "walks");
    json_t *telling = value_object(act, "telling");

    for (size_t i = 0; i < json_array_size(walks); i++) {
        json_t *walk = json_array_get(walks, i);

        value_put(telling, json_string_value(json_object_get(walk, "name")), json_incref(walk));
    }
}

json_t *routing_act_new(const struct story_options *options)
{
    json_t *act = value_new_object(), *broken;
    struct told example;

    routing_example_fill(&example.table);
    told_init(&example, options->seed);
    value_put(act, "example", example_values(&example));
    put_telling(act);
    broken = value_object(act, "broken");
    put_foreign_source(broken, &example);
    put_stolen_prefix(broken, &example, options->seed);
    put_missing_route(broken, &example, options->seed);
    told_fini(&example);
    if (options->own != NULL)
        value_put(act, "own", own_values(options->own, options->seed));
    return act;
}
