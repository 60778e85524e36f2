/* SPDX-License-Identifier: MIT
 *
 * The files that remember the handshakes' clock: reading one (config/clock_state.h), and the keeper of them
 * (daemon/clock_keeper.h) with files that anybody may have written and an engine that may have been taken
 * over. What was stored is read as the same; a ceiling that was granted without an error is in the file and
 * nothing in there goes back but by a release or a reset; only files of keys that were reserved for are made,
 * changed or removed.
 *
 * Input: the text of a first file behind a byte for its key, ended by 0xff; then requests: a byte for the
 * kind, one for the key, two for the second.
 */
#include "target.h"

#include "config/clock_state.h"
#include "daemon/clock_keeper.h"
#include "daemon/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define KEYS 4

static char directory[256];
static int at; /* the same, as a descriptor */

/* A memory has nothing to bring to a disk. */
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

static void key_of(uint8_t key[static VOLE_KEY_BYTES], unsigned number)
{
    memset(key, (int)(0x11 * (number + 1)), VOLE_KEY_BYTES);
}

/* ---- one file ---- */

static void check_text(const char *text, size_t length)
{
    char written[CLOCK_STATE_BYTES];
    struct clock_state state, again;
    unsigned line;
    size_t lines = 1;
    bool good = clock_state_read(&state, text, length, &line);

    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    target_hold(good || line <= lines, "what is wrong is in a line of the file");
    if (!good) {
        for (size_t i = 0; i < sizeof state; i++)
            target_hold(((const char *)&state)[i] == 0, "what is no state leaves zeros");
        return;
    }
    target_hold(state.ceiling_s <= CLOCK_STATE_LATEST_S, "a ceiling is a time");
    for (const char *c = state.interface; *c != '\0'; c++)
        target_hold(*c > ' ' && *c <= '~' && *c != '/', "an interface's name can be shown");
    length = clock_state_write(written, &state);
    target_hold(clock_state_read(&again, written, length, &line) && memcmp(&again, &state, sizeof state) == 0,
                "a state and back");
}

/* ---- the keeper ---- */

static void write_file(const char *name, const char *text, size_t length)
{
    int file = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    target_hold(file >= 0 && write(file, text, length) == (ssize_t)length, "a file can be written");
    close(file);
}

/* The ceiling in a key's file; 0: there is none. */
static uint64_t stored(unsigned number)
{
    char name[CLOCK_STATE_NAME_BYTES], text[CLOCK_STATE_BYTES + 1];
    uint8_t key[VOLE_KEY_BYTES];
    struct clock_state state;
    unsigned line;
    ssize_t length;
    int file;

    key_of(key, number);
    clock_state_file_name(name, key);
    file = openat(at, name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    length = read(file, text, sizeof text);
    close(file);
    if (length < 0 || length > CLOCK_STATE_BYTES || !clock_state_read(&state, text, (size_t)length, &line) ||
        memcmp(state.public_key, key, VOLE_KEY_BYTES) != 0)
        return 0;
    return state.ceiling_s;
}

static void empty_directory(bool check, const bool known[static KEYS])
{
    DIR *list = fdopendir(openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const struct dirent *entry;

    target_hold(list != NULL, "the directory can be read");
    while ((entry = readdir(list)) != NULL) {
        uint8_t key[VOLE_KEY_BYTES], expected[VOLE_KEY_BYTES];
        bool ours = false;

        if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.'))
            continue;
        if (clock_state_key_of_name(key, entry->d_name))
            for (unsigned i = 0; i < KEYS; i++) {
                key_of(expected, i);
                ours = ours || (known[i] && memcmp(key, expected, sizeof key) == 0);
            }
        target_hold(ours || !check, "only files of known keys are made");
        (void)unlinkat(at, entry->d_name, 0);
    }
    closedir(list);
}

static void serve(struct clock_keeper *keeper, struct target_input *input, bool known[static KEYS])
{
    struct keeper_request request = {.kind = target_byte(input) % 6};
    unsigned number = target_byte(input) % KEYS;
    struct keeper_answer answer;
    uint64_t before[KEYS], after;
    bool answered, was_known = known[number];
    bool reserves = request.kind == KEEPER_BEGIN || request.kind == KEEPER_RESERVE;

    for (unsigned i = 0; i < KEYS; i++)
        before[i] = stored(i);
    key_of(request.public_key, number);
    request.number = target_byte(input);
    request.until_s = target_number(input);
    if (request.until_s >= 0xff00)
        request.until_s = UINT64_MAX - (request.until_s & 0xff);
    answered = clock_keeper_serve(keeper, &request, &answer);
    known[number] = known[number] || reserves;
    target_hold(answered == reserves, "who reserves is answered, nobody else");
    target_hold(!answered || answer.number == request.number, "an answer is to its request");
    for (unsigned i = 0; i < KEYS; i++)
        target_hold(i == number || stored(i) == before[i], "no other key's file changes");
    after = stored(number);
    if (reserves && answer.error == 0) {
        target_hold(after >=
                        (request.until_s < CLOCK_STATE_LATEST_S ? request.until_s : CLOCK_STATE_LATEST_S),
                    "what was granted is stored");
        target_hold(answer.from_s == 0 || answer.from_s == before[number], "what was stored is told");
    }
    target_hold(after >= before[number] || (request.kind == KEEPER_RELEASE && after > 0) ||
                    request.kind == KEEPER_FORGET,
                "a ceiling does not go back");
    target_hold(was_known || reserves || after == before[number],
                "only keys that were reserved for are changed");
}

static void remove_directory(void)
{
    (void)rmdir(directory);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    const char *place = getenv("TMPDIR");

    (void)count;
    (void)arguments;
    log_start("fuzz", LOG_LEVEL_SILENT);
    (void)snprintf(directory, sizeof directory, "%s/vole-state-XXXXXX", place != NULL ? place : "/tmp");
    target_hold(mkdtemp(directory) != NULL, "there is a directory");
    at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    target_hold(at >= 0, "there is a directory");
    return atexit(remove_directory);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct target_input input = {bytes, length};
    static struct clock_keeper keeper;
    bool known[KEYS] = {false};
    unsigned number = target_byte(&input) % KEYS;
    const uint8_t *mark = input.left > 0 ? memchr(input.next, 0xff, input.left) : NULL;
    size_t text_length = mark == NULL ? input.left : (size_t)(mark - input.next);
    char name[CLOCK_STATE_NAME_BYTES];
    uint8_t key[VOLE_KEY_BYTES], *text;
    size_t skipped;

    text = target_copy(input.next, text_length);
    check_text((const char *)text, text_length);
    (void)target_take(&input, text_length, &text_length);
    (void)target_take(&input, 1, &skipped);
    memset(&keeper, 0, sizeof keeper);
    keeper.directory = directory;
    keeper.interface = "wg0";
    keeper.engine = -1;
    key_of(key, number);
    clock_state_file_name(name, key);
    if (text_length > 0)
        write_file(name, (const char *)text, text_length);
    while (input.left > 0)
        serve(&keeper, &input, known);
    known[number] = true;
    empty_directory(true, known);
    free(text);
    return 0;
}
