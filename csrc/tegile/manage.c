/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over shares and snapshots that are there. The array has no call to
 * rename one, so a managed share keeps its name, and is found by its export
 * location.
 */
#include <inttypes.h>
#include <string.h>

#include "tegile/internal.h"

/* What there is, as far as the firmware tells. */
struct found {
    int64_t quota; /* bytes; 0: none */
    bool served;   /* by the protocol that Manila is told of */
};

/* From 3.10 getShare tells, from 3.7 a method of its own, and before nothing
   does. */
static int
ask_served(struct mn_tegile_op *op, const struct mn_share *share,
           const char *path, const struct mn_json *told, struct found *found,
           struct mn_error *err)
{
    struct mn_json *reply = NULL;
    bool cifs = strcmp(share->proto, "CIFS") == 0;
    const char *sharing =
        mn_json_text(mn_json_get(told, cifs ? "sharesmb" : "sharenfs"));
    if (sharing) {
        found->served = strcmp(sharing, "off") != 0;
        return 0;
    }
    int rc =
        mn_tegile__call(op, cifs ? &mn_tegile_m_is_smb : &mn_tegile_m_is_nfs,
                        mn_tegile__args("s", path), &reply, err);
    if (rc == 0) {
        mn_json_bool(reply, &found->served);
    }
    mn_json_free(reply);
    return rc;
}

static int
ask(struct mn_tegile_op *op, const struct mn_share *share,
    const struct mn_tegile_place *place, struct found *found,
    struct mn_error *err)
{
    unsigned level;
    struct mn_json *told = NULL;
    *found = (struct found){.served = true};
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc || level < MN_TEGILE_ACLS) {
        return rc ? rc : mn_tegile__quota(op, place, &found->quota, err);
    }
    rc = mn_tegile__call(op, &mn_tegile_m_get_share,
                         mn_tegile__args("s", place->path), &told, err);
    if (rc == 0
        && !mn_json_i64(mn_json_get(told, "quotaInByte"), &found->quota)) {
        rc = mn_error_set(err, MN_EPROTO, "array %s: no quota told for %s",
                          op->t->server, place->path);
    }
    if (rc == 0) {
        rc = ask_served(op, share, place->path,
                        level >= MN_TEGILE_SHARING ? told : NULL, found, err);
    }
    mn_json_free(told);
    return rc;
}

/* Manila's sizes are whole GiB: the quota becomes the next one. */
static int
set_size(struct mn_tegile_op *op, const struct mn_tegile_place *place,
         int64_t quota, uint64_t *size_gib, struct mn_error *err)
{
    int64_t used;
    /* what is more than Manila can store has no end */
    bool endless = quota / MN_TEGILE_GIB >= INT32_MAX;
    int64_t size = *size_gib ? (int64_t)*size_gib * MN_TEGILE_GIB
                   : endless ? 0
                             : quota;
    if (size <= 0) {
        return mn_error_set(err, MN_EINVAL,
                            "array %s: %s has no quota: set one, or give its "
                            "size in GiB with --driver_options size=N",
                            op->t->server, place->path);
    }
    int rc = mn_tegile__used(op, place, &used, err);
    if (rc) {
        return rc;
    }
    if (size < used) {
        return mn_error_set(err, MN_EINVAL,
                            "array %s: %s holds %" PRId64
                            " bytes already, more than the size given",
                            op->t->server, place->path, used);
    }
    *size_gib =
        (uint64_t)(size / MN_TEGILE_GIB + (size % MN_TEGILE_GIB ? 1 : 0));
    return quota == (int64_t)*size_gib * MN_TEGILE_GIB
               ? 0
               : mn_tegile__set_quota(op, place->path, *size_gib, err);
}

/* Is the location one of the share's protocol? */
static bool
is_location_of(const struct mn_share *share)
{
    bool unc = strncmp(share->location, "\\\\", 2) == 0;
    return mn_tegile__location_name(share->location)
           && unc == (strcmp(share->proto, "CIFS") == 0);
}

static int
take_over(struct mn_tegile_op *op, const struct mn_share *share,
          const struct mn_tegile_place *place, uint64_t *size_gib,
          struct mn_error *err)
{
    struct found found;
    int rc = ask(op, share, place, &found, err);
    if (rc == 0 && !found.served) {
        rc = mn_error_set(err, MN_EINVAL, "array %s: %s is not served by %s",
                          op->t->server, place->path, share->proto);
    }
    return rc ? rc : set_size(op, place, found.quota, size_gib, err);
}

int
mn_tegile__manage_share(struct mn_driver *d, const struct mn_share *share,
                        uint64_t *size_gib, struct mn_buf *locations,
                        struct mn_error *err)
{
    struct mn_tegile_op op;
    struct mn_tegile_place place = {0};
    int rc = 0;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    if (!is_location_of(share)) {
        rc = mn_error_set(err, MN_EINVAL,
                          "%s is no export location of the array by %s",
                          share->location, share->proto);
    }
    if (rc == 0) {
        rc = mn_tegile__search(&op, share, &place, err);
    }
    if (rc == 0) {
        rc = take_over(&op, share, &place, size_gib, err);
    }
    if (rc == 0) {
        rc = mn_tegile__locations(&op, share, &place, NULL, locations, err);
    }
    mn_tegile__place_dispose(&place);
    if (rc && rc != MN_ECANCELED) {
        mn_error_prefix(err, "share %s: ", share->name);
    }
    return rc;
}

/* ---- snapshots ---- */

struct managed {
    const struct mn_snapshot *s;
    struct mn_buf *name;
};

/* The operator gives the name with or without the array's prefix, or with the
   share's path before it. */
static int
manage_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    struct managed *m = ctx;
    struct mn_json *names = NULL;
    struct mn_buf prefixed = MN_BUF_INIT;
    const char *at = strchr(m->s->name, '@');
    const char *given = at ? at + 1 : m->s->name;
    const char *found = NULL;
    if (at
        && !mn_slice_eq(
            (struct mn_slice){m->s->name, (size_t)(at - m->s->name)},
            place->path)) {
        return mn_error_set(err, MN_EINVAL,
                            "array %s: %s is no snapshot of %s", op->t->server,
                            m->s->name, place->path);
    }
    mn_buf_printf(&prefixed, MN_TEGILE_PREFIX "%s", given);
    int rc = mn_buf_failed(&prefixed)
                 ? mn_error_nomem(err)
                 : mn_tegile__list_snapshots(op, place->path, &names, err);
    for (size_t i = 0; rc == 0 && !found && i < mn_json_count(names); i++) {
        const char *name = mn_json_text(mn_json_at(names, i));
        bool same = name
                    && (strcmp(name, given) == 0
                        || strcmp(name, mn_buf_str(&prefixed)) == 0);
        found = same ? name : NULL;
    }
    if (found) {
        mn_buf_clear(m->name);
        mn_buf_printf(m->name, "%s@%s", place->path, found);
        rc = mn_buf_failed(m->name) ? mn_error_nomem(err) : 0;
    }
    else if (rc == 0) {
        rc = mn_error_set(err, MN_EINVAL,
                          "array %s: %s has no snapshot %s: give "
                          "provider_location its name on the array",
                          op->t->server, place->path, given);
    }
    mn_json_free(names);
    mn_buf_dispose(&prefixed);
    return rc;
}

int
mn_tegile__manage_snapshot(struct mn_driver *d, const struct mn_snapshot *s,
                           struct mn_buf *name, struct mn_error *err)
{
    struct mn_tegile_op op;
    struct managed m = {s, name};
    mn_tegile__op_init(&op, mn_tegile__of(d));
    return mn_tegile__at(&op, &s->share, manage_at, &m, err);
}
