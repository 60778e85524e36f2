/* SPDX-License-Identifier: MIT
 *
 * The clock's state file, kept: see clock_keeper.h.
 */
#include "daemon/clock_keeper.h"

#include "config/clock_state.h"
#include "daemon/log.h"
#include "linux/descriptors.h"
#include "linux/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEEPER_STACK_BYTES (128u << 10)
#define KEEPER_PATIENCE_MS 2000 /* at the end */

/* ---- saying it ---- */

static void keeper_say(struct clock_keeper *keeper, int error)
{
    bool failed = error < 0;

    if (failed == keeper->failing)
        return;
    keeper->failing = failed;
    if (failed)
        log_error(
            "cannot remember the time of handshakes in %s: %s. All works, but if this machine's clock "
            "goes back, peers refuse handshakes after a restart. Make the directory writable, or choose "
            "another: --state-directory DIR",
            keeper->directory, strerror(-error));
    else
        log_notice("the time of handshakes is remembered in %s again", keeper->directory);
}

static void keeper_say_foreign(const struct clock_keeper *keeper, const char *name, const char *what,
                               unsigned line)
{
    char place[24] = "";

    if (line > 0)
        (void)snprintf(place, sizeof place, ":%u", line);
    log_error("%s/%s%s: %s; it is ignored and written anew. If peers refuse handshakes now, this machine's "
              "clock is behind what they last saw: set it right",
              keeper->directory, name, place, what);
}

static void keeper_say_full(struct clock_keeper *keeper)
{
    if (!keeper->full)
        log_error("there were %u private keys since the start: the time of handshakes with others is not "
                  "remembered. If this machine's clock goes back, peers refuse those after a restart. "
                  "Restarting now makes room",
                  KEEPER_KEYS);
    keeper->full = true;
}

/* ---- the file ---- */

/* The ceiling in the file, 0: none. An error only if nothing can be said about it. */
static int keeper_read(const struct clock_keeper *keeper, const struct keeper_key *key, int directory,
                       const char *name, uint64_t *ceiling_s)
{
    char text[CLOCK_STATE_BYTES];
    struct clock_state state;
    unsigned line = 0;
    ssize_t length = state_file_read(directory, name, text, sizeof text);

    *ceiling_s = 0;
    if (length == -EFBIG || length == -EINVAL)
        keeper_say_foreign(keeper, name, "not a state file", 0);
    else if (length < 0)
        return length == -ENOENT ? 0 : (int)length;
    else if (!clock_state_read(&state, text, (size_t)length, &line))
        keeper_say_foreign(keeper, name, "not a state file", line);
    else if (memcmp(state.public_key, key->public_key, VOLE_KEY_BYTES) != 0)
        keeper_say_foreign(keeper, name, "it is about another key", 0);
    else
        *ceiling_s = state.ceiling_s;
    return 0;
}

static int keeper_write(const struct clock_keeper *keeper, struct keeper_key *key, int directory,
                        const char *name, uint64_t ceiling_s)
{
    struct clock_state state = {.ceiling_s = ceiling_s};
    char text[CLOCK_STATE_BYTES];
    size_t length;
    int error;

    memcpy(state.public_key, key->public_key, sizeof state.public_key);
    (void)snprintf(state.interface, sizeof state.interface, "%s", keeper->interface);
    length = clock_state_write(text, &state);
    error = state_file_write(directory, name, text, length);
    if (error == 0)
        key->written_s = ceiling_s;
    return error;
}

/* ---- requests ---- */

/* What we know of this key; NULL: nothing was ever reserved for it. */
static struct keeper_key *keeper_find(struct clock_keeper *keeper,
                                      const uint8_t public_key[static VOLE_KEY_BYTES])
{
    for (unsigned i = 0; i < keeper->key_count; i++)
        if (memcmp(keeper->keys[i].public_key, public_key, VOLE_KEY_BYTES) == 0)
            return &keeper->keys[i];
    return NULL;
}

static void keeper_begin(struct keeper_key *key)
{
    key->known = false;
    key->written_s = 0;
    key->others_s = 0;
}

/* The same, or a new one; NULL if there are too many. */
static struct keeper_key *keeper_admit(struct clock_keeper *keeper,
                                       const uint8_t public_key[static VOLE_KEY_BYTES])
{
    struct keeper_key *key = keeper_find(keeper, public_key);

    if (key != NULL)
        return key;
    if (keeper->key_count == KEEPER_KEYS) {
        keeper_say_full(keeper);
        return NULL;
    }
    key = &keeper->keys[keeper->key_count++];
    memcpy(key->public_key, public_key, VOLE_KEY_BYTES);
    keeper_begin(key);
    return key;
}

static int keeper_reserve_in(const struct clock_keeper *keeper, struct keeper_key *key, int directory,
                             const char *name, struct keeper_answer *answer)
{
    uint64_t stored_s;
    int error = keeper_read(keeper, key, directory, name, &stored_s);

    if (error < 0)
        return error;
    if (stored_s != key->written_s && stored_s > key->others_s)
        key->others_s = stored_s;
    if (!key->known)
        answer->from_s = stored_s;
    key->known = true;
    return stored_s < answer->until_s ? keeper_write(keeper, key, directory, name, answer->until_s) : 0;
}

static void keeper_reserve(struct clock_keeper *keeper, struct keeper_key *key, const char *name,
                           struct keeper_answer *answer)
{
    int directory;

    if (key == NULL) {
        answer->error = -EDQUOT;
        return;
    }
    directory = state_directory_open(keeper->directory, true);
    answer->error = directory < 0 ? directory : keeper_reserve_in(keeper, key, directory, name, answer);
    if (directory >= 0)
        close(directory);
    keeper_say(keeper, answer->error);
}

static void keeper_release(struct clock_keeper *keeper, struct keeper_key *key, const char *name,
                           uint64_t used_s)
{
    int directory = state_directory_open(keeper->directory, false);
    uint64_t wanted_s = used_s > key->others_s ? used_s : key->others_s;
    uint64_t stored_s;

    if (directory < 0)
        return;
    if (keeper_read(keeper, key, directory, name, &stored_s) == 0 && stored_s == key->written_s &&
        wanted_s < stored_s && wanted_s > 0)
        keeper_say(keeper, keeper_write(keeper, key, directory, name, wanted_s));
    close(directory);
}

static void keeper_forget(const struct clock_keeper *keeper, struct keeper_key *key, const char *name)
{
    int directory = state_directory_open(keeper->directory, false);
    int error = directory < 0 ? directory : state_file_remove(directory, name);

    if (directory >= 0)
        close(directory);
    if (error < 0 && error != -ENOENT)
        log_error("cannot remove %s/%s: %s", keeper->directory, name, strerror(-error));
    keeper_begin(key);
}

bool clock_keeper_serve(struct clock_keeper *keeper, const struct keeper_request *request,
                        struct keeper_answer *answer)
{
    bool reserves = request->kind == KEEPER_BEGIN || request->kind == KEEPER_RESERVE;
    char name[CLOCK_STATE_NAME_BYTES];
    struct keeper_key *key =
        reserves ? keeper_admit(keeper, request->public_key) : keeper_find(keeper, request->public_key);

    memset(answer, 0, sizeof *answer);
    answer->number = request->number;
    answer->until_s = request->until_s;
    memcpy(answer->public_key, request->public_key, sizeof answer->public_key);
    clock_state_file_name(name, request->public_key);
    if (request->kind == KEEPER_BEGIN && key != NULL)
        keeper_begin(key);
    if (request->kind == KEEPER_RELEASE && key != NULL)
        keeper_release(keeper, key, name, request->until_s);
    else if (request->kind == KEEPER_FORGET && key != NULL)
        keeper_forget(keeper, key, name);
    else if (reserves)
        keeper_reserve(keeper, key, name, answer);
    return reserves;
}

/* ---- the thread ---- */

/* False: the engine has ended, and all it asked for is done. An answer that it did not take makes itself felt
 * as a reset before what it sent last. */
static bool keeper_receive(const struct clock_keeper *keeper, struct keeper_request *request)
{
    ssize_t length;

    do
        length = recv(keeper->engine, request, sizeof *request, MSG_TRUNC);
    while (length < 0 && (errno == EINTR || errno == ECONNRESET));
    return length == (ssize_t)sizeof *request;
}

static void *keeper_run(void *argument)
{
    struct clock_keeper *keeper = argument;
    struct keeper_request request;
    struct keeper_answer answer;

    (void)pthread_setname_np(pthread_self(), "voled-keeper");
    while (keeper_receive(keeper, &request))
        if (clock_keeper_serve(keeper, &request, &answer) &&
            descriptors_send(keeper->engine, &answer, sizeof answer, NULL, 0) < 0)
            continue; /* nobody to tell, but there may be more to do */
    close(keeper->engine);
    close(keeper->over[1]);
    return NULL;
}

static int keeper_create_thread(struct clock_keeper *keeper)
{
    pthread_attr_t attributes;
    int error;

    if (pipe2(keeper->over, O_CLOEXEC) < 0)
        return -errno;
    error = pthread_attr_init(&attributes);
    if (error == 0) {
        error = pthread_attr_setstacksize(&attributes, KEEPER_STACK_BYTES);
        if (error == 0)
            error = pthread_create(&keeper->thread, &attributes, keeper_run, keeper);
        (void)pthread_attr_destroy(&attributes);
    }
    if (error != 0) {
        close(keeper->over[0]);
        close(keeper->over[1]);
    }
    return -error;
}

int clock_keeper_start(struct clock_keeper *keeper)
{
    int error = keeper_create_thread(keeper);

    keeper->running = error == 0;
    if (error < 0) {
        close(keeper->engine);
        keeper->engine = -1;
    }
    return error;
}

void clock_keeper_stop(struct clock_keeper *keeper)
{
    struct pollfd over = {.fd = keeper->over[0], .events = POLLIN};

    if (!keeper->running)
        return;
    keeper->running = false;
    if (poll(&over, 1, KEEPER_PATIENCE_MS) != 1)
        log_error("the disk with %s does not answer; ending without it", keeper->directory);
    else
        (void)pthread_join(keeper->thread, NULL);
    close(keeper->over[0]);
}
