/* SPDX-License-Identifier: Apache-2.0 */
#include "python/services.h"

#include "python/conv.h"

static const char *const exception_names[] = {
#define NAME_(id, name, base) name,
    MNPY_EXCEPTIONS(NAME_)
#undef NAME_
};

static void
replace(PyObject **slot, PyObject *value)
{
    PyObject *old = *slot;
    Py_XINCREF(value);
    *slot = value;
    Py_XDECREF(old);
}

void
mnpy_services_copy(struct mnpy_services *s, const struct mnpy_services *from)
{
    for (int i = 0; i < MNPY_EXCEPTIONS_N; i++) {
        replace(&s->exceptions[i], from->exceptions[i]);
    }
    s->family = from->family;
    replace(&s->log, from->log);
    replace(&s->wait, from->wait);
    replace(&s->extra_specs, from->extra_specs);
    replace(&s->private_data, from->private_data);
}

static int
update_exceptions(struct mnpy_services *s, PyObject *dict)
{
    for (int i = 0; i < MNPY_EXCEPTIONS_N; i++) {
        PyObject *cls = mnpy_get(dict, exception_names[i]);
        if (!cls) {
            return -1;
        }
        if (cls != Py_None && !PyExceptionClass_Check(cls)) {
            PyErr_Format(PyExc_TypeError, "%s must be an exception class",
                         exception_names[i]);
            Py_DECREF(cls);
            return -1;
        }
        if (cls != Py_None) {
            replace(&s->exceptions[i], cls);
        }
        Py_DECREF(cls);
    }
    return 0;
}

static int
update_object(PyObject **slot, PyObject *dict, const char *key, bool callable)
{
    PyObject *name = PyUnicode_FromString(key);
    int there = name ? PyDict_Contains(dict, name) : -1;
    PyObject *value = there > 0 ? mnpy_get(dict, key) : NULL;
    Py_XDECREF(name);
    if (!value) {
        return there == 0 ? 0 : -1;
    }
    if (callable && value != Py_None && !PyCallable_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be callable or None", key);
        Py_DECREF(value);
        return -1;
    }
    replace(slot, value == Py_None ? NULL : value);
    Py_DECREF(value);
    return 0;
}

int
mnpy_services_update(struct mnpy_services *s, PyObject *dict)
{
    if (!PyDict_Check(dict)) {
        PyErr_SetString(PyExc_TypeError, "a dict is wanted");
        return -1;
    }
    PyObject *exceptions = mnpy_get(dict, "exceptions");
    if (!exceptions) {
        return -1;
    }
    int rc = exceptions == Py_None ? 0 : update_exceptions(s, exceptions);
    Py_DECREF(exceptions);
    if (rc == 0) {
        rc = update_object(&s->log, dict, "log", true);
    }
    if (rc == 0) {
        rc = update_object(&s->wait, dict, "wait", true);
    }
    if (rc == 0) {
        rc = update_object(&s->extra_specs, dict, "extra_specs", true);
    }
    if (rc == 0) {
        rc = update_object(&s->private_data, dict, "private_data", false);
    }
    return rc;
}

int
mnpy_services_traverse(struct mnpy_services *s, visitproc visit, void *arg)
{
    for (int i = 0; i < MNPY_EXCEPTIONS_N; i++) {
        Py_VISIT(s->exceptions[i]);
    }
    Py_VISIT(s->log);
    Py_VISIT(s->wait);
    Py_VISIT(s->extra_specs);
    Py_VISIT(s->private_data);
    return 0;
}

void
mnpy_services_clear(struct mnpy_services *s)
{
    for (int i = 0; i < MNPY_EXCEPTIONS_N; i++) {
        Py_CLEAR(s->exceptions[i]);
    }
    Py_CLEAR(s->log);
    Py_CLEAR(s->wait);
    Py_CLEAR(s->extra_specs);
    Py_CLEAR(s->private_data);
}
