/* SPDX-License-Identifier: Apache-2.0 */
#include "python/driver_core.h"

#include "core/alloc.h"
#include "python/raise.h"

int
mnpy_call_begin(struct mnpy_call *call, PyObject *self)
{
    struct mnpy_setup *setup = ((struct mnpy_driver *)self)->setup;
    *call = (struct mnpy_call){0};
    if (!setup) {
        PyErr_SetString(PyExc_RuntimeError,
                        "the driver is not set up: call do_setup() first");
        return -1;
    }
    Py_INCREF((PyObject *)setup);
    call->setup = setup;
    call->gpfs = setup->gpfs;
    call->services = &setup->services;
    return 0;
}

void
mnpy_call_end(struct mnpy_call *call)
{
    mnpy_share_dispose(&call->share);
    Py_CLEAR(call->setup);
}

bool
mnpy_call_guard(struct mnpy_call *call, PyObject *share)
{
    char *proto;
    if (mnpy_get_text(share, "share_proto", &proto) < 0) {
        return false;
    }
    bool nfs = proto && mn_slice_eq_nocase(mn_slice_of(proto), "NFS");
    if (!nfs) {
        struct mn_buf text = MN_BUF_INIT;
        mn_buf_printf(&text, "Share protocol %s not supported by GPFS driver.",
                      proto ? proto : "(none)");
        mnpy_raise(call->services, MNPY_INVALID_SHARE, "INVAL",
                   mn_buf_str(&text));
        mn_buf_dispose(&text);
    }
    mn_free(proto);
    return nfs;
}

int
mnpy_call_share(struct mnpy_call *call, PyObject *share, enum mnpy_specs specs)
{
    if (!mnpy_call_guard(call, share)) {
        return -1;
    }
    return mnpy_share_init(&call->share, share, call->services,
                           specs == MNPY_WITH_SPECS, NULL);
}

PyObject *
mnpy_call_none(struct mnpy_call *call, int rc)
{
    bool failed = mnpy_failed(call->services, rc, &call->err);
    mnpy_call_end(call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
mnpy_call_error(struct mnpy_call *call)
{
    mnpy_call_end(call);
    return NULL;
}
