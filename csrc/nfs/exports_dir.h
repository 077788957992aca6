/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many exports files in one text, as `grep -H "" FILES` prints them: each
 * line behind the name of its file and a colon. Pure; no I/O.
 */
#ifndef MN_NFS_EXPORTS_DIR_H
#define MN_NFS_EXPORTS_DIR_H

#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

struct mn_exports_file {
    struct mn_slice name;  /* full path; a view into the text */
    struct mn_buf content; /* each line ends in LF */
};

struct mn_exports_dir {
    struct mn_exports_file *v; /* by name */
    size_t n;
    size_t cap;
};

/* The text must live as long as dir. Lines that don't begin with prefix are
   skipped. */
int mn_exports_dir_parse(struct mn_slice text, const char *prefix,
                         struct mn_exports_dir *dir, struct mn_error *err);
/* NULL: no such file, or an empty one, which grep does not show. */
const struct mn_exports_file *
mn_exports_dir_find(const struct mn_exports_dir *dir, const char *name);
void mn_exports_dir_dispose(struct mn_exports_dir *dir);

#endif
