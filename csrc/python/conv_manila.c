/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manila's shares and access rules as C structs.
 */
#include "python/conv.h"

#include <string.h>

#include "core/alloc.h"

static bool
is_determined(struct mn_slice option)
{
    return !option.n || mn_slice_eq(option, "rw") || mn_slice_eq(option, "ro")
           || mn_slice_starts(option, "fsid=");
}

const char *
mnpy_export_options(char *options)
{
    char *to = options;
    struct mn_slice rest = mn_slice_of(options);
    struct mn_slice option;
    while (mn_slice_next(&rest, ',', &option)) {
        option = mn_slice_trim(option);
        if (is_determined(option)) {
            continue;
        }
        if (to != options) {
            *to++ = ',';
        }
        memmove(to, option.p, option.n);
        to += option.n;
    }
    if (to == options) {
        return "sync,no_root_squash,insecure,no_wdelay,no_subtree_check";
    }
    *to = '\0';
    return options;
}

/* The extra specs of the share: a new reference, None when there are none. */
static PyObject *
look_up_specs(const struct mnpy_services *s, PyObject *share, PyObject *cache)
{
    PyObject *type = cache ? mnpy_get(share, "share_type_id") : NULL;
    if (cache && !type) {
        return NULL;
    }
    PyObject *specs = type ? PyDict_GetItemWithError(cache, type) : NULL;
    Py_XINCREF(specs);
    if (!specs && !PyErr_Occurred()) {
        specs = PyObject_CallFunctionObjArgs(s->extra_specs, share, NULL);
        if (specs && type && PyDict_SetItem(cache, type, specs) < 0) {
            Py_CLEAR(specs);
        }
    }
    Py_XDECREF(type);
    return specs;
}

static int
export_options(char **options, const struct mnpy_services *s, PyObject *share,
               PyObject *cache)
{
    if (!s->extra_specs) {
        return 0;
    }
    PyObject *specs = look_up_specs(s, share, cache);
    int rc = specs ? 0 : -1;
    if (specs && specs != Py_None) {
        rc = mnpy_get_text(specs, "knfs:export_options", options);
    }
    Py_XDECREF(specs);
    for (char *p = *options; p && *p; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        }
    }
    return rc;
}

int
mnpy_share_init(struct mnpy_share *share, PyObject *obj,
                const struct mnpy_services *s, bool want_specs,
                PyObject *specs_cache)
{
    long size;
    *share = (struct mnpy_share){0};
    if (mnpy_get_text(obj, "id", &share->id) < 0
        || mnpy_get_text(obj, "name", &share->name) < 0
        || mnpy_get_number(obj, "size", 0, 1L << 40, 0, &size) < 0) {
        return -1;
    }
    if (want_specs
        && export_options(&share->export_options, s, obj, specs_cache) < 0) {
        return -1;
    }
    share->view = (struct mn_share){
        .id = share->id ? share->id : share->name,
        .name = share->name ? share->name : share->id,
        .size_gib = (uint64_t)size,
        .export_options = share->export_options,
    };
    if (!share->view.id) {
        PyErr_SetString(PyExc_KeyError, "id");
        return -1;
    }
    return 0;
}

void
mnpy_share_dispose(struct mnpy_share *share)
{
    mn_free(share->id);
    mn_free(share->name);
    mn_free(share->export_options);
    *share = (struct mnpy_share){0};
}

static int
rule_init(struct mn_access_rule *rule, PyObject *obj)
{
    char *id = NULL;
    char *type = NULL;
    char *to = NULL;
    char *level = NULL;
    int rc = mnpy_get_text(obj, "access_id", &id);
    if (rc == 0) {
        rc = mnpy_get_text(obj, "access_type", &type);
    }
    if (rc == 0) {
        rc = mnpy_get_text(obj, "access_to", &to);
    }
    if (rc == 0) {
        rc = mnpy_get_text(obj, "access_level", &level);
    }
    /* Rules of Liberty had no level; all of them could write. */
    rule->access_id = id;
    rule->access_type = type ? type : mn_strdup("ip");
    rule->access_to = to;
    rule->access_level = level ? level : mn_strdup("rw");
    if (rc == 0 && !(rule->access_type && rule->access_level)) {
        PyErr_NoMemory();
        rc = -1;
    }
    if (rc == 0 && !to) {
        PyErr_SetString(PyExc_KeyError, "access_to");
        rc = -1;
    }
    return rc;
}

static int
rules_from_tuple(struct mnpy_rules *rules, PyObject *tuple)
{
    Py_ssize_t n = PyTuple_Size(tuple);
    int rc = 0;
    rules->v = n ? mn_calloc((size_t)n, sizeof *rules->v) : NULL;
    if (n && !rules->v) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rules->view.n++;
        rc = rule_init(&rules->v[i], PyTuple_GetItem(tuple, i));
    }
    rules->view.v = rules->v;
    return rc;
}

int
mnpy_rules_init(struct mnpy_rules *rules, PyObject *list)
{
    *rules = (struct mnpy_rules){0};
    PyObject *tuple = mnpy_tuple(list);
    int rc = tuple ? rules_from_tuple(rules, tuple) : -1;
    Py_XDECREF(tuple);
    return rc;
}

int
mnpy_rules_init_one(struct mnpy_rules *rules, PyObject *rule)
{
    *rules = (struct mnpy_rules){0};
    PyObject *tuple = PyTuple_Pack(1, rule);
    int rc = tuple ? rules_from_tuple(rules, tuple) : -1;
    Py_XDECREF(tuple);
    return rc;
}

static void
free_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } u = {text};
    mn_free(u.out);
}

void
mnpy_rules_dispose(struct mnpy_rules *rules)
{
    for (size_t i = 0; i < rules->view.n; i++) {
        free_text(rules->v[i].access_id);
        free_text(rules->v[i].access_type);
        free_text(rules->v[i].access_to);
        free_text(rules->v[i].access_level);
    }
    mn_free(rules->v);
    *rules = (struct mnpy_rules){0};
}
