/* SPDX-License-Identifier: MIT
 *
 * How memory that other threads may still be reading is given back: the core unlinks it and hands it to
 * retire(), which must call function(pointer) on the control thread once no reader can hold it any more.
 * Without a hook (libvole: one thread) that is at once. The core itself knows no RCU.
 */
#ifndef CORE_RETIRE_H
#define CORE_RETIRE_H

#include <stddef.h>

struct retirer {
    void *context;
    void (*retire)(void *context, void *pointer, void (*function)(void *pointer)); /* NULL: at once */
};

static inline void retire(const struct retirer *retirer, void *pointer, void (*function)(void *pointer))
{
    if (pointer == NULL)
        return;
    if (retirer->retire != NULL)
        retirer->retire(retirer->context, pointer, function);
    else
        function(pointer);
}

#endif
