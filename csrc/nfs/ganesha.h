/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of NFS-Ganesha as text: our EXPORT blocks, a tolerant
 * reader of anybody's, and a check of whole files. Pure; no I/O.
 */
#ifndef MN_NFS_GANESHA_H
#define MN_NFS_GANESHA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "nfs/access.h"

/* ---- writing, 2.1 and later ---- */

/* Check "Key=Value,..." for an EXPORT block and append the canonical list:
   keys as Ganesha spells them, the order kept. Several values of a key stand
   with ':' between ("Protocols=3:4"). INVAL for a key that is not known and
   for what the driver sets itself. NULL is the empty list. */
int mn_ganesha_check_options(const char *options, struct mn_buf *out,
                             struct mn_error *err);

struct mn_ganesha_spec {
    const char *share_id; /* for the comment */
    const char *path;
    const char *pseudo; /* NULL: path */
    const char *tag;
    const char *options; /* from mn_ganesha_check_options() */
    unsigned export_id;  /* 1..65535 */
};

/* The whole file of one export. Access_Type is None for everybody, so that a
   CLIENT block that the daemon does not take gives nothing; then the CLIENT
   blocks, the most specific first, because the first that matches counts.
   clients: from mn_ganesha_split(). */
void mn_ganesha_render(struct mn_buf *out, const struct mn_ganesha_spec *spec,
                       const struct mn_access_set *clients);

/* The path for NFSv4. */
const char *mn_ganesha_pseudo(const struct mn_ganesha_spec *spec);

/* In double quotes; backslash and quote escaped. */
void mn_ganesha_quote(struct mn_buf *out, const char *text);

/* The lines that mn_ganesha_render writes for id and path, without LF. */
void mn_ganesha_id_line(struct mn_buf *out, unsigned export_id);
void mn_ganesha_path_line(struct mn_buf *out, const char *path);

/* ---- reading ---- */

enum mn_ganesha_token_kind {
    MN_GANESHA_END,
    MN_GANESHA_WORD,   /* also a number, an address */
    MN_GANESHA_STRING, /* with its quotes */
    MN_GANESHA_PUNCT,  /* { } = ; , */
    MN_GANESHA_BAD,    /* a string without end */
};

struct mn_ganesha_token {
    enum mn_ganesha_token_kind kind;
    struct mn_slice text;
    size_t at; /* offset of its first byte */
};

struct mn_ganesha_scanner {
    struct mn_slice text;
    size_t at;
};

/* The next token behind blanks, comments and %directives. */
struct mn_ganesha_token mn_ganesha_next(struct mn_ganesha_scanner *s);

/* Append a token's value: a string without quotes and escapes. */
void mn_ganesha_value(struct mn_buf *out, const struct mn_ganesha_token *t);

/* One EXPORT block at top level. */
struct mn_ganesha_block {
    size_t begin; /* of "EXPORT" */
    size_t end;   /* behind its closing brace */
    uint64_t export_id;
    bool has_id;
    char *path;                   /* "" when it has none */
    char *tag;                    /* same */
    struct mn_access_set clients; /* addresses and networks of its CLIENT
                                     blocks of access type RW and RO, and of
                                     RW_Access and R_Access */
    bool foreign;                 /* some client is none of these */
};

struct mn_ganesha_blocks {
    struct mn_ganesha_block *v;
    size_t n;
    size_t cap;
};

/* All EXPORT blocks of a text. PROTO when braces or quotes are not balanced,
   which makes a daemon that reads it drop everything. */
int mn_ganesha_parse(struct mn_slice text, struct mn_ganesha_blocks *blocks,
                     struct mn_error *err);
void mn_ganesha_blocks_dispose(struct mn_ganesha_blocks *blocks);

/* Are braces and quotes balanced? */
int mn_ganesha_validate(struct mn_slice text, struct mn_error *err);

#endif
