/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _native.NASHelperBase, KNFSHelper, GNFSHelper and CESHelper: the export
 * helpers of the original driver, with its names and signatures. Commands run
 * through the execute callable that the helper was given. The three differ in
 * the kind of server alone, which their __init__ stores.
 */
#include <stddef.h>

#include "python/helper_call.h"
#include "python/raise.h"

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

/* Which of the two methods it is. */
enum change { ALLOW, DENY };

static PyObject *
change_access(PyObject *self, PyObject *local_path, PyObject *share,
              PyObject *access_type, PyObject *access, enum change change)
{
    struct mnpy_rules rules = {0};
    struct mnpy_helper_call call;
    if (mnpy_helper_begin(&call, self, local_path, share) < 0
        || !is_ip(call.state, access_type)
        || rule_of(&rules, access, access_type) < 0) {
        mnpy_rules_dispose(&rules);
        mnpy_helper_end(&call);
        return NULL;
    }
    const struct mn_nfs_helper_vtable *vtable = call.nfs->vtable;
    int rc = change == ALLOW ? vtable->allow_access(call.nfs, &call.export,
                                                    &rules.v[0], &call.err)
                             : vtable->deny_access(call.nfs, &call.export,
                                                   &rules.v[0], &call.err);
    mnpy_rules_dispose(&rules);
    return mnpy_helper_none(&call, rc);
}

PyDoc_STRVAR(allow_doc,
             "allow_access($self, /, local_path, share, access_type, access)\n"
             "--\n"
             "\n"
             "Export local_path to one client on every server. access is an\n"
             "address or a rule of Manila.");

static PyObject *
allow_access(PyObject *self, PyObject *args, PyObject *kwargs)
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
    return change_access(self, path, share, type, access, ALLOW);
}

PyDoc_STRVAR(deny_doc,
             "deny_access($self, /, local_path, share, access_type, access,\n"
             "            force=False)\n"
             "--\n"
             "\n"
             "Take the export to one client away on every server.");

static PyObject *
deny_access(PyObject *self, PyObject *args, PyObject *kwargs)
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
    return change_access(self, path, share, type, access, DENY);
}

PyDoc_STRVAR(remove_doc, "remove_export($self, /, local_path, share)\n"
                         "--\n"
                         "\n"
                         "Take all exports of a share away on every server.");

static PyObject *
remove_export(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"local_path", "share", NULL};
    PyObject *local_path;
    PyObject *share;
    struct mnpy_helper_call call;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UO:remove_export", names,
                                     &local_path, &share)) {
        return NULL;
    }
    if (mnpy_helper_begin(&call, self, local_path, share) < 0) {
        mnpy_helper_end(&call);
        return NULL;
    }
    return mnpy_helper_none(&call, call.nfs->vtable->remove_export(
                                       call.nfs, &call.export, &call.err));
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
    struct mnpy_helper *helper = (struct mnpy_helper *)self;
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
    struct mnpy_helper *helper = (struct mnpy_helper *)self;
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
init_as(PyObject *self, PyObject *args, PyObject *kwargs,
        enum mn_nfs_server_type type)
{
    ((struct mnpy_helper *)self)->type = type;
    return helper_init(self, args, kwargs);
}

static int
knfs_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return init_as(self, args, kwargs, MN_NFS_KNFS);
}

static int
gnfs_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return init_as(self, args, kwargs, MN_NFS_GNFS);
}

static int
ces_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return init_as(self, args, kwargs, MN_NFS_CES);
}

static int
helper_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((struct mnpy_helper *)self)->execute);
    Py_VISIT(((struct mnpy_helper *)self)->configuration);
    return 0;
}

static int
helper_clear(PyObject *self)
{
    Py_CLEAR(((struct mnpy_helper *)self)->execute);
    Py_CLEAR(((struct mnpy_helper *)self)->configuration);
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
    {"_execute", T_OBJECT_EX, offsetof(struct mnpy_helper, execute), READONLY,
     "The callable that runs commands."},
    {"configuration", T_OBJECT_EX, offsetof(struct mnpy_helper, configuration),
     READONLY, "Where the options are read."},
    {NULL, 0, 0, 0, NULL},
};

static PyMethodDef base_methods[] = {
    {"create_export", MNPY_METHOD(base_create_export),
     METH_VARARGS | METH_KEYWORDS, create_doc},
    {NULL, NULL, 0, NULL},
};

static PyMethodDef server_methods[] = {
    {"allow_access", MNPY_METHOD(allow_access), METH_VARARGS | METH_KEYWORDS,
     allow_doc},
    {"deny_access", MNPY_METHOD(deny_access), METH_VARARGS | METH_KEYWORDS,
     deny_doc},
    {"remove_export", MNPY_METHOD(remove_export), METH_VARARGS | METH_KEYWORDS,
     remove_doc},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef no_members[] = {
    {NULL, 0, 0, 0, NULL},
};

/* NASHelperBase first, the base of the others. */
static const struct row {
    const char *name;
    const char *doc;
    initproc init;
    PyMethodDef *methods;
    PyMemberDef *members;
} rows[] = {
    {"manila_native._native.NASHelperBase",
     "NASHelperBase(execute, config_object)\n--\n\n"
     "What the export helpers of the GPFS driver share.",
     helper_init, base_methods, base_members},
    {"manila_native._native.KNFSHelper",
     "KNFSHelper(execute, config_object)\n--\n\n"
     "Exports by the kernel's NFS server.",
     knfs_init, server_methods, no_members},
    {"manila_native._native.GNFSHelper",
     "GNFSHelper(execute, config_object)\n--\n\n"
     "Exports by an NFS-Ganesha of the operator's own.",
     gnfs_init, server_methods, no_members},
    {"manila_native._native.CESHelper",
     "CESHelper(execute, config_object)\n--\n\n"
     "Exports by the protocol nodes of Storage Scale (CES).",
     ces_init, server_methods, no_members},
};

/* New reference. */
static PyObject *
add_type(PyObject *module, const struct row *row, PyObject *base)
{
    union { /* a slot takes no const */
        const char *in;
        void *out;
    } doc = {row->doc};
    PyType_Slot slots[] = {
        {Py_tp_doc, doc.out},
        {Py_tp_init, (void *)row->init},
        {Py_tp_traverse, (void *)helper_traverse},
        {Py_tp_clear, (void *)helper_clear},
        {Py_tp_dealloc, (void *)helper_dealloc},
        {Py_tp_members, row->members},
        {Py_tp_methods, row->methods},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = row->name,
        .basicsize = sizeof(struct mnpy_helper),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
        .slots = slots,
    };
    return mnpy_add_type(module, &spec, base);
}

int
mnpy_add_helper_types(PyObject *module)
{
    PyObject *base = add_type(module, &rows[0], NULL);
    int rc = base ? 0 : -1;
    for (size_t i = 1; rc == 0 && i < sizeof rows / sizeof rows[0]; i++) {
        PyObject *type = add_type(module, &rows[i], base);
        rc = type ? 0 : -1;
        Py_XDECREF(type);
    }
    Py_XDECREF(base);
    return rc;
}
