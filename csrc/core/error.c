/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
one_line(char *text)
{
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
}

int
mn_error_set(struct mn_error *err, enum mn_code code, const char *fmt, ...)
{
    if (err && err->code == MN_OK) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        one_line(err->text);
        err->code = code;
    }
    return code;
}

void
mn_error_prefix(struct mn_error *err, const char *fmt, ...)
{
    if (!err || err->code == MN_OK) {
        return;
    }
    char old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n < 0) {
        n = 0;
    }
    size_t used =
        (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;
    snprintf(err->text + used, sizeof err->text - used, "%s", old);
    one_line(err->text);
}

void
mn_error_clear(struct mn_error *err)
{
    err->code = MN_OK;
    err->text[0] = '\0';
}

int
mn_error_nomem(struct mn_error *err)
{
    return mn_error_set(err, MN_ENOMEM, "out of memory");
}

const char *
mn_code_name(enum mn_code code)
{
    switch (code) {
    case MN_OK:
        return "OK";
#define MN_NAME_(name) \
    case MN_E##name:   \
        return #name;
        MN_CODES(MN_NAME_)
#undef MN_NAME_
    }
    return "UNKNOWN";
}
