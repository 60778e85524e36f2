/* SPDX-License-Identifier: MIT
 *
 * Plays many WireGuard peers of one hub, each a libvole device with its own key, timers and address.
 *
 *   peers configure PEERS PORT
 *       Prints the hub's configuration for `wg setconf`: its private key, PORT, and PEERS peers, each with
 *       one allowed address of 10.64.0.0/10. The keys are always the same: they protect nothing.
 *   peers run ADDRESS PORT INNER PEERS RAMP SECONDS PAUSE
 *       Plays them for SECONDS against the hub at ADDRESS (IPv4), whose address inside is INNER. They come up
 *       evenly over RAMP seconds, with a persistent keepalive of 25 s. Of four, two ping INNER every PAUSE
 *       seconds, one does so every six PAUSEs, and one sends then what the hub answers with a keepalive
 * alone. Peer number i sends from 10.(128 + i / 65536).(i / 256).(i), port 51820: these must be local
 * addresses (ip route add local 10.128.0.0/10 dev lo). Answers are compared byte by byte. Prints a line "NAME
 * NUMBER" for each of: peers, initiated, completed (handshakes), alive (peers whose session may send at the
 * end), pings, answers, wrong (answers that differ), twice, quiet (peers without an answer in the last two
 * pauses), keepalives (received), rekeyed (peers with at least two handshakes), refused (by our own network),
 * most_between_answers_ms.
 *
 * One thread. Times in nanoseconds.
 */
#include "vole.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_PEERS    60000
#define OUR_PORT      51820
#define BATCH         64
#define PING_BYTES    120 /* with its IP header */
#define LOOK_NS       UINT64_C(10000000)
#define NS_PER_SECOND UINT64_C(1000000000)
#define KEEPALIVE_S   25
#define SLOWLY        6  /* times as long pauses */
#define OVERHEAD      32 /* of a datagram: a keepalive is nothing else */
#define FIRST_INNER   (UINT32_C(10) << 24 | UINT32_C(64) << 16)
#define FIRST_OUTER   (UINT32_C(10) << 24 | UINT32_C(128) << 16)

struct player {
    struct vole_device *device;
    struct vole_peer *hub;
    uint32_t number, sequence, answered; /* answered: the last sequence number that came back */
    uint64_t due_ns, pause_ns, ping_ns, heard_ns, handshakes;
    bool one_way; /* sends what is not answered */
};

static struct run {
    struct sockaddr_in hub;
    struct vole_endpoint endpoint;
    uint8_t hub_key[VOLE_KEY_BYTES];
    uint32_t inner, count;
    int socket;
    uint64_t begin_ns, pause_ns;
    uint64_t pings, answers, wrong, twice, keepalives_received, keepalives_sent, refused;
    struct vole_time now;
} run;

static struct player *players;

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "peers: %s: %s\n", what, strerror(errno));
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

static void read_clocks(struct vole_time *now)
{
    struct timespec clock;

    (void)clock_gettime(CLOCK_MONOTONIC, &clock);
    now->monotonic_ns = (uint64_t)clock.tv_sec * NS_PER_SECOND + (uint64_t)clock.tv_nsec;
    now->boot_ns = now->monotonic_ns;
    (void)clock_gettime(CLOCK_REALTIME, &clock);
    now->real_s = (uint64_t)clock.tv_sec;
    now->real_ns = (uint32_t)clock.tv_nsec;
}

/* ---- keys ---- */

/* Number 0 is the hub. Any 32 bytes are a private key. */
static void make_private(uint8_t key[static VOLE_KEY_BYTES], uint32_t which)
{
    memset(key, 0x5a, VOLE_KEY_BYTES);
    memcpy(key + 8, &which, sizeof which);
    key[0] &= 248;
    key[31] = (key[31] & 127) | 64;
}

static void print_key(const uint8_t key[static VOLE_KEY_BYTES])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (unsigned i = 0; i < VOLE_KEY_BYTES + 1; i += 3) {
        uint32_t three = (uint32_t)key[i] << 16 | (uint32_t)key[i + 1] << 8;

        if (i + 2 < VOLE_KEY_BYTES)
            three |= key[i + 2];
        (void)printf("%c%c%c%c", digits[three >> 18], digits[three >> 12 & 63], digits[three >> 6 & 63],
                     i + 2 < VOLE_KEY_BYTES ? digits[three & 63] : '=');
    }
}

static int configure(uint32_t count, unsigned port)
{
    uint8_t key[VOLE_KEY_BYTES], public_key[VOLE_KEY_BYTES];

    make_private(key, 0);
    (void)printf("[Interface]\nPrivateKey = ");
    print_key(key);
    (void)printf("\nListenPort = %u\n", port);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t inner = FIRST_INNER + i;

        make_private(key, i + 1);
        vole_public_key(public_key, key);
        (void)printf("[Peer]\nPublicKey = ");
        print_key(public_key);
        (void)printf("\nAllowedIPs = %u.%u.%u.%u/32\n", inner >> 24, inner >> 16 & 255, inner >> 8 & 255,
                     inner & 255);
    }
    return fflush(stdout) != 0;
}

/* ---- pings ---- */

static uint16_t checksum(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void store16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void store32(uint8_t *bytes, uint32_t value)
{
    store16(bytes, value >> 16);
    store16(bytes + 2, value & 0xffff);
}

static uint32_t load32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The part behind both headers: whose it is and which, then a pattern that follows from both. */
static void write_payload(uint8_t *bytes, size_t length, uint32_t who, uint32_t sequence)
{
    store32(bytes, who);
    store32(bytes + 4, sequence);
    for (size_t i = 8; i < length; i++)
        bytes[i] = (uint8_t)(who * 7 + sequence * 13 + i);
}

/* Or an answer to no question, which is thrown away. */
static void speak(struct player *player)
{
    uint8_t packet[PING_BYTES] = {0x45};
    uint8_t *icmp = packet + 20;

    store16(packet + 2, PING_BYTES);
    packet[8] = 64;
    packet[9] = IPPROTO_ICMP;
    store32(packet + 12, FIRST_INNER + player->number);
    store32(packet + 16, run.inner);
    store16(packet + 10, checksum(packet, 20));
    icmp[0] = player->one_way ? 0 : 8; /* echo reply, echo request */
    store16(icmp + 4, player->number);
    store16(icmp + 6, ++player->sequence);
    write_payload(icmp + 8, PING_BYTES - 28, player->number, player->sequence);
    store16(icmp + 2, checksum(icmp, PING_BYTES - 20));
    (void)vole_device_send(player->device, packet, sizeof packet, &run.now);
    player->ping_ns += player->pause_ns;
    run.pings += !player->one_way;
}

/* hooks.deliver */
static void deliver(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    struct player *player = context;
    uint8_t wanted[PING_BYTES - 28];
    uint32_t sequence;

    (void)from;
    if (length != PING_BYTES || packet[9] != IPPROTO_ICMP || packet[20] != 0) {
        run.wrong++;
        return;
    }
    sequence = load32(packet + 32);
    write_payload(wanted, sizeof wanted, player->number, sequence);
    if (sequence > player->sequence || memcmp(wanted, packet + 28, sizeof wanted) != 0) {
        run.wrong++;
        return;
    }
    if (sequence <= player->answered) {
        run.twice++;
        return;
    }
    player->answered = sequence;
    player->heard_ns = run.now.monotonic_ns;
    run.answers++;
}

/* ---- devices ---- */

/* hooks.send */
static int send_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *datagram, size_t length)
{
    const struct player *player = context;
    struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(FIRST_OUTER + player->number)};
    union {
        struct cmsghdr header;
        uint8_t bytes[CMSG_SPACE(sizeof from)];
    } control = {
        .header = {.cmsg_len = CMSG_LEN(sizeof from), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO}};
    struct iovec slice = {.iov_base = (void *)datagram, .iov_len = length};
    struct msghdr message = {.msg_name = &run.hub,
                             .msg_namelen = sizeof run.hub,
                             .msg_iov = &slice,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control};

    (void)to, (void)traffic_class;
    memcpy(CMSG_DATA(&control.header), &from, sizeof from);
    run.keepalives_sent += length == OVERHEAD;
    if (sendmsg(run.socket, &message, 0) >= 0)
        return 0;
    run.refused++;
    return -errno;
}

/* hooks.event */
static void note_event(void *context, const struct vole_event *event)
{
    struct player *player = context;

    if (event->kind == VOLE_EVENT_HANDSHAKE_COMPLETE)
        player->handshakes++;
}

/* hooks.random */
static void draw(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    if (getrandom(bytes, length, 0) != (ssize_t)length)
        die("getrandom");
}

static void make_player(struct player *player, uint32_t which)
{
    struct vole_options options = {.hooks = {.context = player,
                                             .send = send_datagram,
                                             .deliver = deliver,
                                             .event = note_event,
                                             .random = draw},
                                   .staged_bytes = 64 << 10};
    struct vole_prefix inner = {.address = {.family = 4}, .length = 32};
    uint8_t key[VOLE_KEY_BYTES];

    player->number = which;
    player->due_ns = VOLE_NEVER;
    player->one_way = which % 4 == 3;
    player->pause_ns = which % 4 >= 2 ? SLOWLY * run.pause_ns : run.pause_ns;
    player->device = vole_device_new(&options, &run.now);
    if (player->device == NULL)
        die("device");
    make_private(key, which + 1);
    vole_device_set_private_key(player->device, key, &run.now);
    player->hub = vole_peer_add(player->device, run.hub_key, &run.now, NULL);
    store32(inner.address.bytes, run.inner);
    if (player->hub == NULL || vole_peer_allow(player->hub, &inner) != 0)
        die("peer");
    vole_peer_set_endpoint(player->hub, &run.endpoint);
}

static void come_up(struct player *player)
{
    vole_device_up(player->device, &run.now);
    vole_peer_set_persistent_keepalive(player->hub, KEEPALIVE_S, &run.now);
    player->ping_ns = run.now.monotonic_ns;
}

/* ---- the loop ---- */

static uint8_t received[BATCH][2048];
static struct iovec received_slices[BATCH];
static struct mmsghdr received_messages[BATCH];
static union {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
} received_controls[BATCH];

/* The player whose address it was sent to; NULL: nobody's. */
static struct player *addressee(struct msghdr *message)
{
    struct cmsghdr *part = CMSG_FIRSTHDR(message);
    struct in_pktinfo to;
    uint32_t which;

    if (part == NULL || part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO)
        return NULL;
    memcpy(&to, CMSG_DATA(part), sizeof to);
    which = ntohl(to.ipi_addr.s_addr) - FIRST_OUTER;
    return which < run.count ? &players[which] : NULL;
}

static void receive(void)
{
    int count;

    for (unsigned i = 0; i < BATCH; i++) {
        received_slices[i] = (struct iovec){.iov_base = received[i], .iov_len = sizeof received[i]};
        received_messages[i].msg_hdr = (struct msghdr){.msg_iov = &received_slices[i],
                                                       .msg_iovlen = 1,
                                                       .msg_control = received_controls[i].bytes,
                                                       .msg_controllen = sizeof received_controls[i]};
    }
    count = recvmmsg(run.socket, received_messages, BATCH, MSG_DONTWAIT, NULL);
    read_clocks(&run.now);
    for (int i = 0; i < count; i++) {
        struct player *player = addressee(&received_messages[i].msg_hdr);
        enum vole_outcome outcome;

        if (player == NULL)
            continue;
        outcome = vole_device_receive(player->device, received[i], received_messages[i].msg_len,
                                      &run.endpoint, 0, &run.now);
        run.keepalives_received += outcome == VOLE_KEEPALIVE;
        /* An answer to a handshake, too, spares the hub a keepalive. */
        if (player->one_way && (outcome == VOLE_KEEPALIVE || outcome == VOLE_HANDSHAKE))
            player->heard_ns = run.now.monotonic_ns;
        player->due_ns = vole_device_deadline(player->device);
    }
}

static void look(uint32_t up)
{
    for (uint32_t i = 0; i < up; i++) {
        struct player *player = &players[i];

        if (player->due_ns > run.now.monotonic_ns && player->ping_ns > run.now.monotonic_ns)
            continue;
        if (player->ping_ns <= run.now.monotonic_ns)
            speak(player);
        vole_device_tick(player->device, &run.now);
        player->due_ns = vole_device_deadline(player->device);
    }
}

static void play(double ramp_s, double seconds)
{
    uint64_t next_look = 0, end_ns = run.begin_ns + (uint64_t)(seconds * (double)NS_PER_SECOND);
    uint32_t up = 0;

    while (run.now.monotonic_ns < end_ns) {
        struct pollfd waiting = {.fd = run.socket, .events = POLLIN};
        double passed_s = (double)(run.now.monotonic_ns - run.begin_ns) / (double)NS_PER_SECOND;

        while (up < run.count && (double)up * ramp_s <= passed_s * (double)run.count)
            come_up(&players[up++]);
        if (run.now.monotonic_ns >= next_look) {
            look(up);
            next_look = run.now.monotonic_ns + LOOK_NS;
        }
        (void)poll(&waiting, 1, (int)(LOOK_NS / 1000000));
        receive();
    }
}

static void report(void)
{
    uint64_t alive = 0, quiet = 0, rekeyed = 0, completed = 0, initiated = 0;

    for (uint32_t i = 0; i < run.count; i++) {
        const struct player *player = &players[i];
        struct vole_peer_state state;

        vole_peer_read(player->hub, &state);
        alive += state.has_session;
        quiet += run.now.monotonic_ns - player->heard_ns > 2 * player->pause_ns;
        rekeyed += player->handshakes >= 2;
        completed += player->handshakes;
        initiated += vole_device_handshakes(player->device, VOLE_HANDSHAKE_INITIATED);
    }
    (void)printf("peers %" PRIu32 "\ninitiated %" PRIu64 "\ncompleted %" PRIu64 "\nalive %" PRIu64 "\n",
                 run.count, initiated, completed, alive);
    (void)printf("pings %" PRIu64 "\nanswers %" PRIu64 "\nwrong %" PRIu64 "\ntwice %" PRIu64 "\n", run.pings,
                 run.answers, run.wrong, run.twice);
    (void)printf("quiet %" PRIu64 "\nkeepalives_received %" PRIu64 "\nkeepalives_sent %" PRIu64 "\n", quiet,
                 run.keepalives_received, run.keepalives_sent);
    (void)printf("rekeyed %" PRIu64 "\nrefused %" PRIu64 "\n", rekeyed, run.refused);
}

static void open_socket(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(OUR_PORT)};
    int on = 1, size = 32 << 20;

    run.socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (run.socket < 0 || bind(run.socket, (const struct sockaddr *)&own, sizeof own) != 0 ||
        setsockopt(run.socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0)
        die("socket");
    if (setsockopt(run.socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(run.socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static uint32_t address_of(const char *text)
{
    struct in_addr address;

    if (inet_pton(AF_INET, text, &address) != 1) {
        errno = EINVAL;
        die(text);
    }
    return ntohl(address.s_addr);
}

static int play_peers(char **arguments)
{
    uint32_t address = address_of(arguments[2]);
    uint8_t key[VOLE_KEY_BYTES];

    run.hub = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)number(arguments[3], 1, UINT16_MAX)),
                                   .sin_addr.s_addr = htonl(address)};
    run.endpoint = (struct vole_endpoint){.address = {.family = 4}, .port = ntohs(run.hub.sin_port)};
    store32(run.endpoint.address.bytes, address);
    run.inner = address_of(arguments[4]);
    run.count = (uint32_t)number(arguments[5], 1, MOST_PEERS);
    run.pause_ns = (uint64_t)(number(arguments[8], 0.001, 3600) * (double)NS_PER_SECOND);
    make_private(key, 0);
    vole_public_key(run.hub_key, key);
    open_socket();
    read_clocks(&run.now);
    players = calloc(run.count, sizeof *players);
    if (players == NULL)
        die("players");
    for (uint32_t i = 0; i < run.count; i++)
        make_player(&players[i], i);
    read_clocks(&run.now);
    run.begin_ns = run.now.monotonic_ns;
    play(number(arguments[6], 0, 3600), number(arguments[7], 0.1, 100000));
    report();
    for (uint32_t i = 0; i < run.count; i++)
        vole_device_free(players[i].device);
    free(players);
    (void)close(run.socket);
    return fflush(stdout) != 0;
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "configure") == 0)
        return configure((uint32_t)number(arguments[2], 1, MOST_PEERS),
                         (unsigned)number(arguments[3], 1, UINT16_MAX));
    if (count == 9 && strcmp(arguments[1], "run") == 0)
        return play_peers(arguments);
    (void)fputs("usage: peers configure PEERS PORT\n"
                "       peers run ADDRESS PORT INNER PEERS RAMP SECONDS PAUSE\n",
                stderr);
    return 1;
}
