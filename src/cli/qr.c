/* SPDX-License-Identifier: MIT
 *
 * vole qr FILE: draws a configuration file as a QR code, for the WireGuard apps of phones. The code has the
 * file without comments; keys that are in files of their own are written out, as the phone has no such files.
 */
#include "cli/command.h"

#include "cli/file_load.h"
#include "cli/give_up.h"
#include "cli/qr_code.h"
#include "cli/terminal.h"
#include "cli/tunnel_file.h"
#include "config/file_edit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* 0: it is no terminal, or does not say. */
static unsigned terminal_columns(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* What wg-quick knows and the apps of phones refuse. NULL: nothing of it is there. */
static const char *strange_to_phones(const struct file *file)
{
    for (size_t i = 0; i < FILE_HOOK_COUNT; i++) {
        if (file->hooks[i].count != 0)
            return "hooks (PreUp, PostUp, PreDown, PostDown)";
    }
    if (file->table.text != NULL)
        return "Table";
    if (file->save_config)
        return "SaveConfig";
    return file->has_fwmark ? "FwMark" : NULL;
}

static void warn(const struct file *file)
{
    const char *strange = strange_to_phones(file);

    if (file->has_private_key)
        fprintf(stderr, "Warning: whoever sees this code has the private key\n");
    if (strange != NULL)
        fprintf(stderr, "Warning: %s: the apps of phones do not know %s and may refuse the file\n",
                file->path, strange);
}

static bool draw(const struct file *file, const struct file_edit_text *text)
{
    unsigned available = terminal_columns();
    struct qr_code code;
    int error = qr_code_make(&code, text->bytes, text->length);
    bool success = false;

    if (error == -EMSGSIZE)
        fprintf(
            stderr,
            "vole qr: %s: a QR code holds %d bytes at most, and this file has %zu without comments: a file "
            "for a phone has few peers\n",
            file->path, QR_CODE_MAX_BYTES, text->length);
    else if (error != 0)
        fprintf(stderr, "vole qr: %s: %s\n", file->path, strerror(-error));
    else if (available != 0 && available < qr_code_columns(&code))
        fprintf(
            stderr,
            "vole qr: the code is %u columns wide, and this terminal has %u: make it wider, or its letters "
            "smaller\n",
            qr_code_columns(&code), available);
    else
        success = true;
    if (success) {
        warn(file);
        qr_code_draw(stdout, &code, terminal_styles_of_output()->reset[0] != '\0');
    }
    qr_code_free(&code);
    return success;
}

static bool load_and_draw(const char *path)
{
    struct file_edit_text text = {0};
    struct file file;
    bool success = file_load(&file, path, FILE_QUICK);
    int error = 0;

    give_up(GIVE_UP_ALL);
    if (success)
        error = file_edit_bare(&text, &file);
    if (error != 0)
        fprintf(stderr, "vole qr: %s: %s\n", path, strerror(-error));
    success = success && error == 0 && draw(&file, &text);
    file_edit_free(&text);
    file_free(&file);
    return success;
}

int command_qr(int count, char **arguments)
{
    char path[PATH_MAX];

    if (count != 2 || command_wants_help(count, arguments)) {
        bool wanted = command_wants_help(count, arguments);

        fputs("Usage: vole qr NAME|FILE\n", wanted ? stdout : stderr);
        return wanted ? 0 : 1;
    }
    if (!qr_code_is_possible()) {
        fputs("vole qr: this program was built without QR codes, for which it needs libqrencode\n", stderr);
        return 1;
    }
    return load_and_draw(tunnel_file_find(path, arguments[1]) ? path : arguments[1]) ? 0 : 1;
}
