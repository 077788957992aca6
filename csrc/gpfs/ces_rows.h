/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listing of `mmnfs export list -Y`: one row per client. Values may be
 * percent-encoded or raw; then an IPv6 client stands in it with its colons,
 * so that all columns behind it are counted from the right. Columns are found
 * by name, because releases insert some. Pure; no I/O.
 */
#ifndef MN_GPFS_CES_ROWS_H
#define MN_GPFS_CES_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/ipnet.h"
#include "core/slice.h"

struct mn_ces_row {
    char *path;
    char *client;  /* as listed: what --nfsremove wants; "" for none */
    char *access;  /* "RW", "RO" ...; "" when the listing does not say it */
    char *columns; /* "Name=value" of the others, each behind an LF; commas in
                      values, as listed */
    struct mn_ipnet net;
    bool is_net; /* client is an address or network */
};

struct mn_ces_rows {
    struct mn_ces_row *v; /* in the order of the listing */
    size_t n;
    size_t cap;
};

/* Append the rows of path (NULL: of all). PROTO when there is no header or a
   row is not understood: who might have access must never be guessed. */
int mn_ces_rows_parse(struct mn_slice text, const char *path,
                      struct mn_ces_rows *rows, struct mn_error *err);
void mn_ces_rows_dispose(struct mn_ces_rows *rows);

/* Is the option ("squash=root_squash") what the row says? Lists may be
   written with ':' or ','. True when there is no such column. */
bool mn_ces_row_has(const struct mn_ces_row *row, struct mn_slice option);

#endif
