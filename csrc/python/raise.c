/* SPDX-License-Identifier: Apache-2.0 */
#include "python/raise.h"

#include <string.h>

/* As GPFS's class; the other drivers' stand in the same order. */
static enum mnpy_exception
gpfs_class_of(enum mn_code code)
{
    switch (code) {
    case MN_EINVAL:
        return MNPY_INVALID_INPUT;
    case MN_ECONFIG:
        return MNPY_CONFIGURATION;
    case MN_ETIMEDOUT:
        return MNPY_TIMEOUT;
    case MN_ECONNECT:
    case MN_EAUTH:
    case MN_EHOSTKEY:
        return MNPY_CONNECTION;
    case MN_OK:
    case MN_ENOMEM:
    case MN_ECANCELED:
    case MN_EPROTO:
    case MN_EREMOTE:
    case MN_ENOTFOUND:
    case MN_EEXISTS:
    case MN_EBUSY:
    case MN_ENOSPACE:
    case MN_EINTERNAL:
        break;
    }
    return MNPY_GPFS;
}

enum mnpy_exception
mnpy_class_of(const struct mnpy_services *s, enum mn_code code)
{
    enum mnpy_exception class = gpfs_class_of(code);
    return class <= MNPY_CONNECTION
               ? (enum mnpy_exception)(class + s->family - MNPY_GPFS)
               : class;
}

void
mnpy_raise(const struct mnpy_services *s, enum mnpy_exception which,
           const char *native_code, const char *text)
{
    /* after the module was cleared there are no classes left */
    PyObject *cls =
        s->exceptions[which] ? s->exceptions[which] : PyExc_RuntimeError;
    /* the text may hold bytes of a command's output */
    PyObject *message =
        PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    PyObject *code = PyUnicode_FromString(native_code);
    PyObject *e = message && code
                      ? PyObject_CallFunctionObjArgs(cls, message, NULL)
                      : NULL;
    if (e && PyObject_SetAttrString(e, "native_code", code) == 0) {
        PyErr_SetObject(cls, e);
    }
    Py_XDECREF(e);
    Py_XDECREF(code);
    Py_XDECREF(message);
}

bool
mnpy_failed(const struct mnpy_services *s, int rc, const struct mn_error *err)
{
    return mnpy_failed_as(s, rc, err, mnpy_class_of);
}

bool
mnpy_failed_as(const struct mnpy_services *s, int rc,
               const struct mn_error *err, mnpy_class_of_fn *class_of)
{
    if (PyErr_Occurred()) {
        return true;
    }
    if (rc == MN_OK) {
        return false;
    }
    enum mn_code code = (enum mn_code)rc;
    if (code == MN_ENOMEM) {
        PyErr_NoMemory();
        return true;
    }
    const char *text = err->code == MN_OK ? mn_code_name(code) : err->text;
    mnpy_raise(s, class_of(s, code), mn_code_name(code), text);
    return true;
}

bool
mnpy_swallowable(void)
{
    return PyErr_ExceptionMatches(PyExc_Exception);
}
