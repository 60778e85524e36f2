/* SPDX-License-Identifier: MIT
 *
 * How many handshakes a WireGuard implementation answers in a second.
 *
 *   handshakes configure PEERS PORT
 *       Prints a configuration for `wg setconf`: the responder's private key, PORT, and PEERS peers, each
 *       with one allowed address of 10.0.0.0/8. The keys are always the same: they protect nothing.
 *   handshakes run ADDRESS PORT PEERS WINDOW WARM_UP SECONDS [CPU]
 *       Plays those peers from one socket (ADDRESS is IPv4). Keeps WINDOW initiations (1..256) unanswered,
 *       takes the peers in turn, and counts the responses of SECONDS after WARM_UP seconds in which every
 *       peer should have had its turn (the responder may keep what it computed for a peer). Pinned to CPU
 *       if given. Prints "ANSWERED LOST NANOSECONDS OTHERS": responses, initiations without one for a
 *       second, the time, and datagrams that were no valid response (cookie replies above all). Fails if a
 *       response does not open; for speed, only one in 128 is opened, after the end.
 *
 * Keep WINDOW below the responder's threshold of load (512 in Linux and vole, 128 in wireguard-go), or it
 * answers with cookies; and PEERS above a fiftieth of the expected answers a second, because a peer may
 * initiate every 20 ms at most.
 *
 * Each peer has one ephemeral key for all its initiations, so that all Diffie-Hellmans are done before the
 * clock runs and an initiation costs its sealed timestamp and mac1: about a microsecond. The responder cannot
 * tell.
 */
#include "config/key.h"
#include "core/cookie.h"
#include "core/handshake.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/x25519.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MOST_PEERS    100000
#define MOST_WINDOW   256u
#define BATCH         64
#define SAMPLE_EVERY  128
#define MOST_SAMPLES  64
#define NS_PER_SECOND 1000000000ULL
#define LOST_AFTER_NS NS_PER_SECOND

struct peer {
    struct identity identity;
    struct cookie_keys own_keys;       /* its responses' mac1 */
    struct handshake before;           /* C and H up to the sealed static key */
    uint8_t timestamp_key[32];         /* seals the timestamp */
    uint8_t chaining_key[32];          /* C after that key */
    uint8_t hash[32];                  /* H after the last initiation */
    uint8_t message[INITIATION_BYTES]; /* the last initiation; what does not change is written once */
};

/* An unanswered initiation; its sender index is round * MOST_WINDOW + its place. */
struct slot {
    uint32_t round, peer;
    uint64_t sent_ns;
};

struct sample {
    uint32_t peer;
    uint8_t hash[32];
    uint8_t response[RESPONSE_BYTES];
};

static struct peer *peers;
static struct slot slots[MOST_WINDOW];
static struct sample samples[MOST_SAMPLES];
static uint8_t received[BATCH][256];
static struct iovec received_slices[BATCH], sent_slices[BATCH];
static struct mmsghdr received_messages[BATCH], sent_messages[BATCH];

struct run {
    struct identity responder;
    struct cookie_keys responder_keys;
    int socket;
    uint32_t peer_count, next_peer, sample_count;
    unsigned window, unsent;
    bool counting;
    uint64_t answered, lost, others;
};

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "handshakes: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double number(const char *text, double lowest, double highest)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= lowest && value <= highest)) {
        errno = EINVAL;
        die(text);
    }
    return value;
}

/* ---- keys ---- */

static void make_private(uint8_t key[static 32], const char *what, uint32_t which)
{
    uint8_t number_bytes[4];

    bytes_store_le32(number_bytes, which);
    blake2s_hash2(key, (const uint8_t *)what, strlen(what), number_bytes, sizeof number_bytes);
    x25519_clamp(key);
}

static void make_identity(struct identity *identity, const char *what, uint32_t which)
{
    identity->present = true;
    make_private(identity->private_key, what, which);
    x25519_base(identity->public_key, identity->private_key);
}

static int configure(uint32_t count, uint16_t port)
{
    struct identity identity;
    char text[KEY_BASE64_BYTES];

    make_identity(&identity, "responder", 0);
    key_to_base64(text, identity.private_key);
    (void)printf("[Interface]\nPrivateKey = %s\nListenPort = %u\n", text, port);
    for (uint32_t i = 0; i < count; i++) {
        make_identity(&identity, "peer", i);
        key_to_base64(text, identity.public_key);
        (void)printf("[Peer]\nPublicKey = %s\nAllowedIPs = 10.%u.%u.%u/32\n", text, (i >> 16) + 1,
                     i >> 8 & 255, i & 255);
    }
    return fflush(stdout) != 0;
}

/* ---- initiations ---- */

static void mix_hash(uint8_t hash[static 32], const uint8_t *bytes, size_t length)
{
    blake2s_hash2(hash, hash, 32, bytes, length);
}

/* All of protocol §4.1 that is the same for every initiation of this peer. */
static void prepare(const struct run *run, struct peer *peer, uint32_t which)
{
    static const char name[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s",
                      identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
    uint8_t *C = peer->before.chaining_key, *H = peer->before.hash, secret[32], key[32];

    make_identity(&peer->identity, "peer", which);
    cookie_keys_init(&peer->own_keys, peer->identity.public_key);
    make_private(peer->before.ephemeral_private, "ephemeral", which);
    bytes_store_le32(peer->message, MESSAGE_INITIATION);
    x25519_base(peer->message + INITIATION_EPHEMERAL, peer->before.ephemeral_private);
    blake2s_hash(C, (const uint8_t *)name, sizeof name - 1);
    blake2s_hash2(H, C, 32, (const uint8_t *)identifier, sizeof identifier - 1);
    mix_hash(H, run->responder.public_key, 32);
    kdf1(C, C, peer->message + INITIATION_EPHEMERAL, 32);
    mix_hash(H, peer->message + INITIATION_EPHEMERAL, 32);
    if (!x25519(secret, peer->before.ephemeral_private, run->responder.public_key))
        die("es");
    kdf2(C, key, C, secret, sizeof secret);
    aead_seal(peer->message + INITIATION_STATIC, peer->identity.public_key, 32, H, 32, 0, key);
    mix_hash(H, peer->message + INITIATION_STATIC, 32 + AEAD_TAG_BYTES);
    if (!x25519(secret, peer->identity.private_key, run->responder.public_key))
        die("ss");
    kdf2(peer->chaining_key, peer->timestamp_key, C, secret, sizeof secret);
}

static void write_initiation(const struct run *run, struct peer *peer, uint32_t sender_index)
{
    uint8_t timestamp[TIMESTAMP_BYTES], *sealed = peer->message + INITIATION_TIMESTAMP;
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    handshake_timestamp(timestamp, (uint64_t)now.tv_sec, (uint32_t)now.tv_nsec);
    bytes_store_le32(peer->message + INITIATION_SENDER, sender_index);
    aead_seal(sealed, timestamp, sizeof timestamp, peer->before.hash, 32, 0, peer->timestamp_key);
    blake2s_hash2(peer->hash, peer->before.hash, 32, sealed, sizeof timestamp + AEAD_TAG_BYTES);
    blake2s_keyed_mac(&run->responder_keys.mac1, peer->message + message_mac1_offset(INITIATION_BYTES),
                      peer->message, message_mac1_offset(INITIATION_BYTES));
}

static void send_queued(struct run *run)
{
    unsigned sent = 0;

    while (sent < run->unsent) {
        int taken = sendmmsg(run->socket, sent_messages + sent, run->unsent - sent, 0);

        if (taken > 0)
            sent += (unsigned)taken;
        else if (errno != EINTR && errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED)
            die("sendmmsg");
    }
    run->unsent = 0;
}

/* The next peer's initiation takes this place of the window. */
static void initiate(struct run *run, uint32_t place, uint64_t now)
{
    struct peer *peer = &peers[run->next_peer];
    struct slot *slot = &slots[place];

    *slot = (struct slot){.round = slot->round + 1, .peer = run->next_peer, .sent_ns = now};
    run->next_peer = (run->next_peer + 1) % run->peer_count;
    write_initiation(run, peer, slot->round * MOST_WINDOW + place);
    sent_slices[run->unsent] = (struct iovec){.iov_base = peer->message, .iov_len = INITIATION_BYTES};
    if (++run->unsent == BATCH)
        send_queued(run);
}

/* ---- responses ---- */

static void take(struct run *run, const uint8_t *datagram, size_t length, uint64_t now)
{
    uint32_t index, place;
    const struct peer *peer;

    if (message_type(datagram, length) != MESSAGE_RESPONSE) {
        run->others++;
        return;
    }
    index = bytes_load_le32(datagram + RESPONSE_RECEIVER);
    place = index % MOST_WINDOW;
    peer = &peers[slots[place].peer];
    if (place >= run->window || index / MOST_WINDOW != slots[place].round % (UINT32_MAX / MOST_WINDOW + 1) ||
        !cookie_mac1_valid(&peer->own_keys.mac1, datagram, length)) {
        run->others++;
        return;
    }
    if (run->counting && run->answered++ % SAMPLE_EVERY == 0 && run->sample_count < MOST_SAMPLES) {
        struct sample *sample = &samples[run->sample_count++];

        sample->peer = slots[place].peer;
        memcpy(sample->hash, peer->hash, 32);
        memcpy(sample->response, datagram, RESPONSE_BYTES);
    }
    initiate(run, place, now);
}

static void replace_lost(struct run *run, uint64_t now)
{
    for (uint32_t i = 0; i < run->window; i++)
        if (slots[i].sent_ns + LOST_AFTER_NS < now) {
            run->lost += run->counting;
            initiate(run, i, now);
        }
}

static void go_on_until(struct run *run, uint64_t end)
{
    uint64_t now = now_ns(), look = now;

    while ((now = now_ns()) < end) {
        struct pollfd waiting = {.fd = run->socket, .events = POLLIN};
        int count = recvmmsg(run->socket, received_messages, BATCH, MSG_DONTWAIT, NULL);

        for (int i = 0; i < count; i++)
            take(run, received[i], received_messages[i].msg_len, now);
        if (now > look + LOST_AFTER_NS / 10) {
            replace_lost(run, now);
            look = now;
        }
        send_queued(run);
        if (count <= 0)
            (void)poll(&waiting, 1, 50);
    }
}

static bool opens(const struct run *run, const struct sample *sample)
{
    const struct peer *peer = &peers[sample->peer];
    struct handshake handshake = peer->before;
    struct remote_keys remote = {.public_key = {0}};

    memcpy(remote.public_key, run->responder.public_key, 32);
    memcpy(handshake.chaining_key, peer->chaining_key, 32);
    memcpy(handshake.hash, sample->hash, 32);
    handshake.state = HANDSHAKE_CREATED_INITIATION;
    return handshake_consume_response(&handshake, &peer->identity, &remote, sample->response) == HANDSHAKE_OK;
}

/* ---- all together ---- */

static void start(struct run *run, const char *address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int size = 8 << 20;

    if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
        errno = EINVAL;
        die(address);
    }
    run->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (run->socket < 0 || connect(run->socket, (const struct sockaddr *)&to, sizeof to) != 0)
        die("socket");
    (void)setsockopt(run->socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    make_identity(&run->responder, "responder", 0);
    cookie_keys_init(&run->responder_keys, run->responder.public_key);
    peers = calloc(run->peer_count, sizeof *peers);
    if (peers == NULL)
        die("peers");
    for (uint32_t i = 0; i < run->peer_count; i++)
        prepare(run, &peers[i], i);
    for (unsigned i = 0; i < BATCH; i++) {
        received_slices[i] = (struct iovec){.iov_base = received[i], .iov_len = sizeof received[i]};
        received_messages[i].msg_hdr = (struct msghdr){.msg_iov = &received_slices[i], .msg_iovlen = 1};
        sent_messages[i].msg_hdr = (struct msghdr){.msg_iov = &sent_slices[i], .msg_iovlen = 1};
    }
}

static int measure(struct run *run, double warm_up, double seconds)
{
    uint64_t begin = now_ns(), end;

    for (uint32_t i = 0; i < run->window; i++)
        initiate(run, i, begin);
    send_queued(run);
    go_on_until(run, begin + (uint64_t)(warm_up * (double)NS_PER_SECOND));
    run->counting = true;
    run->others = 0;
    begin = now_ns();
    go_on_until(run, begin + (uint64_t)(seconds * (double)NS_PER_SECOND));
    end = now_ns();
    for (uint32_t i = 0; i < run->sample_count; i++)
        if (!opens(run, &samples[i])) {
            (void)fputs("handshakes: a response does not open\n", stderr);
            return 1;
        }
    return printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", run->answered, run->lost, end - begin,
                  run->others) < 0;
}

static void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        die("sched_setaffinity");
}

int main(int count, char **arguments)
{
    static struct run run;

    if (key_start() != 0)
        die("key_start");
    if (count == 4 && strcmp(arguments[1], "configure") == 0)
        return configure((uint32_t)number(arguments[2], 1, MOST_PEERS),
                         (uint16_t)number(arguments[3], 1, UINT16_MAX));
    if ((count == 8 || count == 9) && strcmp(arguments[1], "run") == 0) {
        if (count == 9)
            pin((unsigned)number(arguments[8], 0, CPU_SETSIZE - 1));
        run.peer_count = (uint32_t)number(arguments[4], 1, MOST_PEERS);
        run.window = (unsigned)number(arguments[5], 1, MOST_WINDOW);
        start(&run, arguments[2], (uint16_t)number(arguments[3], 1, UINT16_MAX));
        return measure(&run, number(arguments[6], 0, 3600), number(arguments[7], 0.01, 3600));
    }
    (void)fputs("usage: handshakes configure PEERS PORT\n"
                "       handshakes run ADDRESS PORT PEERS WINDOW WARM_UP SECONDS [CPU]\n",
                stderr);
    return 1;
}
