/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes of shares are quotas, which count data and snapshots.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tegile/internal.h"

/* The documented service takes bytes; the other one "GB", by which it means
   GiB, as all of the array's own tools do. */
static int
set_bytes(struct mn_tegile_op *op, const char *path, uint64_t gib,
          struct mn_error *err)
{
    char values[64];
    snprintf(values, sizeof values, "{\"quotaInByte\":%" PRIu64 "}",
             gib * (uint64_t)MN_TEGILE_GIB);
    return mn_tegile__call(op, &mn_tegile_m_set_properties,
                           mn_tegile__args("sj", path, values), NULL, err);
}

static int
resize(struct mn_tegile_op *op, const char *path, uint64_t gib,
       struct mn_error *err)
{
    char size[32];
    snprintf(size, sizeof size, "%" PRIu64, gib);
    return mn_tegile__call(op, &mn_tegile_m_resize,
                           mn_tegile__args("sss", path, size, "GB"), NULL,
                           err);
}

int
mn_tegile__set_quota(struct mn_tegile_op *op, const char *path, uint64_t gib,
                     struct mn_error *err)
{
    unsigned level;
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc) {
        return rc;
    }
    return level >= MN_TEGILE_ACLS ? set_bytes(op, path, gib, err)
                                   : resize(op, path, gib, err);
}

/* The share's row of listShares; NULL: there is none. */
static int
list_row(struct mn_tegile_op *op, const struct mn_tegile_place *place,
         struct mn_tegile_listing *listing, const struct mn_tegile_row **row,
         struct mn_error *err)
{
    *row = NULL;
    int rc =
        mn_tegile__list(op, place->pool, place->project, false, listing, err);
    for (size_t i = 0; rc == 0 && i < listing->n; i++) {
        if (strcmp(listing->rows[i].name, place->name) == 0) {
            *row = &listing->rows[i];
        }
    }
    if (rc == 0 && !*row) {
        rc = mn_error_set(err, MN_ENOTFOUND, "array %s: there is no %s",
                          op->t->server, place->path);
    }
    return rc;
}

static int
used_of_listing(struct mn_tegile_op *op, const struct mn_tegile_place *place,
                int64_t *used, struct mn_error *err)
{
    struct mn_tegile_listing listing = {0};
    const struct mn_tegile_row *row;
    int rc = list_row(op, place, &listing, &row, err);
    if (rc == 0) {
        *used = row->available < 0 ? -1 : row->total - row->available;
    }
    mn_tegile__listing_dispose(&listing);
    return rc;
}

static int
used_of_space(struct mn_tegile_op *op, const struct mn_tegile_place *place,
              int64_t *used, struct mn_error *err)
{
    struct mn_json *space;
    int rc = mn_tegile__call(op, &mn_tegile_m_space,
                             mn_tegile__args("s", place->path), &space, err);
    mn_json_i64(mn_json_get(space, "usedByDataAndSnapshot"), used);
    mn_json_free(space);
    return rc;
}

int
mn_tegile__used(struct mn_tegile_op *op, const struct mn_tegile_place *place,
                int64_t *used, struct mn_error *err)
{
    unsigned level;
    *used = -1;
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc == 0) {
        rc = level < MN_TEGILE_ACLS ? used_of_listing(op, place, used, err)
                                    : used_of_space(op, place, used, err);
    }
    /* without a number a shrink would be let through unchecked */
    if (rc == 0 && *used < 0) {
        rc =
            mn_error_set(err, MN_EPROTO, "array %s: no used space told for %s",
                         op->t->server, place->path);
    }
    return rc;
}

/* Without a quota a share has the room of its pool. */
static int
quota_of_listing(struct mn_tegile_op *op, const struct mn_tegile_place *place,
                 int64_t *quota, struct mn_error *err)
{
    struct mn_tegile_listing listing = {0};
    const struct mn_tegile_row *row;
    struct mn_json *pools = NULL;
    int rc = list_row(op, place, &listing, &row, err);
    if (rc == 0) {
        rc = mn_tegile__call(op, &mn_tegile_m_list_pools, NULL, &pools, err);
    }
    if (rc == 0) {
        *quota = row->total;
    }
    for (size_t i = 0; rc == 0 && i < mn_json_count(pools); i++) {
        const struct mn_json *pool = mn_json_at(pools, i);
        int64_t room;
        if (strcmp(mn_json_field(pool, "name"), place->pool) == 0
            && mn_json_i64(mn_json_get(pool, "availableSize"), &room)
            && row->available >= room) {
            *quota = 0;
        }
    }
    mn_json_free(pools);
    mn_tegile__listing_dispose(&listing);
    return rc;
}

int
mn_tegile__quota(struct mn_tegile_op *op, const struct mn_tegile_place *place,
                 int64_t *quota, struct mn_error *err)
{
    unsigned level;
    struct mn_json *property;
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc || level < MN_TEGILE_ACLS) {
        return rc ? rc : quota_of_listing(op, place, quota, err);
    }
    rc = mn_tegile__call(op, &mn_tegile_m_get_property,
                         mn_tegile__args("ss", place->path, "quotaInByte"),
                         &property, err);
    if (rc == 0
        && !mn_json_i64(mn_json_get(property, "propertyValue"), quota)) {
        rc = mn_error_set(err, MN_EPROTO, "array %s: no quota told for %s",
                          op->t->server, place->path);
    }
    mn_json_free(property);
    return rc;
}
