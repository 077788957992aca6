/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Export_Id of a share: a number from 1 to 65535, the same on all servers
 * and as long as the export lives, because clients' file handles hold it. Who
 * has which number stands on the first server as one symbolic link for each,
 * made exclusively: of two services that want one at the same time, one gets
 * it.
 */
#include <string.h>

#include "core/alloc.h"
#include "gpfs/gnfs_job.h"

enum { TRIES = 16, ROUNDS = 64 };

struct facts {
    unsigned char *used; /* a bit for each number */
    unsigned in_file;    /* 0: none */
    unsigned live;
    unsigned reserved;
};

static bool
is_used(const struct facts *f, unsigned id)
{
    return f->used[id / 8] & (1u << id % 8);
}

static void
set_used(struct facts *f, uint64_t id, bool used)
{
    if (id <= MN_GNFS_ID_MAX) {
        unsigned char bit = (unsigned char)(1u << id % 8);
        f->used[id / 8] = (unsigned char)(used ? f->used[id / 8] | bit
                                               : f->used[id / 8] & ~bit);
    }
}

size_t
mn_gnfs__live_ids(const struct mn_nfs_job *job, size_t i, int show,
                  unsigned *ids, size_t max)
{
    struct mn_ganesha_exports list = {mn_nfs_job_step(job, i, show).out};
    struct mn_slice path;
    unsigned id;
    size_t n = 0;
    while (mn_ganesha_next_export(&list, &id, &path)) {
        if (n < max && mn_slice_eq(path, job->e->path)) {
            ids[n++] = id;
        }
    }
    return n;
}

/* Numbers that others have on server i: live, or in a file. */
static void
collect_used(const struct mn_nfs_job *job, size_t i, struct facts *f)
{
    const struct mn_gnfs_own *own = job->own;
    struct mn_slice text = mn_nfs_job_step(job, i, own->steps[i].used).out;
    struct mn_slice line;
    struct mn_ganesha_exports list = {
        mn_nfs_job_step(job, i, own->steps[i].show).out};
    struct mn_slice path;
    unsigned id;
    while (mn_slice_next(&text, '\n', &line)) {
        struct mn_slice key;
        uint64_t number;
        mn_slice_next(&line, '=', &key);
        if (mn_slice_u64(mn_slice_trim(line), &number)) {
            set_used(f, number, true);
        }
    }
    while (mn_ganesha_next_export(&list, &id, &path)) {
        if (!mn_slice_eq(path, job->e->path)) {
            set_used(f, id, true);
        }
    }
}

static int
collect_file(struct mn_nfs_job *job, size_t i, struct facts *f,
             struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    struct mn_step_result cat = mn_nfs_job_step(job, i, own->steps[i].cat);
    struct mn_ganesha_blocks blocks = {0};
    int rc = cat.status == 0 ? mn_ganesha_parse(cat.out, &blocks, NULL) : 0;
    for (size_t k = 0; !rc && k < blocks.n; k++) {
        const struct mn_ganesha_block *b = &blocks.v[k];
        if (!f->in_file && b->has_id && b->export_id > 0
            && b->export_id <= MN_GNFS_ID_MAX
            && strcmp(b->path, job->e->path) == 0) {
            f->in_file = (unsigned)b->export_id;
        }
    }
    mn_ganesha_blocks_dispose(&blocks);
    return rc == MN_ENOMEM ? mn_error_nomem(err) : 0;
}

/* Numbers that the arbiter has for us: from before, or made by the guess. */
static void
collect_reserved(const struct mn_nfs_job *job, struct facts *f)
{
    const struct mn_gnfs_own *own = job->own;
    const struct mn_gnfs_steps *at = &own->steps[MN_GNFS_ARBITER];
    struct mn_slice text = mn_nfs_job_step(job, MN_GNFS_ARBITER, at->mine).out;
    struct mn_slice line;
    uint64_t id;
    while (mn_slice_next(&text, '\n', &line)) {
        if (!f->reserved && mn_slice_u64(line, &id) && id > 0
            && id <= MN_GNFS_ID_MAX && !is_used(f, (unsigned)id)) {
            f->reserved = (unsigned)id;
        }
    }
    if (!f->reserved && !is_used(f, own->goal.spec.export_id)
        && mn_nfs_job_step(job, MN_GNFS_ARBITER, at->reserve).status == 0) {
        f->reserved = own->goal.spec.export_id;
    }
}

static int
collect(struct mn_nfs_job *job, struct facts *f, struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    int rc = 0;
    for (size_t i = 0; !rc && i < job->fan.n; i++) {
        if (!mn_nfs_job_answered(job, i)) {
            continue;
        }
        if (!own->guessed_wrong[i]) {
            f->in_file = own->goal.spec.export_id;
        }
        rc = collect_file(job, i, f, err);
        collect_used(job, i, f);
        if (!f->live) {
            mn_gnfs__live_ids(job, i, own->steps[i].show, &f->live, 1);
        }
    }
    collect_reserved(job, f);
    return rc;
}

static int
give_all_up(struct mn_nfs_job *job, const char *text)
{
    struct mn_error why = MN_ERROR_INIT;
    mn_error_set(&why, MN_EREMOTE, "%s", text);
    for (size_t i = 0; i < job->fan.n; i++) {
        if (!job->servers[i].rc) {
            mn_nfs_job_give_up(job, i, &why);
        }
    }
    return 0;
}

/* Which of the plan's numbers do we have now? 0: none. */
static unsigned
reserved_by(const struct mn_nfs_job *job, const unsigned *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (mn_nfs_job_step(job, MN_GNFS_ARBITER, (int)i).status == 0) {
            return ids[i];
        }
    }
    return 0;
}

/* One round: the next numbers that nobody is known to have. */
static int
try_some(struct mn_nfs_job *job, const struct facts *f, unsigned *from,
         unsigned *id, struct mn_error *err)
{
    const struct mn_gnfs_own *own = job->own;
    unsigned ids[TRIES];
    size_t n = 0;
    for (unsigned seen = 0; n < TRIES && seen < MN_GNFS_ID_MAX; seen++) {
        if (!is_used(f, *from)) {
            ids[n++] = *from;
        }
        *from = mn_gnfs__next_id(*from);
    }
    for (size_t i = 0; i < job->fan.n; i++) {
        mn_plan_dispose(&job->servers[i].plan);
    }
    if (!n) {
        return 0;
    }
    mn_gnfs__reserve_plan(&job->servers[MN_GNFS_ARBITER].plan, &own->files,
                          job->e->id, ids, n);
    int rc = mn_nfs_job_run(job, err);
    *id = rc ? 0 : reserved_by(job, ids, n);
    return rc;
}

static int
choose(struct mn_nfs_job *job, const struct facts *f, struct mn_error *err)
{
    struct mn_gnfs_own *own = job->own;
    unsigned id = f->in_file ? f->in_file : f->reserved;
    unsigned from = f->live ? f->live : own->goal.spec.export_id;
    int rc = 0;
    if (f->live && f->live != f->reserved && !f->in_file
        && !is_used(f, f->live)) {
        id = 0; /* what clients hold now, if it is to be had */
    }
    for (int k = 0;
         !rc && !id && k < ROUNDS && !job->servers[MN_GNFS_ARBITER].rc; k++) {
        rc = try_some(job, f, &from, &id, err);
    }
    if (rc || id) {
        own->goal.spec.export_id = id;
        return rc;
    }
    if (job->servers[MN_GNFS_ARBITER].rc) {
        return give_all_up(job, "the export has no Export_Id yet, and the "
                                "first server of the list, which keeps the "
                                "numbers, does not answer");
    }
    return give_all_up(job, "no Export_Id is free");
}

int
mn_gnfs__settle_id(struct mn_nfs_job *job, struct mn_error *err)
{
    struct facts f = {.used = mn_calloc(MN_GNFS_ID_MAX / 8 + 1, 1)};
    int rc = f.used ? collect(job, &f, err) : mn_error_nomem(err);
    rc = rc ? rc : choose(job, &f, err);
    mn_free(f.used);
    return rc;
}
