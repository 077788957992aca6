/* SPDX-License-Identifier: Apache-2.0 */
#include "ces_sim.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t
find(const struct ces_sim *sim, const char *name)
{
    size_t i = 0;
    while (i < sim->n && strcmp(sim->v[i].name, name) != 0) {
        i++;
    }
    return i;
}

const struct ces_client *
ces_sim_find(const struct ces_sim *sim, const char *name)
{
    size_t i = find(sim, name);
    return i < sim->n ? &sim->v[i] : NULL;
}

static void
insert(struct ces_sim *sim, size_t at, const struct ces_client *c)
{
    memmove(&sim->v[at + 1], &sim->v[at], (sim->n - at) * sizeof *sim->v);
    sim->v[at] = *c;
    sim->n++;
}

static void
take(struct ces_sim *sim, size_t at)
{
    sim->n--;
    memmove(&sim->v[at], &sim->v[at + 1], (sim->n - at) * sizeof *sim->v);
}

void
ces_sim_client(struct ces_sim *sim, const char *name, const char *access,
               const char *squash)
{
    struct ces_client c = {0};
    snprintf(c.name, sizeof c.name, "%s", name);
    snprintf(c.access, sizeof c.access, "%s", access);
    snprintf(c.squash, sizeof c.squash, "%s", squash);
    sim->exported = true;
    insert(sim, sim->n, &c);
}

static void
upper(char *to, size_t size, struct mn_slice from)
{
    size_t i = 0;
    for (; i < from.n && i + 1 < size; i++) {
        to[i] = (char)toupper((unsigned char)from.p[i]);
    }
    to[i] = '\0';
}

/* "NAME(option=value,...)" over what c holds already. */
static void
parse_client(struct mn_slice text, struct ces_client *c)
{
    struct mn_slice name;
    struct mn_slice option;
    mn_slice_next(&text, '(', &name);
    text.n -= text.n > 0; /* the closing one */
    snprintf(c->name, sizeof c->name, "%.*s", MN_SLICE_ARG(name));
    while (mn_slice_next(&text, ',', &option)) {
        struct mn_slice key;
        mn_slice_next(&option, '=', &key);
        if (mn_slice_eq_nocase(key, "access_type")) {
            upper(c->access, sizeof c->access, option);
        }
        else if (mn_slice_eq_nocase(key, "squash")) {
            upper(c->squash, sizeof c->squash, option);
        }
    }
}

static struct mn_slice
name_of(struct mn_slice text)
{
    struct mn_slice name = mn_slice_of("");
    mn_slice_next(&text, '(', &name);
    return name;
}

static int
wrong(struct mn_buf *err, const char *what, struct mn_slice name)
{
    mn_buf_printf(err, "mmnfs: Client %.*s %s\n", MN_SLICE_ARG(name), what);
    return 1;
}

static int
do_add(struct ces_sim *sim, const char *list, const char *position,
       struct mn_buf *err)
{
    struct mn_slice part;
    struct mn_slice rest = mn_slice_of(list);
    size_t at = position ? find(sim, position) : sim->n;
    while (mn_slice_next(&rest, ';', &part)) {
        struct ces_client c = {.access = "NONE", .squash = "ROOT_SQUASH"};
        parse_client(part, &c);
        if (find(sim, c.name) < sim->n) {
            return wrong(err, "is already defined", name_of(part));
        }
        if (sim->refuse && strcmp(sim->refuse, c.name) == 0) {
            return wrong(err, "is refused", name_of(part));
        }
        insert(sim, at++, &c);
    }
    return 0;
}

static int
do_change(struct ces_sim *sim, const char *list, const char *position,
          struct mn_buf *err)
{
    struct mn_slice part;
    struct mn_slice rest = mn_slice_of(list);
    while (mn_slice_next(&rest, ';', &part)) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", MN_SLICE_ARG(name_of(part)));
        size_t at = find(sim, name);
        if (at == sim->n) {
            return wrong(err, "is not defined", name_of(part));
        }
        struct ces_client c = sim->v[at];
        parse_client(part, &c);
        sim->v[at] = c;
        if (position) {
            take(sim, at);
            insert(sim, find(sim, position), &c);
        }
    }
    return 0;
}

static int
do_remove(struct ces_sim *sim, const char *list, struct mn_buf *err)
{
    struct mn_slice part;
    struct mn_slice rest = mn_slice_of(list);
    while (mn_slice_next(&rest, ',', &part)) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", MN_SLICE_ARG(part));
        size_t at = find(sim, name);
        if (at == sim->n || (sim->refuse && strcmp(sim->refuse, name) == 0)) {
            return wrong(err, "is not defined", part);
        }
        take(sim, at);
    }
    return 0;
}

static void
put_value(const struct ces_sim *sim, struct mn_buf *out, const char *value)
{
    for (; *value; value++) {
        if (sim->encoded && strchr(":/%", *value)) {
            mn_buf_printf(out, "%%%02X", (unsigned)*value);
        }
        else {
            mn_buf_putc(out, *value);
        }
    }
    mn_buf_putc(out, ':');
}

static int
do_list(const struct ces_sim *sim, const char *path, struct mn_buf *out)
{
    const char *pseudo = sim->pseudo ? "PseudoPath:" : "";
    mn_buf_printf(out,
                  "mmcesnfslsexport:nfsexports:HEADER:version:reserved:"
                  "reserved:Path:%sDelegations:Clients:%s\n",
                  pseudo,
                  path ? "Access_Type:Protocols:Transports:Squash:"
                         "Anonymous_uid:NFS_Commit:"
                       : "");
    for (size_t i = 0; i < sim->n; i++) {
        if (path && strcmp(path, sim->path) != 0) {
            continue;
        }
        mn_buf_puts(out, "mmcesnfslsexport:nfsexports:0:1:::");
        put_value(sim, out, sim->path);
        if (sim->pseudo) {
            put_value(sim, out, sim->path);
        }
        put_value(sim, out, "none");
        put_value(sim, out, sim->v[i].name);
        if (path) {
            mn_buf_printf(out, "%s:3,4:TCP:%s:-2:FALSE:", sim->v[i].access,
                          sim->v[i].squash);
        }
        mn_buf_putc(out, '\n');
    }
    return 0;
}

static int
do_export_change(struct ces_sim *sim, const struct mn_step *step,
                 struct mn_buf *err)
{
    char **v = step->argv.v;
    const char *position = step->argv.n > 7 ? v[7] : NULL;
    if (!sim->exported) {
        mn_buf_puts(err, "mmnfs: The path is not exported.\n");
        return 1;
    }
    if (strcmp(v[4], "--nfsadd") == 0) {
        return do_add(sim, v[5], position, err);
    }
    if (strcmp(v[4], "--nfschange") == 0) {
        return do_change(sim, v[5], position, err);
    }
    return do_remove(sim, v[5], err);
}

static int
handle(struct fake *f, const struct mn_step *step, const char *line,
       struct mn_buf *out, struct mn_buf *err)
{
    struct ces_sim *sim = f->ctx;
    char **v = step->argv.v;
    if (!strstr(line, "/mmnfs export ")) {
        return 0;
    }
    if (strcmp(v[2], "list") == 0) {
        return do_list(sim, strcmp(v[3], "-n") == 0 ? v[4] : NULL, out);
    }
    if (strcmp(v[2], "change") == 0) {
        return do_export_change(sim, step, err);
    }
    if ((strcmp(v[2], "add") == 0) == sim->exported) {
        mn_buf_printf(err, "mmnfs: The path %s is %s exported.\n", v[3],
                      sim->exported ? "already" : "not");
        return 1;
    }
    if (strcmp(v[2], "remove") == 0) {
        sim->exported = false;
        sim->n = 0;
        return 0;
    }
    snprintf(sim->path, sizeof sim->path, "%s", v[3]);
    int rc = do_add(sim, v[5], NULL, err);
    sim->exported = rc == 0;
    sim->n = rc ? 0 : sim->n;
    return rc;
}

void
ces_sim_init(struct ces_sim *sim)
{
    memset(sim, 0, sizeof *sim);
    sim->v = calloc(CES_CLIENTS + 1, sizeof *sim->v);
    fake_init(&sim->fake, handle, sim);
}

void
ces_sim_dispose(struct ces_sim *sim)
{
    free(sim->v);
    fake_dispose(&sim->fake);
}
