/* SPDX-License-Identifier: Apache-2.0 */
#include "knfs_sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nfs/exports.h"

static struct sim_file *
slot(struct knfs_sim *sim, const char *path)
{
    struct sim_file *empty = NULL;
    for (size_t i = 0; i < SIM_FILES; i++) {
        if (strcmp(sim->files[i].path, path) == 0) {
            return &sim->files[i];
        }
        if (!empty && !sim->files[i].content) {
            empty = &sim->files[i];
        }
    }
    snprintf(empty->path, sizeof empty->path, "%s", path);
    return empty;
}

const char *
knfs_sim_file(struct knfs_sim *sim, const char *path)
{
    return slot(sim, path)->content;
}

void
knfs_sim_set_file(struct knfs_sim *sim, const char *path, const char *content)
{
    struct sim_file *f = slot(sim, path);
    char *copy = content ? strdup(content) : NULL;
    free(f->content);
    f->content = copy;
}

static size_t
find(const struct knfs_sim *sim, const char *client, const char *path)
{
    size_t i = 0;
    while (i < sim->table_n
           && (strcmp(sim->table[i].client, client) != 0
               || strcmp(sim->table[i].path, path) != 0)) {
        i++;
    }
    return i;
}

const char *
knfs_sim_options(struct knfs_sim *sim, const char *client, const char *path)
{
    size_t i = find(sim, client, path);
    return i < sim->table_n ? sim->table[i].options : NULL;
}

void
knfs_sim_export(struct knfs_sim *sim, const char *client, const char *path,
                const char *options)
{
    size_t i = find(sim, client, path);
    struct sim_export *e = &sim->table[i];
    sim->table_n = i == sim->table_n ? i + 1 : sim->table_n;
    snprintf(e->client, sizeof e->client, "%s", client);
    snprintf(e->path, sizeof e->path, "%s", path);
    snprintf(e->options, sizeof e->options, "%s", options);
}

static void
move_to(struct knfs_sim *sim, size_t from, size_t to)
{
    struct sim_export e = sim->table[from];
    for (size_t i = from; i > to; i--) {
        sim->table[i] = sim->table[i - 1];
    }
    sim->table[to] = e;
}

static const char *
sim_strndup(struct mn_slice s, char *out, size_t size)
{
    snprintf(out, size, "%.*s", MN_SLICE_ARG(s));
    return out;
}

/* Entries that are in a file and in the table come first, in file order, with
   the options of the file. */
static void
read_files(struct knfs_sim *sim)
{
    size_t at = 0;
    for (size_t i = 0; i < SIM_FILES; i++) {
        struct mn_exports list = MN_EXPORTS_INIT;
        size_t n = strlen(sim->files[i].path);
        if (!sim->files[i].content || n < 8
            || strcmp(sim->files[i].path + n - 8, ".exports") != 0) {
            continue;
        }
        int rc = mn_exports_parse_file(mn_slice_of(sim->files[i].content),
                                       &list, NULL);
        sim->fake.nomem |= rc == MN_ENOMEM;
        list.n = rc ? 0 : list.n;
        for (size_t k = 0; k < list.n; k++) {
            char client[80];
            char path[300];
            size_t where =
                find(sim, sim_strndup(list.v[k].client, client, sizeof client),
                     sim_strndup(list.v[k].path, path, sizeof path));
            if (where < sim->table_n) {
                sim_strndup(list.v[k].options, sim->table[where].options,
                            sizeof sim->table[where].options);
                move_to(sim, where, at++);
            }
        }
        mn_exports_dispose(&list);
    }
}

/* "[2001:db8::]/32:/p" as "2001:db8::/32" and "/p". */
static const char *
split(const char *arg, char client[80])
{
    const char *path = strstr(arg, ":/");
    size_t n = 0;
    for (const char *p = arg; path && p < path && n < 79; p++) {
        if (*p != '[' && *p != ']') {
            client[n++] = *p;
        }
    }
    client[n] = '\0';
    return path ? path + 1 : "";
}

static bool
is_refused(const char *refused, const char *client)
{
    return refused && strcmp(refused, client) == 0;
}

static int
do_export(struct knfs_sim *sim, const struct mn_step *step, struct mn_buf *err)
{
    int status = 0;
    size_t old = sim->table_n;
    for (size_t i = 4; i < step->argv.n; i++) {
        char client[80];
        const char *path = split(step->argv.v[i], client);
        if (is_refused(sim->refuse_export, client)) {
            mn_buf_printf(err, "exportfs: Failed to resolve %s\n", client);
            continue;
        }
        knfs_sim_export(sim, client, path, step->argv.v[2]);
    }
    /* new ones stand before what the table held already */
    for (size_t i = old; i < sim->table_n; i++) {
        move_to(sim, i, 0);
    }
    read_files(sim);
    return status;
}

static int
do_unexport(struct knfs_sim *sim, const struct mn_step *step,
            struct mn_buf *err)
{
    int status = 0;
    for (size_t i = 3; i < step->argv.n; i++) {
        char client[80];
        const char *path = split(step->argv.v[i], client);
        size_t at = find(sim, client, path);
        if (at == sim->table_n || is_refused(sim->refuse_unexport, client)) {
            mn_buf_printf(err, "exportfs: Could not find '%s' to unexport.\n",
                          step->argv.v[i]);
            status = 1;
            continue;
        }
        sim->table_n--;
        memmove(&sim->table[at], &sim->table[at + 1],
                (sim->table_n - at) * sizeof *sim->table);
    }
    return status;
}

static void
do_list(const struct knfs_sim *sim, struct mn_buf *out)
{
    for (size_t i = 0; i < sim->table_n; i++) {
        mn_buf_printf(out, "%s  %s(sync,%s)\n", sim->table[i].path,
                      sim->table[i].client, sim->table[i].options);
    }
}

static int
do_grep(const struct knfs_sim *sim, struct mn_buf *out)
{
    for (size_t i = 0; i < SIM_FILES; i++) {
        struct mn_slice line;
        struct mn_slice rest = mn_slice_of(sim->files[i].content);
        while (mn_slice_next(&rest, '\n', &line)) {
            mn_buf_printf(out, "%s:%.*s\n", sim->files[i].path,
                          MN_SLICE_ARG(line));
        }
    }
    return 0;
}

/* sh -c SCRIPT manila-takeover DIR PATTERN WORDS */
static void
do_takeover(struct knfs_sim *sim, const struct mn_step *step)
{
    for (size_t i = 0; i < SIM_FILES; i++) {
        struct sim_file *file = &sim->files[i];
        if (file->content && strstr(file->content, step->argv.v[6])) {
            knfs_sim_set_file(sim, file->path, NULL);
        }
    }
}

static int
handle(struct fake *f, const struct mn_step *step, const char *line,
       struct mn_buf *out, struct mn_buf *err)
{
    struct knfs_sim *sim = f->ctx;
    char **v = step->argv.v;
    const char *last = v[step->argv.n - 1];
    if (strncmp(line, "cmp -s - ", 9) == 0) {
        const char *have = knfs_sim_file(sim, last);
        return !have ? 2 : strcmp(have, mn_buf_str(&step->input)) != 0;
    }
    if (strncmp(line, "dd of=", 6) == 0) {
        knfs_sim_set_file(sim, v[1] + 3, mn_buf_str(&step->input));
    }
    else if (strncmp(line, "mv -f -- ", 9) == 0) {
        knfs_sim_set_file(sim, v[4], knfs_sim_file(sim, v[3]));
        knfs_sim_set_file(sim, v[3], NULL);
    }
    else if (strncmp(line, "rm -f -- ", 9) == 0) {
        knfs_sim_set_file(sim, last, NULL);
    }
    else if (strncmp(line, "test ! -e ", 10) == 0) {
        return knfs_sim_file(sim, last) != NULL;
    }
    else if (strncmp(line, "cat -- ", 7) == 0) {
        const char *have = knfs_sim_file(sim, last);
        mn_buf_puts(have ? out : err,
                    have ? have : "cat: x: No such file or directory\n");
        return !have;
    }
    else if (strcmp(line, "exportfs -s") == 0) {
        do_list(sim, out);
    }
    else if (strncmp(line, "exportfs -o ", 12) == 0) {
        return do_export(sim, step, err);
    }
    else if (strncmp(line, "exportfs -u ", 12) == 0) {
        return do_unexport(sim, step, err);
    }
    else if (strncmp(line, "sh -c ", 6) == 0) {
        do_takeover(sim, step);
    }
    else if (strncmp(line, "grep ", 5) == 0) {
        return do_grep(sim, out);
    }
    else if (strncmp(line, "stat ", 5) == 0) {
        mn_buf_puts(out, "directory\n");
    }
    return 0;
}

void
knfs_sim_init(struct knfs_sim *sim)
{
    memset(sim, 0, sizeof *sim);
    sim->table = calloc(SIM_EXPORTS, sizeof *sim->table);
    fake_init(&sim->fake, handle, sim);
}

void
knfs_sim_dispose(struct knfs_sim *sim)
{
    for (size_t i = 0; i < SIM_FILES; i++) {
        free(sim->files[i].content);
    }
    free(sim->table);
    fake_dispose(&sim->fake);
}
