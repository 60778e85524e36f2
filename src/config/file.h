/* SPDX-License-Identifier: MIT
 *
 * A configuration file as wg(8) and wg-quick(8) read it, with what people write into its comments.
 *
 * Reading keeps everything: typed values for those who apply them, the line and column of each for those who
 * speak about them, and the text itself for those who write it back (names and comments must survive).
 * Nothing is resolved, opened or asked here but the one file; an Endpoint stays "host" and "port"
 * (cli/resolve.h), a PrivateKeyFile stays a path.
 *
 * Extensions that other tools read as comments or are told about (vole.conf(5)): "# Name = x" and
 * "# friendly_name = x" within a [Peer] section or on the line above it; "# vole:Endpoint = host:port",
 * further places to try, in order; PrivateKeyFile and PresharedKeyFile.
 *
 * struct file owns all its memory until file_free(), which wipes it: it holds keys.
 * Used by one thread at a time. Errors: negative errno for the system's; what is wrong with the text is a
 * struct file_problem. Spec: config §1, §6.1.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include "config/change.h"
#include "vole.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_NAME_BYTES    64 /* a peer's name, with terminator: 1 to 63 of [A-Za-z0-9._-] */
#define FILE_PROBLEM_BYTES 400
#define FILE_MAX_BYTES     (64u << 20) /* longer files are refused */

/* Which keys are known. Outside these, reading is the same. */
enum file_kind {
    FILE_WG,   /* what `setconf` takes: Address and its kin are unknown there */
    FILE_QUICK /* what `up` takes */
};

/* Where something stands: both count from 1, columns in bytes; line 0: it is not in the file. */
struct file_place {
    unsigned line;
    unsigned column;
};

/* A value kept as its text. */
struct file_text {
    char *text;
    struct file_place place;
};

struct file_texts {
    struct file_text *items;
    size_t count;
    size_t capacity;
};

struct file_endpoint {
    char *host; /* without brackets; may have a zone */
    char *port; /* number or service name */
    struct file_place place;
};

struct file_allowed_ip {
    struct vole_prefix prefix; /* host bits as written */
    bool remove;               /* written with "-" */
    struct file_place place;
};

struct file_peer {
    char name[FILE_NAME_BYTES]; /* "": none */
    struct file_place place;    /* of its [Peer] */
    struct file_place name_place, public_key_place, preshared_key_place, keepalive_place;
    uint8_t public_key[VOLE_KEY_BYTES];
    uint8_t preshared_key[VOLE_KEY_BYTES]; /* secret */
    bool has_public_key;
    bool has_preshared_key;
    bool has_persistent_keepalive;
    bool
        incremental; /* some allowed IP had a sign, and no unsigned list came after it: they do not replace */
    uint16_t persistent_keepalive_s;
    struct file_text preshared_key_file; /* text NULL: none */
    struct file_endpoint *endpoints;     /* those of "# vole:Endpoint" come after that of Endpoint */
    size_t endpoint_count;
    size_t endpoint_capacity;
    bool has_endpoint; /* endpoints[0] is that of Endpoint */
    struct file_allowed_ip *allowed_ips;
    size_t allowed_ip_count;
    size_t allowed_ip_capacity;
};

/* An Address of the interface. */
struct file_address {
    struct vole_prefix prefix; /* the length is 32 or 128 if none was written */
    struct file_place place;
};

enum file_hook { FILE_PRE_UP, FILE_POST_UP, FILE_PRE_DOWN, FILE_POST_DOWN, FILE_HOOK_COUNT };

struct file {
    char *path;  /* as given; for messages */
    char *bytes; /* the whole text, terminated; secret */
    size_t length;

    uint8_t private_key[VOLE_KEY_BYTES]; /* secret */
    uint32_t fwmark;
    uint16_t listen_port;
    bool has_private_key;
    bool has_listen_port;
    bool has_fwmark;
    struct file_place private_key_place, listen_port_place, fwmark_place, mtu_place, table_place;
    struct file_text private_key_file; /* text NULL: none */

    struct file_address *addresses;
    size_t address_count;
    size_t address_capacity;
    struct file_texts dns_servers, dns_domains;
    struct file_texts hooks[FILE_HOOK_COUNT]; /* "%i" not replaced yet */
    uint32_t mtu;                             /* 0: none given */
    struct file_text table;                   /* text NULL: none; else "off", "auto", a number or a name */
    bool save_config;

    struct file_peer *peers;
    size_t peer_count;
    size_t peer_capacity;
};

/* What is wrong with a text: one per place. Of a text that is wrong in very many, the first thousand. */
struct file_problem {
    struct file_place place;
    char what[FILE_PROBLEM_BYTES]; /* the offending text, never a secret, and how to write it instead */
    bool warning;                  /* the file can be used all the same */
};

struct file_problems {
    struct file_problem *items;
    size_t count;
    size_t capacity;
    size_t error_count; /* those that are no warnings */
};

/* Reads a file ("/dev/stdin" and pipes included) or a text. file and problems are filled as far as reading
 * came, and are to be freed whatever the result. 0: readable, though problems may hold warnings; -EINVAL:
 * problems say why not, all of them and not only the first; else why the file cannot be read. */
VOLE_MUST_CHECK int file_read(struct file *file, const char *path, enum file_kind kind,
                              struct file_problems *problems);
VOLE_MUST_CHECK int file_parse(struct file *file, const char *path, const char *bytes, size_t length,
                               enum file_kind kind, struct file_problems *problems);
void file_free(struct file *file);
void file_problems_free(struct file_problems *problems);

/* The whole configuration the file describes, but endpoints, as one change with replace_peers: what `setconf`
 * does. So the private key, port and mark are given even where the file does not give them, as none (file's
 * has_private_key and its kin tell, for those who only add). A key that is in a file of its own must have
 * been read into the struct before (cli/key_file.h). change must be initialised and is to be freed whatever
 * the result. -ENOMEM. Peers of the change are in the file's order, one for each of the file's peers. */
VOLE_MUST_CHECK int file_change(const struct file *file, struct change *change);

#endif
