/* SPDX-License-Identifier: MIT
 *
 * A program is waited for with the signals blocked, so that none slips in between looking and waiting.
 */
#include "linux/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_SIGNAL_STATUS 128 /* what a shell adds to the number of a signal */

static const int process_endings[] = {SIGINT, SIGTERM, SIGHUP};

static volatile sig_atomic_t process_caught;
static bool process_catches;
static bool process_ignores;
static bool process_was_ignored[sizeof(process_endings) / sizeof(process_endings[0])]; /* before we did */

static void process_on_signal(int number)
{
    if (number != SIGCHLD && process_caught == 0)
        process_caught = number;
}

/* nohup: whoever told us to live on has priority. */
static void process_take_endings(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler}; /* no SA_RESTART: waiting ends */

    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(process_endings) / sizeof(process_endings[0]); i++) {
        struct sigaction before;

        if (sigaction(process_endings[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(process_endings[i], &action, NULL);
    }
}

void process_catch_signals(void)
{
    if (process_catches)
        return;
    process_catches = true;
    process_take_endings(process_on_signal);
}

static void process_end(int number)
{
    (void)number;
    _exit(0);
}

void process_end_when_asked(void)
{
    process_take_endings(process_end);
}

int process_signal(void)
{
    return process_ignores ? 0 : process_caught;
}

/* Ignored, not only caught: the programs that take things back live on, too, when Ctrl-C is pressed again. */
void process_ignore_signals(void)
{
    bool again = process_ignores;

    process_ignores = true;
    process_catches = true;
    for (size_t i = 0; i < sizeof(process_endings) / sizeof(process_endings[0]); i++) {
        bool ignored = signal(process_endings[i], SIG_IGN) == SIG_IGN;

        process_was_ignored[i] = again ? process_was_ignored[i] : ignored;
    }
}

void process_heed_signals(void)
{
    const struct sigaction action = {.sa_handler = process_on_signal};

    process_caught = 0;
    process_ignores = false;
    for (size_t i = 0; i < sizeof(process_endings) / sizeof(process_endings[0]); i++) {
        if (!process_was_ignored[i])
            (void)sigaction(process_endings[i], &action, NULL);
    }
}

/* ---- one program ---- */

static void process_endings_set(sigset_t *set)
{
    (void)sigemptyset(set);
    for (size_t i = 0; i < sizeof(process_endings) / sizeof(process_endings[0]); i++)
        (void)sigaddset(set, process_endings[i]);
}

/* Where there is no terminal, a program gets a process group of its own, so that all of it can be ended. At a
 * terminal it stays in ours: Ctrl-C reaches all of it by itself, and it may read what is typed. */
static bool process_gets_group(void)
{
    int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

    if (terminal < 0)
        return true;
    (void)close(terminal);
    return false;
}

/* The child begins with default signals where ours are caught, and for SIGPIPE. INT and HUP that are ignored
 * stay so: by whoever told us to live on, or while we take back what was done. SIGTERM always ends it. */
static void process_reset_signals(const sigset_t *mask)
{
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGCHLD, SIG_DFL);
    for (size_t i = 0; i < sizeof(process_endings) / sizeof(process_endings[0]); i++) {
        struct sigaction ours;

        if (sigaction(process_endings[i], NULL, &ours) == 0 && ours.sa_handler != SIG_IGN)
            (void)signal(process_endings[i], SIG_DFL);
    }
    (void)sigprocmask(SIG_SETMASK, mask, NULL);
}

/* Input is to be our standard input; output, with messages thrown away, our standard output; negative: as
 * they are. */
static bool process_redirect(int input, int output)
{
    int nothing;

    if (input >= 0 && dup2(input, STDIN_FILENO) < 0)
        return false;
    if (output < 0)
        return true;
    nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return dup2(output, STDOUT_FILENO) >= 0 && nothing >= 0 && dup2(nothing, STDERR_FILENO) >= 0;
}

/* What a child is to be told, and where it says why it cannot. */
struct process_birth {
    const char *const *arguments;
    const sigset_t *mask;
    bool group;
    int input;
    int output;
    int report[2];
    pid_t parent;
};

/* In the child. If we are killed while we wait for it, it ends, too: nobody else knows of what it was to do,
 * and whoever clears up after us shall not meet it. */
static _Noreturn void process_become(const struct process_birth *birth)
{
    int error = 0;

    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() != birth->parent)
        _exit(1);
    if ((birth->group && setpgid(0, 0) != 0) || !process_redirect(birth->input, birth->output))
        error = errno;
    if (error == 0) {
        process_reset_signals(birth->mask);
        (void)execvp(birth->arguments[0], (char *const *)birth->arguments);
        error = errno;
    }
    (void)!write(birth->report[1], &error, sizeof(error));
    _exit(127);
}

/* *child, or why there is none. */
static int process_spawn(pid_t *child, struct process_birth *birth)
{
    int error = 0;
    ssize_t got;

    birth->parent = getpid();
    if (pipe2(birth->report, O_CLOEXEC) != 0)
        return -errno;
    *child = fork();
    if (*child == 0)
        process_become(birth);
    if (*child < 0)
        error = errno;
    (void)close(birth->report[1]);
    do
        got = *child < 0 ? 0 : read(birth->report[0], &error, sizeof(error));
    while (got < 0 && errno == EINTR);
    (void)close(birth->report[0]);
    if (*child > 0 && error != 0)
        (void)waitpid(*child, NULL, 0);
    return -error;
}

/* Waits with all signals of ours blocked but while asleep. What asks us to end is handed on as SIGTERM, which
 * ends a shell at once, also while it waits for a program of its own. */
static int process_wait(pid_t child, bool group, const sigset_t *unblocked)
{
    bool told = process_ignores; /* what runs then takes back what was done */
    int status;

    for (;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);

        if (ended == child)
            break;
        if (ended < 0 && errno != EINTR)
            return -errno;
        if (!told && process_caught != 0) {
            told = true;
            (void)kill(group ? -child : child, SIGTERM);
        }
        (void)sigsuspend(unblocked);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : PROCESS_SIGNAL_STATUS + WTERMSIG(status);
}

static int process_do(const char *const *arguments, int input, int output)
{
    struct sigaction child_action = {.sa_handler = process_on_signal};
    struct sigaction child_before;
    sigset_t blocked;
    sigset_t before;
    sigset_t asleep;
    bool group = process_gets_group();
    pid_t child = 0;

    (void)fflush(stdout);
    (void)sigemptyset(&child_action.sa_mask);
    process_endings_set(&blocked);
    (void)sigaddset(&blocked, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &blocked, &before) != 0)
        return -errno;
    (void)sigaction(SIGCHLD, &child_action, &child_before);
    asleep = before;
    (void)sigdelset(&asleep, SIGCHLD);
    struct process_birth birth = {
        .arguments = arguments, .mask = &before, .group = group, .input = input, .output = output};
    int result = process_spawn(&child, &birth);
    if (result == 0)
        result = process_wait(child, group, &asleep);
    (void)sigaction(SIGCHLD, &child_before, NULL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* A file in memory with this text, to be read from its beginning. */
static int process_memory(const char *text)
{
    int fd = memfd_create("vole", MFD_CLOEXEC);
    size_t length = strlen(text);

    if (fd < 0)
        return -errno;
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR) {
            int error = -errno;

            (void)close(fd);
            return error;
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    (void)lseek(fd, 0, SEEK_SET);
    return fd;
}

int process_run(const char *const *arguments, const char *input)
{
    int fd = -1;

    if (input != NULL) {
        fd = process_memory(input);
        if (fd < 0)
            return fd;
    }
    int result = process_do(arguments, fd, -1);
    if (fd >= 0)
        (void)close(fd);
    return result;
}

static int process_read_back(int fd, char **output)
{
    struct stat status;
    size_t length = 0;
    char *text;

    if (fstat(fd, &status) != 0)
        return -errno;
    text = malloc((size_t)status.st_size + 1);
    if (text == NULL)
        return -ENOMEM;
    while (length < (size_t)status.st_size) {
        ssize_t got = pread(fd, text + length, (size_t)status.st_size - length, (off_t)length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    *output = text;
    return 0;
}

int process_read(const char *const *arguments, char **output)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fd = process_memory("");
    int result;

    *output = NULL;
    if (nothing < 0 || fd < 0)
        result = fd < 0 ? fd : -ENOENT;
    else
        result = process_do(arguments, nothing, fd);
    if (result >= 0) {
        int read_result = process_read_back(fd, output);

        if (read_result < 0)
            result = read_result;
    }
    if (nothing >= 0)
        (void)close(nothing);
    if (fd >= 0)
        (void)close(fd);
    return result;
}

/* ---- finding ---- */

static bool process_is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

bool process_find(char path[static PATH_MAX], const char *name)
{
    const char *place = getenv("PATH");

    if (strchr(name, '/') != NULL) {
        (void)snprintf(path, PATH_MAX, "%s", name);
        return process_is_program(path);
    }
    if (place == NULL)
        place = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    while (*name != '\0') {
        size_t length = strcspn(place, ":");
        int written = snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, place, length > 0 ? "/" : "", name);

        if (written > 0 && written < PATH_MAX && process_is_program(path))
            return true;
        if (place[length] == '\0')
            break;
        place += length + 1;
    }
    return false;
}

bool process_own_path(char path[static PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

    if (length <= 0)
        return false;
    path[length] = '\0';
    return true;
}
