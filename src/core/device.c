/* SPDX-License-Identifier: MIT
 *
 * The device: making it, its identity, its peers, up and down, and the control loop's three questions
 * (what did the workers see, which handshakes wait, what is due).
 */
#include "core/device.h"

#include "core/exchange.h"
#include "core/handshake_filter.h"
#include "core/outbound.h"
#include "core/room.h"
#include "crypto/memory.h"
#include "crypto/processor.h"
#include "crypto/secret_memory.h"
#include "crypto/siphash.h"
#include "crypto/start.h"
#include "crypto/x25519.h"
#include "packet/checksum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHAINS      8u
#define FILTER_KEYS_AGAIN NS_PER_SECOND

/* ---- making and freeing ---- */

static void device_release(void *pointer)
{
    struct vole_device *device = pointer;
    struct secret_memory *secrets = device->secrets;

    secret_memory_free(atomic_load_explicit(&device->filter_keys, memory_order_relaxed));
    index_table_fini(&device->indices);
    allowed_ips_fini(&device->allowed_ips);
    staged_fini(&device->staged);
    handshake_queue_fini(&device->queue);
    deadlines_fini(&device->deadlines);
    load_fini(&device->own_load);
    free(device->peer_chains);
    if (device->run != NULL)
        memory_wipe(device->run, sizeof *device->run);
    free(device->run);
    secret_memory_free(device);
    secret_memory_close(secrets);
}

static int allocate(struct vole_device *device, const struct device_options *options)
{
    size_t staged_bytes = options->staged_bytes != 0 ? options->staged_bytes : STAGED_BYTES_DEFAULT;

    device->peer_chains = calloc(FIRST_CHAINS, sizeof(struct vole_peer *));
    device->peer_chain_count = FIRST_CHAINS;
    if (options->hooks.wake_worker == NULL)
        device->run = malloc(sizeof *device->run);
    if (device->peer_chains == NULL || (device->run == NULL && options->hooks.wake_worker == NULL) ||
        staged_init(&device->staged, staged_bytes) != 0 || handshake_queue_init(&device->queue) != 0 ||
        index_table_init(&device->indices, options->hooks.retirer) != 0)
        return -ENOMEM;
    return 0;
}

struct vole_device *device_new(const struct device_options *options, const struct vole_time *now)
{
    const struct device_hooks *hooks = &options->hooks;
    struct secret_memory *secrets;
    struct vole_device *device;
    uint8_t hash_key[16];

    if (hooks->send == NULL || hooks->random == NULL || crypto_start() != 0)
        return NULL;
    checksum_allow_avx2(processor_step() >= PROCESSOR_AVX2);
    secrets = secret_memory_open();
    device = secrets == NULL ? NULL : secret_memory_new(secrets, sizeof *device);
    if (device == NULL) {
        secret_memory_close(secrets);
        return NULL;
    }
    device->secrets = secrets;
    device->hooks = *hooks;
    device->peer_bytes = options->peer_bytes;
    handshake_clock_init(&device->clock, hooks->reserve != NULL);
    deadlines_init(&device->deadlines);
    allowed_ips_init(&device->allowed_ips, hooks->retirer);
    if (allocate(device, options) != 0) {
        device_release(device);
        return NULL;
    }
    atomic_init(&device->mtu, VOLE_DEFAULT_MTU);
    hooks->random(hooks->context, device->peer_hash_key, sizeof device->peer_hash_key);
    hooks->random(hooks->context, hash_key, sizeof hash_key);
    load_init(&device->own_load, hash_key);
    if (options->sources != 0)
        load_limit(&device->own_load, options->sources);
    device->load = options->load != NULL ? options->load : &device->own_load;
    cookie_maker_init(&device->cookie_maker, hooks->random, hooks->context, now->boot_ns);
    return device;
}

void vole_device_free(struct vole_device *device)
{
    if (device == NULL)
        return;
    for (struct vole_peer *peer = device->first_peer, *next; peer != NULL; peer = next) {
        next = peer->next;
        vole_peer_remove(peer);
    }
    /* Behind its peers and keypairs, if they have to wait for readers. */
    retire(&device->hooks.retirer, device, device_release);
}

bool device_secrets_locked(const struct vole_device *device)
{
    return secret_memory_locked(device->secrets);
}

void device_drop(struct vole_device *device, enum vole_drop reason, uint64_t packets)
{
    drop_count(&device->drops, NULL, reason, packets);
}

/* ---- identity ---- */

/* NULL without a private key, or without memory. */
static struct filter_keys *filter_keys_new(const struct vole_device *device)
{
    const struct cookie_maker *maker = &device->cookie_maker;
    struct filter_keys *keys;

    if (!device->identity.present || (keys = secret_memory_new(device->secrets, sizeof *keys)) == NULL)
        return NULL;
    keys->mac1 = device->own_cookie_keys.mac1;
    keys->generation = device->identity_generation;
    keys->cookie_secret_birth_ns = maker->secret_birth_ns;
    blake2s_keyed_init(&keys->cookie_secret, maker->secret, sizeof maker->secret);
    return keys;
}

static void publish_filter_keys(struct vole_device *device, struct filter_keys *keys)
{
    retire(&device->hooks.retirer, atomic_exchange_explicit(&device->filter_keys, keys, memory_order_acq_rel),
           secret_memory_free);
}

/* Without memory for them no handshake passes the filter, so it is tried again until there is. */
static void renew_filter_keys(struct vole_device *device, const struct vole_time *now)
{
    struct filter_keys *keys = filter_keys_new(device);
    bool missing = keys == NULL && device->identity.present;

    device->filter_keys_due_ns = missing ? now->monotonic_ns + FILTER_KEYS_AGAIN : 0;
    publish_filter_keys(device, keys);
}

void device_follow_cookie_secret(struct vole_device *device)
{
    struct filter_keys *keys = atomic_load_explicit(&device->filter_keys, memory_order_relaxed);

    if (keys == NULL || keys->cookie_secret_birth_ns == device->cookie_maker.secret_birth_ns)
        return;
    keys = filter_keys_new(device);
    if (keys != NULL) /* else the old ones do until the next message */
        publish_filter_keys(device, keys);
}

/* Those that had no timestamp to go with. */
static void initiate_waiting(struct vole_device *device, const struct vole_time *now)
{
    if (!device->initiations_wait)
        return;
    device->initiations_wait = false;
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next) {
        bool waits = peer->initiation_waits;

        peer->initiation_waits = false;
        if (waits)
            exchange_initiate(peer, true, now);
    }
}

void vole_device_set_private_key(struct vole_device *device, const uint8_t private_key[VOLE_KEY_BYTES],
                                 const struct vole_time *now)
{
    struct identity *identity = &device->identity;
    bool had_key = identity->present;
    uint8_t clamped[VOLE_KEY_BYTES];
    struct vole_peer *self;

    memcpy(clamped, private_key, sizeof clamped);
    if (!memory_is_zero(clamped, sizeof clamped))
        x25519_clamp(clamped);
    if (memory_equal(clamped, identity->private_key, sizeof clamped))
        goto out;
    memcpy(identity->private_key, clamped, sizeof clamped);
    handshake_clock_init(&device->clock, device->hooks.reserve != NULL);
    identity->present = !memory_is_zero(clamped, sizeof clamped);
    memset(identity->public_key, 0, sizeof identity->public_key);
    if (identity->present) {
        x25519_base(identity->public_key, identity->private_key);
        self = vole_peer_find(device, identity->public_key);
        if (self != NULL)
            vole_peer_remove(self);
        cookie_keys_init(&device->own_cookie_keys, identity->public_key);
    }
    device->identity_generation++;
    renew_filter_keys(device, now);
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next) {
        peer->static_static = STATIC_STATIC_UNKNOWN;
        memory_wipe(peer->remote.static_static, sizeof peer->remote.static_static);
        peer_stop_sending(peer);
        if (!had_key && identity->present)
            peer_send_staged(peer, now);
    }
    initiate_waiting(device, now);
out:
    memory_wipe(clamped, sizeof clamped);
}

bool vole_device_private_key(const struct vole_device *device, uint8_t private_key[VOLE_KEY_BYTES])
{
    memcpy(private_key, device->identity.private_key, VOLE_KEY_BYTES);
    return device->identity.present;
}

bool vole_device_public_key(const struct vole_device *device, uint8_t public_key[VOLE_KEY_BYTES])
{
    memcpy(public_key, device->identity.public_key, VOLE_KEY_BYTES);
    return device->identity.present;
}

void vole_device_reserved(struct vole_device *device, const uint8_t public_key[VOLE_KEY_BYTES],
                          uint64_t from_s, uint64_t until_s, const struct vole_time *now)
{
    if (!device->identity.present || memcmp(public_key, device->identity.public_key, VOLE_KEY_BYTES) != 0)
        return; /* an answer about a key of before */
    handshake_clock_reserve(&device->clock, from_s, until_s);
    initiate_waiting(device, now);
}

uint64_t vole_device_used(const struct vole_device *device)
{
    return handshake_clock_used_s(&device->clock);
}

void vole_device_restart_clock(struct vole_device *device, const struct vole_time *now)
{
    handshake_clock_init(&device->clock, device->hooks.reserve != NULL);
    initiate_waiting(device, now);
}

/* ---- state ---- */

void vole_device_set_mtu(struct vole_device *device, uint32_t mtu)
{
    atomic_store_explicit(&device->mtu, mtu, memory_order_relaxed);
}

void vole_device_up(struct vole_device *device, const struct vole_time *now)
{
    if (atomic_exchange_explicit(&device->up, true, memory_order_seq_cst))
        return;
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next)
        peer_up(peer, now);
}

void vole_device_down(struct vole_device *device, const struct vole_time *now)
{
    (void)now;
    if (!atomic_exchange_explicit(&device->up, false, memory_order_relaxed))
        return;
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next)
        peer_down(peer);
    handshake_queue_clear(&device->queue);
}

void vole_device_suspend(struct vole_device *device)
{
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next) {
        peer->timers.erase_due_ns = 0;
        peer_erase_keys(peer);
        timers_schedule(peer);
    }
}

void vole_device_cloned(struct vole_device *device)
{
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next)
        peer_stop_sending(peer);
}

void vole_device_forget_sources(struct vole_device *device)
{
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next)
        endpoint_clear_source(&peer->endpoint);
}

enum vole_drop vole_device_last_drop(const struct vole_device *device)
{
    return device->last_drop;
}

uint64_t vole_device_drops(const struct vole_device *device, enum vole_drop reason)
{
    if ((unsigned)reason >= VOLE_DROP_COUNT)
        return 0;
    return atomic_load_explicit(&device->drops.count[reason], memory_order_relaxed);
}

uint64_t vole_device_handshakes(const struct vole_device *device, enum vole_handshake_outcome outcome)
{
    if ((unsigned)outcome >= VOLE_HANDSHAKE_COUNT)
        return 0;
    return atomic_load_explicit(&device->handshakes.count[outcome], memory_order_relaxed);
}

/* ---- peers ---- */

static uint32_t hash_key(const struct vole_device *device, const uint8_t public_key[static VOLE_KEY_BYTES])
{
    return (uint32_t)siphash24(device->peer_hash_key, public_key, VOLE_KEY_BYTES);
}

static struct vole_peer **chain_of(const struct vole_device *device, uint32_t hash)
{
    return &device->peer_chains[hash & (device->peer_chain_count - 1)];
}

struct vole_peer *vole_peer_find(struct vole_device *device, const uint8_t public_key[VOLE_KEY_BYTES])
{
    uint32_t hash = hash_key(device, public_key);

    for (struct vole_peer *peer = *chain_of(device, hash); peer != NULL; peer = peer->hash_next)
        if (peer->siphash == hash && memcmp(peer->remote.public_key, public_key, VOLE_KEY_BYTES) == 0)
            return peer;
    return NULL;
}

/* Twice the chains when there are as many peers as chains. If there is no memory for it, chains get longer.
 */
static void widen(struct vole_device *device)
{
    uint32_t count = device->peer_chain_count * 2;
    struct vole_peer **chains;

    if (device->peer_count < device->peer_chain_count ||
        (chains = calloc(count, sizeof(struct vole_peer *))) == NULL)
        return;
    free(device->peer_chains);
    device->peer_chains = chains;
    device->peer_chain_count = count;
    for (struct vole_peer *peer = device->first_peer; peer != NULL; peer = peer->next) {
        peer->hash_next = *chain_of(device, peer->siphash);
        *chain_of(device, peer->siphash) = peer;
    }
}

static void link_peer(struct vole_device *device, struct vole_peer *peer)
{
    widen(device);
    peer->siphash = hash_key(device, peer->remote.public_key);
    peer->hash_next = *chain_of(device, peer->siphash);
    *chain_of(device, peer->siphash) = peer;
    peer->previous = device->last_peer;
    if (device->last_peer != NULL)
        device->last_peer->next = peer;
    else
        device->first_peer = peer;
    device->last_peer = peer;
    device->peer_count++;
}

static void unlink_peer(struct vole_device *device, struct vole_peer *peer)
{
    struct vole_peer **link = chain_of(device, peer->siphash);

    while (*link != peer)
        link = &(*link)->hash_next;
    *link = peer->hash_next;
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        device->first_peer = peer->next;
    if (peer->next != NULL)
        peer->next->previous = peer->previous;
    else
        device->last_peer = peer->previous;
    device->peer_count--;
}

struct vole_peer *vole_peer_add(struct vole_device *device, const uint8_t public_key[VOLE_KEY_BYTES],
                                const struct vole_time *now, int *error)
{
    struct vole_peer *peer = vole_peer_find(device, public_key);
    int ignored;

    (void)now;
    error = error != NULL ? error : &ignored;
    *error = 0;
    if (peer != NULL)
        return peer;
    if (device->identity.present && memcmp(public_key, device->identity.public_key, VOLE_KEY_BYTES) == 0)
        return NULL;
    *error = -ENOMEM;
    if (!room_for_peer(device) || deadlines_reserve(&device->deadlines, device->peer_count + 1) != 0 ||
        (peer = secret_memory_new(device->secrets, sizeof *peer)) == NULL)
        return NULL;
    *error = 0;
    peer->device = device;
    peer->handshake_index = (struct index_entry){.peer = peer, .kind = INDEX_HANDSHAKE};
    memcpy(peer->remote.public_key, public_key, VOLE_KEY_BYTES);
    staged_queue_init(&peer->staged);
    timers_init(peer);
    link_peer(device, peer);
    if (atomic_load_explicit(&device->up, memory_order_relaxed))
        timers_start(peer);
    return peer;
}

/* When no worker can reach it any more. */
static void release_peer(void *pointer)
{
    struct vole_peer *peer = pointer;

    notices_forget(&peer->device->notices, peer);
    secret_memory_free(peer);
}

void vole_peer_remove(struct vole_peer *peer)
{
    struct vole_device *device = peer->device;

    if (device->hooks.peer_removed != NULL)
        device->hooks.peer_removed(device->hooks.context, peer);
    atomic_store_explicit(&peer->removed, true, memory_order_relaxed);
    allowed_ips_remove_peer(&device->allowed_ips, peer);
    unlink_peer(device, peer);
    peer_down(peer);
    retire(&device->hooks.retirer, peer, release_peer);
}

struct vole_peer *vole_peer_next(struct vole_device *device, struct vole_peer *previous)
{
    return previous == NULL ? device->first_peer : previous->next;
}

size_t vole_peer_count(const struct vole_device *device)
{
    return device->peer_count;
}

/* ---- what waits ---- */

void device_take_notices(struct vole_device *device, const struct vole_time *now)
{
    struct vole_peer *peer;
    unsigned bits;

    while ((peer = notices_take(&device->notices, &bits)) != NULL) {
        if (atomic_load_explicit(&peer->removed, memory_order_relaxed))
            continue;
        if (bits & NOTICE_ENDPOINT_MOVED)
            peer_event(peer, VOLE_EVENT_ENDPOINT_MOVED);
        if (bits & NOTICE_KEY_CONFIRMED)
            exchange_key_confirmed(peer, now);
        if (bits & NOTICE_HANDSHAKE_WANTED)
            exchange_initiate(peer, false, now);
        if (bits & NOTICE_DEADLINE)
            timers_schedule(peer);
    }
}

uint32_t device_take_handshakes(struct vole_device *device, uint32_t limit, const struct vole_time *now)
{
    uint32_t waiting;

    while ((waiting = handshake_queue_count(&device->queue)) > 0 && limit > 0) {
        struct exchange_message messages[HANDSHAKE_BATCH];
        uint32_t count = waiting < HANDSHAKE_BATCH ? waiting : HANDSHAKE_BATCH;

        if (count > limit)
            count = limit;
        for (uint32_t i = 0; i < count; i++) {
            const struct queued_handshake *message = handshake_queue_look(&device->queue, i);

            messages[i] =
                (struct exchange_message){.bytes = message->message,
                                          .length = message->length,
                                          .from = &message->from,
                                          .queued = waiting - i,
                                          .mac1_valid = message->generation == device->identity_generation};
        }
        exchange_receive_batch(device, messages, count, now);
        handshake_queue_take(&device->queue, count);
        limit -= count;
    }
    return waiting;
}

uint64_t vole_device_deadline(const struct vole_device *device)
{
    if (notices_pending(&device->notices) || handshake_queue_count(&device->queue) > 0)
        return 0;
    if (device->filter_keys_due_ns != 0 && device->filter_keys_due_ns < deadlines_first(&device->deadlines))
        return device->filter_keys_due_ns;
    return deadlines_first(&device->deadlines);
}

void vole_device_tick(struct vole_device *device, const struct vole_time *now)
{
    struct vole_peer *peer;

    if (device->filter_keys_due_ns != 0 && device->filter_keys_due_ns <= now->monotonic_ns)
        renew_filter_keys(device, now);
    device_take_notices(device, now);
    device_take_handshakes(device, DEVICE_HANDSHAKES_PER_TICK, now);
    while ((peer = deadlines_due(&device->deadlines, now->monotonic_ns)) != NULL)
        timers_look(peer, now);
    device_take_notices(device, now);
    load_sweep(device->load, now->boot_ns);
}
