/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A heap for what core files must not hold: its pages are left out of dumps,
 * and what is freed is wiped. It never shrinks. libcurl has all its memory
 * here, because requests hold credentials.
 */
#ifndef MN_CORE_SECRET_H
#define MN_CORE_SECRET_H

#include "core/slice.h"

void *mn_secret_alloc(size_t size); /* [any] zeroed; NULL: no memory */
void *mn_secret_realloc(void *p, size_t size); /* [any] as realloc() */
void mn_secret_free(void *p);                  /* [any] NULL-safe */
/* A copy that ends in a NUL. [any] NULL: no memory */
char *mn_secret_new(struct mn_slice text);

/* In a child, whose parent's other threads may have been in here: what is
   allocated stays valid. [fork] */
void mn_secret_fork_child(void);

#endif
