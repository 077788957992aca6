/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Manila says of shares, and what it is told, whatever the back end.
 * Strings are borrowed from the caller.
 */
#ifndef MN_SHARE_SHARE_H
#define MN_SHARE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/argv.h"
#include "core/buf.h"
#include "core/error.h"

enum mn_log_level { MN_LOG_DEBUG, MN_LOG_INFO, MN_LOG_WARNING, MN_LOG_ERROR };

struct mn_log {
    void (*write)(void *ctx, enum mn_log_level level, const char *text);
    void *ctx;
};

/* Texts that Manila keeps of a share for its driver, in its database
   (DriverPrivateData). Called on the caller's thread. Members are NULL where
   nothing is kept. A failure may leave a host exception pending: CANCELED. */
struct mn_private_data {
    /* Append key, value, key, value ... */
    int (*get)(void *ctx, const char *share_id, struct mn_argv *pairs,
               struct mn_error *err);
    /* The same form; an empty value takes the key away. Others stay. */
    int (*set)(void *ctx, const char *share_id, const struct mn_argv *pairs,
               struct mn_error *err);
    /* All of a share. */
    int (*forget)(void *ctx, const char *share_id, struct mn_error *err);
    void *ctx;
};

/* What the driver needs of Manila's share instance dict. */
struct mn_share {
    const char *id;             /* share['id']: the instance's UUID */
    const char *name;           /* share['name']: names it on the back end */
    const char *proto;          /* share['share_proto'], in capitals */
    uint64_t size_gib;          /* share['size'] */
    const char *export_options; /* extra spec {knfs,gnfs,ces}:export_options,
                                   or NULL */
    const char *pool;     /* of share['host'] behind '#'; NULL: the first */
    const char *location; /* its first export location, or NULL */
    const char *path;     /* GPFS: of its export location, for a managed share
                             that is linked elsewhere; NULL: base/name */
};

/* What the driver needs of Manila's snapshot instance dict. */
struct mn_snapshot {
    struct mn_share share; /* snapshot['share'] */
    const char *id;
    const char *name;   /* on the back end; for a managed one
                           snapshot['provider_location'] */
    uint64_t size_gib;  /* of the share when it was taken; 0: not told */
    bool not_mountable; /* share['mount_snapshot_support'] is false, so that
                           the snapshot never had exports of its own */
};

struct mn_ensure_result {
    enum mn_code code; /* 0: the share stands (again) */
    struct mn_error err;
    struct mn_buf location;
    bool repaired; /* link, quota or exports had to be mended; exports came
                      back from their file or need Manila's rules */
    bool reapply_access; /* the exports file is gone: Manila must call
                            update_access for this share */
};

/* Manila's access rule. */
struct mn_access_rule {
    const char *access_id;   /* keys the answer; may be NULL in delete lists */
    const char *access_type; /* "ip" ... */
    const char *access_to;
    const char *access_level; /* "rw" or "ro" */
};

struct mn_rules {
    const struct mn_access_rule *v;
    size_t n;
};

struct mn_rule_state {
    enum mn_code code; /* 0: in force on every server */
    char text[256];
};

#endif
