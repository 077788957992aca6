/* SPDX-License-Identifier: Apache-2.0 */
#include "python/private_data.h"

#include "core/alloc.h"
#include "python/conv.h"

/* Manila's database may be far away: other greenthreads run meanwhile. */
static int
raised(struct mn_error *err)
{
    return mn_error_set(err, MN_ECANCELED,
                        "Manila's private data can't be used");
}

/* Takes r, which may be NULL. */
static int
done(PyObject *r, struct mn_error *err)
{
    int rc = r ? 0 : raised(err);
    Py_XDECREF(r);
    return rc;
}

static int
add_pair(struct mn_argv *pairs, PyObject *key, PyObject *value)
{
    char *k = NULL;
    char *v = NULL;
    int rc = mnpy_text(key, "a key of private data", &k);
    if (rc == 0) {
        rc = mnpy_text(value, "a value of private data", &v);
    }
    if (rc == 0 && k && v) {
        mn_argv_add(pairs, k);
        mn_argv_add(pairs, v);
    }
    mn_free(k);
    mn_free(v);
    return rc;
}

static int
get(void *ctx, const char *share_id, struct mn_argv *pairs,
    struct mn_error *err)
{
    struct mnpy_services *s = ctx;
    PyObject *dict =
        PyObject_CallMethod(s->private_data, "get", "s", share_id);
    PyObject *items = dict && dict != Py_None
                          ? PyObject_CallMethod(dict, "items", NULL)
                          : NULL;
    PyObject *tuple = items ? PySequence_Tuple(items) : NULL;
    int rc = dict && (dict == Py_None || tuple) ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && tuple && i < PyTuple_Size(tuple); i++) {
        PyObject *key;
        PyObject *value;
        rc = PyArg_ParseTuple(PyTuple_GetItem(tuple, i), "OO", &key, &value)
                 ? add_pair(pairs, key, value)
                 : -1;
    }
    Py_XDECREF(tuple);
    Py_XDECREF(items);
    Py_XDECREF(dict);
    if (rc < 0) {
        return raised(err);
    }
    return pairs->failed ? mn_error_nomem(err) : 0;
}

/* What is kept, and the keys of what is not. */
static int
sort_out(const struct mn_argv *pairs, PyObject *kept, PyObject *gone)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i + 1 < pairs->n; i += 2) {
        PyObject *key = mnpy_str(mn_slice_of(pairs->v[i]));
        PyObject *value = key ? mnpy_str(mn_slice_of(pairs->v[i + 1])) : NULL;
        if (!value) {
            rc = -1;
        }
        else {
            rc = *pairs->v[i + 1] ? PyDict_SetItem(kept, key, value)
                                  : PyList_Append(gone, key);
        }
        Py_XDECREF(value);
        Py_XDECREF(key);
    }
    return rc;
}

static int
set(void *ctx, const char *share_id, const struct mn_argv *pairs,
    struct mn_error *err)
{
    struct mnpy_services *s = ctx;
    PyObject *kept = PyDict_New();
    PyObject *gone = PyList_New(0);
    int rc =
        kept && gone && sort_out(pairs, kept, gone) == 0 ? 0 : raised(err);
    if (rc == 0 && PyList_Size(gone)) {
        rc = done(PyObject_CallMethod(s->private_data, "delete", "sO",
                                      share_id, gone),
                  err);
    }
    if (rc == 0 && PyDict_Size(kept)) {
        rc = done(PyObject_CallMethod(s->private_data, "update", "sO",
                                      share_id, kept),
                  err);
    }
    Py_XDECREF(gone);
    Py_XDECREF(kept);
    return rc;
}

static int
forget(void *ctx, const char *share_id, struct mn_error *err)
{
    struct mnpy_services *s = ctx;
    return done(PyObject_CallMethod(s->private_data, "delete", "s", share_id),
                err);
}

struct mn_private_data
mnpy_private_data(struct mnpy_services *s)
{
    return s->private_data ? (struct mn_private_data){.get = get,
                                                      .set = set,
                                                      .forget = forget,
                                                      .ctx = s}
                           : (struct mn_private_data){0};
}
