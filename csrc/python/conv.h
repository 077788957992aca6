/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Python objects to C structs that own their bytes. A Python object may
 * change or go while its caller waits (other greenthreads run then), so
 * nothing in C ever points into one.
 *
 * Functions that return int: 0, or -1 with a Python exception set.
 */
#ifndef MN_PYTHON_CONV_H
#define MN_PYTHON_CONV_H

#include <stdbool.h>

#include "core/argv.h"
#include "core/buf.h"
#include "gpfs/driver.h"
#include "share/driver.h"
#include "python/services.h"

/* obj[key] of a dict or of one of Manila's model objects, or None when it
   has none (KeyError, AttributeError). New reference; NULL with any other
   exception. [gil] */
PyObject *mnpy_get(PyObject *obj, const char *key);

/* getattr(obj, name), or None. New reference. [gil] */
PyObject *mnpy_attr(PyObject *obj, const char *name);

/* The bytes of a str (UTF-8, surrogateescape: any bytes come back as they
   were) or bytes; *text is freed with mn_free(). None gives NULL. A NUL
   inside is a ValueError. what is for messages. [gil] */
int mnpy_text(PyObject *o, const char *what, char **text);

/* As mnpy_text() of mnpy_get(). [gil] */
int mnpy_get_text(PyObject *obj, const char *key, char **text);

/* An int within bounds; fallback for None. [gil] */
int mnpy_get_number(PyObject *obj, const char *key, long low, long high,
                    long fallback, long *value);

/* Append the bytes of a str, bytes or None (nothing). [gil] */
int mnpy_add_bytes(struct mn_buf *buf, PyObject *o);

/* Append the items of a sequence of texts, none of which may be None; None in
   its place has none. [gil] */
int mnpy_add_texts(struct mn_argv *argv, PyObject *seq, const char *what);

/* As mnpy_add_texts() of mnpy_get(). [gil] */
int mnpy_get_list(struct mn_argv *argv, PyObject *dict, const char *key);

/* Whether obj[key] is true. [gil] */
int mnpy_get_bool(PyObject *obj, const char *key, bool *value);

/* A tuple of any iterable; None gives the empty one. [gil] */
PyObject *mnpy_tuple(PyObject *iterable);

/* Bytes of a command's output as str, undecodable ones escaped. [gil] */
PyObject *mnpy_str(struct mn_slice bytes);

/* Of a share, a snapshot. In bytes it still fits 63 bits. */
#define MNPY_GIB_MAX (1L << 32)

/* What a back end's options say of how its shares are read. */
struct mnpy_reader {
    const struct mnpy_services *services;
    enum mn_nfs_server_type server_type; /* whose extra specs count */
    const struct mn_gpfs_pool *pools;    /* none: nobody asks for paths */
    size_t pools_n;
    bool named_pools;    /* share['host'] tells which; else there is one */
    const char *backend; /* for messages: "GPFS" */
    bool cifs;           /* serves CIFS, too, not only NFS */
};

/* The pool of this name, else the first; NULL without any. [any] */
const struct mn_gpfs_pool *mnpy_pool_of(const struct mnpy_reader *r,
                                        const char *name);

/* A share instance. */
struct mnpy_share {
    struct mn_share view; /* points to what follows */
    char *id;
    char *name;
    char *proto;
    char *export_options;
    char *pool;
    char *location;
    char *path;
};

/* specs_cache: NULL, or a dict that remembers extra specs by share type while
   many shares are converted. want_specs: look extra specs up at all. Dispose
   also after a failure. [gil] */
int mnpy_share_init(struct mnpy_share *share, PyObject *obj,
                    const struct mnpy_reader *r, bool want_specs,
                    PyObject *specs_cache);
void mnpy_share_dispose(struct mnpy_share *share); /* [any] */

/* The share's first export location as it stands in Manila, or NULL; freed
   with mn_free(). [gil] */
int mnpy_location_of(PyObject *share, char **location);
/* The path in "IP:/path" and in "IPv6:/path", or NULL. [any] */
const char *mnpy_location_path(const char *location);

/* A snapshot instance. */
struct mnpy_snapshot {
    struct mn_snapshot view; /* points to what follows */
    struct mnpy_share share;
    char *id;
    char *name;
    bool mountable; /* the share's type promises exports of its own */
};

/* The share instance of a snapshot. New reference. [gil] */
PyObject *mnpy_share_of_snapshot(PyObject *snapshot);

/* share: the snapshot's. Dispose also after a failure. [gil] */
int mnpy_snapshot_init(struct mnpy_snapshot *snapshot, PyObject *obj,
                       PyObject *share, const struct mnpy_reader *r,
                       bool want_specs);
void mnpy_snapshot_dispose(struct mnpy_snapshot *snapshot); /* [any] */

/* A list of access rules. */
struct mnpy_rules {
    struct mn_rules view;
    struct mn_access_rule *v; /* the texts belong to it */
};

int mnpy_rules_init(struct mnpy_rules *rules, PyObject *list); /* [gil] */
/* One rule as a list of one. [gil] */
int mnpy_rules_init_one(struct mnpy_rules *rules, PyObject *rule);
void mnpy_rules_dispose(struct mnpy_rules *rules); /* [any] */

#endif
