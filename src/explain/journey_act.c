/* SPDX-License-Identifier: MIT */
#include "explain/journey_act.h"

#include "core/messages.h"
#include "explain/compose.h"
#include "explain/journey_broken.h"
#include "explain/journey_capture.h"
#include "explain/journey_layout.h"
#include "explain/journey_run.h"
#include "explain/journey_sizes.h"
#include "explain/journey_way.h"
#include "explain/value.h"

/* The laptop has heard something and has nothing to say: when it says so, and how. */
static void put_keepalive(json_t *act, struct journey_run *run)
{
    json_t *object = value_object(act, "keepalive");
    struct cast *cast = &run->cast;
    uint64_t heard_ns = cast->now_ns;
    const struct cast_datagram *datagram;

    while (cast->wire_count == run->carried)
        cast_pass_until(cast, cast_next_deadline(cast));
    datagram = &cast->wire[run->carried];
    value_seconds(object, "at", datagram->at_ns);
    value_seconds(object, "after", datagram->at_ns - heard_ns);
    value_text(object, "from", datagram->sender->name);
    value_bytes(object, "bytes", datagram->bytes, datagram->length);
    value_number(object, "length", datagram->length);
    value_number(object, "udp_length", COMPOSE_UDP_BYTES + (uint64_t)datagram->length);
    layout_put_transport(value_list(object, "fields"), datagram->bytes, 0, datagram->length);
    value_number(object, "outer_length", COMPOSE_IPV4_BYTES + COMPOSE_UDP_BYTES + (uint64_t)datagram->length);
    value_number(object, "counter", bytes_load_le64(datagram->bytes + TRANSPORT_COUNTER));
    journey_carry(run);
    value_number(object, "answers", cast->wire_count - run->carried);
}

json_t *journey_act_new(const struct story_options *options)
{
    json_t *act = value_new_object();
    struct journey_run run;
    uint8_t packet[JOURNEY_MOST_INNER_BYTES];

    journey_run_init(&run, options->seed);
    value_put(act, "out",
              journey_way_new(&run, "question", run.laptop, run.server, packet, journey_question(packet)));
    value_put(act, "back",
              journey_way_new(&run, "answer", run.server, run.laptop, packet, journey_answer(packet)));
    put_keepalive(act, &run);
    journey_run_fini(&run);
    value_put(act, "sizes", journey_sizes_new(options->seed));
    value_put(act, "capture", journey_capture_new(options->seed));
    value_put(act, "trials", journey_trials_new(options->seed));
    value_put(act, "flips", journey_flips_new(options->seed));
    return act;
}
