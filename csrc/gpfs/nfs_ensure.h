/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exports of many shares, with one question per server and, where
 * something is lacking, one plan that mends it: what a server lacks of its own
 * files is exported again. Files that differ between servers, are gone or are
 * not what we would write today are left to Manila's rules (reapply_access). A
 * server that can't be asked is logged and left out: the others serve the
 * share.
 */
#ifndef MN_GPFS_NFS_ENSURE_H
#define MN_GPFS_NFS_ENSURE_H

#include "gpfs/nfs_job.h"

/* One share as its file says. */
struct mn_nfs_view {
    const struct mn_nfs_export *e;
    struct mn_buf options; /* canonical */
    struct mn_buf file;    /* its name */
    struct mn_buf content; /* as we would write it for its clients today */
    struct mn_access_set want;
    unsigned export_id; /* GNFS */
};

enum mn_nfs_found { MN_NFS_RIGHT, MN_NFS_LACKING, MN_NFS_ASTRAY };

/* What the kinds of server differ in. Functions that fail with less than NOMEM
   say so of one server or share alone. */
struct mn_nfs_ensure_kind {
    const char *not_taken; /* "NFS server %s does not ..." */
    size_t live_size;      /* of what is in force on a server */
    /* Where the files are, and the file of a share there. */
    const char *(*dir)(const struct mn_nfs_base *h);
    void (*add_file_name)(const struct mn_nfs_base *h, const char *name,
                          struct mn_buf *out);
    /* Append the question what is in force; the one for all files. */
    void (*add_show)(const struct mn_nfs_base *h, struct mn_plan *plan);
    void (*add_files)(const struct mn_nfs_base *h, struct mn_plan *plan);
    /* Could the files be read? NULL: who has none asks for the rules. */
    int (*check_files)(const struct mn_step_result *files,
                       struct mn_error *err);
    /* live is zeroed, or holds what was read before. */
    int (*read_live)(void *live, const struct mn_step_result *show,
                     struct mn_error *err);
    void (*dispose_live)(void *live);
    /* Read a file's clients and fill in content. */
    int (*rewrite)(struct mn_nfs_view *v, struct mn_slice text);
    /* Is the share in force as its file says? What mends it is appended to the
       plan (NULL: not wanted). ASTRAY: only Manila's rules can mend it. */
    int (*compare)(const struct mn_nfs_base *h, const void *live,
                   const struct mn_nfs_view *v, struct mn_plan *plan,
                   enum mn_nfs_found *found, struct mn_error *err);
};

int mn_nfs_ensure_all(struct mn_nfs_base *h,
                      const struct mn_nfs_ensure_kind *kind,
                      struct mn_nfs_ensure *v, size_t n, struct mn_error *err);

#endif
