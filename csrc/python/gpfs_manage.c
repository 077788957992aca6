/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver that take over what is there already, or
 * let it go.
 */
#include <string.h>

#include "core/alloc.h"
#include "python/driver_core.h"
#include "python/raise.h"

static enum mnpy_exception
manage_class(enum mn_code code)
{
    bool unfit =
        code == MN_EINVAL || code == MN_ENOTFOUND || code == MN_EEXISTS;
    return unfit ? MNPY_MANAGE : mnpy_class_of(code);
}

static int
manage(struct mnpy_call *call, PyObject *share, uint64_t *size,
       struct mn_buf *location)
{
    char *from;
    if (mnpy_location_of(share, &from) < 0) {
        return MN_EINTERNAL; /* an exception is pending */
    }
    if (!from) {
        return mn_error_set(&call->err, MN_EINVAL,
                            "share %s has no export location",
                            call->share.view.name);
    }
    /* it is from there that it is taken over */
    call->share.view.path = NULL;
    int rc = mn_gpfs_manage_share(call->gpfs, &call->share.view, from, size,
                                  location, &call->err);
    mn_free(from);
    return rc;
}

PyObject *
mnpy_gpfs_manage_existing(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", "driver_options", NULL};
    PyObject *share;
    PyObject *options;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:manage_existing", names,
                                     &share, &options)
        || mnpy_call_share(&call, share, MNPY_WITHOUT_SPECS) < 0) {
        return mnpy_call_error(&call);
    }
    uint64_t size = 0;
    struct mn_buf location = MN_BUF_INIT;
    PyObject *result = NULL;
    int rc = manage(&call, share, &size, &location);
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
unmanage_class(enum mn_code code)
{
    (void)code;
    return MNPY_UNMANAGE;
}

PyObject *
mnpy_gpfs_unmanage(PyObject *self, PyObject *args, PyObject *kwargs)
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
    int rc = mn_gpfs_unmanage_share(call.gpfs, &call.share.view, &call.err);
    bool failed = mnpy_failed_as(call.services, rc, &call.err, unmanage_class);
    mnpy_call_end(&call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* The pool with the longest base that path lies below, or NULL. */
static const struct mn_gpfs_pool *
pool_above(const struct mnpy_setup *setup, const char *path)
{
    const struct mn_gpfs_pool *found = NULL;
    size_t longest = 0;
    for (size_t i = 0; path && i < setup->pools_n; i++) {
        const char *base = setup->pools[i].base;
        size_t n = strlen(base);
        while (n && base[n - 1] == '/') {
            n--;
        }
        if (n >= longest && strncmp(path, base, n) == 0 && path[n] == '/') {
            found = &setup->pools[i];
            longest = n;
        }
    }
    return found;
}

PyObject *
mnpy_gpfs_get_pool(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"share", NULL};
    PyObject *share;
    char *location = NULL;
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:get_pool", names, &share)
        || mnpy_location_of(share, &location) < 0) {
        return mnpy_call_error(&call);
    }
    const struct mnpy_setup *setup = call.setup;
    const struct mn_gpfs_pool *pool = setup->pools;
    if (setup->reader.named_pools) {
        pool =
            pool_above(setup, location ? mnpy_location_path(location) : NULL);
    }
    PyObject *result =
        pool ? mnpy_str(mn_slice_of(pool->name)) : Py_BuildValue("");
    mn_free(location);
    mnpy_call_end(&call);
    return result;
}
