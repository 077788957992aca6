/* SPDX-License-Identifier: Apache-2.0 */
#include "python/conv.h"

#include <string.h>

#include "core/alloc.h"

PyObject *
mnpy_get(PyObject *obj, const char *key)
{
    PyObject *name = PyUnicode_FromString(key);
    PyObject *value = name ? PyObject_GetItem(obj, name) : NULL;
    Py_XDECREF(name);
    if (!value
        && (PyErr_ExceptionMatches(PyExc_KeyError)
            || PyErr_ExceptionMatches(PyExc_AttributeError))) {
        PyErr_Clear();
        Py_INCREF(Py_None);
        value = Py_None;
    }
    return value;
}

PyObject *
mnpy_attr(PyObject *obj, const char *name)
{
    PyObject *value = PyObject_GetAttrString(obj, name);
    if (!value && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        Py_INCREF(Py_None);
        value = Py_None;
    }
    return value;
}

/* New reference to the bytes of a str or bytes. */
static PyObject *
bytes_of(PyObject *o, const char *what)
{
    if (PyUnicode_Check(o)) {
        return PyUnicode_AsEncodedString(o, "utf-8", "surrogateescape");
    }
    if (PyBytes_Check(o)) {
        Py_INCREF(o);
        return o;
    }
    return PyErr_Format(PyExc_TypeError, "%s must be a text, not %R", what,
                        (PyObject *)Py_TYPE(o));
}

int
mnpy_text(PyObject *o, const char *what, char **text)
{
    *text = NULL;
    if (o == Py_None) {
        return 0;
    }
    PyObject *bytes = bytes_of(o, what);
    char *p;
    Py_ssize_t n;
    if (!bytes || PyBytes_AsStringAndSize(bytes, &p, &n) < 0) {
        Py_XDECREF(bytes);
        return -1;
    }
    if (memchr(p, '\0', (size_t)n)) {
        PyErr_Format(PyExc_ValueError, "%s holds a null character", what);
    }
    else if (!(*text = mn_strndup(p, (size_t)n))) {
        PyErr_NoMemory();
    }
    if (bytes != o && n > 1) { /* ours alone, and perhaps a password */
        explicit_bzero(p, (size_t)n);
    }
    Py_DECREF(bytes);
    return *text ? 0 : -1;
}

int
mnpy_get_text(PyObject *obj, const char *key, char **text)
{
    *text = NULL;
    PyObject *value = mnpy_get(obj, key);
    int rc = value ? mnpy_text(value, key, text) : -1;
    Py_XDECREF(value);
    return rc;
}

int
mnpy_get_number(PyObject *obj, const char *key, long low, long high,
                long fallback, long *value)
{
    PyObject *o = mnpy_get(obj, key);
    *value = fallback;
    if (!o || o == Py_None) {
        Py_XDECREF(o);
        return o ? 0 : -1;
    }
    *value = PyLong_AsLong(o);
    Py_DECREF(o);
    if (*value == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (*value < low || *value > high) {
        PyErr_Format(PyExc_ValueError, "%s must be %ld to %ld, not %ld", key,
                     low, high, *value);
        return -1;
    }
    return 0;
}

int
mnpy_add_bytes(struct mn_buf *buf, PyObject *o)
{
    if (o == Py_None) {
        return 0;
    }
    PyObject *bytes = bytes_of(o, "output");
    char *p;
    Py_ssize_t n;
    int rc = bytes ? PyBytes_AsStringAndSize(bytes, &p, &n) : -1;
    if (rc == 0) {
        mn_buf_add(buf, p, (size_t)n);
    }
    Py_XDECREF(bytes);
    if (rc == 0 && mn_buf_failed(buf)) {
        PyErr_NoMemory();
        rc = -1;
    }
    return rc;
}

PyObject *
mnpy_tuple(PyObject *iterable)
{
    return iterable == Py_None ? PyTuple_New(0) : PySequence_Tuple(iterable);
}

int
mnpy_add_texts(struct mn_argv *argv, PyObject *seq, const char *what)
{
    if (PyUnicode_Check(seq) || PyBytes_Check(seq)) {
        PyErr_Format(PyExc_TypeError, "%s must be a list", what);
        return -1;
    }
    PyObject *items = mnpy_tuple(seq);
    Py_ssize_t n = items ? PyTuple_Size(items) : 0;
    int rc = items ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        char *text;
        rc = mnpy_text(PyTuple_GetItem(items, i), what, &text);
        if (text) {
            mn_argv_add(argv, text);
        }
        else if (rc == 0) {
            PyErr_Format(PyExc_TypeError, "%s must be a text, not None", what);
            rc = -1;
        }
        mn_free(text);
    }
    Py_XDECREF(items);
    if (rc == 0 && argv->failed) {
        PyErr_NoMemory();
        rc = -1;
    }
    return rc;
}

PyObject *
mnpy_str(struct mn_slice bytes)
{
    return PyUnicode_DecodeUTF8(bytes.n ? bytes.p : "", (Py_ssize_t)bytes.n,
                                "surrogateescape");
}

int
mnpy_get_list(struct mn_argv *argv, PyObject *dict, const char *key)
{
    PyObject *list = mnpy_get(dict, key);
    int rc = list ? mnpy_add_texts(argv, list, key) : -1;
    Py_XDECREF(list);
    return rc;
}

int
mnpy_get_bool(PyObject *dict, const char *key, bool *value)
{
    PyObject *o = mnpy_get(dict, key);
    int truth = o ? PyObject_IsTrue(o) : -1;
    Py_XDECREF(o);
    *value = truth > 0;
    return truth < 0 ? -1 : 0;
}
