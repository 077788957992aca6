/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only doors to the heap, so that tests can make the n-th allocation fail
 * (mn_alloc_fail_at) and see that every path copes.
 */
#ifndef MN_CORE_ALLOC_H
#define MN_CORE_ALLOC_H

#include <stddef.h>

void *mn_calloc(size_t count, size_t size); /* [any] */
void *mn_realloc(void *p, size_t size);     /* [any] */
void mn_free(void *p);                      /* [any] NULL-safe */
char *mn_strdup(const char *s);             /* [any] NULL for NULL */
char *mn_strndup(const char *s, size_t n);  /* [any] */

/* Wipe and free a string that held a secret for a moment; what is kept belongs
   into core/secret.h. NULL-safe. [any] */
void mn_free_wiped(char *s);

/* Make the n-th allocation from now fail once (1 = the next); 0 = never.
   For tests in one thread. */
void mn_alloc_fail_at(unsigned long n);

/* Did the failure asked for happen? */
int mn_alloc_failed(void);

#endif
