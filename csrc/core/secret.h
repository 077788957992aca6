/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A string that core files must not hold: it lives in pages of its own that
 * the kernel leaves out of dumps, and is wiped when freed.
 */
#ifndef MN_CORE_SECRET_H
#define MN_CORE_SECRET_H

#include "core/slice.h"

char *mn_secret_new(struct mn_slice text); /* [any] NULL: no memory */
void mn_secret_free(char *secret);         /* [any] NULL-safe */

#endif
