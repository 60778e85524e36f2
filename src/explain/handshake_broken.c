/* SPDX-License-Identifier: MIT */
#include "explain/handshake_broken.h"

#include "core/constants.h"
#include "explain/handshake_run.h"
#include "explain/value.h"

#include <string.h>

/* 20 attempts with 5.0 to 5.3 s between them, and some time to see that nothing comes any more. */
#define GIVES_UP_NS (115 * NS_PER_SECOND)
#define LATER_NS    (60 * NS_PER_SECOND)

/* A world in which a case happens. */
struct scene {
    struct cast cast;
    struct cast_member *laptop, *server, *stranger;
    uint8_t preshared[VOLE_KEY_BYTES];
    struct handshake_course course;
};

/* The number of this course in the list, where it is put if it is new. Takes it. */
static size_t course_number(json_t *courses, json_t *happened)
{
    size_t count = json_array_size(courses);

    for (size_t i = 0; i < count; i++)
        if (json_equal(json_array_get(courses, i), happened)) {
            json_decref(happened);
            return i;
        }
    value_put(courses, NULL, happened);
    return count;
}

json_t *handshake_broken_result(struct handshake_course *course, json_t *courses)
{
    json_t *result = handshake_verdict_new(&course->verdict);

    value_number(result, "answers", course->answers);
    if (course->works_at_ns == VOLE_NEVER)
        value_text(result, "works_at", NULL);
    else
        value_format(result, "works_at", "%.2f s", (double)course->works_at_ns / 1e9);
    value_number(result, "course", course_number(courses, course->happened));
    course->happened = NULL;
    return result;
}

static void send_packet(struct scene *scene)
{
    uint8_t packet[HANDSHAKE_RUN_PACKET_MOST];

    (void)cast_send(scene->laptop, packet, handshake_run_packet(packet));
}

/* The laptop wants to send; what it sends as number `watched` from now on is looked at. */
static void run_watching(struct scene *scene, size_t watched, uint64_t for_ns)
{
    size_t from = scene->cast.wire_count;
    struct handshake_spoil spoil = {.number = from + watched};

    send_packet(scene);
    handshake_course_run(&scene->course, &scene->cast, from, &spoil, scene->cast.now_ns + for_ns);
}

/* A handshake as it should be, and then some time. */
static void shake_hands_before(struct scene *scene)
{
    cast_add_two(&scene->cast, &scene->laptop, &scene->server);
    send_packet(scene);
    (void)cast_hand_all(&scene->cast, 0);
    cast_pass(&scene->cast, LATER_NS);
}

static void add_both(struct scene *scene)
{
    scene->laptop = cast_add(&scene->cast, "laptop", &cast_laptop_address);
    scene->server = cast_add(&scene->cast, "server", &cast_server_address);
}

/* ---- the cases ---- */

static void wrong_server_key(struct scene *scene)
{
    struct vole_peer *peer;

    add_both(scene);
    scene->stranger = cast_add(&scene->cast, "stranger", &cast_stranger_address);
    peer = cast_introduce(scene->laptop, scene->stranger, "10.0.0.5/32", scene->preshared, false);
    vole_peer_set_endpoint(peer, &cast_server_address);
    (void)cast_introduce(scene->server, scene->laptop, "10.0.0.2/32", scene->preshared, false);
    run_watching(scene, 0, GIVES_UP_NS);
}

static void unknown_laptop(struct scene *scene)
{
    add_both(scene);
    (void)cast_introduce(scene->laptop, scene->server, "10.0.0.5/32", scene->preshared, true);
    run_watching(scene, 0, GIVES_UP_NS);
}

static void wrong_preshared_key(struct scene *scene)
{
    uint8_t other[VOLE_KEY_BYTES];

    memcpy(other, scene->preshared, sizeof other);
    other[0] ^= 1;
    add_both(scene);
    (void)cast_introduce(scene->laptop, scene->server, "10.0.0.5/32", other, true);
    (void)cast_introduce(scene->server, scene->laptop, "10.0.0.2/32", scene->preshared, false);
    run_watching(scene, 1, GIVES_UP_NS);
}

static void clock_back(struct scene *scene)
{
    struct vole_time now;

    shake_hands_before(scene);
    cast_time(scene->laptop, &now);
    vole_device_down(scene->laptop->device, &now);
    scene->laptop->clock_wrong_by_s = -3600;
    cast_time(scene->laptop, &now);
    vole_device_restart_clock(scene->laptop->device, &now);
    vole_device_up(scene->laptop->device, &now);
    run_watching(scene, 0, GIVES_UP_NS);
}

/* The stranger sends a copy of the first initiation ever; then the world goes on. */
static void replay(struct scene *scene, uint64_t for_ns)
{
    struct cast *cast = &scene->cast;
    struct cast_datagram copy = cast->wire[HANDSHAKE_RUN_INITIATION];
    struct handshake_verdict verdict;
    size_t before = cast->wire_count;
    json_t *happened = value_new_list();
    unsigned answers;

    scene->stranger = cast_add(cast, "stranger", &cast_stranger_address);
    copy.sender = scene->stranger;
    copy.from = scene->stranger->address;
    copy.at_ns = cast->now_ns - HANDSHAKE_RUN_WAY_NS;
    handshake_verdict_take(&verdict, scene->server, copy.bytes, copy.length, &copy.from);
    answers = (unsigned)(cast->wire_count - before);
    handshake_course_put(happened, cast, &copy, cast->now_ns, handshake_verdict_outcome(verdict.outcome),
                         verdict.reason, false);
    send_packet(scene);
    handshake_course_run(&scene->course, cast, before, &(struct handshake_spoil){.number = SIZE_MAX},
                         cast->now_ns + for_ns);
    (void)json_array_extend(happened, scene->course.happened);
    json_decref(scene->course.happened);
    scene->course.happened = happened;
    scene->course.verdict = verdict;
    scene->course.answers = answers;
}

static void replayed(struct scene *scene)
{
    shake_hands_before(scene);
    replay(scene, 5 * NS_PER_SECOND);
}

/* What a server has in memory, it forgets: the sessions, and the last timestamp of each peer. */
static void replayed_after_restart(struct scene *scene)
{
    shake_hands_before(scene);
    vole_peer_remove(handshake_run_peer(scene->server));
    (void)cast_introduce(scene->server, scene->laptop, "10.0.0.2/32", scene->preshared, false);
    replay(scene, 40 * NS_PER_SECOND);
}

static const struct {
    const char *name, *title, *what, *next;
    void (*play)(struct scene *scene);
} cases[] = {
    {"wrong_server_key", "Wrong server key",
     "The laptop’s configuration has a wrong public key for the server.",
     "mac1 is made with that key, so the server sees at once that the message is not for it, and says "
     "nothing. The laptop cannot know why: it repeats every 5 seconds, 20 times, and gives up.",
     wrong_server_key},
    {"unknown_laptop", "Server does not know the laptop",
     "The laptop’s public key is not among the server’s peers.",
     "The server can open the message and read who it is from, but that key is no peer. It says nothing; to "
     "the laptop it looks as if nobody were there.",
     unknown_laptop},
    {"wrong_preshared_key", "Wrong preshared key", "One bit of the laptop’s preshared key is different.",
     "The first message does not need the preshared key, so the server answers. The laptop mixes in its own "
     "preshared key, comes to other keys, and cannot open the empty seal. It drops the answer and repeats. "
     "The server has prepared a session, but never sends on it, as nobody confirms it.",
     wrong_preshared_key},
    {"clock_back", "Clock set back",
     "A minute after a good handshake the laptop restarts, with its clock one hour behind.",
     "The server remembers the latest timestamp it took from the laptop, and this one is older. So it could "
     "be "
     "a recorded message, and the server says nothing, until the laptop’s clock has passed that time.",
     clock_back},
    {"replayed", "Recorded and sent again",
     "A stranger recorded the laptop’s first message and sends it again, a minute later, from elsewhere.",
     "Every seal in it is whole, but its timestamp is not newer than the last. The server says nothing, "
     "keeps "
     "its session and does not believe that the laptop has moved: the laptop’s next packet arrives as if "
     "nothing had happened.",
     replayed},
    {"replayed_after_restart", "The same after a restart",
     "The stranger sends the recorded message again, but this time the server has restarted and has "
     "forgotten the last timestamp.",
     "Now the server answers: to the stranger, who can do nothing with it, because the private key that "
     "belongs "
     "to the first message never left the laptop. The server has a session that nobody will ever confirm. "
     "The "
     "laptop notices after 15 seconds that nothing comes back, and shakes hands again.",
     replayed_after_restart},
};

json_t *handshake_broken_new(const uint8_t seed[static CHANCE_SEED_BYTES], json_t *courses)
{
    json_t *list = value_new_list();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene = {0};
        json_t *broken;

        cast_init(&scene.cast, seed);
        cast_preshared_key(scene.preshared, seed);
        cases[i].play(&scene);
        broken = handshake_broken_result(&scene.course, courses);
        value_text(broken, "name", cases[i].name);
        value_text(broken, "title", cases[i].title);
        value_text(broken, "what", cases[i].what);
        value_text(broken, "next", cases[i].next);
        value_put(list, NULL, broken);
        cast_fini(&scene.cast);
    }
    return list;
}
