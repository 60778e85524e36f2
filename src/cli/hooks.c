/* SPDX-License-Identifier: MIT
 *
 * Filling in the name and running bash.
 */
#include "cli/hooks.h"

#include "linux/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const hook_names[FILE_HOOK_COUNT] = {[FILE_PRE_UP] = "PreUp",
                                                        [FILE_POST_UP] = "PostUp",
                                                        [FILE_PRE_DOWN] = "PreDown",
                                                        [FILE_POST_DOWN] = "PostDown"};

bool hooks_can_run(const struct tunnel *tunnel)
{
    char path[PATH_MAX];

    for (size_t i = 0; i < FILE_HOOK_COUNT; i++) {
        const struct file_texts *hooks = &tunnel->file.hooks[i];

        if (hooks->count > 0 && !process_find(path, "bash"))
            return tunnel_fail_at(tunnel, &hooks->items[0].place, "%s is run by bash, which is not installed",
                                  hook_names[i]);
    }
    return true;
}

/* A copy with each "%i" replaced; freed by the caller. NULL: out of memory. */
static char *hook_fill_in(const char *text, const char *name)
{
    size_t name_length = strlen(name);
    char *filled = malloc(strlen(text) * (name_length > 2 ? name_length : 2) + 1);
    char *end = filled;

    if (filled == NULL)
        return NULL;
    while (*text != '\0') {
        if (text[0] == '%' && text[1] == 'i') {
            memcpy(end, name, name_length);
            end += name_length;
            text += 2;
        } else {
            *end++ = *text++;
        }
    }
    *end = '\0';
    return filled;
}

static bool hook_run(const struct tunnel *tunnel, const struct file_text *hook, const char *which)
{
    char *command = hook_fill_in(hook->text, tunnel->name);
    const char *arguments[] = {"bash", "-e", "-o", "pipefail", "-O", "extglob", "-c", command, NULL};
    int status;

    if (command == NULL)
        return tunnel_fail(tunnel, "out of memory");
    steps_say("%s", command);
    status = process_run(arguments, NULL);
    free(command);
    if (status < 0)
        return tunnel_fail_at(tunnel, &hook->place, "%s: bash cannot be run: %s", which, strerror(-status));
    if (status > 0)
        return tunnel_fail_at(tunnel, &hook->place, "%s failed with exit status %d", which, status);
    return true;
}

bool hooks_run(const struct tunnel *tunnel, enum file_hook which)
{
    const struct file_texts *hooks = &tunnel->file.hooks[which];

    for (size_t i = 0; i < hooks->count; i++) {
        if (process_signal() != 0 || !hook_run(tunnel, &hooks->items[i], hook_names[which]))
            return false;
    }
    return true;
}
