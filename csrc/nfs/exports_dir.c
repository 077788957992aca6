/* SPDX-License-Identifier: Apache-2.0 */
#include "nfs/exports_dir.h"

#include <stdlib.h>

#include "core/alloc.h"
#include "core/vec.h"

static int
by_name(const void *a, const void *b)
{
    const struct mn_exports_file *x = a;
    const struct mn_exports_file *y = b;
    return mn_slice_compare(x->name, y->name);
}

/* The file that the line belongs to: the last one, or a new one. */
static struct mn_exports_file *
file_of(struct mn_exports_dir *dir, struct mn_slice name)
{
    if (dir->n && mn_slice_same(dir->v[dir->n - 1].name, name)) {
        return &dir->v[dir->n - 1];
    }
    struct mn_exports_file *v =
        mn_vec_grow(dir->v, &dir->cap, dir->n, sizeof *v);
    if (!v) {
        return NULL;
    }
    dir->v = v;
    v[dir->n] = (struct mn_exports_file){.name = name};
    return &v[dir->n++];
}

int
mn_exports_dir_parse(struct mn_slice text, const char *prefix,
                     struct mn_exports_dir *dir, struct mn_error *err)
{
    struct mn_slice line;
    while (mn_slice_next(&text, '\n', &line)) {
        struct mn_slice name;
        if (!mn_slice_starts(line, prefix)
            || !mn_slice_next(&line, ':', &name)) {
            continue;
        }
        struct mn_exports_file *file = file_of(dir, name);
        if (!file) {
            return mn_error_nomem(err);
        }
        mn_buf_slice(&file->content, line);
        mn_buf_putc(&file->content, '\n');
        if (file->content.failed) {
            return mn_error_nomem(err);
        }
    }
    if (dir->n) {
        qsort(dir->v, dir->n, sizeof *dir->v, by_name);
    }
    return 0;
}

const struct mn_exports_file *
mn_exports_dir_find(const struct mn_exports_dir *dir, const char *name)
{
    struct mn_exports_file key = {.name = mn_slice_of(name)};
    return dir->n ? bsearch(&key, dir->v, dir->n, sizeof *dir->v, by_name)
                  : NULL;
}

void
mn_exports_dir_dispose(struct mn_exports_dir *dir)
{
    for (size_t i = 0; i < dir->n; i++) {
        mn_buf_dispose(&dir->v[i].content);
    }
    mn_free(dir->v);
    *dir = (struct mn_exports_dir){0};
}
