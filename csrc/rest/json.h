/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as replies bring it and as requests need it. Readers trust nothing:
 * NULL for what is not there or of another kind, and numbers and booleans
 * also where they come as strings.
 */
#ifndef MN_REST_JSON_H
#define MN_REST_JSON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

struct mn_json; /* one value, with all that is in it */

struct mn_json *mn_json_parse(struct mn_slice text); /* NULL: not JSON */
void mn_json_free(struct mn_json *json);             /* NULL-safe */

bool mn_json_is_array(const struct mn_json *json);
bool mn_json_is_object(const struct mn_json *json);
bool mn_json_has_members(const struct mn_json *object);

/* What follows takes NULL, too, and returns what its owner still owns. */
const struct mn_json *mn_json_get(const struct mn_json *object,
                                  const char *key);
size_t mn_json_count(const struct mn_json *array); /* 0 for anything else */
const struct mn_json *mn_json_at(const struct mn_json *array, size_t i);
const char *mn_json_text(const struct mn_json *json); /* a string's; or NULL */
/* False, and value is left as it was, when that is not what json is. */
bool mn_json_i64(const struct mn_json *json, int64_t *value);
bool mn_json_double(const struct mn_json *json, double *value);
bool mn_json_bool(const struct mn_json *json, bool *value);

/* As mn_json_text() of mn_json_get(), with "" for NULL. */
const char *mn_json_field(const struct mn_json *object, const char *key);

/* Append a string with its quotes. Bytes that are not UTF-8 go as they are. */
void mn_json_quote(struct mn_buf *buf, const char *text);

/* Append "[...]", an argument for each letter: s a string (const char *),
   b a bool (int), i an int64_t, j JSON text (const char *). */
void mn_json_args(struct mn_buf *buf, const char *letters, ...);
void mn_json_vargs(struct mn_buf *buf, const char *letters, va_list ap);

#endif
