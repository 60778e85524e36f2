/* SPDX-License-Identifier: MIT
 *
 * Giving up: see confinement.h.
 */
#include "daemon/confinement.h"

#include "daemon/allowed_calls.h"
#include "daemon/log.h"
#include "daemon/log_relay.h"
#include "linux/landlock.h"
#include "linux/privileges.h"
#include "linux/sanitizer.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- a forbidden call ---- */

static int confinement_relay; /* where the engine tells of it */

/* The signal is blocked meanwhile, so another forbidden call is not brought here again: the kernel ends the
 * process. */
static void confinement_forbidden(int number, siginfo_t *information, void *context)
{
    (void)number;
    (void)context;
    log_relay_forbidden(confinement_relay, information->si_syscall);
    (void)syscall(SYS_execve, NULL, NULL, NULL);
    _exit(1);
}

static int confinement_catch_forbidden(int relay)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = confinement_forbidden;
    action.sa_flags = SA_SIGINFO;
    (void)sigemptyset(&action.sa_mask);
    confinement_relay = relay;
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

/* ---- the engine ---- */

/* Secrets stay in memory, however many peers there are (crypto/secret_memory.h). */
static void confinement_allow_locked_memory(void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &limit) == 0 || getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

static int confinement_become(const char *name)
{
    struct privileges_user user;
    int error = name[0] == '\0' ? -ECANCELED : privileges_find_user(name, &user);

    return error < 0 ? error : privileges_become(&user);
}

static int confinement_filter_engine(int relay)
{
    struct call_filter *filter = NULL;
    int error = call_filter_new(&filter, CALL_FILTER_TRAP);

    if (error == 0)
        error = allowed_calls_of_engine(filter);
    if (error == 0)
        error = confinement_catch_forbidden(relay);
    if (error == 0)
        error = call_filter_load(filter);
    call_filter_free(filter);
    return error;
}

/* Should the parent be killed, nothing of us may stay. Another user would take that back: so after it. */
static void confinement_end_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, (long)SIGKILL) < 0 || getppid() != parent)
        _exit(1);
}

static void confinement_give_up(struct confinement *confinement, const struct options *options)
{
    confinement->user = confinement_become(options->user);
    confinement->capabilities = privileges_keep(NULL, 0);
}

void confinement_of_engine(struct confinement *confinement, const struct options *options, int relay,
                           pid_t parent)
{
    bool no_new;
    int version;

    confinement_allow_locked_memory();
    *confinement = (struct confinement){-ECANCELED, -ECANCELED, -ECANCELED, -ECANCELED};
    if (!options->switches.no_sandbox)
        confinement_give_up(confinement, options);
    confinement_end_with(parent);
    if (options->switches.no_sandbox)
        return;
    no_new = privileges_no_new() == 0;
    if (sanitizer_built_in())
        return;
    (void)!privileges_hide();
    tzset(); /* reads a file, which the first date in the log otherwise would */
    version = no_new ? landlock_give_up_files() : -EPERM;
    confinement->files = version < 0 ? version : 0;
    confinement->calls = confinement_filter_engine(relay);
}

/* ---- the parent ---- */

static int confinement_filter_parent(pid_t engine)
{
    struct call_filter *filter = NULL;
    int error = call_filter_new(&filter, CALL_FILTER_KILL);

    if (error == 0)
        error = allowed_calls_of_parent(filter, engine);
    if (error == 0)
        error = call_filter_load(filter);
    call_filter_free(filter);
    return error;
}

void confinement_of_parent(const struct options *options, pid_t engine)
{
    /* Sockets, marks, links and ports; raw sockets; ports below 1024; other namespaces; an engine of another
     * user; and a state directory or socket that another user owns. */
    static const unsigned kept[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE,
                                    CAP_SYS_ADMIN, CAP_KILL,    CAP_DAC_OVERRIDE};
    int error;

    if (options->switches.no_sandbox)
        return;
    error = privileges_keep(kept, sizeof kept / sizeof kept[0]);
    if (error < 0 && error != -ENOSYS)
        log_error("the privileged process cannot give up capabilities: %s; all works, it only may more than "
                  "it needs",
                  strerror(-error));
    (void)!privileges_no_new();
    if (sanitizer_built_in())
        return;
    (void)!privileges_hide();
    error = confinement_filter_parent(engine);
    if (error < 0 && error != -ENOSYS)
        log_error("the privileged process cannot filter its system calls: %s; all works, it only may more "
                  "than it needs",
                  strerror(-error));
}

/* ---- in words ---- */

const char *confinement_reason(int part, const struct options *options)
{
    switch (part) {
    case 0:
        return NULL;
    case -ECANCELED:
        return options->switches.no_sandbox ? "by --no-sandbox"
                                            : "built with a sanitizer, or by an empty --user";
    case -ENOENT:
        return "there is no such user, see voled(8)";
    case -ENOSYS:
        return "this kernel, or this build, has it not";
    case -EOPNOTSUPP:
        return "switched off in this kernel";
    case -EINVAL:
        return "this system refuses it";
    default:
        return "no permission";
    }
}
