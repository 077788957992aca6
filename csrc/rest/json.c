/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "rest/json_reader.h"

static struct json_object *
object_of(const struct mn_json *json)
{
    union { /* json-c's readers take no const */
        const struct mn_json *in;
        struct json_object *out;
    } u = {json};
    return u.out;
}

static struct mn_json *
json_of(struct json_object *object)
{
    return (struct mn_json *)object;
}

/* ---- parsing ---- */

enum { MAX_DEPTH = 32 };

struct mn_json_reader {
    struct json_tokener *tok;
    struct json_object *value; /* once it is whole */
    bool wrong;
};

struct mn_json_reader *
mn_json_reader_new(void)
{
    struct mn_json_reader *r = mn_calloc(1, sizeof *r);
    if (r) {
        r->tok = json_tokener_new_ex(MAX_DEPTH);
    }
    if (r && !r->tok) {
        mn_free(r);
        r = NULL;
    }
    return r;
}

void
mn_json_reader_free(struct mn_json_reader *r)
{
    if (r) {
        json_tokener_free(r->tok);
        json_object_put(r->value);
        mn_free(r);
    }
}

static bool
is_blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!memchr(" \t\r\n", p[i], 5)) {
            return false;
        }
    }
    return true;
}

/* What json_tokener_parse_ex() left is after the value. */
static void
feed(struct mn_json_reader *r, const char *p, size_t n)
{
    r->value = json_tokener_parse_ex(r->tok, p, (int)n);
    if (json_tokener_get_error(r->tok) == json_tokener_continue) {
        return;
    }
    size_t used = (size_t)json_tokener_get_parse_end(r->tok);
    /* nor is a bare null a value that anybody asks for */
    r->wrong = !r->value || !is_blank(p + used, n - used);
}

void
mn_json_reader_add(struct mn_json_reader *r, struct mn_slice bytes)
{
    if (r->wrong || bytes.n > INT32_MAX) {
        r->wrong = true;
    }
    else if (r->value) {
        r->wrong = !is_blank(bytes.p, bytes.n);
    }
    else {
        feed(r, bytes.p, bytes.n);
    }
}

struct mn_json *
mn_json_reader_take(struct mn_json_reader *r)
{
    if (!r->wrong && !r->value) {
        feed(r, "", 1); /* a number ends with the NUL */
    }
    struct json_object *value = r->wrong ? NULL : r->value;
    if (value) {
        r->value = NULL;
    }
    return json_of(value);
}

struct mn_json *
mn_json_parse(struct mn_slice text)
{
    struct mn_json_reader *r = mn_json_reader_new();
    if (!r) {
        return NULL;
    }
    mn_json_reader_add(r, text);
    struct mn_json *json = mn_json_reader_take(r);
    mn_json_reader_free(r);
    return json;
}

void
mn_json_free(struct mn_json *json)
{
    json_object_put(object_of(json));
}

/* ---- reading ---- */

static bool
is_type(const struct mn_json *json, enum json_type type)
{
    return json_object_is_type(object_of(json), type);
}

bool
mn_json_is_array(const struct mn_json *json)
{
    return is_type(json, json_type_array);
}

bool
mn_json_is_object(const struct mn_json *json)
{
    return is_type(json, json_type_object);
}

bool
mn_json_has_members(const struct mn_json *object)
{
    return mn_json_is_object(object)
           && json_object_object_length(object_of(object)) > 0;
}

const struct mn_json *
mn_json_get(const struct mn_json *object, const char *key)
{
    struct json_object *value = NULL;
    if (mn_json_is_object(object)) {
        json_object_object_get_ex(object_of(object), key, &value);
    }
    return json_of(value);
}

size_t
mn_json_count(const struct mn_json *array)
{
    return mn_json_is_array(array)
               ? (size_t)json_object_array_length(object_of(array))
               : 0;
}

const struct mn_json *
mn_json_at(const struct mn_json *array, size_t i)
{
    return i < mn_json_count(array)
               ? json_of(json_object_array_get_idx(object_of(array), i))
               : NULL;
}

const char *
mn_json_text(const struct mn_json *json)
{
    return is_type(json, json_type_string)
               ? json_object_get_string(object_of(json))
               : NULL;
}

const char *
mn_json_field(const struct mn_json *object, const char *key)
{
    const char *text = mn_json_text(mn_json_get(object, key));
    return text ? text : "";
}

static bool
i64_of_text(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    bool whole = end != text && *end == '\0' && errno == 0;
    *value = whole ? number : *value;
    return whole;
}

bool
mn_json_i64(const struct mn_json *json, int64_t *value)
{
    const char *text = mn_json_text(json);
    if (text) {
        return i64_of_text(text, value);
    }
    if (is_type(json, json_type_int)) {
        *value = json_object_get_int64(object_of(json));
        return true;
    }
    double number;
    if (!mn_json_double(json, &number) || fabs(number) > 9e18) {
        return false;
    }
    *value = (int64_t)number;
    return true;
}

bool
mn_json_double(const struct mn_json *json, double *value)
{
    const char *text = mn_json_text(json);
    char *end = NULL;
    double number = NAN;
    if (text) {
        number = strtod(text, &end);
        number = end != text && *end == '\0' ? number : (double)NAN;
    }
    else if (is_type(json, json_type_double) || is_type(json, json_type_int)) {
        number = json_object_get_double(object_of(json));
    }
    *value = isfinite(number) ? number : *value;
    return isfinite(number);
}

bool
mn_json_bool(const struct mn_json *json, bool *value)
{
    const char *text = mn_json_text(json);
    if (is_type(json, json_type_boolean)) {
        *value = json_object_get_boolean(object_of(json));
        return true;
    }
    if (!text || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)) {
        return false;
    }
    *value = *text == 't';
    return true;
}

/* ---- writing ---- */

void
mn_json_quote(struct mn_buf *buf, const char *text)
{
    mn_buf_putc(buf, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') {
            mn_buf_putc(buf, '\\');
            mn_buf_putc(buf, *p);
        }
        else if (c < 0x20) {
            mn_buf_printf(buf, "\\u%04x", c);
        }
        else {
            mn_buf_putc(buf, *p);
        }
    }
    mn_buf_putc(buf, '"');
}

void
mn_json_vargs(struct mn_buf *buf, const char *letters, va_list ap)
{
    mn_buf_putc(buf, '[');
    for (const char *p = letters; *p; p++) {
        if (p != letters) {
            mn_buf_putc(buf, ',');
        }
        switch (*p) {
        case 's':
            mn_json_quote(buf, va_arg(ap, const char *));
            break;
        case 'b':
            mn_buf_puts(buf, va_arg(ap, int) ? "true" : "false");
            break;
        case 'i':
            mn_buf_printf(buf, "%" PRId64, va_arg(ap, int64_t));
            break;
        default: /* 'j' */
            mn_buf_puts(buf, va_arg(ap, const char *));
            break;
        }
    }
    mn_buf_putc(buf, ']');
}

void
mn_json_args(struct mn_buf *buf, const char *letters, ...)
{
    va_list ap;
    va_start(ap, letters);
    mn_json_vargs(buf, letters, ap);
    va_end(ap);
}
