/* SPDX-License-Identifier: MIT
 *
 * A process that is confined exactly as one of voled's two is, and then tries something it should not be able
 * to.
 *
 * usage: confined AS ATTEMPT
 *
 * AS: engine, in its main thread; worker, in a thread started afterwards; parent, as voled's privileged
 * process; files, with nothing given up but the file system (Landlock alone); capabilities, nothing but
 * these; keys, server, looker, resolver: as vole's commands (cli/give_up.h), in this order. Prints what came
 * of it: "done", "refused: ERROR", or "ended: SIGNAL"; on standard error, what the parent logs.
 */
#include "cli/give_up.h"
#include "daemon/confinement.h"
#include "daemon/log.h"
#include "daemon/log_relay.h"
#include "linux/landlock.h"
#include "linux/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t outside;           /* who started the confined process */
static int knocker;             /* a socket opened before */
static struct sockaddr_un door; /* an abstract one of outside's, which is open */
static socklen_t door_bytes = sizeof door;

/* ---- attempts: a negative number is a refusal, with errno ---- */

static long try_read_file(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static long try_make_file(void)
{
    return open("/tmp/confined-was-here", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long try_unlink(void)
{
    return unlink("/tmp/confined-is-not-here");
}

static long try_inet_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long try_raw_socket(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long try_packet_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static long try_unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long try_abstract_socket(void)
{
    return sendto(knocker, "", 1, 0, (const struct sockaddr *)&door, door_bytes);
}

static long try_connect(void)
{
    return connect(STDIN_FILENO, NULL, 0);
}

static long try_execute(void)
{
    static char *arguments[] = {"true", NULL};

    return execv("/bin/true", arguments);
}

static long try_fork(void)
{
    pid_t child = fork();

    if (child == 0)
        _exit(0);
    return child;
}

static long try_trace(void)
{
    return ptrace(PTRACE_ATTACH, outside, NULL, NULL);
}

static long try_read_other_memory(void)
{
    return syscall(SYS_process_vm_readv, outside, NULL, 0L, NULL, 0L, 0L);
}

static long try_kill(void)
{
    return kill(outside, SIGCONT);
}

static long try_mount(void)
{
    return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static long try_unshare(void)
{
    return unshare(CLONE_NEWUSER);
}

static long try_enter_namespace(void)
{
    return setns(STDIN_FILENO, CLONE_NEWNS);
}

static long try_become_root(void)
{
    return syscall(SYS_setuid, 0L); /* the library would ask all threads to do the same */
}

static long try_chroot(void)
{
    return chroot("/");
}

static long try_executable_memory(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? -1 : 0;
}

static long try_make_memory_executable(void)
{
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? -1 : mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

static long try_bpf(void)
{
    return syscall(SYS_bpf, 0L, NULL, 0L);
}

static long try_io_uring(void)
{
    return syscall(SYS_io_uring_setup, 1L, NULL);
}

static long try_load_module(void)
{
    return syscall(SYS_finit_module, STDIN_FILENO, "", 0L);
}

static long try_set_clock(void)
{
    static const struct timespec then;

    return clock_settime(CLOCK_REALTIME, &then);
}

static long try_be_seen(void)
{
    return prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
}

static long try_catch_the_end(void)
{
    return signal(SIGSYS, SIG_IGN) == SIG_ERR ? -1 : 0;
}

static long try_raise_limit(void)
{
    static const struct rlimit limit = {1, 1};

    return setrlimit(RLIMIT_CORE, &limit);
}

/* What is needed all the time. */
static long try_nothing_special(void)
{
    void *memory = malloc(1u << 20);
    bool made = memory != NULL;

    free(memory);
    return made ? getpid() : -1;
}

static const struct attempt {
    const char *name;
    long (*run)(void);
} attempts[] = {
    {"nothing-special", try_nothing_special},
    {"read-file", try_read_file},
    {"make-file", try_make_file},
    {"unlink", try_unlink},
    {"inet-socket", try_inet_socket},
    {"raw-socket", try_raw_socket},
    {"packet-socket", try_packet_socket},
    {"unix-socket", try_unix_socket},
    {"abstract-socket", try_abstract_socket},
    {"connect", try_connect},
    {"execute", try_execute},
    {"fork", try_fork},
    {"trace", try_trace},
    {"read-other-memory", try_read_other_memory},
    {"kill", try_kill},
    {"mount", try_mount},
    {"unshare", try_unshare},
    {"enter-namespace", try_enter_namespace},
    {"become-root", try_become_root},
    {"chroot", try_chroot},
    {"executable-memory", try_executable_memory},
    {"make-memory-executable", try_make_memory_executable},
    {"bpf", try_bpf},
    {"io-uring", try_io_uring},
    {"load-module", try_load_module},
    {"set-clock", try_set_clock},
    {"be-seen", try_be_seen},
    {"catch-the-end", try_catch_the_end},
    {"raise-limit", try_raise_limit},
};

/* ---- as whom ---- */

static void *try_and_say(void *argument)
{
    const struct attempt *attempt = argument;
    char text[80];
    int length;

    errno = 0;
    length = attempt->run() < 0 ? snprintf(text, sizeof text, "refused: %s\n", strerror(errno))
                                : snprintf(text, sizeof text, "done\n");
    (void)!write(STDOUT_FILENO, text, (size_t)length);
    return NULL;
}

/* False: vole does not run as that. */
static bool run_as_vole(const char *as)
{
    static const char *const names[] = {[GIVE_UP_ALL] = "keys",
                                        [GIVE_UP_FILES] = "server",
                                        [GIVE_UP_CHANGES] = "looker",
                                        [GIVE_UP_PROGRAMS] = "resolver"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(as, names[i]) == 0) {
            give_up((enum give_up)i);
            return true;
        }
    }
    return false;
}

_Noreturn static void run_as(const char *as, const struct attempt *attempt, int relay)
{
    struct options options = {.user = VOLE_USER};
    struct confinement confinement;
    pthread_t thread;

    if (strcmp(as, "parent") == 0)
        confinement_of_parent(&options, 1);
    else if (strcmp(as, "files") == 0)
        _exit(privileges_no_new() < 0 || landlock_give_up_files() < 0 || (try_and_say((void *)attempt), 0));
    else if (strcmp(as, "capabilities") == 0)
        _exit(privileges_keep(NULL, 0) < 0 || (try_and_say((void *)attempt), 0));
    else if (!run_as_vole(as))
        confinement_of_engine(&confinement, &options, relay, outside);
    if (strcmp(as, "worker") != 0)
        try_and_say((void *)attempt);
    else if (pthread_create(&thread, NULL, try_and_say, (void *)attempt) != 0 ||
             pthread_join(thread, NULL) != 0)
        _exit(2);
    _exit(0);
}

/* A socket that has a name of the kernel's choice, and one to knock at it with. */
static bool open_door(void)
{
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    knocker = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    door.sun_family = AF_UNIX;
    return opened >= 0 && knocker >= 0 &&
           bind(opened, (const struct sockaddr *)&door, sizeof door.sun_family) == 0 &&
           getsockname(opened, (struct sockaddr *)&door, &door_bytes) == 0;
}

static int watch(const char *as, const struct attempt *attempt)
{
    pid_t child;
    int relay[2];
    int status;

    outside = getpid();
    log_start("confined", LOG_LEVEL_NOTICE);
    if (!open_door() || log_relay_pair(relay) < 0 || (child = fork()) < 0)
        return 1;
    if (child == 0)
        run_as(as, attempt, relay[1]);
    if (waitpid(child, &status, 0) != child)
        return 1;
    log_relay_take(relay[0]);
    if (WIFSIGNALED(status))
        (void)printf("ended: %s\n", sigabbrev_np(WTERMSIG(status)));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

int main(int count, char **arguments)
{
    for (size_t i = 0; count == 3 && i < sizeof attempts / sizeof attempts[0]; i++)
        if (strcmp(arguments[2], attempts[i].name) == 0)
            return watch(arguments[1], &attempts[i]);
    (void)fprintf(
        stderr,
        "usage: confined engine|worker|parent|files|capabilities|keys|server|looker|resolver ATTEMPT\n");
    return 2;
}
