/* SPDX-License-Identifier: Apache-2.0 */
#include "nfs/ganesha_dbus.h"

#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"

/* EXPORT_OPTION_READ_ACCESS and EXPORT_OPTION_WRITE_ACCESS of the daemon */
enum { READ_ACCESS = 0x20, WRITE_ACCESS = 0x40 };
enum { OPTIONS_AT = 4 }; /* the fourth uint32 of a client */

/* "   string \"...\"" as what is between the quotes. */
static bool
take_string(struct mn_slice line, struct mn_slice *value)
{
    size_t head = strlen("string \"");
    line = mn_slice_trim(line);
    if (!mn_slice_starts(line, "string \"") || line.n < head + 1
        || line.p[line.n - 1] != '"') {
        return false;
    }
    *value = (struct mn_slice){line.p + head, line.n - head - 1};
    return true;
}

static bool
take_number(struct mn_slice line, const char *type, uint64_t *value)
{
    line = mn_slice_trim(line);
    struct mn_slice word = mn_slice_of("");
    mn_slice_next(&line, ' ', &word);
    return mn_slice_eq(word, type) && mn_slice_u64(line, value);
}

static int
not_understood(struct mn_error *err)
{
    return mn_error_set(err, MN_EPROTO,
                        "DisplayExport answered what is not understood");
}

static int
push(struct mn_ganesha_shown *shown, struct mn_slice text, uint64_t options,
     struct mn_error *err)
{
    struct mn_ganesha_client *v =
        mn_vec_grow(shown->v, &shown->cap, shown->n, sizeof *v);
    if (!v) {
        return mn_error_nomem(err);
    }
    shown->v = v;
    struct mn_ganesha_client *c = &v[shown->n++];
    *c = (struct mn_ganesha_client){.text = text};
    c->is_net = !mn_ipnet_parse(text, &c->net, NULL);
    c->read = options & READ_ACCESS;
    c->write = options & WRITE_ACCESS;
    return 0;
}

/* From behind "struct {" to its "}". */
static int
read_client(struct mn_slice *rest, struct mn_ganesha_shown *shown,
            struct mn_error *err)
{
    struct mn_slice line;
    struct mn_slice text = mn_slice_of("");
    uint64_t value;
    uint64_t options = 0;
    int numbers = 0;
    while (mn_slice_next(rest, '\n', &line)) {
        if (take_string(line, &text)) {
            continue;
        }
        if (take_number(line, "uint32", &value)) {
            options = ++numbers == OPTIONS_AT ? value : options;
        }
        else if (mn_slice_eq(mn_slice_trim(line), "}")) {
            return text.n && numbers >= OPTIONS_AT
                       ? push(shown, text, options, err)
                       : not_understood(err);
        }
    }
    return not_understood(err);
}

/* id, path, pseudo path, tag, then the clients */
int
mn_ganesha_read_display(struct mn_slice text, struct mn_ganesha_shown *shown,
                        struct mn_error *err)
{
    struct mn_slice line;
    struct mn_slice value;
    int strings = 0;
    bool has_clients = false;
    int rc = 0;
    while (!rc && mn_slice_next(&text, '\n', &line)) {
        if (mn_slice_eq(mn_slice_trim(line), "struct {")) {
            rc = read_client(&text, shown, err);
        }
        else if (mn_slice_starts(mn_slice_trim(line), "array [")) {
            has_clients = true;
        }
        else if (!has_clients && take_string(line, &value)) {
            strings++;
            shown->path = strings == 1 ? value : shown->path;
            shown->tag = strings == 3 ? value : shown->tag;
        }
    }
    if (!rc && (strings < 3 || !has_clients)) {
        rc = not_understood(err);
    }
    return rc;
}

void
mn_ganesha_shown_dispose(struct mn_ganesha_shown *shown)
{
    mn_free(shown->v);
    *shown = (struct mn_ganesha_shown){0};
}

bool
mn_ganesha_next_export(struct mn_ganesha_exports *list, unsigned *export_id,
                       struct mn_slice *path)
{
    struct mn_slice line;
    uint64_t id;
    while (mn_slice_next(&list->rest, '\n', &line)) {
        if ((take_number(line, "uint16", &id)
             || take_number(line, "int32", &id))
            && mn_slice_next(&list->rest, '\n', &line)
            && take_string(line, path)) {
            *export_id = (unsigned)id;
            return true;
        }
    }
    return false;
}

bool
mn_ganesha_has_errors(struct mn_slice reply)
{
    return mn_slice_contains(reply, "Errors found")
           || mn_slice_contains(reply, "\"0 export");
}
