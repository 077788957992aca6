/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done on one server with NFS-Ganesha 2.1 or later, as plans, and what
 * its daemon says, compared with what is wanted. Pure; no I/O.
 *
 * Files below ganesha_export_dir, which the operator's configuration includes
 * with %dir, or with %include of INDEX.conf, which is kept if it is there:
 *   <name>.conf               the export of one share
 *   .manila-native/<number>   on the first server: a symbolic link to the id
 *                             of the share that has this Export_Id
 *   .manila-native/<name>.new a file being written: %dir reads hidden files
 *                             too, but never a directory below
 */
#ifndef MN_GPFS_GNFS_PLAN_H
#define MN_GPFS_GNFS_PLAN_H

#include "exec/plan.h"
#include "gpfs/nfs_goal.h"
#include "nfs/ganesha.h"
#include "nfs/ganesha_dbus.h"

enum { MN_GNFS_ID_MAX = 65535 };

struct mn_gnfs_files {
    const char *dir; /* ganesha_export_dir */
    const char *config;
    struct mn_buf file;
    struct mn_buf fresh; /* it, being written */
    struct mn_buf own;   /* our directory */
    struct mn_buf index;
};

/* false: no memory. Disposed by the caller in any case. */
bool mn_gnfs_files_init(struct mn_gnfs_files *f, const char *dir,
                        const char *config, const char *name);
void mn_gnfs_files_dispose(struct mn_gnfs_files *f);

/* The share's first choice among the numbers 1..65535. */
unsigned mn_gnfs__first_id(const char *share_id);
/* The one to try after id. */
unsigned mn_gnfs__next_id(unsigned id);

/* Where in a plan what stands; -1: nowhere. */
struct mn_gnfs_steps {
    int established; /* the file has the Export_Id that was guessed */
    int cmp;
    int update;
    int add;
    int display;
    int cat;     /* the file as it is */
    int exists;  /* the file */
    int reserve; /* the guessed Export_Id */
    int mine;    /* numbers reserved for this share */
    int used;    /* "Export_Id = N" of all configuration files */
    int show;
    int strays; /* the same, when the daemon does not know the Export_Id */
};

#define MN_GNFS_NO_STEPS                               \
    (struct mn_gnfs_steps)                             \
    {                                                  \
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 \
    }

struct mn_gnfs_goal {
    const struct mn_gnfs_files *files;
    struct mn_ganesha_spec spec;
    struct mn_slice content; /* of the file */
    unsigned reply_s;        /* mn_gnfs__reply_s() */
};

/* How long the daemon may take for one D-Bus call, where a command may take
   command_timeout_s (0: any time). No plan waits for it twice. */
unsigned mn_gnfs__reply_s(unsigned command_timeout_s);

/*
 * The plan of one call, on the guess that the share has the Export_Id in the
 * spec: then all is done in one go. If not, nothing is changed but that the
 * arbiter reserves the number for a share without a file, and what is needed
 * to choose another one is looked up. The file is written before the daemon
 * is told, so that a start or a reload brings the same.
 */
void mn_gnfs__guess_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                         bool arbiter, struct mn_gnfs_steps *at);

/* The same with the Export_Id known; stray exports of the path under another
   number go first, since the daemon takes no path twice. */
void mn_gnfs__sure_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                        const unsigned *strays, size_t n,
                        struct mn_gnfs_steps *at);

/* Tell the daemon to read the file again, without the stray exports, and
   look. */
void mn_gnfs__repair_plan(struct mn_plan *plan,
                          const struct mn_gnfs_goal *goal,
                          const unsigned *strays, size_t n,
                          struct mn_gnfs_steps *at);

/* Reserve the first number that is free, of at most n from `from` on whose
   bit in used is not set. Steps that did not run come behind the one that
   succeeded. */
void mn_gnfs__reserve_plan(struct mn_plan *plan,
                           const struct mn_gnfs_files *files,
                           const char *share_id, const unsigned *ids,
                           size_t n);

/* Of a share that shall have no export: remove the file, so that no start
   brings the export back, whatever becomes of the daemon; and look what else
   is there. */
void mn_gnfs__find_plan(struct mn_plan *plan, const struct mn_gnfs_goal *goal,
                        bool arbiter, struct mn_gnfs_steps *at);
/* Remove the exports. */
void mn_gnfs__remove_plan(struct mn_plan *plan,
                          const struct mn_gnfs_goal *goal, const unsigned *ids,
                          size_t n, struct mn_gnfs_steps *at);
void mn_gnfs__release_plan(struct mn_plan *plan,
                           const struct mn_gnfs_files *files,
                           struct mn_slice numbers);

/* `dbus-send ... ShowExports`, any status accepted. */
void mn_gnfs__add_show(struct mn_plan *plan, unsigned reply_s);
/* Update or add the export of a file. Returns the step of UpdateExport; that
   of AddExport, which runs if it failed, is the next one. */
int mn_gnfs__add_publish(struct mn_plan *plan, unsigned reply_s,
                         const char *file, unsigned export_id,
                         const struct mn_guard *guard);

/* Compare; want is split. gap must be empty. */
int mn_gnfs__compare(const struct mn_ganesha_shown *shown,
                     const struct mn_access_set *want, struct mn_nfs_gap *gap,
                     struct mn_error *err);

#endif
