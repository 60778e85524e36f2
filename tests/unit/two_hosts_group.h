/* SPDX-License-Identifier: MIT
 *
 * The usual group of tests on two hosts: one pair of them, made anew for each test.
 *
 *     cmocka_unit_test_setup_teardown(name, start, stop)                  // no session yet
 *     cmocka_unit_test_setup_teardown(name, start_with_session, stop)
 */
#ifndef TWO_HOSTS_GROUP_H
#define TWO_HOSTS_GROUP_H

#include "two_hosts.h"

static struct two_hosts hosts;

static inline int start(void **state)
{
    (void)state;
    two_hosts_start(&hosts);
    return 0;
}

static inline int start_with_session(void **state)
{
    (void)state;
    two_hosts_start_with_session(&hosts);
    return 0;
}

static inline int stop(void **state)
{
    (void)state;
    two_hosts_stop(&hosts);
    return 0;
}

#endif
