/* SPDX-License-Identifier: MIT
 *
 * One loop; the overflow check comes before the multiplication, so that any length of text is safe.
 */
#include "config/number.h"

bool number_read(uint64_t *number, const char *text, size_t length, uint64_t maximum)
{
    uint64_t value = 0;

    *number = 0;
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(uint8_t)text[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > maximum)
        return false;
    *number = value;
    return true;
}
