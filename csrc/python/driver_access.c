/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of the drivers that say who may use a share.
 */
#include "core/alloc.h"
#include "python/driver_core.h"
#include "python/logbridge.h"
#include "python/raise.h"

/* Access rules as one of the two methods got them. */
struct access {
    struct mnpy_rules all;
    struct mnpy_rules add;
    struct mnpy_rules drop;
    struct mnpy_rules update;
    struct mn_rule_state *states; /* for each of all */
};

static int
access_init(struct access *a, PyObject *all, PyObject *add, PyObject *drop,
            PyObject *update)
{
    *a = (struct access){0};
    if (mnpy_rules_init(&a->all, all) < 0 || mnpy_rules_init(&a->add, add) < 0
        || mnpy_rules_init(&a->drop, drop) < 0
        || mnpy_rules_init(&a->update, update) < 0) {
        return -1;
    }
    a->states = mn_calloc(a->all.view.n + 1, sizeof *a->states);
    if (!a->states) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static void
access_dispose(struct access *a)
{
    mnpy_rules_dispose(&a->all);
    mnpy_rules_dispose(&a->add);
    mnpy_rules_dispose(&a->drop);
    mnpy_rules_dispose(&a->update);
    mn_free(a->states);
}

/* Manila keys rule states by access_id; a rule without one can't be told of.
 */
static PyObject *
states_of(struct mnpy_call *call, const struct access *a)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict && i < a->all.view.n; i++) {
        const struct mn_access_rule *rule = &a->all.view.v[i];
        bool ok = a->states[i].code == MN_OK;
        if (!ok) {
            mnpy_log_write(call->services, MN_LOG_ERROR,
                           "share %s: no access for %s %s: %s",
                           call->share.view.name, rule->access_type,
                           rule->access_to, a->states[i].text);
        }
        PyObject *state =
            PyErr_Occurred() /* the log call may have been interrupted */
                ? NULL
                : Py_BuildValue("{s:s}", "state", ok ? "active" : "error");
        if (!state
            || (rule->access_id
                && PyDict_SetItemString(dict, rule->access_id, state) < 0)) {
            Py_CLEAR(dict);
        }
        Py_XDECREF(state);
    }
    return dict;
}

PyObject *
mnpy_driver_update_access(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {
        "context",      "share",        "access_rules", "add_rules",
        "delete_rules", "update_rules", "share_server", NULL};
    PyObject *context;
    PyObject *share;
    PyObject *server;
    PyObject *all;
    PyObject *add;
    PyObject *drop;
    PyObject *update;
    struct access a = {0};
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOO|O:update_access",
                                     names, &context, &share, &all, &add,
                                     &drop, &update, &server)
        || mnpy_call_share(&call, share, MNPY_WITH_SPECS) < 0
        || access_init(&a, all, add, drop, update) < 0) {
        access_dispose(&a);
        return mnpy_call_error(&call);
    }
    int rc = call.driver->vtable->update_access(
        call.driver, &call.share.view, a.all.view, a.add.view, a.drop.view,
        a.update.view, a.states, &call.err);
    PyObject *result = mnpy_failed(call.services, rc, &call.err)
                           ? NULL
                           : states_of(&call, &a);
    access_dispose(&a);
    mnpy_call_end(&call);
    return result;
}

static enum mnpy_exception
access_class(const struct mnpy_services *s, enum mn_code code)
{
    return code == MN_EINVAL ? MNPY_INVALID_ACCESS : mnpy_class_of(s, code);
}

/* Manila ignores what this method returns and takes every rule for active
   unless it raises, so one rule that is not in force must raise. */
static bool
all_in_force(struct mnpy_call *call, const struct access *a)
{
    for (size_t i = 0; i < a->all.view.n; i++) {
        const struct mn_rule_state *state = &a->states[i];
        if (state->code == MN_OK) {
            continue;
        }
        mn_error_set(&call->err, state->code,
                     "snapshot %s: no access for "
                     "%s %s: %s",
                     call->snapshot.view.name, a->all.view.v[i].access_type,
                     a->all.view.v[i].access_to, state->text);
        mnpy_failed_as(call->services, (int)state->code, &call->err,
                       access_class);
        return false;
    }
    return true;
}

PyObject *
mnpy_driver_snapshot_update_access(PyObject *self, PyObject *args,
                                   PyObject *kwargs)
{
    static char *names[] = {"context",   "snapshot",     "access_rules",
                            "add_rules", "delete_rules", "share_server",
                            NULL};
    PyObject *context;
    PyObject *snapshot;
    PyObject *server;
    PyObject *all;
    PyObject *add;
    PyObject *drop;
    struct access a = {0};
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOOOO|O:snapshot_update_access", names, &context,
            &snapshot, &all, &add, &drop, &server)
        || mnpy_call_snapshot(&call, snapshot, Py_None, MNPY_WITH_SPECS) < 0
        || access_init(&a, all, add, drop, Py_None) < 0) {
        access_dispose(&a);
        return mnpy_call_error(&call);
    }
    int rc = call.driver->vtable->snapshot_update_access(
        call.driver, &call.snapshot.view, a.all.view, a.add.view, a.drop.view,
        a.states, &call.err);
    bool ok =
        !mnpy_failed(call.services, rc, &call.err) && all_in_force(&call, &a);
    access_dispose(&a);
    mnpy_call_end(&call);
    if (!ok) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* The two single-rule calls of the original driver. */
static PyObject *
one_rule(PyObject *self, PyObject *args, PyObject *kwargs, const char *format,
         bool allow)
{
    static char *names[] = {"context", "share", "access", "share_server",
                            NULL};
    PyObject *context;
    PyObject *share;
    PyObject *access;
    PyObject *server;
    struct mnpy_rules rules = {0};
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &context,
                                     &share, &access, &server)
        || mnpy_call_share(&call, share, MNPY_WITH_SPECS) < 0
        || mnpy_rules_init_one(&rules, access) < 0) {
        mnpy_rules_dispose(&rules);
        return mnpy_call_error(&call);
    }
    const struct mn_driver_vtable *vtable = call.driver->vtable;
    int rc = (allow ? vtable->allow_access : vtable->deny_access)(
        call.driver, &call.share.view, &rules.v[0], &call.err);
    bool failed = mnpy_failed_as(call.services, rc, &call.err, access_class);
    mnpy_rules_dispose(&rules);
    mnpy_call_end(&call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
mnpy_driver_allow_access(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return one_rule(self, args, kwargs, "OOO|O:allow_access", true);
}

PyObject *
mnpy_driver_deny_access(PyObject *self, PyObject *args, PyObject *kwargs)
{
    return one_rule(self, args, kwargs, "OOO|O:deny_access", false);
}
