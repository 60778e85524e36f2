/* SPDX-License-Identifier: MIT
 *
 * Colours of the human views. All strings are empty if stdout is to stay plain, so that printing code has no
 * branches for colours. WG_COLOR_MODE: "always", "never", else only on a terminal. Spec: config §3.1.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

struct terminal_styles {
    const char *reset;
    const char *bold;
    const char *red;
    const char *green;
    const char *yellow;
    const char *cyan;
};

/* The styles for stdout; valid for ever. */
const struct terminal_styles *terminal_styles_of_output(void);

#endif
