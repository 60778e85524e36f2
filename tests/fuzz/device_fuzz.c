/* SPDX-License-Identifier: MIT
 *
 * Datagrams into live devices, in every state that they can be in. The input is a program for the world of
 * device_world.h, which says what must hold: steps of four bytes, what to do and three parameters, some
 * followed by bytes. The first byte says whether the world is to recover at the end.
 */
#include "device_world.h"
#include "target.h"

#include "core/messages.h"

#define MOST_STEPS   300u
#define MOST_FLOODS  1u /* they take long */
#define MOST_TIME_NS (4000 * WORLD_SECOND)
#define ROOM         2048u

enum action {
    PASS,
    PASS_CONNECTED,
    SEND,
    DELIVER,
    REPLAY,
    CHANGE,
    CRAFT,
    LOSE,
    FLOOD,
    MOVE,
    SET_ENDPOINT,
    ALLOW,
    DISALLOW,
    DISALLOW_ALL,
    SET_KEY,
    SET_PRESHARED_KEY,
    ADD_PEER,
    REMOVE_PEER,
    SET_UP,
    KEEPALIVE,
    HANDSHAKE,
    DEVICE_STATE,
    WALL_CLOCK,
    SLEEP,
    ACTIONS
};

/* Three parameters, and what was used up of what is bounded. */
struct program {
    struct target_input input;
    unsigned a, b, c;
    unsigned floods;
    uint64_t time_ns;
};

static uint64_t duration(struct program *program)
{
    static const uint64_t units[] = {WORLD_SECOND / 100, WORLD_SECOND / 3, 5 * WORLD_SECOND,
                                     15 * WORLD_SECOND};
    uint64_t ns = units[program->a % 4] * (program->b % 64 + 1);

    if (ns > MOST_TIME_NS - program->time_ns)
        ns = MOST_TIME_NS - program->time_ns;
    program->time_ns += ns;
    return ns;
}

/* To whom it was sent, or to somebody else; from where it came, or from somewhere else. */
static void inject(unsigned how, const struct world_datagram *model, const uint8_t *bytes, size_t length)
{
    unsigned receiver = world_whose(&model->to);

    if (how & 1 || receiver == WORLD_NOBODY)
        receiver = how / 16;
    world_inject(receiver, bytes, length, how & 2 ? how / 16 : model->from, (how & 4) != 0);
}

static void replay(const struct program *program)
{
    const struct world_datagram *datagram = world_recall(program->a);

    if (datagram != NULL)
        inject(program->b, datagram, datagram->bytes, datagram->length);
}

/* c says how: bits, bytes of the input, cut, longer, parts of another one. */
static size_t damage(struct program *program, uint8_t *bytes, size_t length)
{
    size_t at = target_number(&program->input) % (length + 1), some = target_byte(&program->input);
    const struct world_datagram *other;

    switch (program->c % 6) {
    case 0:
        if (at < length)
            bytes[at] ^= (uint8_t)(1u << some % 8);
        return length;
    case 1:
        target_fill(&program->input, bytes + at, some % 16 < length - at ? some % 16 : length - at);
        return length;
    case 2:
        return at;
    case 3:
        return length + some;
    case 4:
        if (length >= TRANSPORT_HEADER_BYTES) /* another counter */
            bytes_store_le64(bytes + TRANSPORT_COUNTER,
                             bytes_load_le64(bytes + TRANSPORT_COUNTER) + at * some);
        return length;
    default:
        other = world_recall((unsigned)some);
        if (other != NULL && other->length > at)
            memcpy(bytes + at, other->bytes + at,
                   (other->length < length ? other->length : length) - (at < length ? at : length));
        return length;
    }
}

static void change(struct program *program)
{
    static uint8_t bytes[ROOM];
    const struct world_datagram *datagram = world_recall(program->a);
    size_t length;

    if (datagram == NULL || datagram->length + 256 > ROOM)
        return;
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, datagram->bytes, datagram->length);
    length = damage(program, bytes, datagram->length);
    if (program->c & 64)
        world_sign(world_whose(&datagram->to), bytes, length);
    inject(program->b, datagram, bytes, length);
}

/* From nothing: type and length by c, the rest from the input, an index that is in use if wanted. */
static void craft(struct program *program)
{
    static const size_t lengths[] = {INITIATION_BYTES, RESPONSE_BYTES, COOKIE_REPLY_BYTES,
                                     TRANSPORT_MIN_BYTES};
    static uint8_t bytes[ROOM];
    unsigned device = program->a, type = program->c % 4;
    size_t length = lengths[type], given = program->c & 4 ? target_byte(&program->input) : 32;

    memset(bytes, 0, sizeof bytes);
    if (program->c & 8)
        length = target_byte(&program->input);
    target_fill(&program->input, bytes + 4, given < length - 4 || length < 4 ? given : length - 4);
    bytes[0] = (uint8_t)(type + 1);
    if (program->c & 16)
        bytes_store_le32(bytes + (type == 1 ? RESPONSE_RECEIVER : TRANSPORT_RECEIVER),
                         world_index(device, program->c / 64));
    if (program->c & 32)
        world_sign(device, bytes, length);
    world_inject(device, bytes, length, program->b, (program->b & 16) != 0);
}

static void set_device_state(const struct program *program)
{
    switch (program->b % 4) {
    case 0:
        world_suspend(program->a);
        break;
    case 1:
        world_clone(program->a);
        break;
    case 2:
        world_forget_sources(program->a);
        break;
    default:
        world_set_mtu(program->a, program->c * 8);
    }
}

/* a: the device; b: the peer and which of its keys; c: to what. */
static void configure(const struct program *program, enum action action)
{
    static const uint16_t keepalives[] = {0, 25, 100, 65535};
    unsigned device = program->a, other = program->b % 4, key = program->b / 4;

    switch (action) {
    case SET_ENDPOINT:
        world_set_endpoint(device, other, key, program->c);
        break;
    case ALLOW:
        world_allow(device, other, key, program->c);
        break;
    case DISALLOW:
        world_disallow(device, other, key, program->c);
        break;
    case DISALLOW_ALL:
        world_disallow_all(device, other, key);
        break;
    case SET_PRESHARED_KEY:
        world_set_preshared_key(device, other, key, (uint8_t)(program->c % 3));
        break;
    case ADD_PEER:
        world_add_peer(device, other, key);
        break;
    case REMOVE_PEER:
        world_remove_peer(device, other, key);
        break;
    case KEEPALIVE:
        world_set_keepalive(device, other, key, keepalives[program->c % 4]);
        break;
    default:
        world_handshake(device, other, key);
    }
}

static void act(struct program *program, enum action action)
{
    switch (action) {
    case PASS:
    case PASS_CONNECTED:
        world_pass(duration(program), action == PASS_CONNECTED);
        break;
    case SEND:
        world_send(program->a % 4, program->a & 128 ? program->a / 4 : program->a % 4, program->b,
                   (size_t)program->c * 5);
        break;
    case DELIVER:
        world_deliver(program->a & 1);
        break;
    case REPLAY:
        replay(program);
        break;
    case CHANGE:
        change(program);
        break;
    case CRAFT:
        craft(program);
        break;
    case LOSE:
        world_lose();
        break;
    case FLOOD:
        if (program->floods++ < MOST_FLOODS)
            world_flood(program->a, 505 + program->b % 16);
        break;
    case MOVE:
        world_move(program->a, program->b);
        break;
    case SET_KEY:
        world_set_key(program->a % WORLD_STRANGER, program->b);
        break;
    case SET_UP:
        world_set_up(program->a, program->b & 1);
        break;
    case DEVICE_STATE:
        set_device_state(program);
        break;
    case WALL_CLOCK:
        world_set_wall_clock((int64_t)1700000000 + ((int64_t)program->a - 128) * 10);
        break;
    case SLEEP:
        world_sleep(duration(program));
        break;
    default:
        configure(program, action);
    }
}

/* The quickest there is under a sanitizer: what is in libsodium. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    (void)vole_limit_vectors(VOLE_VECTORS_NONE);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct program program = {.input = {bytes, length}};
    bool recover = target_byte(&program.input) & 1;

    world_begin();
    for (unsigned steps = 0; program.input.left > 0 && steps < MOST_STEPS && !world_full(); steps++) {
        enum action action = (enum action)(target_byte(&program.input) % ACTIONS);

        program.a = target_byte(&program.input);
        program.b = target_byte(&program.input);
        program.c = target_byte(&program.input);
        act(&program, action);
        world_check();
    }
    if (recover)
        world_recover();
    world_check();
    world_end();
    return 0;
}
