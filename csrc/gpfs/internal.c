/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/internal.h"

#include <stdio.h>
#include <string.h>

#include "core/alloc.h"

void
mn_gpfs__log(const struct mn_log *log, enum mn_log_level level,
             const char *fmt, ...)
{
    char text[1024];
    if (!log->write) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log->write(log->ctx, level, text);
}

static bool
is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || (c && strchr("._@+-", c));
}

bool
mn_gpfs__is_name(const char *s, size_t max)
{
    if (!s || !*s || *s == '-' || *s == '.' || strlen(s) > max) {
        return false;
    }
    while (is_name_byte(*s)) {
        s++;
    }
    return *s == '\0';
}

int
mn_gpfs__check_share(const struct mn_share *share, struct mn_error *err)
{
    /* GPFS takes 255 bytes, but the name also stands in the name of a file
       with some more bytes, which must not be longer either */
    if (!mn_gpfs__is_name(share->name, 230) || strcmp(share->name, "root") == 0
        || strcmp(share->name, "new") == 0) {
        return mn_error_set(err, MN_EINVAL,
                            "'%.80s' can't be the name of a "
                            "fileset",
                            share->name ? share->name : "");
    }
    if (!mn_gpfs__is_name(share->id, 128)) {
        return mn_error_set(err, MN_EINVAL, "'%.80s' is not a share id",
                            share->id ? share->id : "");
    }
    return share->path ? mn_gpfs__check_path(share->path, err) : 0;
}

int
mn_gpfs__check_path(const char *path, struct mn_error *err)
{
    struct mn_slice part;
    struct mn_slice rest = mn_slice_of(path);
    bool ok = rest.n > 1 && rest.n < 4096 && path[0] == '/';
    for (size_t i = 0; i < rest.n; i++) {
        ok &= (unsigned char)path[i] >= ' ' && path[i] != 0x7f;
    }
    while (mn_slice_next(&rest, '/', &part)) {
        ok &= !mn_slice_eq(part, ".") && !mn_slice_eq(part, "..");
    }
    return ok ? 0
              : mn_error_set(err, MN_EINVAL,
                             "'%.200s' is not a plain "
                             "absolute path",
                             path ? path : "");
}

int
mn_fan_init(struct mn_fan *fan, size_t n, struct mn_error *err)
{
    *fan = (struct mn_fan){.n = n};
    fan->exs = mn_calloc(n, sizeof *fan->exs);
    fan->plans = mn_calloc(n, sizeof *fan->plans);
    fan->results = mn_calloc(n, sizeof *fan->results);
    fan->codes = mn_calloc(n, sizeof *fan->codes);
    fan->errs = mn_calloc(n, sizeof *fan->errs);
    if (!fan->exs || !fan->plans || !fan->results || !fan->codes
        || !fan->errs) {
        mn_fan_dispose(fan);
        return mn_error_nomem(err);
    }
    for (size_t i = 0; i < n; i++) {
        fan->results[i] = (struct mn_result)MN_RESULT_INIT;
    }
    return 0;
}

int
mn_fan_run(struct mn_fan *fan, struct mn_error *err)
{
    for (size_t i = 0; i < fan->n; i++) {
        mn_result_dispose(&fan->results[i]);
        mn_error_clear(&fan->errs[i]);
    }
    mn_exec_run_many(fan->exs, fan->plans, fan->results, fan->codes, fan->errs,
                     fan->n);
    for (size_t i = 0; i < fan->n; i++) {
        if (fan->codes[i] == MN_ECANCELED || fan->codes[i] == MN_ENOMEM) {
            return mn_error_set(err, (enum mn_code)fan->codes[i], "%s",
                                fan->errs[i].text);
        }
    }
    return 0;
}

void
mn_fan_dispose(struct mn_fan *fan)
{
    for (size_t i = 0; fan->results && i < fan->n; i++) {
        mn_result_dispose(&fan->results[i]);
    }
    mn_free(fan->exs);
    mn_free(fan->plans);
    mn_free(fan->results);
    mn_free(fan->codes);
    mn_free(fan->errs);
    *fan = (struct mn_fan){0};
}
