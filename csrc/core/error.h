/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One error model for every layer: a function returns 0 or a negative enum
 * mn_code, and describes the failure in a struct mn_error that its caller
 * passed in. The text is one line and never holds a secret. It is set where
 * the failure is seen, may be prefixed on the way up and is never replaced.
 */
#ifndef MN_CORE_ERROR_H
#define MN_CORE_ERROR_H

#include <stdbool.h>

/* name, and when it is used */
#define MN_CODES(X)                                                       \
    X(NOMEM)    /* an allocation failed or a buffer met its maximum */    \
    X(INVAL)    /* the caller's value is bad; nothing was changed */      \
    X(CONFIG)   /* an option of manila.conf is missing or bad */          \
    X(TIMEDOUT) /* a deadline passed */                                   \
    X(CANCELED) /* the caller gave up; a host exception may be pending */ \
    X(CONNECT)  /* connection not made, or lost: outcome unknown */       \
    X(AUTH)     /* the server refused our credentials */                  \
    X(HOSTKEY)  /* the server's host key is not the expected one */       \
    X(PROTO)    /* the peer's output breaks its own format */             \
    X(REMOTE)   /* a command ran and failed */                            \
    X(NOTFOUND) /* the object does not exist */                           \
    X(EXISTS)   /* the object exists and is not ours */                   \
    X(BUSY)     /* in use or locked; trying again later may work */       \
    X(NOSPACE)  /* no space or quota left */                              \
    X(INTERNAL) /* a defect here */

enum mn_code_index_ {
    MN_INDEX_OK_,
#define MN_INDEX_(name) MN_INDEX_##name##_,
    MN_CODES(MN_INDEX_)
#undef MN_INDEX_
};

enum mn_code {
    MN_OK = 0,
#define MN_CODE_(name) MN_E##name = -(int)MN_INDEX_##name##_,
    MN_CODES(MN_CODE_)
#undef MN_CODE_
};

struct mn_error {
    enum mn_code code;
    char text[1024];
};

#define MN_ERROR_INIT \
    {                 \
        MN_OK, ""     \
    }

/* Describe a failure. The first call wins; a later one is ignored so that the
   cause is kept. Control bytes in the text become blanks. err may be NULL.
   Returns code. [any] */
int mn_error_set(struct mn_error *err, enum mn_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put words before an error that was set already ("share s-1: ..."). [any] */
void mn_error_prefix(struct mn_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void mn_error_clear(struct mn_error *err);

/* MN_ENOMEM with its text. [any] */
int mn_error_nomem(struct mn_error *err);

/* "TIMEDOUT" for MN_ETIMEDOUT. [any] */
const char *mn_code_name(enum mn_code code);

#endif
