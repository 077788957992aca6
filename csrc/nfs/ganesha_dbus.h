/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NFS-Ganesha's answers as `dbus-send --print-reply` prints them. Pure; no
 * I/O.
 */
#ifndef MN_NFS_GANESHA_DBUS_H
#define MN_NFS_GANESHA_DBUS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/ipnet.h"
#include "core/slice.h"

/* A client of DisplayExport. */
struct mn_ganesha_client {
    struct mn_slice text; /* "10.0.0.1/32", "*", "@group" ... */
    struct mn_ipnet net;
    bool is_net;
    bool read;
    bool write;
};

/* Slices point into the text. */
struct mn_ganesha_shown {
    struct mn_slice path;
    struct mn_slice tag;
    struct mn_ganesha_client *v; /* in the daemon's order */
    size_t n;
    size_t cap;
};

/* PROTO when it is not understood: who might have access is never guessed. */
int mn_ganesha_read_display(struct mn_slice text,
                            struct mn_ganesha_shown *shown,
                            struct mn_error *err);
void mn_ganesha_shown_dispose(struct mn_ganesha_shown *shown);

/* ShowExports: each id with its path, in turn. */
struct mn_ganesha_exports {
    struct mn_slice rest;
};
bool mn_ganesha_next_export(struct mn_ganesha_exports *list,
                            unsigned *export_id, struct mn_slice *path);

/* Did AddExport or UpdateExport say that something was left out? It may do so
   and yet end well. */
bool mn_ganesha_has_errors(struct mn_slice reply);

#endif
