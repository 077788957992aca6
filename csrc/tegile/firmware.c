/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array's firmware, which decides what can be asked of it.
 */
#include <string.h>

#include "tegile/internal.h"

#define DIGITS "0123456789"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number at *p, which moves behind it and a dot. */
static unsigned
part(const char **p)
{
    unsigned n = 0;
    while (is_digit(**p) && n < 1000) {
        n = n * 10 + (unsigned)(*(*p)++ - '0');
    }
    *p += **p == '.';
    return n < 1000 ? n : 999;
}

/* The first number that a dot and another number follow; NULL: none. */
static const char *
version_in(const char *text)
{
    const char *p = strpbrk(text, DIGITS);
    while (p) {
        const char *end = p + strspn(p, DIGITS);
        if (*end == '.' && is_digit(end[1])) {
            break;
        }
        p = strpbrk(end, DIGITS);
    }
    return p;
}

unsigned
mn_tegile__parse_level(const char *text)
{
    const char *p = version_in(text);
    if (!p) {
        return 0;
    }
    unsigned major = part(&p);
    unsigned minor = part(&p);
    return MN_TEGILE_LEVEL(major, minor, part(&p));
}

/* What a firmware level brings, for the log. */
static const struct {
    unsigned level;
    const char *text;
} features[] = {
    {MN_TEGILE_ACLS, "the access of a share changes as a whole"},
    {MN_TEGILE_ACLS, "shares that others were made from can be deleted"},
    {MN_TEGILE_FLOATING_IPS, "shares have all addresses of their pool"},
};

static void
log_level(const struct mn_tegile *t, unsigned level, const char *told)
{
    struct mn_buf text = MN_BUF_INIT;
    if (!level) {
        mn_tegile__log(t, MN_LOG_WARNING,
                       "array %s tells its firmware as \"%.40s\", which is "
                       "taken for the oldest that will do, 3.5.1",
                       t->server, told);
        return;
    }
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        if (level >= features[i].level) {
            mn_buf_printf(&text, "; %s", features[i].text);
        }
    }
    mn_tegile__log(t, MN_LOG_INFO, "array %s has firmware %u.%u.%u%s",
                   t->server, level / 1000000, level / 1000 % 1000,
                   level % 1000, mn_buf_str(&text));
    mn_buf_dispose(&text);
}

int
mn_tegile__ask_firmware(struct mn_tegile_op *op, unsigned *level,
                        struct mn_error *err)
{
    struct mn_json *reply;
    int rc = mn_tegile__call(op, &mn_tegile_m_properties,
                             mn_tegile__args("j", "[\"ZEBI_GUI_VERSION\"]"),
                             &reply, err);
    if (rc && op->no_method) {
        mn_error_clear(err);
        return mn_error_set(err, MN_ECONFIG,
                            "%s does not answer as an array with firmware "
                            "3.5.1 or later does: check tegile_nas_server",
                            op->t->server);
    }
    if (rc) {
        return rc;
    }
    const char *text = mn_json_text(mn_json_at(reply, 0));
    unsigned found = mn_tegile__parse_level(text ? text : "");
    *level = found ? found : MN_TEGILE_LEAST;
    if (atomic_exchange(&op->t->firmware, *level) != *level) {
        log_level(op->t, found, text ? text : "");
    }
    mn_json_free(reply);
    return 0;
}

int
mn_tegile__firmware(struct mn_tegile_op *op, unsigned *level,
                    struct mn_error *err)
{
    *level = atomic_load(&op->t->firmware);
    return *level ? 0 : mn_tegile__ask_firmware(op, level, err);
}
