/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export locations: "ip:name" for NFS, "\\ip\name" for CIFS.
 */
#include <string.h>

#include "tegile/internal.h"

int
mn_tegile__ask_location(struct mn_tegile_op *op, const char *path,
                        struct mn_json **told, struct mn_error *err)
{
    return mn_tegile__call(op, &mn_tegile_m_location,
                           mn_tegile__args("s", path), told, err);
}

bool
mn_tegile__cut_location(const struct mn_json *told, struct mn_slice *ip,
                        const char **name)
{
    const char *text = mn_json_text(told);
    const char *blank = text ? strchr(text, ' ') : NULL;
    if (!blank || blank == text) {
        return false;
    }
    *ip = (struct mn_slice){text, (size_t)(blank - text)};
    *name = blank + 1 + strspn(blank + 1, " ");
    return **name != '\0';
}

static void
add_location(struct mn_buf *locations, const struct mn_share *share,
             struct mn_slice ip, const char *name)
{
    bool cifs = strcmp(share->proto, "CIFS") == 0;
    mn_buf_puts(locations, cifs ? "\\\\" : "");
    mn_buf_slice(locations, ip);
    mn_buf_puts(locations, cifs ? "\\" : ":");
    mn_locations_add(locations, name);
}

void
mn_tegile__add_locations(struct mn_buf *locations,
                         const struct mn_share *share, struct mn_slice ip,
                         const char *name, const struct mn_argv *ips)
{
    add_location(locations, share, ip, name);
    for (size_t i = 0; i < ips->n; i++) {
        if (!mn_slice_eq(ip, ips->v[i])) {
            add_location(locations, share, mn_slice_of(ips->v[i]), name);
        }
    }
}

/* That there are more addresses is no reason to fail without them. */
static int
other_ips(struct mn_tegile_op *op, const struct mn_share *share,
          const struct mn_tegile_place *place, struct mn_argv *ips,
          struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    int rc = mn_tegile__recent_ips(op, place->pool, ips, &why);
    if (rc == MN_ECANCELED || rc == MN_ENOMEM) {
        *err = why;
        return rc;
    }
    if (rc) {
        mn_tegile__log(op->t, MN_LOG_WARNING,
                       "share %s has one export location until others can be "
                       "asked for: %s",
                       share->name, why.text);
    }
    return 0;
}

int
mn_tegile__locations_with(struct mn_tegile_op *op,
                          const struct mn_share *share,
                          const struct mn_tegile_place *place,
                          const struct mn_json *told,
                          const struct mn_argv *ips, struct mn_buf *locations,
                          struct mn_error *err)
{
    struct mn_json *asked = NULL;
    struct mn_slice ip;
    const char *name;
    int rc = 0;
    if (!mn_tegile__cut_location(told, &ip, &name)) {
        rc = mn_tegile__ask_location(op, place->path, &asked, err);
        if (rc == 0 && !mn_tegile__cut_location(asked, &ip, &name)) {
            rc = mn_error_set(err, MN_EPROTO,
                              "array %s: no address and name for %s",
                              op->t->server, place->path);
        }
    }
    if (rc == 0) {
        mn_tegile__add_locations(locations, share, ip, name, ips);
        rc = mn_buf_failed(locations) ? mn_error_nomem(err) : 0;
    }
    mn_json_free(asked);
    return rc;
}

int
mn_tegile__locations(struct mn_tegile_op *op, const struct mn_share *share,
                     const struct mn_tegile_place *place,
                     const struct mn_json *told, struct mn_buf *locations,
                     struct mn_error *err)
{
    struct mn_argv ips = MN_ARGV_INIT;
    int rc = other_ips(op, share, place, &ips, err);
    if (rc == 0) {
        rc = mn_tegile__locations_with(op, share, place, told, &ips, locations,
                                       err);
    }
    mn_argv_dispose(&ips);
    return rc;
}
