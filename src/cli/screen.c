/* SPDX-License-Identifier: MIT
 *
 * Everything that a signal handler calls here may be called there: write, tcsetattr, sigaction, raise.
 */
#include "cli/screen.h"

#include "config/text_stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\x1b[?1049h\x1b[?25l\x1b[2J" /* the other screen, no cursor, empty */
#define LEAVE "\x1b[0m\x1b[?25h\x1b[?1049l"

static struct termios terminal_before;
static struct termios terminal_during;
static volatile sig_atomic_t entered;
static volatile sig_atomic_t changed;

/* Keys that were read and not handed out yet. */
static unsigned char keys[64];
static size_t key_count;
static size_t key_next;

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

bool screen_is_possible(void)
{
    const char *type = getenv("TERM");

    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && type != NULL && type[0] != '\0' &&
           strcmp(type, "dumb") != 0;
}

static int write_all(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, length);

        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

/* ---- entering and leaving ---- */

static void terminal_take(void)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_during);
    (void)write_all(ENTER, sizeof(ENTER) - 1);
    entered = 1;
}

static void terminal_give_back(void)
{
    if (!entered)
        return;
    entered = 0;
    (void)write_all(LEAVE, sizeof(LEAVE) - 1);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

static void signal_handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* The signal is raised once more, now with its usual effect. */
static void handle_end(int number)
{
    int error = errno;

    terminal_give_back();
    signal_handle(number, SIG_DFL, 0);
    (void)raise(number);
    errno = error;
}

static void handle_stop(int number)
{
    int error = errno;

    terminal_give_back();
    signal_handle(number, SIG_DFL, 0);
    (void)raise(number);
    /* here the program goes on, perhaps much later */
    signal_handle(number, handle_stop, SA_NODEFER);
    terminal_take();
    changed = 1;
    errno = error;
}

static void handle_size(int number)
{
    (void)number;
    changed = 1;
}

int screen_enter(void)
{
    if (tcgetattr(STDIN_FILENO, &terminal_before) != 0)
        return -errno;
    terminal_during = terminal_before;
    terminal_during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    terminal_during.c_cc[VMIN] = 1;
    terminal_during.c_cc[VTIME] = 0;
    for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
        signal_handle(ending_signals[i], handle_end, SA_NODEFER);
    signal_handle(SIGTSTP, handle_stop, SA_NODEFER);
    signal_handle(SIGWINCH, handle_size, 0);
    terminal_take();
    return 0;
}

void screen_leave(void)
{
    terminal_give_back();
    for (size_t i = 0; i < sizeof(ending_signals) / sizeof(ending_signals[0]); i++)
        signal_handle(ending_signals[i], SIG_DFL, 0);
    signal_handle(SIGTSTP, SIG_DFL, 0);
    signal_handle(SIGWINCH, SIG_DFL, 0);
}

/* ---- drawing ---- */

void screen_size(unsigned *columns, unsigned *rows)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    *columns = size.ws_col;
    *rows = size.ws_row;
}

/* Each line is put in its place, erased and written, all in one go, so that nothing flickers. */
int screen_draw(const char *text, size_t length)
{
    const char *end = text + length;
    size_t frame_length = 0;
    char *frame = NULL;
    FILE *stream = text_stream_open(&frame, &frame_length);
    unsigned row = 1;
    int error;

    if (stream == NULL)
        return -ENOMEM;
    while (text < end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        size_t line_length = (size_t)((feed != NULL ? feed : end) - text);

        fprintf(stream, "\x1b[%u;1H\x1b[K", row++);
        (void)fwrite(text, 1, line_length, stream);
        text += line_length + 1;
    }
    error = text_stream_close(stream, &frame) ? write_all(frame, frame_length) : -ENOMEM;
    free(frame);
    return error;
}

/* ---- keys ---- */

/* What a terminal sends for a key behind "ESC [" or "ESC O": digits, then a letter or "~". */
static int key_of_sequence(void)
{
    int number = 0;
    unsigned char last = 0;

    key_next++;
    while (key_next < key_count && last < '@') {
        last = keys[key_next++];
        if (last >= '0' && last <= '9' && number < 100)
            number = 10 * number + (last - '0');
    }
    if (last == 'A')
        return SCREEN_UP;
    if (last == 'B')
        return SCREEN_DOWN;
    if (last == '~' && number == 5)
        return SCREEN_PAGE_UP;
    if (last == '~' && number == 6)
        return SCREEN_PAGE_DOWN;
    return SCREEN_OTHER;
}

static int key_take(void)
{
    unsigned char key = keys[key_next++];

    if (key != 0x1b)
        return key;
    if (key_next < key_count && (keys[key_next] == '[' || keys[key_next] == 'O'))
        return key_of_sequence();
    return SCREEN_OTHER;
}

int screen_wait(int milliseconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t got;

    if (key_next < key_count)
        return key_take();
    /* a signal between this question and the next line is noticed when the time is over */
    if (!changed && poll(&input, 1, milliseconds) < 0 && errno != EINTR)
        return -EIO;
    if (changed) {
        changed = 0;
        return SCREEN_CHANGED;
    }
    if (input.revents == 0)
        return SCREEN_NOTHING;
    got = read(STDIN_FILENO, keys, sizeof(keys));
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return SCREEN_NOTHING;
    if (got <= 0)
        return -EIO;
    key_next = 0;
    key_count = (size_t)got;
    return key_take();
}
