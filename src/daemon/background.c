/* SPDX-License-Identifier: MIT
 *
 * Going to the background: see background.h.
 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void background_take_no_input(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    (void)dup2(null, STDIN_FILENO); /* never the same: standard descriptors are taken */
    close(null);
}

/* In the process that was started: waits for the word of the one that stays. */
_Noreturn static void background_wait(int report)
{
    char word;
    ssize_t length;

    do
        length = read(report, &word, 1);
    while (length < 0 && errno == EINTR);
    _exit(length == 1 ? 0 : 1);
}

int background_fork(void)
{
    int report[2];
    pid_t child;
    int error;

    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    child = fork();
    if (child < 0) {
        error = -errno;
        close(report[0]);
        close(report[1]);
        return error;
    }
    if (child > 0) {
        close(report[1]);
        background_wait(report[0]);
    }
    close(report[0]);
    background_take_no_input();
    return report[1];
}

bool background_ready(int report)
{
    ssize_t written;

    do
        written = write(report, "", 1);
    while (written < 0 && errno == EINTR);
    close(report);
    return written == 1;
}

/* stdin is the null device by now. Whether stderr was kept. */
static bool background_let_go(const struct options *options)
{
    bool keep = options->log_level_given && options->log_level != LOG_LEVEL_SILENT;

    (void)dup2(STDIN_FILENO, STDOUT_FILENO);
    if (!keep)
        (void)dup2(STDIN_FILENO, STDERR_FILENO);
    return keep;
}

void background_release_output(const struct options *options)
{
    log_to_syslog(background_let_go(options));
}

void background_release_engine(const struct options *options, int relay)
{
    log_to_relay(relay, background_let_go(options));
}
