/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manila's access rules as C structs.
 */
#include "python/conv.h"

#include "core/alloc.h"

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
