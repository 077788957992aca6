/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EXPORT blocks of NFS-Ganesha 1.5 and 2.0, in a configuration file that
 * is edited: what is not ours stays byte for byte, and so do the keys of our
 * blocks that say nothing about access. Pure; no I/O.
 */
#ifndef MN_NFS_GANESHA_OLD_H
#define MN_NFS_GANESHA_OLD_H

#include "nfs/ganesha.h"

/* These releases cut values at 1024 bytes and take 128 clients. */
enum { MN_GANESHA_OLD_VALUE = 1023, MN_GANESHA_OLD_CLIENTS = 128 };

/* INVAL for networks of IPv6, which they can't read. */
int mn_ganesha_old_check_access(const struct mn_access *access,
                                struct mn_error *err);

/* Copy what fits into the limits, the most specific first, to fit; what does
   not, and an "ro" below an "rw" network, which they look at first, to
   rest. */
int mn_ganesha_old_fit(const struct mn_access_set *want,
                       struct mn_access_set *fit, struct mn_access_set *rest,
                       struct mn_error *err);

/* The text with the clients of the export of spec->path set to these: its
   block edited, or a new one appended (with spec->export_id; fsal: 2.0), or,
   when there are none, its blocks cut out. PROTO when the text is not
   balanced, before or after. */
int mn_ganesha_old_edit(struct mn_slice text,
                        const struct mn_ganesha_spec *spec, bool fsal,
                        const struct mn_access_set *clients,
                        struct mn_buf *out, struct mn_error *err);

#endif
