/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where a failure in C becomes a Python exception.
 */
#ifndef MN_PYTHON_RAISE_H
#define MN_PYTHON_RAISE_H

#include <stdbool.h>

#include "core/error.h"
#include "python/services.h"

/* Did the call fail? An exception is then set: one that was pending already
   (a wait that raised, MN_ECANCELED) stays as it is, else err becomes one
   whose attribute native_code names the code. [gil] */
bool mnpy_failed(const struct mnpy_services *s, int rc,
                 const struct mn_error *err);

typedef enum mnpy_exception mnpy_class_of_fn(const struct mnpy_services *s,
                                             enum mn_code code);

/* The exception class that a code has by default. [any] */
mnpy_class_of_fn mnpy_class_of;

/* As mnpy_failed(), for a method of which Manila wants classes of its own.
   [gil] */
bool mnpy_failed_as(const struct mnpy_services *s, int rc,
                    const struct mn_error *err, mnpy_class_of_fn *class_of);

/* Raise one of our exceptions with this text. [gil] */
void mnpy_raise(const struct mnpy_services *s, enum mnpy_exception which,
                const char *native_code, const char *text);

/* Is an exception pending that ordinary error handling may swallow? Not so
   KeyboardInterrupt, GreenletExit, eventlet's Timeout: those end the call.
   [gil] */
bool mnpy_swallowable(void);

#endif
