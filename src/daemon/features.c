/* SPDX-License-Identifier: MIT
 *
 * Features in words: see features.h.
 */
#include "daemon/features.h"

#include "daemon/engine.h"
#include "daemon/log.h"

#include <stdio.h>
#include <string.h>

static const char feature_refused[] = "this kernel refuses it";
static const char feature_needs_header[] = "needs tun_vnet_header";
static const char feature_not_there[] = "this processor has none";

/* On or off, and if off: by a switch, or by the reason given. */
static void feature_set(struct feature *feature, const char *name, bool on, bool switched_off,
                        const char *option, const char *reason)
{
    feature->name = name;
    (void)snprintf(feature->value, sizeof feature->value, "%s", on ? "on" : "off");
    feature->remark = on ? NULL : switched_off ? option : reason;
}

static void feature_of_tun(const struct engine *engine, unsigned number, struct feature *feature)
{
    const struct options_switches *switches = &engine->parts->options->switches;
    const struct tun *tun = &engine->parts->queues[0];
    struct worker_features worker = worker_features(engine->workers[0]);
    const char *reason = tun->vnet_header ? feature_refused : feature_needs_header;

    switch (number) {
    case 0:
        feature_set(feature, "tun_vnet_header", tun->vnet_header, switches->no_vnet_hdr, "by --no-vnet-hdr",
                    "the descriptor handed over has none");
        break;
    case 1:
        feature_set(feature, "tun_tso", tun->tso, switches->no_tso, "by --no-tso", reason);
        break;
    case 2:
        feature_set(feature, "tun_uso", tun->uso, switches->no_uso, "by --no-uso", reason);
        break;
    case 3:
        feature_set(feature, "tun_tcp_merge", tun->vnet_header && worker.merge_tcp,
                    switches->no_tun_tcp_merge, "by --no-tun-tcp-merge", reason);
        break;
    case 4:
        feature_set(feature, "fair_queues", engine->parts->queues_per_worker > 1, switches->no_fair_queues,
                    "by --no-fair-queues", "the interface has no more queues for us");
        break;
    default:
        feature_set(feature, "tun_udp_merge", tun->uso && worker.merge_udp, switches->no_tun_udp_merge,
                    "by --no-tun-udp-merge", tun->vnet_header ? "needs tun_uso" : feature_needs_header);
        break;
    }
}

static void feature_of_network(const struct engine *engine, unsigned number, struct feature *feature)
{
    const struct options *options = engine->parts->options;
    const struct sockets *sockets = &engine->sockets;
    bool refused_later = sockets->open && !worker_features(engine->workers[0]).udp_segment;
    const struct icmp_sockets *icmp = &engine->follow.place.icmp;

    switch (number) {
    case 0:
        feature_set(feature, "udp_segment", sockets->found.segment && !refused_later,
                    options->switches.no_udp_segment, "by --no-udp-segment",
                    sockets->found.segment ? "a network device refused it" : feature_refused);
        break;
    case 1:
        feature_set(feature, "udp_gro", sockets->found.receive_offload, options->switches.no_udp_gro,
                    "by --no-udp-gro", feature_refused);
        break;
    case 2:
        feature_set(feature, "udp_steering", sockets->found.steering, options->switches.no_udp_steering,
                    "by --no-udp-steering", engine->parts->workers > 1 ? feature_refused : "one worker");
        break;
    case 3:
        feature_set(feature, "ipv6", sockets->found.v6, false, NULL, "disabled on this host");
        break;
    default:
        feature_set(feature, "icmp_errors", icmp->v4 >= 0 || icmp->v6 >= 0, false, NULL,
                    "no right to raw sockets (CAP_NET_RAW)");
        break;
    }
}

static void feature_of_processor(const struct engine *engine, unsigned number, struct feature *feature)
{
    const struct options_switches *switches = &engine->parts->options->switches;

    switch (number) {
    case 0:
        feature_set(feature, "avx2", engine->vectors >= VOLE_VECTORS_AVX2, switches->no_avx2, "by --no-avx2",
                    feature_not_there);
        break;
    case 1:
        feature_set(feature, "avx512", engine->vectors >= VOLE_VECTORS_AVX512,
                    switches->no_avx512 || switches->no_avx2,
                    switches->no_avx512 ? "by --no-avx512" : "by --no-avx2", feature_not_there);
        break;
    default:
        feature->name = "workers";
        (void)snprintf(feature->value, sizeof feature->value, "%u", engine->parts->workers);
        feature->remark = NULL;
        break;
    }
}

static void feature_of_memory_limit(const struct engine *engine, struct feature *feature)
{
    const struct memory_plan *plan = engine->parts->plan;
    char limit[MEMORY_PLAN_TEXT_BYTES];

    feature->name = "memory_limit";
    feature->remark = NULL;
    if (plan->limit == 0) {
        (void)snprintf(feature->value, sizeof feature->value, "off");
        return;
    }
    (void)snprintf(feature->value, sizeof feature->value, "%llu", (unsigned long long)plan->limit);
    (void)snprintf(feature->text, sizeof feature->text, "%s: room for %zu peers",
                   memory_plan_text(limit, plan->limit), memory_plan_peers(plan));
    feature->remark = feature->text;
}

static void feature_of_state(const struct engine *engine, unsigned number, struct feature *feature)
{
    const struct timestamps *timestamps = &engine->timestamps;

    if (number == 1) {
        feature_of_memory_limit(engine, feature);
        return;
    }
    feature_set(feature, "clock_state",
                timestamps->keeper >= 0 && !timestamps->ended && !timestamps->failing && !timestamps->slow,
                timestamps->keeper < 0, "by an empty --state-directory",
                timestamps->ended  ? "nobody is there to store it, see the log"
                : timestamps->slow ? "the disk does not answer"
                                   : "the state directory cannot be written, see the log");
}

static void feature_of_secrets(const struct engine *engine, unsigned number, struct feature *feature)
{
    (void)number;
    feature_set(feature, "locked_secrets", device_secrets_locked(engine->device), false, NULL,
                "the limit of locked memory (RLIMIT_MEMLOCK) is too low");
}

static void feature_of_confinement(const struct engine *engine, unsigned number, struct feature *feature)
{
    static const char *const names[] = {"own_user", "no_capabilities", "call_filter", "no_files"};
    const struct confinement *confinement = engine->parts->confinement;
    const int parts[] = {confinement->user, confinement->capabilities, confinement->calls,
                         confinement->files};
    const char *reason = confinement_reason(parts[number], engine->parts->options);

    feature_set(feature, names[number], parts[number] == 0, false, NULL, reason);
}

bool features_get(const struct engine *engine, unsigned number, struct feature *feature)
{
    static const struct {
        void (*describe)(const struct engine *engine, unsigned number, struct feature *feature);
        unsigned count;
    } groups[] = {{feature_of_tun, 6},   {feature_of_network, 5},     {feature_of_processor, 3},
                  {feature_of_state, 2}, {feature_of_confinement, 4}, {feature_of_secrets, 1}};

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (number < groups[i].count) {
            groups[i].describe(engine, number, feature);
            return true;
        }
        number -= groups[i].count;
    }
    return false;
}

void features_log(const struct engine *engine)
{
    char line[LOG_LINE_BYTES - 32] = "";
    struct feature feature;
    size_t used = 0;

    for (unsigned i = 0; features_get(engine, i, &feature); i++) {
        (void)snprintf(line + used, sizeof line - used, "%s%s %s", used > 0 ? ", " : "", feature.name,
                       feature.value);
        used = strlen(line);
    }
    log_notice("vole %s started: %s", vole_version(), line);
}
