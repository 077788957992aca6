/* SPDX-License-Identifier: Apache-2.0 */
/* The -Y format itself, and the classes of failure. */
#include "gpfs/mmparse.h"

#include <string.h>

/* Fields before the names or values: command, section, HEADER or 0, version
   and two reserved ones. */
enum { FIELDS_BEFORE = 6 };

void
mn_mm_reader_init(struct mn_mm_reader *r, const char *command,
                  struct mn_slice text)
{
    *r = (struct mn_mm_reader){.command = command, .rest = text};
}

static void
keep_header(struct mn_mm_reader *r, struct mn_slice section,
            struct mn_slice names)
{
    size_t i = 0;
    while (i < r->headers_n
           && !mn_slice_same(r->headers[i].section, section)) {
        i++;
    }
    if (i < MN_MM_SECTIONS) {
        r->headers[i].section = section;
        r->headers[i].names = names;
        r->headers_n = i == r->headers_n ? i + 1 : r->headers_n;
    }
}

static bool
begin_row(struct mn_mm_reader *r, struct mn_slice section,
          struct mn_slice values)
{
    for (size_t i = 0; i < r->headers_n; i++) {
        if (mn_slice_same(r->headers[i].section, section)) {
            r->names = r->headers[i].names;
            r->row = values;
            return true;
        }
    }
    return false;
}

bool
mn_mm_reader_next(struct mn_mm_reader *r)
{
    struct mn_slice line;
    while (mn_slice_next(&r->rest, '\n', &line)) {
        struct mn_slice field[FIELDS_BEFORE];
        size_t n = 0;
        if (line.n && line.p[line.n - 1] == '\r') {
            line.n--;
        }
        while (n < FIELDS_BEFORE && mn_slice_next(&line, ':', &field[n])) {
            n++;
        }
        if (n < FIELDS_BEFORE || !mn_slice_eq(field[0], r->command)) {
            continue;
        }
        if (mn_slice_eq(field[2], "HEADER")) {
            keep_header(r, field[1], line);
        }
        else if (begin_row(r, field[1], line)) {
            return true;
        }
    }
    return false;
}

bool
mn_mm_reader_raw(const struct mn_mm_reader *r, const char *column,
                 struct mn_slice *value)
{
    struct mn_slice name;
    struct mn_slice names = r->names;
    struct mn_slice values = r->row;
    while (mn_slice_next(&names, ':', &name)) {
        if (!mn_slice_next(&values, ':', value)) {
            return false;
        }
        if (mn_slice_eq_nocase(mn_slice_trim(name), column)) {
            return true;
        }
    }
    return false;
}

char *
mn_mm_reader_text(const struct mn_mm_reader *r, const char *column)
{
    struct mn_slice raw;
    struct mn_buf out = MN_BUF_INIT;
    if (mn_mm_reader_raw(r, column, &raw)) {
        mn_mm_decode(raw, &out);
    }
    return mn_buf_take(&out);
}

static int
hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
mn_mm_decode(struct mn_slice text, struct mn_buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '%' && i + 2 < text.n && hex(text.p[i + 1]) >= 0
            && hex(text.p[i + 2]) >= 0) {
            mn_buf_putc(out,
                        (char)(hex(text.p[i + 1]) * 16 + hex(text.p[i + 2])));
            i += 2;
        }
        else {
            mn_buf_putc(out, text.p[i]);
        }
    }
}

static const struct {
    enum mn_code code;
    const char *text;
} texts[] = {
    /* sudo's or a shell's own: nothing was asked of GPFS */
    {MN_EREMOTE, "command not found"},
    {MN_EREMOTE, "not known to the GPFS cluster"},
    {MN_EREMOTE, "Failed to connect to file system daemon"},
    {MN_EBUSY, "Timed out waiting for lock"},
    {MN_EBUSY, "lock is busy"},
    {MN_EBUSY, "is busy"},
    {MN_EBUSY, "in progress, try again"},
    {MN_EBUSY, "waiting for quorum"},
    {MN_EBUSY, "resource busy"},
    {MN_EEXISTS, "already exists"},
    {MN_ENOSPACE, "No space left"},
    {MN_ENOSPACE, "Disk quota exceeded"},
    {MN_ENOSPACE, "maximum number of filesets"},
    {MN_ENOSPACE, "Cannot create a new snapshot until"},
    {MN_ENOTFOUND, "no such fileset"},
    {MN_ENOTFOUND, "does not exist"},
    {MN_ENOTFOUND, "not found"},
    {MN_ENOTFOUND, "does not contain snapshot"},
    {MN_ENOTFOUND, "does not contain global snapshot"},
    {MN_ENOTFOUND, "Error code 2."},
    /* last: it may also stand before a failure that came after the wait */
    {MN_EBUSY, "Unable to obtain the GPFS configuration file lock"},
};

static enum mn_code
by_status(int status)
{
    switch (status) {
    case 2: /* ENOENT */
        return MN_ENOTFOUND;
    case 16: /* EBUSY */
        return MN_EBUSY;
    case 17: /* EEXIST */
        return MN_EEXISTS;
    case 28: /* ENOSPC */
        return MN_ENOSPACE;
    case 124: /* of timeout(1) */
        return MN_ETIMEDOUT;
    default:
        return MN_EREMOTE;
    }
}

enum mn_code
mn_mm_classify(const struct mn_step_result *r)
{
    if (r->status == 0) {
        return MN_OK;
    }
    /* not run, not found, killed: texts tell nothing of GPFS */
    if (r->status < 0 || r->status == 124 || r->status >= 126) {
        return by_status(r->status);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (mn_slice_contains_nocase(r->err, texts[i].text)
            || mn_slice_contains_nocase(r->out, texts[i].text)) {
            return texts[i].code;
        }
    }
    return by_status(r->status);
}

int
mn_mm_check(const struct mn_result *r, const struct mn_plan *plan, int step,
            const char *host, struct mn_error *err)
{
    const struct mn_step_result *sr = &r->steps[step];
    struct mn_error text = MN_ERROR_INIT;
    struct mn_result view = *r;
    if (sr->status == 0) {
        return 0;
    }
    if (sr->status == MN_STATUS_NOT_RUN) {
        return mn_result_check(r, plan, host, err)
                   ? (int)MN_EREMOTE
                   : mn_error_set(err, MN_EINTERNAL,
                                  "a step did not run on %s", host);
    }
    view.stopped_at = step;
    mn_result_check(&view, plan, host, &text);
    return mn_error_set(err, mn_mm_classify(sr), "%s", text.text);
}
