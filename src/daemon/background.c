/* SPDX-License-Identifier: MIT
 *
 * Going to the background: see background.h.
 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Puts the null device in place of a standard descriptor. */
static void background_to_null(int descriptor)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    if (null != descriptor) {
        (void)dup2(null, descriptor);
        close(null);
    }
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
    background_to_null(STDIN_FILENO);
    return report[1];
}

void background_ready(int report)
{
    ssize_t written;

    do
        written = write(report, "", 1);
    while (written < 0 && errno == EINTR);
    close(report);
}

void background_release_output(const struct options *options)
{
    bool keep = options->log_level_given && options->log_level != LOG_LEVEL_SILENT;

    background_to_null(STDOUT_FILENO);
    if (!keep)
        background_to_null(STDERR_FILENO);
    log_to_syslog(keep);
}
