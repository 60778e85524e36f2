/* SPDX-License-Identifier: MIT
 *
 * Two WireGuard devices talk to each other in memory: the smallest program around libvole. Datagrams lie in
 * a pocket until the other device is handed them; the time is whatever we say.
 *
 *     cc two_devices.c $(pkg-config --cflags --libs vole) && ./a.out
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <vole.h>

struct host {
    const char *name;
    struct vole_device *device;
    struct vole_endpoint address;
    struct host *other;
    uint8_t pocket[8][2048]; /* datagrams on their way to this host */
    size_t length[8], count;
};

static int send_datagram(void *context, const struct vole_endpoint *to, uint8_t traffic_class,
                         const uint8_t *datagram, size_t length)
{
    struct host *other = ((struct host *)context)->other;

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
    printf("%s received %zu bytes: \"%.*s\"\n", ((struct host *)context)->name, length, (int)length - 20,
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
    static struct host hosts[2] = {{.name = "left"}, {.name = "right"}};
    uint8_t keys[2][VOLE_KEY_BYTES], public_key[VOLE_KEY_BYTES], packet[64] = {0x45, 0, 0, 33};

    for (int i = 0; i < 2; i++) {
        struct vole_options options = {.hooks = {&hosts[i], send_datagram, deliver, NULL, draw}};

        hosts[i].other = &hosts[!i];
        hosts[i].address =
            (struct vole_endpoint){.address = {4, {192, 0, 2, (uint8_t)(i + 1)}}, .port = 51820};
        hosts[i].device = vole_device_new(&options, &now);
        draw(NULL, keys[i], sizeof keys[i]);
        vole_device_set_private_key(hosts[i].device, keys[i], &now);
        vole_device_up(hosts[i].device, &now);
    }
    for (int i = 0; i < 2; i++) { /* 10.0.0.1 is left, 10.0.0.2 is right */
        struct vole_prefix inner = {.address = {4, {10, 0, 0, (uint8_t)(!i + 1)}}, .length = 32};

        vole_public_key(public_key, keys[!i]);
        struct vole_peer *peer = vole_peer_add(hosts[i].device, public_key, &now, NULL);
        if (peer == NULL || vole_peer_allow(peer, &inner) != 0)
            return 1;
        vole_peer_set_endpoint(peer, &hosts[!i].address);
    }
    memcpy(packet + 12, "\x0a\0\0\1\x0a\0\0\2hello, right!", 21);
    vole_device_send(hosts[0].device, packet, 33, &now);
    for (int i = 0; hosts[0].count + hosts[1].count > 0; i = !i) { /* the network */
        for (size_t n = 0; n < hosts[i].count; n++)
            vole_device_receive(hosts[i].device, hosts[i].pocket[n], hosts[i].length[n], &hosts[!i].address,
                                0, &now);
        hosts[i].count = 0;
    }
    vole_device_free(hosts[0].device);
    vole_device_free(hosts[1].device);
    return 0;
}
