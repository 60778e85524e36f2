/* SPDX-License-Identifier: MIT
 *
 * Their words.
 */
#include "statistics.h"

const char *statistics_words(enum statistic statistic)
{
    static const char *const words[STATISTIC_COUNT] = {
#define STATISTICS_WORDS(name, text) text,
        STATISTICS(STATISTICS_WORDS)
#undef STATISTICS_WORDS
    };

    return words[statistic];
}
