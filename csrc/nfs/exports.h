/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text side of kernel NFS: our exports(5) file, export options, the
 * listing of `exportfs -s` and the arguments of exportfs(8). Pure; no I/O.
 */
#ifndef MN_NFS_EXPORTS_H
#define MN_NFS_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/argv.h"
#include "core/buf.h"
#include "core/error.h"
#include "nfs/access.h"

/* Check export options that an operator or a share type gives (comma list,
   NULL is the empty one) and append the canonical list to out: keywords in
   lower case, the order kept, repetitions dropped, no_subtree_check added
   unless the list says something about it (it is the default, but exportfs
   warns about each line that does not say so). INVAL for what is not an
   option and for rw, ro and fsid=, which the driver sets. */
int mn_exports_check_options(const char *options, struct mn_buf *out,
                             struct mn_error *err);

enum { MN_FSID_TEXT = 37 };

/* The fsid= value of a share: the same on all servers and for ever, different
   for each share. A share id that is a UUID is taken in lower case; any other
   gives 32 hex digits: the 64-bit FNV-1a hash of the id, and that of the id
   with a NUL before it. [any] */
void mn_exports_fsid(const char *share_id, char fsid[MN_FSID_TEXT]);

/* What all clients of one exported directory have in common. */
struct mn_export_spec {
    const char *share_id;
    const char *path;
    const char *options; /* from mn_exports_check_options() */
    char fsid[MN_FSID_TEXT];
};

/* "rw,OPTIONS,fsid=..." */
void mn_exports_render_options(struct mn_buf *out,
                               const struct mn_export_spec *spec, bool rw);

/* What a line begins with: the path in double quotes, what could end or escape
   them as octal numbers, and a blank. */
void mn_exports_render_path(struct mn_buf *out, const char *path);

/* The whole file: one line per client, the most specific first. */
void mn_exports_render_file(struct mn_buf *out,
                            const struct mn_export_spec *spec,
                            const struct mn_access_set *clients);

/* One client of one exported directory. */
struct mn_export {
    struct mn_slice path;
    struct mn_slice client; /* as written: an address, "*", "@group" ... */
    struct mn_slice options;
    struct mn_slice fsid; /* empty: none */
    bool rw;              /* for any security flavour */
};

struct mn_exports {
    struct mn_export *v; /* in the order of the text */
    size_t n;
    size_t cap;
    char *text; /* what the slices point into */
};

#define MN_EXPORTS_INIT \
    {                   \
        0               \
    }

/* Read the output of `exportfs -s`. PROTO for a line that is not understood:
   who might have access must never be guessed. */
int mn_exports_parse_list(struct mn_slice text, struct mn_exports *list,
                          struct mn_error *err);

/* Read an exports(5) file as we write it; several clients on one line, bare
   paths and octal escapes are understood, default options and continued lines
   are not (PROTO). */
int mn_exports_parse_file(struct mn_slice text, struct mn_exports *list,
                          struct mn_error *err);

void mn_exports_dispose(struct mn_exports *list);

/* Sort by path; the entries of one path stay in the order of the text. */
void mn_exports_sort(struct mn_exports *list);
/* The first of a sorted list with this path, and how many there are. */
const struct mn_export *mn_exports_of_path(const struct mn_exports *list,
                                           const char *path, size_t *n);

/* Is anything in force for this client that contradicts what we want, the
   level apart: another fsid, an option with its opposite? */
bool mn_exports_contradicts(const struct mn_export *e,
                            const struct mn_export_spec *spec);

/* Append "CLIENT:PATH" as exportfs(8) wants it: "10.0.0.0/8:/p",
   "[2001:db8::1]:/p", "[2001:db8::]/32:/p". */
void mn_exports_client_arg(struct mn_buf *out, struct mn_slice client,
                           const char *path);

#endif
