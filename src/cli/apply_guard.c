/* SPDX-License-Identifier: MIT
 *
 * Forked twice, so that it is nobody's child. Its time is counted by CLOCK_BOOTTIME: a laptop that sleeps is
 * back in its old configuration when it wakes.
 */
#include "cli/apply_guard.h"

#include "cli/tunnel_file.h"
#include "cli/tunnel_lock.h"
#include "linux/link.h"
#include "linux/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define STATUS_PATIENCE_MS 500
#define CLIENT_PATIENCE_MS 1000
#define OTHERS_PATIENCE_MS 30000 /* with another vole that is at work on the tunnel when the time is over */
#define LONGEST_NAP_MS     1000  /* so often it looks at the clock, and whether it is told to end */

#define WORD_WAIT 'w' /* said over the channel: everything was done */
#define WORD_END  'e' /* nothing is left to be taken back */

/* Interfaces of the same name in other network namespaces have other places. */
static bool path_write(char path[static UNIX_SOCKET_PATH_BYTES], const char *name)
{
    return snprintf(path, UNIX_SOCKET_PATH_BYTES, "%s/%s.%" PRIu64 ".confirm", TUNNEL_FILE_DIRECTORY, name,
                    tunnel_file_namespace()) < UNIX_SOCKET_PATH_BYTES;
}

/* ---- speaking to it ---- */

/* Reads until the other side ends or its patience (-1: without a limit) does; the first line is kept, without
 * its end. */
static void read_line(int fd, char line[static APPLY_GUARD_LINE_BYTES], int patience_ms, bool to_the_end)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    char rest[APPLY_GUARD_LINE_BYTES];
    size_t length = 0;

    line[0] = '\0';
    for (;;) {
        int ready = poll(&one, 1, patience_ms);
        bool full = strchr(line, '\n') != NULL || length == APPLY_GUARD_LINE_BYTES - 1;
        ssize_t got;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready != 1 || (full && !to_the_end))
            break;
        got = full ? read(fd, rest, sizeof(rest))
                   : read(fd, line + length, APPLY_GUARD_LINE_BYTES - 1 - length);
        if (got <= 0)
            break;
        if (!full) {
            length += (size_t)got;
            line[length] = '\0';
        }
        if (!to_the_end && strchr(line, '\n') != NULL)
            break;
    }
    line[strcspn(line, "\n")] = '\0';
}

int apply_guard_ask(char answer[static APPLY_GUARD_LINE_BYTES], const char *name, const char *line,
                    int patience_ms)
{
    char path[UNIX_SOCKET_PATH_BYTES];
    int fd = path_write(path, name) ? unix_socket_connect(path) : -ENAMETOOLONG;

    answer[0] = '\0';
    if (fd < 0)
        return fd;
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line))
        read_line(fd, answer, patience_ms, true);
    (void)close(fd);
    return 0;
}

/* ---- the process ---- */

/* A descriptor for messages on the terminal that standard error is, as long as it is there: one of our own,
 * on which writing never waits, not even for a terminal that was stopped (Ctrl-S). Negative: it is none. */
static int open_terminal(void)
{
    char path[UNIX_SOCKET_PATH_BYTES];

    if (ttyname_r(STDERR_FILENO, path, sizeof(path)) != 0)
        return -1;
    return open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* The messages go on to a terminal; nobody else waits for their end. */
static void leave_terminal(void)
{
    int terminal = open_terminal();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGQUIT, SIG_IGN);
    (void)!chdir("/");
    if (nothing < 0)
        return;
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(nothing, STDOUT_FILENO);
    (void)dup2(terminal >= 0 ? terminal : nothing, STDERR_FILENO);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether it was confirmed: by somebody who is still there to hear it. */
static bool serve(const struct apply_guard *guard, int64_t left_ms)
{
    char line[APPLY_GUARD_LINE_BYTES];
    char answer[APPLY_GUARD_LINE_BYTES];
    int client = unix_socket_accept(guard->listener);
    bool confirmed;

    if (client < 0)
        return false;
    read_line(client, line, CLIENT_PATIENCE_MS, false);
    confirmed = strcmp(line, "confirm") == 0;
    if (confirmed)
        (void)snprintf(answer, sizeof(answer), APPLY_GUARD_CONFIRMED "\n");
    else
        (void)snprintf(answer, sizeof(answer), "waiting %lld\n", (long long)(left_ms + 999) / 1000);
    if (send(client, answer, strlen(answer), MSG_NOSIGNAL) != (ssize_t)strlen(answer))
        confirmed = false;
    if (confirmed)
        (void)unlink(guard->path);
    (void)close(client);
    return confirmed;
}

/* Tells all who came too late how it ended, and gives the place away. */
static void answer_late(const struct apply_guard *guard, const char *answer)
{
    char line[APPLY_GUARD_LINE_BYTES];
    int client;

    (void)unlink(guard->path);
    while ((client = unix_socket_accept(guard->listener)) >= 0) {
        read_line(client, line, CLIENT_PATIENCE_MS, false);
        (void)snprintf(line, sizeof(line), "%s\n", answer);
        (void)!send(client, line, strlen(line), MSG_NOSIGNAL);
        (void)close(client);
    }
}

/* Until it is confirmed (true), the time is over, or we are told to end. */
static bool wait_for_word(const struct apply_guard *guard, unsigned seconds)
{
    struct pollfd one = {.fd = guard->listener, .events = POLLIN};
    int64_t end_ms = now_ms() + (int64_t)seconds * 1000;

    for (int64_t left_ms; (left_ms = end_ms - now_ms()) > 0 && process_signal() == 0;) {
        int nap_ms = left_ms < LONGEST_NAP_MS ? (int)left_ms : LONGEST_NAP_MS;

        if (poll(&one, 1, nap_ms) == 1 && serve(guard, end_ms - now_ms()))
            return true;
    }
    return false;
}

/* The answer for those who come too late. */
static const char *take_back(struct tunnel *tunnel, uint32_t index, const struct tunnel_goal *back)
{
    (void)tunnel_fail(tunnel, "not confirmed: what was applied is taken back");
    if (tunnel->netlink < 0 || !tunnel_has_interface(tunnel) || tunnel->index != index) {
        (void)tunnel_fail(tunnel, "it is not the same interface any more: nothing is taken back");
        return APPLY_GUARD_GONE;
    }
    if (tunnel_goal_reach(back, tunnel, true))
        return APPLY_GUARD_BACK;
    (void)tunnel_fail(tunnel, "not everything could be taken back: what is said above is left");
    return APPLY_GUARD_PARTLY;
}

/* The same, when no other vole is at work on it. If apply was killed, its lock is ours by inheritance. */
static const char *go_back(const struct tunnel *from, const struct tunnel_goal *back)
{
    struct tunnel tunnel = {.netlink = link_open(), .lock = from->lock, .mark = from->mark};
    const char *answer;

    (void)snprintf(tunnel.name, sizeof(tunnel.name), "%s", from->name);
    process_ignore_signals();
    tunnel_lock_wait(&tunnel, OTHERS_PATIENCE_MS);
    answer = take_back(&tunnel, from->index, back);
    tunnel_lock_release(&tunnel);
    return answer;
}

static void log_end(const char *name, const char *answer)
{
    if (strcmp(answer, APPLY_GUARD_GONE) == 0)
        syslog(LOG_WARNING, "%s: apply was not confirmed, but the interface is gone: nothing is taken back",
               name);
    else
        syslog(LOG_WARNING, "%s: apply was not confirmed: %s", name,
               strcmp(answer, APPLY_GUARD_BACK) == 0
                   ? "taken back"
                   : "not everything could be taken back, compare with `vole plan'");
}

static void guard_run(const struct apply_guard *guard, const struct tunnel *tunnel,
                      const struct tunnel_goal *back, unsigned seconds)
{
    bool done = false;
    char word = '\0';
    ssize_t got;

    leave_terminal();
    openlog("vole", LOG_PID, LOG_DAEMON);
    do
        got = read(guard->channel, &word, 1);
    while (got < 0 && errno == EINTR && process_signal() == 0);
    if (got == 1 && word == WORD_END)
        return; /* the place is still our parent's */
    if (got == 1 && word == WORD_WAIT)
        done = wait_for_word(guard, seconds);
    if (done) {
        (void)tunnel_fail(tunnel, "confirmed: what was applied stays");
        syslog(LOG_INFO, "%s: apply was confirmed", tunnel->name);
    } else {
        const char *answer = go_back(tunnel, back);

        answer_late(guard, answer);
        log_end(tunnel->name, answer);
    }
}

/* ---- from the outside ---- */

bool apply_guard_open(struct apply_guard *guard, const struct tunnel *tunnel)
{
    char answer[APPLY_GUARD_LINE_BYTES];

    *guard = (struct apply_guard){.listener = -1, .channel = -1};
    guard->listener = path_write(guard->path, tunnel->name) ? unix_socket_listen(guard->path) : -ENAMETOOLONG;
    if (guard->listener >= 0) {
        (void)chmod(guard->path, S_IRUSR | S_IWUSR);
        return true;
    }
    if (guard->listener != -EADDRINUSE)
        return tunnel_fail(tunnel, "%s cannot be made: %s", guard->path, strerror(-guard->listener));
    if (apply_guard_ask(answer, tunnel->name, "status\n", STATUS_PATIENCE_MS) == 0 &&
        strncmp(answer, "waiting ", 8) == 0)
        return tunnel_fail(tunnel,
                           "an apply waits for `vole confirm %s' for another %s s: confirm it, or wait until "
                           "it is taken back",
                           tunnel->name, answer + 8);
    return tunnel_fail(tunnel, "another apply is at work on it");
}

/* Forks; true in the grandchild. *error: why there is none, in the parent. */
static bool fork_away(int *error)
{
    pid_t child = fork();
    int status = 0;

    *error = child < 0 ? -errno : 0;
    if (child < 0)
        return false;
    if (child == 0) {
        (void)setsid();
        child = fork();
        if (child == 0)
            return true;
        _exit(child < 0 ? errno : 0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        *error = -EAGAIN;
    return false;
}

bool apply_guard_start(struct apply_guard *guard, const struct tunnel *tunnel, const struct tunnel_goal *back,
                       unsigned seconds)
{
    int ends[2];
    int error = 0;

    (void)fflush(NULL);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return tunnel_fail(tunnel, "nobody can watch over it: %s", strerror(errno));
    if (fork_away(&error)) {
        (void)close(ends[0]);
        guard->channel = ends[1];
        guard_run(guard, tunnel, back, seconds);
        _exit(0);
    }
    (void)close(ends[1]);
    if (error != 0) {
        (void)close(ends[0]);
        return tunnel_fail(tunnel, "nobody can watch over it: %s", strerror(-error));
    }
    guard->channel = ends[0];
    return true;
}

static void say_word(const struct apply_guard *guard, char word)
{
    (void)!send(guard->channel, &word, 1, MSG_NOSIGNAL);
}

void apply_guard_hand_over(struct apply_guard *guard)
{
    say_word(guard, WORD_WAIT);
    (void)close(guard->channel);
    (void)close(guard->listener);
    guard->channel = guard->listener = -1;
}

void apply_guard_close(struct apply_guard *guard)
{
    if (guard->listener < 0)
        return;
    if (guard->channel >= 0) {
        say_word(guard, WORD_END);
        (void)close(guard->channel);
    }
    (void)unlink(guard->path);
    (void)close(guard->listener);
    guard->channel = guard->listener = -1;
}
