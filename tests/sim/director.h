/* SPDX-License-Identifier: MIT
 *
 * The director: disturbs the world in one of the ways the scenario allows, lets it recover for a while, and
 * again. With every change the hosts may also change what they have to say.
 */
#ifndef SIM_DIRECTOR_H
#define SIM_DIRECTOR_H

#include "host.h"

/* Ways to disturb; a scenario's mask. */
enum disturbance_kind {
    DISTURB_TROUBLE = 1, /* loss up to 60 %, delay, reordering, duplicates, damage */
    DISTURB_OUTAGE = 2,  /* nothing arrives, in one or both directions, for up to ten minutes */
    DISTURB_MOVES = 4,   /* the first host changes its address again and again */
    DISTURB_DOWN = 8,    /* a host goes down, and up after a while */
    DISTURB_KEY = 16,    /* a host gets a new key; the others learn it later, or it takes the old one again */
    DISTURB_PRESHARED = 32,   /* one side changes the preshared key, the other later */
    DISTURB_FORGETS = 64,     /* a host removes a peer and adds it later */
    DISTURB_REFUSALS = 128,   /* a host's own network refuses to send */
    DISTURB_SLEEP = 256,      /* a host sleeps */
    DISTURB_CLONE = 512,      /* a host is cloned */
    DISTURB_FLOOD = 1024,     /* a host is under a flood of handshakes */
    DISTURB_CLOCK = 2048,     /* a host's wall clock is wrong, and its process ends and begins anew */
    DISTURB_PARTITION = 4096, /* the network falls into two parts that do not reach each other */
    DISTURB_NARROW = 8192,    /* long datagrams between two are lost */
    DISTURB_REBIND = 16384,   /* the translator forgets what it translated, again and again */
    DISTURB_SETTINGS =
        32768, /* a host takes a peer's allowed IPs away, and changes its persistent keepalive */
    DISTURB_SCARCITY = 65536, /* allocations fail, in all devices, while processes and peers are made anew */
    DISTURB_ALL = 131071
};

struct disturbance;

struct director {
    const struct disturbance *current; /* NULL: calm */
    unsigned a, b;                     /* whom it concerns; b only where it is about two */
    bool apart[WORLD_HOSTS];           /* of a partition: on the other side */
    uint64_t until_ns;
    uint8_t key[VOLE_KEY_BYTES]; /* what the disturbance's end needs */
    bool flag;
};

/* Begins with a calm time. */
void director_init(struct world *world);

#endif
