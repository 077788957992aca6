/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _native.NASHelperBase, KNFSHelper, GNFSHelper and CESHelper: the export
 * helpers of the original driver, with its names and signatures. Commands run
 * through the execute callable that the helper was given. The three differ in
 * the kind of server alone, which their __init__ stores.
 */
#include <stddef.h>

#include "core/alloc.h"
#include "gpfs/helper.h"
#include "python/conv.h"
#include "python/export_options.h"
#include "python/helper_servers.h"
#include "python/logbridge.h"
#include "python/raise.h"
#include "python/state.h"

struct helper {
    PyObject ob_base;
    PyObject *execute;
    PyObject *configuration;
    enum mn_nfs_server_type type;
};

/* One call of a helper's method. */
struct call {
    struct helper *helper;
    struct mnpy_state *state;
    struct mnpy_servers servers;
    struct mnpy_share share;
    char *path;
    struct mn_nfs_helper_config config;
    struct mn_nfs_helper *nfs;
    struct mn_nfs_export export;
    struct mn_error err;
};

static void
call_end(struct call *call)
{
    mn_nfs_helper_free(call->nfs);
    mnpy_servers_dispose(&call->servers);
    mnpy_share_dispose(&call->share);
    mn_free(call->path);
}

static const char *
text_or(const char *text, const char *fallback)
{
    return text ? text : fallback;
}

static int
make_helper(struct call *call)
{
    static int (*const news[])(const struct mn_nfs_helper_config *,
                               struct mn_nfs_helper **, struct mn_error *) = {
        [MN_NFS_KNFS] = mn_knfs_new,
        [MN_NFS_GNFS] = mn_gnfs_new,
        [MN_NFS_CES] = mn_ces_new,
    };
    struct mnpy_servers *s = &call->servers;
    struct mn_nfs_helper_config *config = &call->config;
    enum mn_nfs_server_type type = call->helper->type;
    *config = (struct mn_nfs_helper_config){
        .cluster = s->cluster,
        .servers = s->nodes,
        .servers_n = s->n,
        .ganesha =
            {
                .config_path = text_or(s->ganesha_config_path,
                                       "/etc/ganesha/ganesha.conf"),
                .export_dir =
                    text_or(s->ganesha_export_dir, "/etc/ganesha/export.d"),
                .service_name =
                    text_or(s->ganesha_service_name, "ganesha.nfsd"),
            },
        .log = mnpy_log(&call->state->services),
    };
    int rc = mnpy_ganesha_syntax(s->ganesha_version, &config->ganesha.syntax,
                                 &call->err);
    config->export_options =
        mnpy_export_options(s->options, type, config->ganesha.syntax);
    return rc ? rc : news[type](config, &call->nfs, &call->err);
}

static int
read_share(struct call *call, PyObject *local_path, PyObject *share)
{
    struct mnpy_services *services = &call->state->services;
    const struct mnpy_reader reader = {
        .services = services,
        .server_type = call->helper->type,
    };
    if (mnpy_text(local_path, "local_path", &call->path) < 0
        || mnpy_share_init(&call->share, share, &reader,
                           services->extra_specs != NULL, NULL)
               < 0) {
        return -1;
    }
    call->export = (struct mn_nfs_export){
        .path = call->path,
        .id = call->share.view.id,
        .name = call->share.view.name,
        .export_options = call->share.view.export_options,
    };
    return 0;
}

static int
call_begin(struct call *call, PyObject *self, PyObject *local_path,
           PyObject *share)
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
    if (mnpy_servers_read(s, call->helper->configuration, call->helper->type)
            < 0
        || read_share(call, local_path, share) < 0) {
        return -1;
    }
    int rc = mnpy_servers_make(s, call->helper->execute, &call->err);
    if (rc == 0) {
        rc = make_helper(call);
    }
    return mnpy_failed(&call->state->services, rc, &call->err) ? -1 : 0;
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

/* Which of the two methods it is. */
enum change { ALLOW, DENY };

static PyObject *
change_access(PyObject *self, PyObject *local_path, PyObject *share,
              PyObject *access_type, PyObject *access, enum change change)
{
    struct mnpy_rules rules = {0};
    struct call call;
    if (call_begin(&call, self, local_path, share) < 0
        || !is_ip(call.state, access_type)
        || rule_of(&rules, access, access_type) < 0) {
        mnpy_rules_dispose(&rules);
        call_end(&call);
        return NULL;
    }
    const struct mn_nfs_helper_vtable *vtable = call.nfs->vtable;
    int rc = change == ALLOW ? vtable->allow_access(call.nfs, &call.export,
                                                    &rules.v[0], &call.err)
                             : vtable->deny_access(call.nfs, &call.export,
                                                   &rules.v[0], &call.err);
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
    struct call call;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UO:remove_export", names,
                                     &local_path, &share)) {
        return NULL;
    }
    if (call_begin(&call, self, local_path, share) < 0) {
        call_end(&call);
        return NULL;
    }
    return call_result(&call, call.nfs->vtable->remove_export(
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
init_as(PyObject *self, PyObject *args, PyObject *kwargs,
        enum mn_nfs_server_type type)
{
    ((struct helper *)self)->type = type;
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

static PyMethodDef server_methods[] = {
    {"allow_access", MNPY_METHOD(allow_access), METH_VARARGS | METH_KEYWORDS,
     allow_doc},
    {"deny_access", MNPY_METHOD(deny_access), METH_VARARGS | METH_KEYWORDS,
     deny_doc},
    {"remove_export", MNPY_METHOD(remove_export), METH_VARARGS | METH_KEYWORDS,
     remove_doc},
    {NULL, NULL, 0, NULL},
};

/* What the three kinds share. */
#define SERVER_SLOTS                             \
    {Py_tp_traverse, (void *)helper_traverse},   \
        {Py_tp_clear, (void *)helper_clear},     \
        {Py_tp_dealloc, (void *)helper_dealloc}, \
        {Py_tp_methods, server_methods},         \
    {                                            \
        0, NULL                                  \
    }

static PyType_Slot knfs_slots[] = {
    {Py_tp_doc, "KNFSHelper(execute, config_object)\n"
                "--\n"
                "\n"
                "Exports by the kernel's NFS server."},
    {Py_tp_init, (void *)knfs_init},
    SERVER_SLOTS,
};

static PyType_Spec knfs_spec = {
    .name = "manila_native._native.KNFSHelper",
    .basicsize = sizeof(struct helper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = knfs_slots,
};

static PyType_Slot gnfs_slots[] = {
    {Py_tp_doc, "GNFSHelper(execute, config_object)\n"
                "--\n"
                "\n"
                "Exports by an NFS-Ganesha of the operator's own."},
    {Py_tp_init, (void *)gnfs_init},
    SERVER_SLOTS,
};

static PyType_Spec gnfs_spec = {
    .name = "manila_native._native.GNFSHelper",
    .basicsize = sizeof(struct helper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = gnfs_slots,
};

static PyType_Slot ces_slots[] = {
    {Py_tp_doc, "CESHelper(execute, config_object)\n"
                "--\n"
                "\n"
                "Exports by the protocol nodes of Storage Scale (CES)."},
    {Py_tp_init, (void *)ces_init},
    SERVER_SLOTS,
};

static PyType_Spec ces_spec = {
    .name = "manila_native._native.CESHelper",
    .basicsize = sizeof(struct helper),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = ces_slots,
};

int
mnpy_add_helper_types(PyObject *module)
{
    PyType_Spec *const kinds[] = {&knfs_spec, &gnfs_spec, &ces_spec};
    PyObject *base = mnpy_add_type(module, &base_spec, NULL);
    int rc = base ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < sizeof kinds / sizeof kinds[0]; i++) {
        PyObject *type = mnpy_add_type(module, kinds[i], base);
        rc = type ? 0 : -1;
        Py_XDECREF(type);
    }
    Py_XDECREF(base);
    return rc;
}
