/* SPDX-License-Identifier: Apache-2.0 */
#include "gnfs_sim.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nfs/made_by.h"

static struct gnfs_file *
slot(const struct gnfs_sim *sim, const char *path)
{
    struct gnfs_file *empty = NULL;
    for (size_t i = 0; i < GNFS_FILES; i++) {
        struct gnfs_file *f = (struct gnfs_file *)&sim->files[i];
        if (f->content && strcmp(f->path, path) == 0) {
            return f;
        }
        empty = !empty && !f->content ? f : empty;
    }
    return empty;
}

const char *
gnfs_sim_file(const struct gnfs_sim *sim, const char *path)
{
    return slot(sim, path)->content;
}

void
gnfs_sim_set(struct gnfs_sim *sim, const char *path, const char *content,
             bool link)
{
    struct gnfs_file *f = slot(sim, path);
    char *copy = content ? strdup(content) : NULL;
    snprintf(f->path, sizeof f->path, "%s", path);
    free(f->content);
    f->content = copy;
    f->link = link;
}

static struct gnfs_export *
by_id(struct gnfs_sim *sim, unsigned id)
{
    for (size_t i = 0; i < sim->exports_n; i++) {
        if (sim->exports[i].id == id) {
            return &sim->exports[i];
        }
    }
    return NULL;
}

struct gnfs_export *
gnfs_sim_find(struct gnfs_sim *sim, const char *path)
{
    for (size_t i = 0; i < sim->exports_n; i++) {
        if (strcmp(sim->exports[i].path, path) == 0) {
            return &sim->exports[i];
        }
    }
    return NULL;
}

struct gnfs_export *
gnfs_sim_export(struct gnfs_sim *sim, unsigned id, const char *path)
{
    struct gnfs_export *e = &sim->exports[sim->exports_n++];
    *e = (struct gnfs_export){.id = id};
    snprintf(e->path, sizeof e->path, "%s", path);
    return e;
}

void
gnfs_sim_forget(struct gnfs_sim *sim, unsigned id)
{
    struct gnfs_export *e = by_id(sim, id);
    if (e) {
        mn_access_set_dispose(&e->clients);
        *e = sim->exports[--sim->exports_n];
    }
}

int
gnfs_sim_level(struct gnfs_sim *sim, const char *path, const char *client)
{
    struct gnfs_export *e = gnfs_sim_find(sim, path);
    struct mn_ipnet net;
    const struct mn_access *a = NULL;
    if (e && !mn_ipnet_parse(mn_slice_of(client), &net, NULL)) {
        a = mn_access_set_find(&e->clients, &net);
    }
    return !a ? 0 : a->rw ? 'w' : 'o';
}

/* ---- D-Bus ---- */

static int
fail(struct mn_buf *err, const char *text)
{
    mn_buf_printf(err, "Error org.freedesktop.DBus.Error.%s\n", text);
    return 1;
}

static int
load(struct gnfs_sim *sim, const struct mn_ganesha_block *b, bool add,
     struct mn_buf *out, struct mn_buf *err)
{
    struct gnfs_export *have = by_id(sim, (unsigned)b->export_id);
    struct gnfs_export *same = gnfs_sim_find(sim, b->path);
    if (add && have) {
        return fail(err, "InvalidFileContent: Selected entries already "
                         "active!!!");
    }
    if (have != same || (have && strcmp(have->path, b->path) != 0)) {
        return fail(err, "InvalidFileContent: 0 export entries in x updated "
                         "because (invalid param value) errors. Details:");
    }
    if (!have) {
        have = gnfs_sim_export(sim, (unsigned)b->export_id, b->path);
    }
    have->anybody &= sim->keep_anybody;
    mn_access_set_dispose(&have->clients);
    for (size_t i = 0; i < b->clients.n && !sim->drop_clients; i++) {
        sim->fake.nomem |=
            mn_access_set_put(&have->clients, &b->clients.v[i], NULL) != 0;
    }
    mn_buf_printf(out, "method return\n   string \"1 exports %s%s\"\n",
                  add ? "added" : "updated",
                  sim->drop_clients ? ". Errors found: Syntax error" : "");
    return 0;
}

static int
do_load(struct gnfs_sim *sim, const struct mn_step *step, bool add,
        struct mn_buf *out, struct mn_buf *err)
{
    const char *text = gnfs_sim_file(sim, step->argv.v[7] + 7);
    struct mn_ganesha_blocks blocks = {0};
    int status = -1;
    if (!text) {
        return fail(err, "InvalidArgs: error 2 (No such file)");
    }
    int rc = mn_ganesha_parse(mn_slice_of(text), &blocks, NULL);
    sim->fake.nomem |= rc == MN_ENOMEM;
    if (!rc && blocks.n == 1) {
        status = load(sim, &blocks.v[0], add, out, err);
    }
    mn_ganesha_blocks_dispose(&blocks);
    return status < 0 ? fail(err, "InvalidArgs: Error finding exports")
                      : status;
}

static void
put_client(struct mn_buf *out, const char *client, unsigned options)
{
    mn_buf_printf(out,
                  "      struct {\n         string \"%s\"\n         int32 0\n"
                  "         byte 0\n         byte 255\n         int32 1\n"
                  "         uint32 4294967294\n         uint32 4294967294\n"
                  "         uint32 0\n         uint32 %u\n"
                  "         uint32 480\n      }\n",
                  client, options);
}

static int
do_display(struct gnfs_sim *sim, unsigned id, struct mn_buf *out,
           struct mn_buf *err)
{
    const struct gnfs_export *e = by_id(sim, id);
    if (!e) {
        return fail(err,
                    "InvalidArgs: lookup_export failed with Export id not "
                    "found");
    }
    mn_buf_printf(out,
                  "method return time=1.2\n   uint16 %u\n   string \"%s\"\n"
                  "   string \"%s\"\n   string \"tag\"\n   array [\n",
                  e->id, e->path, e->path);
    for (size_t i = 0; i < e->clients.n; i++) {
        const struct mn_access *a = &e->clients.v[i];
        char text[MN_IPNET_TEXT];
        char full[MN_IPNET_TEXT + 8];
        mn_ipnet_address(&a->net, text);
        snprintf(full, sizeof full, "%s/%u", text, a->net.prefix);
        put_client(out, full, a->rw ? 53490146 : 53489826);
    }
    if (e->anybody) {
        put_client(out, "*", 53490146);
    }
    mn_buf_puts(out, "   ]\n");
    return 0;
}

static int
do_show(const struct gnfs_sim *sim, struct mn_buf *out)
{
    mn_buf_puts(out, "method return\n   struct {\n      uint64 1\n"
                     "      uint64 2\n   }\n   array [\n");
    for (size_t i = 0; i < sim->exports_n; i++) {
        mn_buf_printf(out,
                      "      struct {\n         uint16 %u\n"
                      "         string \"%s\"\n         struct {\n"
                      "            string \"NFSv3\"\n"
                      "            boolean false\n         }\n      }\n",
                      sim->exports[i].id, sim->exports[i].path);
    }
    mn_buf_puts(out, "   ]\n");
    return 0;
}

static int
do_dbus(struct gnfs_sim *sim, const struct mn_step *step, struct mn_buf *out,
        struct mn_buf *err)
{
    const char *method = strrchr(step->argv.v[6], '.') + 1;
    const char *arg = step->argv.n > 7 ? step->argv.v[7] : "";
    unsigned id =
        strncmp(arg, "uint16:", 7) ? 0 : (unsigned)strtoul(arg + 7, NULL, 10);
    if (sim->hangs) {
        return fail(err, "Error org.freedesktop.DBus.Error.NoReply: Did not "
                         "receive a reply.");
    }
    if (sim->down) {
        return fail(err, "ServiceUnknown: The name org.ganesha.nfsd was not "
                         "provided by any .service files");
    }
    if (strcmp(method, "ShowExports") == 0) {
        return do_show(sim, out);
    }
    if (strcmp(method, "DisplayExport") == 0) {
        return do_display(sim, id, out, err);
    }
    if (strcmp(method, "RemoveExport") == 0) {
        if (sim->refuse_removal || !by_id(sim, id)) {
            return fail(err, "InvalidArgs: lookup_export failed with Export "
                             "id not found");
        }
        gnfs_sim_forget(sim, id);
        return 0;
    }
    bool add = strcmp(method, "AddExport") == 0;
    if (!add && sim->old) {
        return fail(err, "UnknownMethod: no such method");
    }
    return do_load(sim, step, add, out, err);
}

/* ---- files ---- */

/* A line of the file at path that is exactly this. */
static int
do_grep_line(const struct gnfs_sim *sim, const char *line, const char *path)
{
    struct mn_slice part;
    const char *text = gnfs_sim_file(sim, path);
    struct mn_slice rest = mn_slice_of(text);
    while (mn_slice_next(&rest, '\n', &part)) {
        if (mn_slice_eq(part, line)) {
            return 0;
        }
    }
    return text ? 1 : 2;
}

/* All lines of files below, with "path:" before or only ids. */
static int
do_grep_all(const struct gnfs_sim *sim, bool ids, struct mn_buf *out)
{
    for (size_t i = 0; i < GNFS_FILES; i++) {
        const struct gnfs_file *f = &sim->files[i];
        struct mn_slice line;
        struct mn_slice rest = mn_slice_of(f->content);
        while (f->content && !f->link && mn_slice_next(&rest, '\n', &line)) {
            if (!ids) {
                mn_buf_printf(out, "%s:%.*s\n", f->path, MN_SLICE_ARG(line));
            }
            else if (mn_slice_contains_nocase(line, "export_id = ")) {
                line = mn_slice_trim(line);
                mn_buf_printf(out, "%.*s\n", (int)line.n - 1, line.p);
            }
        }
    }
    return 0;
}

static int
do_find(const struct gnfs_sim *sim, const struct mn_step *step,
        struct mn_buf *out)
{
    char **v = step->argv.v;
    size_t n = strlen(v[1]);
    for (size_t i = 0; i < GNFS_FILES && step->argv.n > 7; i++) {
        const struct gnfs_file *f = &sim->files[i];
        if (f->content && f->link && strncmp(f->path, v[1], n) == 0
            && strcmp(f->content, v[7]) == 0) {
            mn_buf_printf(out, "%s\n", f->path + n + 1);
        }
    }
    return 0;
}

/* flock -- DIR sh -c SCRIPT manila-replace FRESH FILE DIR */
static int
do_replace(struct gnfs_sim *sim, const struct mn_step *step)
{
    const char *fresh = step->argv.v[7];
    const char *file = step->argv.v[8];
    const char *have = gnfs_sim_file(sim, file);
    if (!have || strcmp(have, mn_buf_str(&step->input)) != 0) {
        return 1;
    }
    gnfs_sim_set(sim, file, gnfs_sim_file(sim, fresh), false);
    gnfs_sim_set(sim, fresh, NULL, false);
    return 0;
}

/* flock -- DIR sh -c SCRIPT manila-index DIR TMP NAME: the index is made
   anew, without a file that goes. */
static int
do_index(struct gnfs_sim *sim, const struct mn_step *step)
{
    const char *dir = step->argv.v[7];
    const char *name = step->argv.v[9];
    size_t n = strlen(dir);
    bool goes = strstr(step->argv.v[5], "rm -f") != NULL;
    struct mn_buf index = MN_BUF_INIT;
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (goes) {
        gnfs_sim_set(sim, path, NULL, false);
    }
    for (size_t i = 0; i < GNFS_FILES; i++) {
        const struct gnfs_file *f = &sim->files[i];
        const char *base = f->content ? f->path + n + 1 : "";
        if (f->content && strncmp(f->path, dir, n) == 0 && !strchr(base, '/')
            && fnmatch("*.conf", base, 0) == 0
            && strcmp(base, "INDEX.conf") != 0) {
            mn_buf_printf(&index, "%%include \"%s\"\n", f->path);
        }
    }
    snprintf(path, sizeof path, "%s/INDEX.conf", dir);
    gnfs_sim_set(sim, path, mn_buf_str(&index), false);
    sim->fake.nomem |= index.failed;
    mn_buf_dispose(&index);
    return 0;
}

/* sh -c SCRIPT manila-takeover DIR PATTERN WORDS */
static int
do_takeover(struct gnfs_sim *sim, const struct mn_step *step)
{
    for (size_t i = 0; i < GNFS_FILES; i++) {
        struct gnfs_file *f = &sim->files[i];
        if (f->content && strstr(f->content, step->argv.v[6])
            && strstr(f->content, MN_MADE_BY)) {
            gnfs_sim_set(sim, f->path, NULL, false);
        }
    }
    return 0;
}

static int
do_rm(struct gnfs_sim *sim, const struct mn_step *step)
{
    for (size_t i = 3; i < step->argv.n; i++) {
        gnfs_sim_set(sim, step->argv.v[i], NULL, false);
    }
    return 0;
}

static int
handle(struct fake *f, const struct mn_step *step, const char *line,
       struct mn_buf *out, struct mn_buf *err)
{
    struct gnfs_sim *sim = f->ctx;
    char **v = step->argv.v;
    const char *last = v[step->argv.n - 1];
    const char *have = gnfs_sim_file(sim, last);
    if (strcmp(v[0], "dbus-send") == 0) {
        return do_dbus(sim, step, out, err);
    }
    if (strncmp(line, "cmp -s - ", 9) == 0) {
        return !have ? 2 : strcmp(have, mn_buf_str(&step->input)) != 0;
    }
    if (strcmp(v[0], "cat") == 0) {
        mn_buf_puts(have ? out : err,
                    have ? have : "cat: x: No such file or directory\n");
        return !have;
    }
    if (strcmp(v[0], "test") == 0) {
        return !have;
    }
    if (strcmp(v[0], "grep") == 0) {
        return strcmp(v[1], "-qsxF") == 0
                   ? do_grep_line(sim, v[3], last)
                   : do_grep_all(sim, strcmp(v[1], "-rhisoE") == 0, out);
    }
    if (strcmp(v[0], "find") == 0) {
        return do_find(sim, step, out);
    }
    if (strcmp(v[0], "sh") == 0) {
        return do_takeover(sim, step);
    }
    if (strcmp(v[0], "flock") == 0) {
        return strcmp(v[6], "manila-index") == 0 ? do_index(sim, step)
                                                 : do_replace(sim, step);
    }
    if (strcmp(v[0], "ln") == 0) {
        if (!have) {
            gnfs_sim_set(sim, last, v[3], true);
        }
        return have != NULL;
    }
    if (strcmp(v[0], "dd") == 0) {
        gnfs_sim_set(sim, v[1] + 3, mn_buf_str(&step->input), false);
    }
    else if (strcmp(v[0], "touch") == 0) {
        gnfs_sim_set(sim, last, "", false);
    }
    else if (strcmp(v[0], "mv") == 0) {
        if (!gnfs_sim_file(sim, v[3])) {
            mn_buf_puts(err, "mv: No such file or directory\n");
            return 1;
        }
        gnfs_sim_set(sim, last, gnfs_sim_file(sim, v[3]), false);
        gnfs_sim_set(sim, v[3], NULL, false);
    }
    return strcmp(v[0], "rm") == 0 ? do_rm(sim, step) : 0;
}

void
gnfs_sim_init(struct gnfs_sim *sim)
{
    memset(sim, 0, sizeof *sim);
    fake_init(&sim->fake, handle, sim);
}

void
gnfs_sim_dispose(struct gnfs_sim *sim)
{
    for (size_t i = 0; i < GNFS_FILES; i++) {
        free(sim->files[i].content);
    }
    while (sim->exports_n) {
        gnfs_sim_forget(sim, sim->exports[0].id);
    }
    fake_dispose(&sim->fake);
}
