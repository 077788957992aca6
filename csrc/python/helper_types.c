/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _native.NASHelperBase and _native.KNFSHelper: the export helpers of the
 * original driver, with its names and signatures. Commands run through the
 * execute callable that the helper was given.
 */
#include <stddef.h>

#include "core/alloc.h"
#include "gpfs/knfs.h"
#include "python/conv.h"
#include "python/helper_servers.h"
#include "python/logbridge.h"
#include "python/raise.h"
#include "python/state.h"

struct helper {
    PyObject ob_base;
    PyObject *execute;
    PyObject *configuration;
};

/* One call of a helper's method. */
struct call {
    struct helper *helper;
    struct mnpy_state *state;
    struct mnpy_servers servers;
    struct mnpy_share share;
    struct mn_knfs knfs;
    struct mn_error err;
};

static void
call_end(struct call *call)
{
    mnpy_servers_dispose(&call->servers);
    mnpy_share_dispose(&call->share);
}

static int
call_begin(struct call *call, PyObject *self, PyObject *share)
{
    *call = (struct call){.helper = (struct helper *)self};
    struct mnpy_servers *s = &call->servers;
    call->state = mnpy_state_of(Py_TYPE(self));
    if (!call->state) {
        return -1;
    }
    if (!call->helper->execute || !call->helper->configuration) {
        PyErr_SetString(PyExc_RuntimeError, "__init__() was not called");
        return -1;
    }
    struct mnpy_services *services = &call->state->services;
    if (mnpy_servers_read(s, call->helper->configuration) < 0
        || mnpy_share_init(&call->share, share, services,
                           services->extra_specs != NULL, NULL)
               < 0) {
        return -1;
    }
    int rc = mnpy_servers_make(s, call->helper->execute, &call->err);
    call->knfs = (struct mn_knfs){
        .servers = s->nodes,
        .n = s->n,
        .export_options = mnpy_export_options(s->options),
        .log = mnpy_log(services),
    };
    return mnpy_failed(services, rc, &call->err) ? -1 : 0;
}

static PyObject *
call_result(struct call *call, int rc)
{
    bool failed = mnpy_failed(&call->state->services, rc, &call->err);
    call_end(call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* The rule in access: one of Manila's, or just the address, which may write.
   -1 with an exception. */
static int
rule_of(struct mnpy_rules *rules, PyObject *access, PyObject *access_type)
{
    *rules = (struct mnpy_rules){0};
    if (!PyUnicode_Check(access)) {
        return mnpy_rules_init_one(rules, access);
    }
    PyObject *rule = Py_BuildValue("{s:O,s:O}", "access_type", access_type,
                                   "access_to", access);
    int rc = rule ? mnpy_rules_init_one(rules, rule) : -1;
    Py_XDECREF(rule);
    return rc;
}

static bool
is_ip(struct mnpy_state *state, PyObject *access_type)
{
    bool ip = PyUnicode_Check(access_type)
              && PyUnicode_CompareWithASCIIString(access_type, "ip") == 0;
    if (!ip) {
        mnpy_raise(&state->services, MNPY_INVALID_ACCESS, "INVAL",
                   "Only ip access type supported.");
    }
    return ip;
}

static PyObject *
change_access(PyObject *self, PyObject *local_path, PyObject *share,
              PyObject *access_type, PyObject *access,
              int (*change)(const struct mn_knfs *, const char *,
                            const struct mn_share *,
                            const struct mn_access_rule *, struct mn_error *))
{
    struct mnpy_rules rules = {0};
    char *path = NULL;
    struct call call;
    if (call_begin(&call, self, share) < 0 || !is_ip(call.state, access_type)
        || mnpy_text(local_path, "local_path", &path) < 0
        || rule_of(&rules, access, access_type) < 0) {
        mn_free(path);
        mnpy_rules_dispose(&rules);
        call_end(&call);
        return NULL;
    }
    int rc =
        change(&call.knfs, path, &call.share.view, &rules.v[0], &call.err);
    mn_free(path);
    mnpy_rules_dispose(&rules);
    return call_result(&call, rc);
}

PyDoc_STRVAR(allow_doc,
             "allow_access($self, /, local_path, share, access_type, access)\n"
             "--\n"
             "\n"
             "Export local_path to one client on every server. access is an\n"
             "address or a rule of Manila.");

static PyObject *
knfs_allow_access(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"local_path", "share", "access_type", "access",
                            NULL};
    PyObject *path;
    PyObject *share;
    PyObject *type;
    PyObject *access;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UOOO:allow_access", names,
                                     &path, &share, &type, &access)) {
        return NULL;
    }
    return change_access(self, path, share, type, access,
                         mn_knfs_allow_access);
}

PyDoc_STRVAR(deny_doc,
             "deny_access($self, /, local_path, share, access_type, access,\n"
             "            force=False)\n"
             "--\n"
             "\n"
             "Take the export to one client away on every server.");

static PyObject *
knfs_deny_access(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"local_path", "share", "access_type",
                            "access",     "force", NULL};
    PyObject *path;
    PyObject *share;
    PyObject *type;
    PyObject *access;
    PyObject *force;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UOOO|O:deny_access", names,
                                     &path, &share, &type, &access, &force)) {
        return NULL;
    }
    return change_access(self, path, share, type, access, mn_knfs_deny_access);
}

PyDoc_STRVAR(remove_doc, "remove_export($self, /, local_path, share)\n"
                         "--\n"
                         "\n"
                         "Take all exports of a share away on every server.");

static PyObject *
knfs_remove_export(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"local_path", "share", NULL};
    PyObject *local_path;
    PyObject *share;
    char *path = NULL;
    struct call call;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UO:remove_export", names,
                                     &local_path, &share)) {
        return NULL;
    }
    if (call_begin(&call, self, share) < 0
        || mnpy_text(local_path, "local_path", &path) < 0) {
        call_end(&call);
        return NULL;
    }
    int rc =
        mn_knfs_remove_export(&call.knfs, path, &call.share.view, &call.err);
    mn_free(path);
    return call_result(&call, rc);
}

PyDoc_STRVAR(create_doc,
             "create_export($self, /, local_path)\n"
             "--\n"
             "\n"
             "The export location: \"gpfs_share_export_ip:local_path\".");

static PyObject *
base_create_export(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"local_path", NULL};
    struct helper *helper = (struct helper *)self;
    PyObject *path;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U:create_export", names,
                                     &path)) {
        return NULL;
    }
    if (!helper->configuration) {
        PyErr_SetString(PyExc_RuntimeError, "__init__() was not called");
        return NULL;
    }
    PyObject *ip =
        PyObject_GetAttrString(helper->configuration, "gpfs_share_export_ip");
    PyObject *location = ip ? PyUnicode_FromFormat("%S:%U", ip, path) : NULL;
    Py_XDECREF(ip);
    return location;
}

static int
helper_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"execute", "config_object", NULL};
    struct helper *helper = (struct helper *)self;
    PyObject *execute;
    PyObject *configuration;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO", names, &execute,
                                     &configuration)) {
        return -1;
    }
    PyObject *old_execute = helper->execute;
    PyObject *old_configuration = helper->configuration;
    Py_INCREF(execute);
    Py_INCREF(configuration);
    helper->execute = execute;
    helper->configuration = configuration;
    Py_XDECREF(old_execute);
    Py_XDECREF(old_configuration);
    return 0;
}

static int
helper_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct helper *)self)->execute);
    Py_VISIT(((struct helper *)self)->configuration);
    return 0;
}

static int
helper_clear(PyObject *self)
{
    Py_CLEAR(((struct helper *)self)->execute);
    Py_CLEAR(((struct helper *)self)->configuration);
    return 0;
}

static void
helper_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    helper_clear(self);
    mnpy_free_object(self);
}

static PyMemberDef base_members[] = {
    {"_execute", T_OBJECT_EX, offsetof(struct helper, execute), READONLY,
     "The callable that runs commands."},
    {"configuration", T_OBJECT_EX, offsetof(struct helper, configuration),
     READONLY, "Where the options are read."},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef base_methods[] = {
    {"create_export", MNPY_METHOD(base_create_export),
     METH_VARARGS | METH_KEYWORDS, create_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot base_slots[] = {
    {Py_tp_doc, "NASHelperBase(execute, config_object)\n"
                "--\n"
                "\n"
                "What the export helpers of the GPFS driver share."},
    {Py_tp_init, (void *)helper_init},
    {Py_tp_traverse, (void *)helper_traverse},
    {Py_tp_clear, (void *)helper_clear},
    {Py_tp_dealloc, (void *)helper_dealloc},
    {Py_tp_members, base_members},
    {Py_tp_methods, base_methods},
    {0, NULL},
};

static PyType_Spec base_spec = {
    .name = "manila_native._native.NASHelperBase",
    .basicsize = sizeof(struct helper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = base_slots,
};

static PyMethodDef knfs_methods[] = {
    {"allow_access", MNPY_METHOD(knfs_allow_access),
     METH_VARARGS | METH_KEYWORDS, allow_doc},
    {"deny_access", MNPY_METHOD(knfs_deny_access),
     METH_VARARGS | METH_KEYWORDS, deny_doc},
    {"remove_export", MNPY_METHOD(knfs_remove_export),
     METH_VARARGS | METH_KEYWORDS, remove_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot knfs_slots[] = {
    {Py_tp_doc, "KNFSHelper(execute, config_object)\n"
                "--\n"
                "\n"
                "Exports by the kernel's NFS server."},
    {Py_tp_traverse, (void *)helper_traverse},
    {Py_tp_clear, (void *)helper_clear},
    {Py_tp_dealloc, (void *)helper_dealloc},
    {Py_tp_methods, knfs_methods},
    {0, NULL},
};

static PyType_Spec knfs_spec = {
    .name = "manila_native._native.KNFSHelper",
    .basicsize = sizeof(struct helper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = knfs_slots,
};

int
mnpy_add_helper_types(PyObject *module)
{
    PyObject *base = mnpy_add_type(module, &base_spec, NULL);
    PyObject *knfs = base ? mnpy_add_type(module, &knfs_spec, base) : NULL;
    Py_XDECREF(base);
    Py_XDECREF(knfs);
    return knfs ? 0 : -1;
}
