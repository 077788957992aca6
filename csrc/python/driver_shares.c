/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of the drivers that make, resize and delete shares.
 */
#include "python/driver_core.h"
#include "python/raise.h"

PyObject *
mnpy_driver_create_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct mnpy_call call;
    if (mnpy_call_parse(&call, self, args, kwargs, "OO|O:create_share",
                        MNPY_WITHOUT_SPECS)
        < 0) {
        return NULL;
    }
    struct mn_buf location = MN_BUF_INIT;
    int rc = call.driver->vtable->create_share(call.driver, &call.share.view,
                                               &location, &call.err);
    PyObject *result = mnpy_failed(call.services, rc, &call.err)
                           ? NULL
                           : mnpy_locations(&location);
    mn_buf_dispose(&location);
    mnpy_call_end(&call);
    return result;
}

PyObject *
mnpy_driver_delete_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct mnpy_call call;
    if (mnpy_call_parse(&call, self, args, kwargs, "OO|O:delete_share",
                        MNPY_WITHOUT_SPECS)
        < 0) {
        return NULL;
    }
    return mnpy_call_none(
        &call, call.driver->vtable->delete_share(call.driver, &call.share.view,
                                                 &call.err));
}

/* Begin a call of (share, new_size, share_server=None). -1 with an exception,
   and nothing to end. */
static int
parse_resize(struct mnpy_call *call, PyObject *self, PyObject *args,
             PyObject *kwargs, const char *format, uint64_t *size)
{
    static char *names[] = {"share", "new_size", "share_server", NULL};
    PyObject *share;
    PyObject *server;
    long new_size;
    if (mnpy_call_begin(call, self) < 0) {
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &share,
                                     &new_size, &server)
        || mnpy_call_share(call, share, MNPY_WITHOUT_SPECS) < 0) {
        mnpy_call_end(call);
        return -1;
    }
    if (new_size <= 0 || new_size > MNPY_GIB_MAX) {
        mnpy_call_none(call, mn_error_set(&call->err, MN_EINVAL,
                                          "new_size must be 1 to %ld GiB, not "
                                          "%ld",
                                          MNPY_GIB_MAX, new_size));
        return -1;
    }
    *size = (uint64_t)new_size;
    return 0;
}

PyObject *
mnpy_driver_extend_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    uint64_t size;
    struct mnpy_call call;
    if (parse_resize(&call, self, args, kwargs, "Ol|O:extend_share", &size)
        < 0) {
        return NULL;
    }
    return mnpy_call_none(
        &call, call.driver->vtable->extend_share(call.driver, &call.share.view,
                                                 size, &call.err));
}

static enum mnpy_exception
shrink_class(const struct mnpy_services *s, enum mn_code code)
{
    return code == MN_ENOSPACE ? MNPY_SHRINK : mnpy_class_of(s, code);
}

PyObject *
mnpy_driver_shrink_share(PyObject *self, PyObject *args, PyObject *kwargs)
{
    uint64_t size;
    struct mnpy_call call;
    if (parse_resize(&call, self, args, kwargs, "Ol|O:shrink_share", &size)
        < 0) {
        return NULL;
    }
    int rc = call.driver->vtable->shrink_share(call.driver, &call.share.view,
                                               size, &call.err);
    bool failed = mnpy_failed_as(call.services, rc, &call.err, shrink_class);
    mnpy_call_end(&call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}
