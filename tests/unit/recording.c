/* SPDX-License-Identifier: MIT
 *
 * Reading the lines of a recording.
 */
#include "recording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE_BYTES 16384

static unsigned digit_value(char digit)
{
    assert_non_null(memchr("0123456789abcdef", digit, 16));
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

static void append_digits(struct recording_datagram *datagram, const char *digits, size_t length)
{
    assert_int_equal(length % 2, 0);
    datagram->bytes = realloc(datagram->bytes, datagram->length + length / 2);
    assert_non_null(datagram->bytes);
    for (size_t i = 0; i < length; i += 2)
        datagram->bytes[datagram->length++] =
            (uint8_t)(digit_value(digits[i]) << 4 | digit_value(digits[i + 1]));
}

static void append_text(struct recording *recording, const char *line, size_t length)
{
    size_t before = strlen(recording->text);

    recording->text = realloc(recording->text, before + length + 2);
    assert_non_null(recording->text);
    memcpy(recording->text + before, line, length);
    memcpy(recording->text + before + length, "\n", 2);
}

static void take_line(struct recording *recording, const char *line)
{
    size_t length = strcspn(line, "\n");

    assert_true(length >= 2 && line[1] == ' ' && line[length] == '\n');
    switch (line[0]) {
    case '#':
        break;
    case '=':
        append_text(recording, line + 2, length - 2);
        break;
    case '>':
    case '<':
        recording->datagrams =
            realloc(recording->datagrams, (recording->count + 1) * sizeof(*recording->datagrams));
        assert_non_null(recording->datagrams);
        recording->datagrams[recording->count++] = (struct recording_datagram){.sent = line[0] == '>'};
        append_digits(&recording->datagrams[recording->count - 1], line + 2, length - 2);
        break;
    default:
        assert_true(line[0] == ' ' && recording->count > 0);
        append_digits(&recording->datagrams[recording->count - 1], line + 2, length - 2);
    }
}

void recording_read(struct recording *recording, const char *name)
{
    char path[1024];
    char *line = malloc(LINE_BYTES);
    FILE *file;

    memset(recording, 0, sizeof(*recording));
    recording->text = calloc(1, 1);
    assert_true(line != NULL && recording->text != NULL);
    assert_true(snprintf(path, sizeof(path), "%s/%s.txt", RECORDINGS, name) < (int)sizeof(path));
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, LINE_BYTES, file) != NULL)
        take_line(recording, line);
    assert_int_equal(fclose(file), 0);
    free(line);
}

void recording_free(struct recording *recording)
{
    for (size_t i = 0; i < recording->count; i++)
        free(recording->datagrams[i].bytes);
    free(recording->datagrams);
    free(recording->text);
}

const uint8_t *recording_next(const struct recording *recording, bool sent, size_t *datagram, size_t *offset,
                              size_t *length)
{
    for (; *datagram < recording->count; (*datagram)++, *offset = 0) {
        const struct recording_datagram *in = &recording->datagrams[*datagram];

        while (in->sent == sent && *offset < in->length) {
            const uint8_t *bytes = in->bytes + *offset;
            struct nlmsghdr header;

            assert_true(in->length - *offset >= sizeof(header));
            memcpy(&header, bytes, sizeof(header));
            assert_true(header.nlmsg_len >= sizeof(header) && header.nlmsg_len <= in->length - *offset);
            *offset += (header.nlmsg_len + 3) / 4 * 4;
            *length = header.nlmsg_len;
            /* Families have numbers above that of the controller. */
            if (header.nlmsg_type > NLMSG_MIN_TYPE)
                return bytes;
        }
    }
    return NULL;
}
