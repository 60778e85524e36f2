/* SPDX-License-Identifier: MIT
 *
 * Blocking calls with a time limit on the descriptor itself (SO_SNDTIMEO also bounds connect() on a full
 * backlog): a command that asks one question has nothing else to do meanwhile.
 */
#include "config/device_socket.h"

#include "config/array.h"
#include "config/number.h"
#include "config/reply_reader.h"
#include "config/uapi_change.h"
#include "config/uapi_get.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_SUFFIX ".sock"
#define MAX_ERRNO     4095

/* ---- connecting ---- */

static int path_of(struct sockaddr_un *address, const char *name)
{
    size_t length = strlen(name);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (length == 0 || length >= DEVICE_SOCKET_NAME_BYTES || strchr(name, '/') != NULL)
        return -ENODEV;
    snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s%s", DEVICE_SOCKET_DIRECTORY, name,
             SOCKET_SUFFIX);
    return 0;
}

static int set_timeouts(int descriptor)
{
    const struct timeval limit = {.tv_sec = DEVICE_SOCKET_TIMEOUT_S};

    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0)
        return -errno;
    return 0;
}

/* What the time limits of set_timeouts() look like to the caller. */
static int socket_error(void)
{
    return errno == EAGAIN || errno == EINPROGRESS ? -ETIMEDOUT : -errno;
}

static int connect_to(int descriptor, const struct sockaddr_un *address)
{
    if (connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return 0;
    if (errno == ECONNREFUSED) {
        (void)unlink(address->sun_path);
        return -ECONNREFUSED;
    }
    return socket_error();
}

int device_socket_connect(const char *name)
{
    struct sockaddr_un address;
    struct stat file;
    int descriptor;
    int error = path_of(&address, name);

    if (error != 0)
        return error;
    if (stat(address.sun_path, &file) != 0)
        return -errno;
    if (!S_ISSOCK(file.st_mode))
        return -ENOENT;
    descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -errno;
    error = set_timeouts(descriptor);
    if (error == 0)
        error = connect_to(descriptor, &address);
    if (error != 0) {
        (void)close(descriptor);
        return error;
    }
    return descriptor;
}

/* ---- listing ---- */

/* The interface a directory entry belongs to; false if it is none. */
static bool name_of_entry(char name[static DEVICE_SOCKET_NAME_BYTES], const char *entry)
{
    size_t length = strlen(entry);
    size_t suffix_length = strlen(SOCKET_SUFFIX);

    if (length <= suffix_length || length - suffix_length >= DEVICE_SOCKET_NAME_BYTES ||
        strcmp(entry + length - suffix_length, SOCKET_SUFFIX) != 0)
        return false;
    length -= suffix_length;
    memcpy(name, entry, length);
    name[length] = '\0';
    return true;
}

static int list_entry(struct device_socket_names *names, const char *entry)
{
    char name[DEVICE_SOCKET_NAME_BYTES];
    char(*grown)[DEVICE_SOCKET_NAME_BYTES];
    int descriptor;

    if (!name_of_entry(name, entry))
        return 0;
    descriptor = device_socket_connect(name);
    if (descriptor < 0)
        return 0;
    (void)close(descriptor);
    grown = array_grow(names->names, &names->capacity, names->count, sizeof(*grown));
    if (grown == NULL)
        return -ENOMEM;
    names->names = grown;
    memcpy(grown[names->count++], name, sizeof(name));
    return 0;
}

int device_socket_list(struct device_socket_names *names)
{
    DIR *directory = opendir(DEVICE_SOCKET_DIRECTORY);
    const struct dirent *entry;
    int error = 0;

    memset(names, 0, sizeof(*names));
    if (directory == NULL)
        return errno == ENOENT ? 0 : -errno;
    while (error == 0 && (entry = readdir(directory)) != NULL)
        error = list_entry(names, entry->d_name);
    (void)closedir(directory);
    return error;
}

void device_socket_names_free(struct device_socket_names *names)
{
    free(names->names);
    memset(names, 0, sizeof(*names));
}

/* ---- asking ---- */

/* Either a text or a change. */
struct request {
    const char *text;
    const struct change *change;
};

/* For uapi_change_write() too; state is the descriptor. */
static int send_piece(void *state, const char *bytes, size_t length)
{
    const int *descriptor = state;

    while (length > 0) {
        ssize_t sent = send(*descriptor, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return socket_error();
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int send_request(int descriptor, const struct request *request)
{
    if (request->text != NULL)
        return send_piece(&descriptor, request->text, strlen(request->text));
    return uapi_change_write(request->change, send_piece, &descriptor);
}

static int ask(const char *name, const struct request *request, reply_line_handler handler, void *state)
{
    struct reply_reader reader;
    int descriptor = device_socket_connect(name);
    int error;
    int reply_error;

    if (descriptor < 0)
        return descriptor;
    reply_reader_init(&reader, handler, state);
    error = send_request(descriptor, request);
    /* a daemon may refuse a long request before it has read all of it: its answer says more than "closed" */
    if (error == 0 || error == -EPIPE || error == -ECONNRESET) {
        reply_error = reply_reader_receive(&reader, descriptor, DEVICE_SOCKET_REPLY_MS);
        if (error == 0 || reply_error == 0)
            error = reply_error;
    }
    reply_reader_wipe(&reader);
    (void)close(descriptor);
    return error;
}

int device_socket_get(const char *name, struct model_device *device)
{
    const struct request request = {.text = UAPI_GET_REQUEST};
    struct uapi_get get = {.device = device};
    int error = ask(name, &request, uapi_get_read_line, &get);

    if (error == -ECONNRESET || error == -EPIPE)
        return -EPROTO;
    return error != 0 ? error : -get.error;
}

int device_socket_get_vole(const char *name, struct uapi_vole *reply)
{
    const struct request request = {.text = UAPI_VOLE_REQUEST};
    int error = ask(name, &request, uapi_vole_read_line, reply);

    if (error == -ECONNRESET || error == -EPIPE)
        return -EOPNOTSUPP;
    return error != 0 ? error : -reply->error;
}

/* The reply to a set is its errno line and nothing else. State is an int: the error, negative. */
static int read_set_line(void *state, const char *line, size_t length)
{
    static const char key[] = "errno=";
    const size_t key_length = sizeof(key) - 1;
    uint64_t number;
    int *error = state;

    if (length <= key_length || memcmp(line, key, key_length) != 0)
        return -EPROTO;
    line += key_length;
    length -= key_length;
    if (*line == '-') {
        line++;
        length--;
    }
    if (!number_read(&number, line, length, MAX_ERRNO))
        return -EPROTO;
    *error = -(int)number;
    return 0;
}

int device_socket_set(const char *name, const struct change *change)
{
    const struct request request = {.change = change};
    int refusal = 0;
    int error = ask(name, &request, read_set_line, &refusal);

    if (error == -ECONNRESET || error == -EPIPE)
        return -EPROTO;
    return error != 0 ? error : refusal;
}

int device_socket_reset_clock(const char *name)
{
    const struct request request = {.text = UAPI_VOLE_RESET_CLOCK_REQUEST};
    int refusal = 0;
    int error = ask(name, &request, read_set_line, &refusal);

    if (error == -ECONNRESET || error == -EPIPE)
        return -EOPNOTSUPP;
    return error != 0 ? error : refusal;
}
