/* SPDX-License-Identifier: MIT
 *
 * A descriptor that the caller closed is replaced by one of /dev/null that only reads: writing to it still
 * fails, as it should.
 */
#include "cli/output.h"

#include "cli/program.h"
#include "config/key.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char output_buffer[65536];

void output_start(void)
{
    int descriptor;

    do {
        descriptor = open("/dev/null", O_RDONLY);
    } while (descriptor >= 0 && descriptor <= 2);
    if (descriptor > 2)
        (void)close(descriptor);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setvbuf(stdout, output_buffer, _IOFBF, sizeof(output_buffer));
}

int output_finish(int status)
{
    bool failed = ferror(stdout) != 0;
    int error = 0;

    errno = 0;
    if (fflush(stdout) != 0) {
        failed = true;
        error = errno;
    }
    key_wipe(output_buffer, sizeof(output_buffer));
    if (!failed)
        return status;
    fprintf(stderr, "%s: the output could not be written%s%s\n", program_name(), error != 0 ? ": " : "",
            error != 0 ? strerror(error) : "");
    return 1;
}
