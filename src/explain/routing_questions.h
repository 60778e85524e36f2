/* SPDX-License-Identifier: MIT
 *
 * What to ask about a table that nobody wrote for show: an address of each of its first prefixes as
 * destination and as claimed source, and one of each family that may well be nobody's.
 *
 * The texts live in the struct, which must not move. One thread.
 */
#ifndef EXPLAIN_ROUTING_QUESTIONS_H
#define EXPLAIN_ROUTING_QUESTIONS_H

#include "config/address.h"
#include "explain/routing_example.h"

#define ROUTING_QUESTIONS 14

struct routing_questions {
    char texts[ROUTING_QUESTIONS][ADDRESS_TEXT_BYTES];
    struct routing_question items[ROUTING_QUESTIONS + 1]; /* ends as those of the example */
    size_t count;
};

void routing_questions_choose(struct routing_questions *questions, const struct routing_table *table);

#endif
