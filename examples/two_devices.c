/* SPDX-License-Identifier: MIT
 *
 * Two WireGuard devices talk to each other in memory. Datagrams lie in a pocket until the other device is
 * handed them; the time is whatever we say.      cc two_devices.c $(pkg-config --cflags --libs vole)
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <vole.h>

static struct host {
    const char *name;
    struct vole_device *device;
    struct vole_endpoint address;
    uint8_t key[VOLE_KEY_BYTES], pocket[8][2048]; /* datagrams on their way to this host */
    size_t length[8], count, received;
} hosts[2] = {{.name = "left", .address = {.address = {4, {192, 0, 2, 1}}, .port = 51820}},
              {.name = "right", .address = {.address = {4, {192, 0, 2, 2}}, .port = 51820}}};

static int send_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *datagram, size_t length)
{
    struct host *other = &hosts[context == &hosts[0]];

    (void)to, (void)traffic_class;
    if (other->count == 8 || length > sizeof other->pocket[0])
        return -1;
    memcpy(other->pocket[other->count], datagram, length);
    other->length[other->count++] = length;
    return 0;
}

static void deliver(void *context, struct vole_peer *from, const uint8_t *packet, size_t length)
{
    (void)from;
    ((struct host *)context)->received++;
    printf("%s received \"%.*s\"\n", ((struct host *)context)->name, (int)length - 20,
           (const char *)packet + 20);
}

static void draw(void *context, uint8_t *bytes, size_t length)
{
    (void)context;
    if (getrandom(bytes, length, 0) != (ssize_t)length)
        memset(bytes, 0, length);
}

int main(void)
{
    struct vole_time now = {.monotonic_ns = 1000, .boot_ns = 1000, .real_s = 1700000000};
    uint8_t packet[] = {0x45, 0, 0, 25, 0, 0, 0, 0,   64,  253, 0,   0,  10,
                        0,    0, 1, 10, 0, 0, 2, 'h', 'e', 'l', 'l', 'o'};

    draw(NULL, hosts[0].key, VOLE_KEY_BYTES);
    draw(NULL, hosts[1].key, VOLE_KEY_BYTES);
    for (int i = 0; i < 2; i++) { /* left is 10.0.0.1 inside, right 10.0.0.2 */
        struct vole_options options = {.hooks = {&hosts[i], send_datagram, deliver, NULL, draw}};
        struct vole_prefix inner = {.address = {4, {10, 0, 0, i == 0 ? 2 : 1}}, .length = 32};
        uint8_t public_key[VOLE_KEY_BYTES];

        vole_public_key(public_key, hosts[!i].key);
        hosts[i].device = vole_device_new(&options, &now);
        if (hosts[i].device == NULL)
            return 1;
        vole_device_set_private_key(hosts[i].device, hosts[i].key, &now);
        struct vole_peer *peer = vole_peer_add(hosts[i].device, public_key, &now, NULL);
        if (peer == NULL || vole_peer_allow(peer, &inner) != 0)
            return 1;
        vole_peer_set_endpoint(peer, &hosts[!i].address);
        vole_device_up(hosts[i].device, &now);
    }
    vole_device_send(hosts[0].device, packet, sizeof packet, &now);
    for (int i = 1; hosts[i].count > 0; i = !i) { /* the network */
        for (size_t n = 0; n < hosts[i].count; n++)
            vole_device_receive(hosts[i].device, hosts[i].pocket[n], hosts[i].length[n], &hosts[!i].address,
                                0, &now);
        hosts[i].count = 0;
    }
    vole_device_free(hosts[0].device);
    vole_device_free(hosts[1].device);
    return hosts[1].received == 1 ? 0 : 1;
}
