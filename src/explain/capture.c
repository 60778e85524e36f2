/* SPDX-License-Identifier: MIT
 *
 * Every block of pcapng is [type][length][body, padded to words][length again].
 */
#include "explain/capture.h"

#include "config/key.h"
#include "packet/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum block { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BLOCK_SECRETS = 10 };

#define BYTE_ORDER_MAGIC   UINT32_C(0x1a2b3c4d)
#define SECRETS_WIREGUARD  UINT32_C(0x57474b4c) /* "WGKL" */
#define LINK_RAW_IP        101                  /* LINKTYPE_RAW: begins with an IPv4 or IPv6 header */
#define OPTION_END         0
#define OPTION_COMMENT     1
#define OPTION_NAME        2 /* of an interface */
#define OPTION_DESCRIPTION 3
#define OPTION_RESOLUTION  9
#define OPTION_APPLICATION 4 /* of a section header */

static const char *const key_names[] = {
    [CAPTURE_LOCAL_STATIC_PRIVATE] = "LOCAL_STATIC_PRIVATE_KEY",
    [CAPTURE_REMOTE_STATIC_PUBLIC] = "REMOTE_STATIC_PUBLIC_KEY",
    [CAPTURE_LOCAL_EPHEMERAL_PRIVATE] = "LOCAL_EPHEMERAL_PRIVATE_KEY",
    [CAPTURE_PRESHARED] = "PRESHARED_KEY",
};

/* ---- bytes ---- */

static void *grown(void *memory, size_t *capacity, size_t wanted)
{
    void *more;

    if (wanted <= *capacity)
        return memory;
    *capacity = wanted * 2;
    more = realloc(memory, *capacity);
    if (more == NULL) {
        fputs("vole explain: not enough memory\n", stderr);
        exit(1);
    }
    return more;
}

static void add(struct capture *capture, const void *bytes, size_t length)
{
    capture->bytes = grown(capture->bytes, &capture->capacity, capture->length + length);
    memcpy(capture->bytes + capture->length, bytes, length);
    capture->length += length;
}

static void add_number(struct capture *capture, uint32_t number)
{
    uint8_t bytes[4];

    bytes_store_le32(bytes, number);
    add(capture, bytes, sizeof bytes);
}

static void add_two(struct capture *capture, uint16_t first, uint16_t second)
{
    add_number(capture, (uint32_t)second << 16 | first);
}

/* Bytes and zeros up to a word. */
static void add_padded(struct capture *capture, const void *bytes, size_t length)
{
    static const uint8_t zeros[4];

    add(capture, bytes, length);
    add(capture, zeros, (4 - length % 4) % 4);
}

static void add_option(struct capture *capture, uint16_t code, const void *value, size_t length)
{
    add_two(capture, code, (uint16_t)length);
    add_padded(capture, value, length);
}

static void add_text_option(struct capture *capture, uint16_t code, const char *text)
{
    add_option(capture, code, text, strlen(text));
}

/* Returns where the block begins, for end_block(). */
static size_t begin_block(struct capture *capture, enum block type)
{
    size_t start = capture->length;

    add_number(capture, type);
    add_number(capture, 0);
    return start;
}

static void end_block(struct capture *capture, size_t start)
{
    uint32_t length = (uint32_t)(capture->length + 4 - start);

    bytes_store_le32(capture->bytes + start + 4, length);
    add_number(capture, length);
}

/* ---- blocks ---- */

static void add_section(struct capture *capture)
{
    size_t start = begin_block(capture, BLOCK_SECTION);

    add_number(capture, BYTE_ORDER_MAGIC);
    add_two(capture, 1, 0); /* version */
    add_number(capture, UINT32_MAX);
    add_number(capture, UINT32_MAX); /* the section's length is not said */
    add_text_option(capture, OPTION_APPLICATION, "vole explain " VOLE_VERSION);
    add_two(capture, OPTION_END, 0);
    end_block(capture, start);
}

static void add_secrets(struct capture *capture)
{
    size_t start;

    if (capture->secrets_length == 0)
        return;
    start = begin_block(capture, BLOCK_SECRETS);
    add_number(capture, SECRETS_WIREGUARD);
    add_number(capture, (uint32_t)capture->secrets_length);
    add_padded(capture, capture->secrets, capture->secrets_length);
    end_block(capture, start);
}

static void add_interface(struct capture *capture)
{
    static const uint8_t nanoseconds = 9; /* ten to the power of minus that */
    size_t start = begin_block(capture, BLOCK_INTERFACE);

    add_two(capture, LINK_RAW_IP, 0);
    add_number(capture, 0); /* packets are whole */
    add_text_option(capture, OPTION_NAME, "internet");
    add_text_option(capture, OPTION_DESCRIPTION, "between laptop and server");
    add_option(capture, OPTION_RESOLUTION, &nanoseconds, sizeof nanoseconds);
    add_two(capture, OPTION_END, 0);
    end_block(capture, start);
}

/* ---- the face ---- */

void capture_init(struct capture *capture, uint64_t begins_s)
{
    *capture = (struct capture){.begins_s = begins_s};
    add_section(capture);
}

void capture_fini(struct capture *capture)
{
    free(capture->secrets);
    free(capture->bytes);
    *capture = (struct capture){0};
}

void capture_add_key(struct capture *capture, enum capture_key name, const uint8_t key[static VOLE_KEY_BYTES])
{
    char text[KEY_BASE64_BYTES];
    size_t room = strlen(key_names[name]) + sizeof " = \n" + sizeof text;

    assert(!capture->begun);
    key_to_base64(text, key);
    capture->secrets = grown(capture->secrets, &capture->secrets_capacity, capture->secrets_length + room);
    capture->secrets_length += (size_t)snprintf(capture->secrets + capture->secrets_length, room, "%s = %s\n",
                                                key_names[name], text);
}

void capture_add_packet(struct capture *capture, uint64_t at_ns, const uint8_t *packet, size_t length,
                        const char *comment)
{
    uint64_t time_ns = capture->begins_s * UINT64_C(1000000000) + at_ns;
    size_t start;

    if (!capture->begun) {
        add_secrets(capture);
        add_interface(capture);
        capture->begun = true;
    }
    start = begin_block(capture, BLOCK_PACKET);
    add_number(capture, 0); /* the interface */
    add_number(capture, (uint32_t)(time_ns >> 32));
    add_number(capture, (uint32_t)time_ns);
    add_number(capture, (uint32_t)length); /* captured, and on the wire */
    add_number(capture, (uint32_t)length);
    add_padded(capture, packet, length);
    if (comment != NULL) {
        add_text_option(capture, OPTION_COMMENT, comment);
        add_two(capture, OPTION_END, 0);
    }
    end_block(capture, start);
}

int capture_write(const struct capture *capture, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : fopen(path, "wb");
    int error = 0;

    if (file == NULL)
        return -errno;
    if (fwrite(capture->bytes, 1, capture->length, file) != capture->length || fflush(file) != 0)
        error = -errno;
    if (!standard && fclose(file) != 0 && error == 0)
        error = -errno;
    return error;
}
