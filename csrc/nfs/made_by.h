/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_NFS_MADE_BY_H
#define MN_NFS_MADE_BY_H

/* What each export file of ours begins with; the share's id follows. */
#define MN_MADE_BY "# Made by manila-native for share "

#endif
