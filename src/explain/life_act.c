/* SPDX-License-Identifier: MIT */
#include "explain/life_act.h"

#include "core/constants.h"
#include "explain/life_parts.h"
#include "explain/value.h"

static uint64_t seconds(uint64_t ns)
{
    return ns / NS_PER_SECOND;
}

static json_t *constants_new(void)
{
    json_t *constants = value_new_object();

    value_number(constants, "rekey_after_time", seconds(REKEY_AFTER_TIME));
    value_number(constants, "reject_after_time", seconds(REJECT_AFTER_TIME));
    value_number(constants, "rekey_timeout", seconds(REKEY_TIMEOUT));
    value_number(constants, "keepalive_timeout", seconds(KEEPALIVE_TIMEOUT));
    value_number(constants, "last_minute_rekey", seconds(LAST_MINUTE_REKEY));
    value_number(constants, "new_handshake_timeout", seconds(NEW_HANDSHAKE_TIMEOUT));
    value_number(constants, "erase_keys_after", seconds(ERASE_KEYS_AFTER));
    value_number(constants, "jitter_ms", RETRANSMIT_JITTER / NS_PER_MS);
    value_number(constants, "max_timer_handshakes", MAX_TIMER_HANDSHAKES);
    value_number(constants, "max_staged_packets", MAX_STAGED_PACKETS);
    value_number(constants, "replay_bits", REPLAY_BITS);
    value_number(constants, "replay_window", REPLAY_WINDOW);
    value_format(constants, "reject_after_messages", "%llu", (unsigned long long)REJECT_AFTER_MESSAGES);
    return constants;
}

json_t *life_act_new(const struct story_options *options)
{
    json_t *act = value_new_object();

    value_put(act, "constants", constants_new());
    value_put(act, "session", life_session_new(options));
    value_put(act, "silence", life_silence_new(options));
    value_put(act, "retries", life_retries_new(options));
    value_put(act, "roaming", life_roaming_new(options));
    value_put(act, "window", life_window_new());
    value_put(act, "scanner", life_scanner_new(options));
    value_put(act, "topologies", life_topologies_new(options));
    value_put(act, "misrouted", life_misrouted_new(options));
    value_put(act, "broken", life_broken_new(options));
    return act;
}
