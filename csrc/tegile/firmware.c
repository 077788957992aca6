/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array's firmware, which decides what can be asked of it.
 */
#include <stdlib.h>

#include "tegile/internal.h"

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
    if (**p == '.' && is_digit((*p)[1])) {
        ++*p;
    }
    return n < 1000 ? n : 999;
}

unsigned
mn_tegile__parse_level(const char *text)
{
    const char *p = text;
    for (; *p; p++) {
        const char *q = p;
        while (is_digit(*q)) {
            q++;
        }
        if (q > p && *q == '.' && is_digit(q[1])) {
            break;
        }
        p = q > p ? q - 1 : p;
    }
    if (!*p) {
        return 0;
    }
    unsigned major = part(&p);
    unsigned minor = part(&p);
    return MN_TEGILE_LEVEL(major, minor, is_digit(*p) ? part(&p) : 0);
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
    *level = text ? mn_tegile__parse_level(text) : 0;
    mn_json_free(reply);
    /* what can't be told is taken for the oldest that is served */
    *level = *level ? *level : MN_TEGILE_LEAST;
    atomic_store(&op->t->firmware, *level);
    return 0;
}

int
mn_tegile__firmware(struct mn_tegile_op *op, unsigned *level,
                    struct mn_error *err)
{
    *level = atomic_load(&op->t->firmware);
    return *level ? 0 : mn_tegile__ask_firmware(op, level, err);
}
