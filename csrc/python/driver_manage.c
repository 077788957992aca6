/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of the drivers that take over what is there already, or
 * let it go.
 */
#include "core/alloc.h"
#include "python/driver_core.h"
#include "python/raise.h"

static enum mnpy_exception
manage_class(const struct mnpy_services *s, enum mn_code code)
{
    bool unfit =
        code == MN_EINVAL || code == MN_ENOTFOUND || code == MN_EEXISTS;
    return unfit ? MNPY_MANAGE : mnpy_class_of(s, code);
}

/* The size in GiB that the operator gave with --driver_options size=N. */
static int
size_given(PyObject *options, uint64_t *size)
{
    char *text = NULL;
    *size = 0;
    if (options == Py_None) {
        return 0;
    }
    PyObject *value = mnpy_get(options, "size");
    PyObject *str = value && value != Py_None ? PyObject_Str(value) : NULL;
    int rc = !value || (value != Py_None && !str) ? -1 : 0;
    if (str) {
        rc = mnpy_text(str, "size", &text);
    }
    if (text
        && (!mn_slice_u64(mn_slice_of(text), size) || *size > MNPY_GIB_MAX)) {
        PyErr_Format(PyExc_ValueError,
                     "size must be a number of GiB up to %ld, not %R",
                     MNPY_GIB_MAX, value);
        rc = -1;
    }
    mn_free(text);
    Py_XDECREF(str);
    Py_XDECREF(value);
    return rc;
}

static int
manage(struct mnpy_call *call, uint64_t *size, struct mn_buf *location)
{
    const struct mn_share *share = &call->share.view;
    if (!share->location) {
        return mn_error_set(&call->err, MN_EINVAL,
                            "share %s has no export location", share->name);
    }
    return call->driver->vtable->manage_share(call->driver, share, size,
                                              location, &call->err);
}

PyObject *
mnpy_driver_manage_existing(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", "driver_options", NULL};
    PyObject *share;
    PyObject *options;
    uint64_t size;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:manage_existing", names,
                                     &share, &options)
        || size_given(options, &size) < 0
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    struct mn_buf location = MN_BUF_INIT;
    PyObject *result = NULL;
    int rc = manage(&call, &size, &location);
    if (!mnpy_failed_as(call.services, rc, &call.err, manage_class)) {
        PyObject *locations = mnpy_locations(&location);
        result = locations ? Py_BuildValue("{s:K,s:N}", "size",
                                           (unsigned long long)size,
                                           "export_locations", locations)
                           : NULL;
    }
    mn_buf_dispose(&location);
    mnpy_call_end(&call);
    return result;
}

/* Manila knows only this class; after any other the share would be
   "unmanaging" for ever. */
static enum mnpy_exception
unmanage_class(const struct mnpy_services *s, enum mn_code code)
{
    (void)s;
    (void)code;
    return MNPY_UNMANAGE;
}

PyObject *
mnpy_driver_unmanage(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", NULL};
    PyObject *share;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:unmanage", names, &share)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    int rc = call.driver->vtable->unmanage_share(call.driver, &call.share.view,
                                                 &call.err);
    bool failed = mnpy_failed_as(call.services, rc, &call.err, unmanage_class);
    mnpy_call_end(&call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}
