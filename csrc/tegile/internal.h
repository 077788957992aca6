/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this directory share.
 */
#ifndef MN_TEGILE_INTERNAL_H
#define MN_TEGILE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/argv.h"
#include "tegile/driver.h"
#include "tegile/methods.h"

/* Manila's unit of sizes, in bytes. */
#define MN_TEGILE_GIB ((int64_t)1 << 30)

/* What the array told of a pool's addresses. */
struct mn_tegile_addresses {
    struct mn_tegile_addresses *next;
    char *pool;
    int64_t asked_ms;
    struct mn_argv ips;
};

struct mn_tegile {
    struct mn_driver base; /* first: casts both ways */
    char *server;
    char *project;
    struct mn_argv pools; /* empty: all */
    int64_t request_ms;
    int64_t operation_ms;
    struct mn_rest *rest;
    struct mn_log log;
    struct mn_private_data private_data;
    /* Two facts are remembered. MN_TEGILE_LEVEL() of the firmware, 0 until it
       was asked for; asked anew with the statistics. And, for a minute, the
       addresses of pools. */
    atomic_uint firmware;
    pthread_mutex_t addresses_mutex; /* never held while the array is asked */
    struct mn_tegile_addresses *addresses;
};

extern const struct mn_driver_vtable mn_tegile__vtable;

static inline struct mn_tegile *
mn_tegile__of(struct mn_driver *d)
{
    return (struct mn_tegile *)d;
}

void mn_tegile__log(const struct mn_tegile *t, enum mn_log_level level,
                    const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- api.c: calls of the array ---- */

/* One operation of the driver: what it may take in all. */
struct mn_tegile_op {
    struct mn_tegile *t;
    int64_t started_ms;
    int64_t limit_ms;
    int64_t paused_ms; /* between repeated calls */
    bool patient;      /* calls that failed may be tried again */
    /* About the last call that failed: */
    bool lost;      /* its reply was lost: perhaps it was done */
    bool no_method; /* the firmware does not have it */
    bool gone;      /* the last search was for a share that is nowhere */
};

void mn_tegile__op_init(struct mn_tegile_op *op, struct mn_tegile *t);
/* For what Manila repeats by itself: gives up after the first failure. */
void mn_tegile__op_init_once(struct mn_tegile_op *op, struct mn_tegile *t);

/* The body of a request, for mn_tegile__call() to take; letters as in
   mn_json_args(). NULL: no memory. */
char *mn_tegile__args(const char *letters, ...);

/* Call a method. Busy arrays and lost connections are tried again, with
   growing pauses, until the operation's limit; what must not be done twice
   is not repeated when its reply was lost. body: of mn_tegile__args(), taken;
   not used by a GET. reply may be NULL, else the caller frees *reply, which
   is NULL for an empty body. NOTFOUND, EXISTS, BUSY, NOSPACE, INVAL, AUTH as
   the array says; REMOTE for its other refusals. */
int mn_tegile__call(struct mn_tegile_op *op,
                    const struct mn_tegile_method *method, char *body,
                    struct mn_json **reply, struct mn_error *err);

/* Is what a call was to do done? *done tells; false after a failure. */
typedef int mn_tegile_probe(struct mn_tegile_op *op, const void *ctx,
                            bool *done, struct mn_error *err);

/* A call that must not be done twice: when its reply was lost, or the array
   tells that the object exists, or of a failure that may have come half-way,
   the array is asked before anything is repeated or given up. *made: this very
   call did it and got its reply. */
int mn_tegile__call_once(struct mn_tegile_op *op,
                         const struct mn_tegile_method *method,
                         const char *body, mn_tegile_probe *probe,
                         const void *ctx, struct mn_json **reply, bool *made,
                         struct mn_error *err);

/* Wait before the array is asked again: 0.25 s, then twice as long each time,
   4 s at most. TIMEDOUT when the operation's time would be over. */
int mn_tegile__pause(struct mn_tegile_op *op, unsigned attempt,
                     struct mn_error *err);

/* ---- firmware.c ---- */

#define MN_TEGILE_LEVEL(major, minor, patch) \
    ((unsigned)(major)*1000000u + (minor)*1000u + (patch))

enum {
    MN_TEGILE_LEAST = 3005001,        /* 3.5.1: what the driver is made for */
    MN_TEGILE_ACLS = 3007000,         /* 3.7: API 2.1 */
    MN_TEGILE_FLOATING_IPS = 3007001, /* 3.7.1: API 2.2 */
    MN_TEGILE_SHARING = 3010000,      /* 3.10: API 2.4 */
};

/* Ask the array for its level. */
int mn_tegile__ask_firmware(struct mn_tegile_op *op, unsigned *level,
                            struct mn_error *err);
/* The level that is known, else ask. */
int mn_tegile__firmware(struct mn_tegile_op *op, unsigned *level,
                        struct mn_error *err);
/* The level in a text such as "3.7.1.0"; 0 for none. */
unsigned mn_tegile__parse_level(const char *text);

/* ---- places.c: where shares are ---- */

struct mn_tegile_place {
    char *pool;
    char *project;
    char *name;
    char *path; /* "pool/Local/project/name" */
};

/* Names that the array takes in paths: none of what it forbids but those of
   besides, nothing that would end a part of a path or lead out of it. */
bool mn_tegile__is_name(struct mn_slice name, const char *besides);
int mn_tegile__place_init(struct mn_tegile_place *place, const char *pool,
                          const char *project, struct mn_slice name,
                          struct mn_error *err);
void mn_tegile__place_dispose(struct mn_tegile_place *place);

/* Where a share is most likely: in the project that its export location
   tells, else in the default project. Asks nobody. */
int mn_tegile__guess(struct mn_tegile_op *op, const struct mn_share *share,
                     struct mn_tegile_place *place, struct mn_error *err);
/* Where it really is, in any project of its pool: by its name, or by its
   export location (a managed share keeps the array's name). NOTFOUND, and
   op->gone. */
int mn_tegile__search(struct mn_tegile_op *op, const struct mn_share *share,
                      struct mn_tegile_place *place, struct mn_error *err);

/* Do something to a share where it is likely, and when the array says
   NOTFOUND, where it really is. NOTFOUND with op->gone: it is nowhere; else it
   is there, and what was not found is something else, or was away. */
typedef int mn_tegile_act(struct mn_tegile_op *op,
                          const struct mn_tegile_place *place, void *ctx,
                          struct mn_error *err);
int mn_tegile__at(struct mn_tegile_op *op, const struct mn_share *share,
                  mn_tegile_act *act, void *ctx, struct mn_error *err);
/* A ctx for an act that does not change it. */
static inline void *
mn_tegile__loosen(const void *ctx)
{
    union {
        const void *in;
        void *out;
    } u = {ctx};
    return u.out;
}

/* ---- listing.c: many shares ---- */

/* A row of listShares. */
struct mn_tegile_row {
    const char *pool;       /* of the listing's strings */
    const char *project;    /* the same */
    const char *name;       /* of the replies, as what follows */
    const char *mountpoint; /* "" where the array tells none */
    int64_t total;          /* the quota, or the pool's room */
    int64_t available;
};

struct mn_tegile_listing {
    struct mn_tegile_row *rows; /* in the order of their names once sorted */
    size_t n;
    size_t cap;
    struct mn_json **replies; /* what the rows' texts belong to */
    size_t replies_n;
    size_t replies_cap;
    struct mn_argv names; /* of pools and projects */
};

void mn_tegile__listing_dispose(struct mn_tegile_listing *listing);
/* Append a project's shares. told: the array has just told of the project,
   and if it is not there now, the pool is away; else NOTFOUND. */
int mn_tegile__list(struct mn_tegile_op *op, const char *pool,
                    const char *project, bool told,
                    struct mn_tegile_listing *listing, struct mn_error *err);
/* Append the names of the pool's projects. */
int mn_tegile__list_projects(struct mn_tegile_op *op, const char *pool,
                             struct mn_argv *projects, struct mn_error *err);

/* ---- many.c ---- */

/* Rows of many shares: listing holds the projects that they are likely in,
   and all projects of their pools when one of them was not there. rows[i] is
   for shares[i], NULL: it does not exist. */
int mn_tegile__find_all(struct mn_tegile_op *op, const struct mn_share *shares,
                        size_t n, struct mn_tegile_listing *listing,
                        const struct mn_tegile_row **rows,
                        struct mn_error *err);

/* ---- places.c again: export locations ---- */

/* The project that the share's export location "ip:/export/<project>/<name>"
   or "\\ip\<project>_<name>" tells, and the name. False for others. */
bool mn_tegile__location_parts(const struct mn_share *share,
                               struct mn_slice *project,
                               struct mn_slice *name);
/* What follows the address in "ip:name" and "\\ip\name"; NULL: neither. */
const char *mn_tegile__location_name(const char *location);
/* Is that the share's dataset, by its name? The array may put words before
   the name that it was asked for. */
bool mn_tegile__is_name_of(struct mn_slice name, const struct mn_share *share);

/* Is that what the share's export location leads to? The array is asked where
   the listing does not tell. */
int mn_tegile__is_at_location(struct mn_tegile_op *op,
                              const struct mn_tegile_row *row,
                              const struct mn_share *share, bool *same,
                              struct mn_error *err);

/* ---- addresses.c ---- */

/* Append the addresses of a pool, or of all (""): from 3.7.1 all that there
   are, before none. */
int mn_tegile__floating_ips(struct mn_tegile_op *op, const char *pool,
                            struct mn_argv *ips, struct mn_error *err);
/* The same as the array told some moments ago, if it did. */
int mn_tegile__recent_ips(struct mn_tegile_op *op, const char *pool,
                          struct mn_argv *ips, struct mn_error *err);
void mn_tegile__addresses_dispose(struct mn_tegile *t);

/* ---- locations.c ---- */

/* The share's export locations: the address and name that the array tells
   first, then its other addresses. told: its reply "ip name" if there is
   one, else it is asked. */
int mn_tegile__locations(struct mn_tegile_op *op, const struct mn_share *share,
                         const struct mn_tegile_place *place,
                         const struct mn_json *told, struct mn_buf *locations,
                         struct mn_error *err);
/* The same when the pool's addresses are known. */
int mn_tegile__locations_with(struct mn_tegile_op *op,
                              const struct mn_share *share,
                              const struct mn_tegile_place *place,
                              const struct mn_json *told,
                              const struct mn_argv *ips,
                              struct mn_buf *locations, struct mn_error *err);
/* Append locations of one name on several addresses; first comes first. */
void mn_tegile__add_locations(struct mn_buf *locations,
                              const struct mn_share *share, struct mn_slice ip,
                              const char *name, const struct mn_argv *ips);
/* The "ip name" of a share. The caller frees *told. */
int mn_tegile__ask_location(struct mn_tegile_op *op, const char *path,
                            struct mn_json **told, struct mn_error *err);
/* Cut "ip name" in two; false when it is not that. */
bool mn_tegile__cut_location(const struct mn_json *told, struct mn_slice *ip,
                             const char **name);

/* ---- size.c ---- */

int mn_tegile__set_quota(struct mn_tegile_op *op, const char *path,
                         uint64_t gib, struct mn_error *err);
/* Bytes that data and snapshots take. */
int mn_tegile__used(struct mn_tegile_op *op,
                    const struct mn_tegile_place *place, int64_t *used,
                    struct mn_error *err);
/* The quota in bytes; 0: none. */
int mn_tegile__quota(struct mn_tegile_op *op,
                     const struct mn_tegile_place *place, int64_t *quota,
                     struct mn_error *err);

/* ---- snapshots.c ---- */

/* The array puts it before the names that it is asked for. */
#define MN_TEGILE_PREFIX "Manual-S-"

/* "path@Manual-S-name", or the name that a managed one has. */
int mn_tegile__snapshot_path(struct mn_buf *buf,
                             const struct mn_tegile_place *place,
                             const struct mn_snapshot *s,
                             struct mn_error *err);
/* Delete a snapshot unless it has clones; absent is success. BUSY, *cloned:
   it is there still, because of clones or, where the firmware does not tell,
   perhaps because of them. */
int mn_tegile__drop_snapshot(struct mn_tegile_op *op, const char *path,
                             bool *cloned, struct mn_error *err);
/* The names of a share's snapshots, as the array has them. */
int mn_tegile__list_snapshots(struct mn_tegile_op *op, const char *path,
                              struct mn_json **names, struct mn_error *err);

/* ---- rules.c ---- */

/* An access rule that the array can serve. */
struct mn_tegile_rule {
    const char *id;   /* Manila's access_id, or NULL */
    const char *type; /* "ip" or "user" */
    char to[256];     /* canonical address or network, or the user's name */
    const char *form; /* in which Manila has it, if that is another; or NULL */
    const char *level;
    struct mn_rule_state *state; /* of all.v[i]; NULL: of another list */
    bool told;    /* the array was told of it alone, and has agreed */
    bool refused; /* or it has refused, and all is as it was */
};

struct mn_tegile_rules {
    struct mn_tegile_rule *v;
    size_t n;
};

/* Those that the array can serve; the texts are borrowed. The others are told
   of in states, or, in a list of changes (states: NULL), were never in
   force. */
int mn_tegile__rules_init(struct mn_tegile_rules *out, struct mn_rules in,
                          const char *proto, struct mn_rule_state *states,
                          struct mn_error *err);
/* The rule with this type and target, or NULL. */
const struct mn_tegile_rule *
mn_tegile__find_rule(const struct mn_tegile_rules *rules, const char *type,
                     const char *to);
bool mn_tegile__is_user(const struct mn_tegile_rule *rule);
/* "ro" for "rw", and the other way round. */
const char *mn_tegile__other_level(const char *level);
/* Note that a rule is not in force. */
void mn_tegile__refuse(const struct mn_tegile_rule *rule,
                       const struct mn_error *why);
/* Did the array refuse this rule alone, so that others may do? */
bool mn_tegile__is_refusal(int rc);

/* ---- access.c, acl.c ---- */

/* What an update of access works with. */
struct mn_tegile_access {
    struct mn_tegile_op *op;
    const char *id; /* of the share, for Manila */
    const char *path;
    const char *proto;
    struct mn_tegile_rules all;
    struct mn_tegile_rules add;
    struct mn_tegile_rules drop;
    struct mn_tegile_rules update;
    bool resync;     /* the array may hold anything */
    bool users_only; /* those of addresses are a list, and no concern */
    struct mn_argv private_data;
    struct mn_tegile_rules known; /* of private_data; the level may be "??" */
};

/* From 3.7: make the share's network ACL what the ip rules say, in one
   call that the array carries out as a whole. */
int mn_tegile__apply_acl(struct mn_tegile_access *a, struct mn_error *err);
/* The users whom the share's ACL names. The caller frees *share, to which
   the ACL belongs. */
int mn_tegile__ask_users(struct mn_tegile_access *a, struct mn_json **share,
                         const struct mn_json **acl, struct mn_error *err);
/* Is the array told of such rules one by one? */
bool mn_tegile__concerns(const struct mn_tegile_access *a,
                         const struct mn_tegile_rule *rule);
/* Is it one that is added, goes or changes its level? */
bool mn_tegile__is_change(const struct mn_tegile_access *a, const char *type,
                          const char *to);
/* Take the access of one rule away, at one level; absent is success. */
int mn_tegile__deny(struct mn_tegile_access *a,
                    const struct mn_tegile_rule *rule, const char *level,
                    struct mn_error *err);
/* Whatever level the array may have it at, as far as is known. */
int mn_tegile__take_away(struct mn_tegile_access *a,
                         const struct mn_tegile_rule *rule,
                         struct mn_error *err);
/* Bring one rule in force; perhaps_elsewise: it may be so at another level.
   What the array says of that rule alone is in its state. */
int mn_tegile__apply_one(struct mn_tegile_access *a,
                         struct mn_tegile_rule *rule, bool perhaps_elsewise,
                         struct mn_error *err);

/* ---- known.c ---- */

/* What is known of the share's rules. */
int mn_tegile__recall(struct mn_tegile_access *a, struct mn_error *err);
void mn_tegile__known_dispose(struct mn_tegile_access *a);
/* May the array have the rule at another level? otherwise: when nothing is
   known of it. */
bool mn_tegile__may_differ(const struct mn_tegile_access *a,
                           const struct mn_tegile_rule *rule, bool otherwise);
/* Before the array is told: what is going to change is not certain. */
int mn_tegile__mark_unsure(struct mn_tegile_access *a, struct mn_error *err);
/* After it was told all. */
int mn_tegile__remember(struct mn_tegile_access *a, struct mn_error *err);
/* The share is gone, or Manila's no more. */
int mn_tegile__forget(struct mn_tegile *t, const struct mn_share *share,
                      struct mn_error *err);

/* ---- shares.c ---- */

/* Delete a share that an operation made and can't finish; nobody has used it
   yet. In time of its own: that of the operation may be over. */
void mn_tegile__take_back(struct mn_tegile *t,
                          const struct mn_tegile_place *place);

/* ---- resync.c ---- */

/* All rules, before 3.7. */
int mn_tegile__resync_unseen(struct mn_tegile_access *a, struct mn_error *err);
/* Those of users, from 3.7. */
int mn_tegile__resync_users(struct mn_tegile_access *a, struct mn_error *err);

/* ---- the operations, for the vtable ---- */

int mn_tegile__check(struct mn_driver *d, struct mn_error *err);
int mn_tegile__create_share(struct mn_driver *d, const struct mn_share *share,
                            struct mn_buf *locations, struct mn_error *err);
int mn_tegile__delete_share(struct mn_driver *d, const struct mn_share *share,
                            struct mn_error *err);
int mn_tegile__extend_share(struct mn_driver *d, const struct mn_share *share,
                            uint64_t gib, struct mn_error *err);
int mn_tegile__shrink_share(struct mn_driver *d, const struct mn_share *share,
                            uint64_t gib, struct mn_error *err);
int mn_tegile__ensure_shares(struct mn_driver *d,
                             const struct mn_share *shares, size_t n,
                             struct mn_ensure_result *results,
                             struct mn_error *err);
int mn_tegile__update_access(struct mn_driver *d, const struct mn_share *share,
                             struct mn_rules all, struct mn_rules add,
                             struct mn_rules drop, struct mn_rules update,
                             struct mn_rule_state *states,
                             struct mn_error *err);
int mn_tegile__allow_access(struct mn_driver *d, const struct mn_share *share,
                            const struct mn_access_rule *rule,
                            struct mn_error *err);
int mn_tegile__deny_access(struct mn_driver *d, const struct mn_share *share,
                           const struct mn_access_rule *rule,
                           struct mn_error *err);
int mn_tegile__usage(struct mn_driver *d, const struct mn_share *shares,
                     size_t n, uint64_t *used, struct mn_error *err);
int mn_tegile__create_snapshot(struct mn_driver *d,
                               const struct mn_snapshot *s,
                               struct mn_error *err);
int mn_tegile__delete_snapshot(struct mn_driver *d,
                               const struct mn_snapshot *s,
                               struct mn_error *err);
int mn_tegile__manage_snapshot(struct mn_driver *d,
                               const struct mn_snapshot *s,
                               struct mn_buf *name, struct mn_error *err);
int mn_tegile__clone(struct mn_driver *d, const struct mn_share *share,
                     const struct mn_snapshot *s, bool *copying,
                     struct mn_buf *locations, struct mn_error *err);
int mn_tegile__revert(struct mn_driver *d, const struct mn_snapshot *s,
                      bool wait, bool *reverting, struct mn_error *err);
int mn_tegile__manage_share(struct mn_driver *d, const struct mn_share *share,
                            uint64_t *size_gib, struct mn_buf *locations,
                            struct mn_error *err);

#endif
