/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Methods of _native.GPFSShareDriver for share groups. A group itself needs
 * nothing on GPFS; its snapshots do.
 */
#include <string.h>

#include "core/alloc.h"
#include "python/gpfs_methods.h"
#include "python/many.h"
#include "python/logbridge.h"
#include "python/raise.h"

enum {
    POLL_FIRST_MS = 200,
    POLL_LAST_MS = 10000,
    POLL_FAILURES = 60, /* in a row: ten minutes, then nobody waits longer */
};

/* The members of a group snapshot. */
struct members {
    size_t n;
    struct mnpy_snapshot *snapshots;
    struct mn_snapshot *views;
};

static void
members_dispose(struct members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        mnpy_snapshot_dispose(&m->snapshots[i]);
    }
    mn_free(m->snapshots);
    mn_free(m->views);
}

static int
member_add(struct members *m, struct mnpy_call *call, PyObject *item)
{
    PyObject *share = mnpy_share_of_snapshot(item);
    int rc = share && mnpy_call_guard(call, share) ? 0 : -1;
    if (rc == 0) {
        struct mnpy_snapshot *s = &m->snapshots[m->n];
        rc = mnpy_snapshot_init(s, item, share, &call->setup->reader, false);
        m->views[m->n++] = s->view;
    }
    Py_XDECREF(share);
    return rc;
}

static int
members_init(struct members *m, struct mnpy_call *call, PyObject *snap)
{
    *m = (struct members){0};
    PyObject *list = mnpy_get(snap, "share_group_snapshot_members");
    PyObject *items = list ? mnpy_tuple(list) : NULL;
    Py_ssize_t n = items ? PyTuple_Size(items) : 0;
    int rc = items ? 0 : -1;
    m->snapshots = mn_calloc((size_t)n + 1, sizeof *m->snapshots);
    m->views = mn_calloc((size_t)n + 1, sizeof *m->views);
    if (rc == 0 && (!m->snapshots || !m->views)) {
        PyErr_NoMemory();
        rc = -1;
    }
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rc = member_add(m, call, PyTuple_GetItem(items, i));
    }
    Py_XDECREF(items);
    Py_XDECREF(list);
    return rc;
}

/* Begin a call of (context, snap_dict, share_server=None). -1 with an
   exception, and nothing to end or dispose of. */
static int
parse(struct mnpy_call *call, struct members *m, PyObject *self,
      PyObject *args, PyObject *kwargs, const char *format)
{
    static char *names[] = {"context", "snap_dict", "share_server", NULL};
    PyObject *context;
    PyObject *snap;
    PyObject *server;
    *m = (struct members){0};
    if (mnpy_call_begin(call, self) < 0) {
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &context,
                                     &snap, &server)
        || members_init(m, call, snap) < 0) {
        members_dispose(m);
        mnpy_call_end(call);
        return -1;
    }
    return 0;
}

static PyObject *
member_told(const struct members *m, size_t i)
{
    return Py_BuildValue("{s:s,s:s,s:s}", "id", m->views[i].id, "status",
                         "available", "provider_location", m->views[i].name);
}

static PyObject *
members_told(const struct members *m)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < m->n; i++) {
        PyObject *told = member_told(m, i);
        if (!told || PyList_Append(list, told) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(told);
    }
    return list ? Py_BuildValue("(ON)", Py_None, list) : NULL;
}

PyObject *
mnpy_gpfs_create_share_group_snapshot(PyObject *self, PyObject *args,
                                      PyObject *kwargs)
{
    struct members m;
    struct mnpy_call call;
    if (parse(&call, &m, self, args, kwargs,
              "OO|O:create_share_group_snapshot")
        < 0) {
        return NULL;
    }
    int rc =
        m.n ? mn_gpfs_create_group_snapshot(call.gpfs, m.views, m.n, &call.err)
            : 0;
    PyObject *result =
        mnpy_failed(call.services, rc, &call.err) ? NULL : members_told(&m);
    members_dispose(&m);
    mnpy_call_end(&call);
    return result;
}

PyObject *
mnpy_gpfs_delete_share_group_snapshot(PyObject *self, PyObject *args,
                                      PyObject *kwargs)
{
    struct members m;
    struct mnpy_call call;
    if (parse(&call, &m, self, args, kwargs,
              "OO|O:delete_share_group_snapshot")
        < 0) {
        return NULL;
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m.n; i++) {
        rc = mn_gpfs_delete_snapshot(call.gpfs, &m.views[i], &call.err);
    }
    bool failed = mnpy_failed(call.services, rc, &call.err);
    members_dispose(&m);
    mnpy_call_end(&call);
    return failed ? NULL : Py_BuildValue("(OO)", Py_None, Py_None);
}

/* The copy of one member into one new share. */
struct copy {
    const struct mn_share *share;
    const struct mn_snapshot *from;
    struct mn_buf location;
    bool done;
};

struct copies {
    struct mnpy_many shares;
    struct members members;
    struct copy *v; /* for each of shares */
};

static void
copies_dispose(struct copies *c)
{
    for (size_t i = 0; c->v && i < c->shares.n; i++) {
        mn_buf_dispose(&c->v[i].location);
    }
    mn_free(c->v);
    members_dispose(&c->members);
    mnpy_many_dispose(&c->shares);
}

/* The member that Manila made the share for. */
static int
match(struct copies *c, size_t i)
{
    PyObject *item =
        PyTuple_GetItem(c->shares.items, (Py_ssize_t)c->shares.item[i]);
    char *id;
    if (mnpy_get_text(item, "source_share_group_snapshot_member_id", &id)
        < 0) {
        return -1;
    }
    c->v[i].share = &c->shares.views[i];
    for (size_t j = 0; id && j < c->members.n; j++) {
        if (strcmp(c->members.views[j].id, id) == 0) {
            c->v[i].from = &c->members.views[j];
        }
    }
    mn_free(id);
    return 0;
}

static int
copies_init(struct copies *c, struct mnpy_call *call, PyObject *group,
            PyObject *snap)
{
    PyObject *list = mnpy_get(group, "shares");
    int rc =
        list ? mnpy_many_init(&c->shares, call, list, MNPY_WITHOUT_SPECS) : -1;
    Py_XDECREF(list);
    if (rc < 0 || members_init(&c->members, call, snap) < 0) {
        return -1;
    }
    c->v = mn_calloc(c->shares.n + 1, sizeof *c->v);
    if (!c->v) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; rc == 0 && i < c->shares.n; i++) {
        rc = match(c, i);
    }
    return rc;
}

/* Is there a share for each that Manila wants, and a member for each share? */
static int
copies_check(const struct copies *c, struct mn_error *err)
{
    if (c->shares.n != (size_t)PyTuple_Size(c->shares.items)) {
        return mn_error_set(err, MN_EINVAL,
                            "the group has a share that can't be made");
    }
    for (size_t i = 0; i < c->shares.n; i++) {
        if (!c->v[i].from) {
            return mn_error_set(err, MN_EINVAL,
                                "share %s: the group snapshot has no member "
                                "for it",
                                c->v[i].share->name);
        }
    }
    return 0;
}

static int
copies_start(struct copies *c, struct mnpy_call *call)
{
    int rc = copies_check(c, &call->err);
    for (size_t i = 0; rc == 0 && i < c->shares.n; i++) {
        struct copy *copy = &c->v[i];
        rc = mn_gpfs_create_share_from_snapshot(
            call->gpfs, copy->share, copy->from, &copy->location, &call->err);
    }
    return rc;
}

/* How one copy goes; 0 with copy->done false: it goes on. */
static int
copy_poll(struct copy *copy, struct mnpy_call *call)
{
    struct mn_job_state state = {.status = MN_JOB_NONE};
    struct mn_buf location = MN_BUF_INIT;
    int rc = mn_gpfs_share_status(call->gpfs, copy->share, &state, &location,
                                  &call->err);
    mn_buf_dispose(&location);
    if (rc) {
        return rc;
    }
    if (state.status == MN_JOB_FAILED) {
        return mn_error_set(&call->err, state.code ? state.code : MN_EREMOTE,
                            "share %s: %s", copy->share->name, state.text);
    }
    copy->done = state.status == MN_JOB_NONE || state.status == MN_JOB_DONE;
    return 0;
}

static int
copies_poll(struct copies *c, struct mnpy_call *call, size_t *left)
{
    int rc = 0;
    *left = 0;
    for (size_t i = 0; rc == 0 && i < c->shares.n; i++) {
        if (!c->v[i].done) {
            rc = copy_poll(&c->v[i], call);
        }
        *left += !c->v[i].done;
    }
    return rc;
}

/* Through Python's time module, so that a greenthread gives way. */
static int
nap(int ms)
{
    PyObject *time = PyImport_ImportModule("time");
    PyObject *r =
        time ? PyObject_CallMethod(time, "sleep", "d", ms / 1000.0) : NULL;
    Py_XDECREF(time);
    Py_XDECREF(r);
    return r ? 0 : -1;
}

static bool
is_passing(int rc)
{
    return rc == MN_ECONNECT || rc == MN_ETIMEDOUT || rc == MN_EBUSY;
}

/* Manila would set the shares "available" though they were told to be
   "creating_from_snapshot", so nothing is told before they are. */
static int
copies_wait(struct copies *c, struct mnpy_call *call)
{
    int failures = 0;
    int ms = POLL_FIRST_MS;
    for (;;) {
        size_t left;
        int rc = copies_poll(c, call, &left);
        if (PyErr_Occurred() || (rc && !is_passing(rc))
            || (rc && ++failures > POLL_FAILURES)) {
            return rc;
        }
        if (rc == 0) {
            failures = 0;
        }
        if (rc == 0 && !left) {
            return 0;
        }
        if (rc) {
            mnpy_log_write(call->services, MN_LOG_WARNING,
                           "copies of a group snapshot: %s", call->err.text);
            mn_error_clear(&call->err);
        }
        if (PyErr_Occurred() || nap(ms) < 0) {
            return MN_ECANCELED;
        }
        ms = ms < POLL_LAST_MS / 2 ? ms * 3 / 2 : POLL_LAST_MS;
    }
}

static PyObject *
copy_told(const struct copy *copy)
{
    PyObject *locations = mnpy_locations(&copy->location);
    return locations ? Py_BuildValue("{s:s,s:s,s:N}", "id", copy->share->id,
                                     "status", "available", "export_locations",
                                     locations)
                     : NULL;
}

static PyObject *
copies_told(const struct copies *c)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < c->shares.n; i++) {
        PyObject *told = copy_told(&c->v[i]);
        if (!told || PyList_Append(list, told) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(told);
    }
    return list ? Py_BuildValue("(ON)", Py_None, list) : NULL;
}

PyObject *
mnpy_gpfs_create_share_group_from_share_group_snapshot(PyObject *self,
                                                       PyObject *args,
                                                       PyObject *kwargs)
{
    static char *names[] = {"context", "share_group_dict",
                            "share_group_snapshot_dict", "share_server", NULL};
    PyObject *context;
    PyObject *group;
    PyObject *snap;
    PyObject *server;
    PyObject *result = NULL;
    struct copies c = {.v = NULL};
    struct mnpy_call call;
    if (mnpy_call_begin(&call, self) < 0) {
        return NULL;
    }
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOO|O:create_share_group_from_share_group_snapshot",
            names, &context, &group, &snap, &server)) {
        return mnpy_call_error(&call);
    }
    if (copies_init(&c, &call, group, snap) == 0) {
        int rc = copies_start(&c, &call);
        if (rc == 0 && !PyErr_Occurred()) {
            rc = copies_wait(&c, &call);
        }
        result =
            mnpy_failed(call.services, rc, &call.err) ? NULL : copies_told(&c);
    }
    copies_dispose(&c);
    mnpy_call_end(&call);
    return result;
}
