/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mm commands say: the tables of their -Y option, and what kind of
 * failure an exit status with its texts is.
 */
#ifndef MN_GPFS_MMPARSE_H
#define MN_GPFS_MMPARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/slice.h"
#include "exec/plan.h"

enum { MN_MM_SECTIONS = 8 };

/*
 * Reads "command:section:HEADER:version:reserved:reserved:NAMES:" lines and
 * the rows that follow. Columns are found by name without regard to case,
 * because order, number and case differ between releases; a row may be
 * shorter or longer than its header. Lines that are no records are skipped.
 */
struct mn_mm_reader {
    const char *command;
    struct mn_slice rest;
    struct {
        struct mn_slice section;
        struct mn_slice names;
    } headers[MN_MM_SECTIONS];
    size_t headers_n;      /* 0 at the end: this was no answer at all */
    struct mn_slice names; /* of the current row */
    struct mn_slice row;   /* its values */
};

/* command: first field of the records, e.g. "mmlsfileset". */
void mn_mm_reader_init(struct mn_mm_reader *r, const char *command,
                       struct mn_slice text);
/* Go to the next row of a section whose header was seen. */
bool mn_mm_reader_next(struct mn_mm_reader *r);
/* The value as printed, which is percent-encoded; false: no such column. */
bool mn_mm_reader_raw(const struct mn_mm_reader *r, const char *column,
                      struct mn_slice *value);
/* The value decoded; "" when there is no such column. The caller frees it;
   NULL: no memory. */
char *mn_mm_reader_text(const struct mn_mm_reader *r, const char *column);

/* Append text with each %XX of two hex digits decoded, anything else as it
   is. */
void mn_mm_decode(struct mn_slice text, struct mn_buf *out);

/* What went wrong? The texts decide, the exit status comes second, because
   IBM documents none. MN_OK for status 0, else NOTFOUND, EXISTS, BUSY,
   NOSPACE, TIMEDOUT or REMOTE. */
enum mn_code mn_mm_classify(const struct mn_step_result *r);

/* 0 if that step ended with 0, else its failure described as
   mn_result_check() does, with the class of mn_mm_classify(). */
int mn_mm_check(const struct mn_result *r, const struct mn_plan *plan,
                int step, const char *host, struct mn_error *err);

struct mn_mm_fileset {
    char *name;
    char *path; /* junction; "" unless linked */
    char *comment;
    bool linked;
    bool independent; /* owns its inode space; only these can be shares */
};

struct mn_mm_filesets {
    struct mn_mm_fileset *v; /* by name */
    size_t n;
    size_t cap;
};

/* The rows of mmlsfileset -L -Y, the deleted ones left out. PROTO when the
   answer has no header, whatever the exit status was. */
int mn_mm_read_filesets(struct mn_slice text, struct mn_mm_filesets *list,
                        struct mn_error *err);
const struct mn_mm_fileset *
mn_mm_find_fileset(const struct mn_mm_filesets *list, const char *name);
void mn_mm_filesets_dispose(struct mn_mm_filesets *list);

struct mn_mm_quota {
    char *name; /* of the fileset */
    uint64_t usage_kib;
    uint64_t in_doubt_kib; /* granted to nodes, perhaps used already */
    uint64_t soft_kib;
    uint64_t hard_kib; /* 0: no limit */
};

struct mn_mm_quotas {
    struct mn_mm_quota *v; /* by name */
    size_t n;
    size_t cap;
};

/* The FILESET rows of mmlsquota -Y ("mmlsquota") or mmrepquota -j -Y. */
int mn_mm_read_quotas(const char *command, struct mn_slice text,
                      struct mn_mm_quotas *list, struct mn_error *err);
const struct mn_mm_quota *mn_mm_find_quota(const struct mn_mm_quotas *list,
                                           const char *name);
void mn_mm_quotas_dispose(struct mn_mm_quotas *list);

/* Append the state of the node that answers mmgetstate -Y. */
int mn_mm_read_state(struct mn_slice text, struct mn_buf *state,
                     struct mn_error *err);

/* Append one attribute that mmlsfs -Y prints; NOTFOUND: it does not. */
int mn_mm_read_fs(struct mn_slice text, const char *attribute,
                  struct mn_buf *value, struct mn_error *err);

/* Append the value of an attribute that mmlsconfig -Y prints, if it does. */
int mn_mm_read_config(struct mn_slice text, const char *attribute,
                      struct mn_buf *value, struct mn_error *err);

struct mn_mm_snapshot {
    char *name;
    char *fileset; /* "": of the whole file system */
    char *status;  /* "Valid", "DeleteRequired" ... */
};

struct mn_mm_snapshots {
    struct mn_mm_snapshot *v; /* by name, then fileset */
    size_t n;
    size_t cap;
};

/* The rows of mmlssnapshot -Y. */
int mn_mm_read_snapshots(struct mn_slice text, struct mn_mm_snapshots *list,
                         struct mn_error *err);
const struct mn_mm_snapshot *
mn_mm_find_snapshot(const struct mn_mm_snapshots *list, const char *fileset,
                    const char *name);
void mn_mm_snapshots_dispose(struct mn_mm_snapshots *list);

/* The last line of df -P: device without "/dev/", and sizes in its unit. */
struct mn_mm_df_row {
    struct mn_slice device;
    uint64_t total;
    uint64_t available;
};
int mn_mm_read_df(struct mn_slice text, struct mn_mm_df_row *row,
                  struct mn_error *err);

#endif
