/* SPDX-License-Identifier: MIT
 *
 * vole show INTERFACE features: which offloads and other features of the system the daemon found and uses,
 * and its version.
 */
#include "cli/show_view.h"

#include "cli/terminal.h"

#include <stdio.h>
#include <string.h>

static int longest(int width, const char *word)
{
    int length = (int)strlen(word);

    return length > width ? length : width;
}

void show_features(const struct uapi_vole *reply, const char *name)
{
    const struct terminal_styles *style = terminal_styles_of_output();
    int name_width = 0;
    int value_width = 0;

    for (size_t i = 0; i < reply->feature_count; i++) {
        name_width = longest(name_width, reply->features[i].name);
        value_width = longest(value_width, reply->features[i].value);
    }
    printf("%s%s%sinterface%s: %s%s%s\n", style->reset, style->green, style->bold, style->reset, style->green,
           name, style->reset);
    printf("  %sversion%s: %s\n", style->bold, style->reset,
           reply->version[0] != '\0' ? reply->version : "unknown");
    for (size_t i = 0; i < reply->feature_count; i++) {
        const struct uapi_vole_feature *feature = &reply->features[i];
        bool remark = feature->remark[0] != '\0';

        printf("  %-*s  %s%-*s%s%s%s\n", name_width, feature->name, style->bold, remark ? value_width : 0,
               feature->value, style->reset, remark ? "  " : "", feature->remark);
    }
}
