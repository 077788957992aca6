/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manila's shares and snapshots as C structs.
 */
#include "python/conv.h"

#include <string.h>

#include "core/alloc.h"

/* Extra specs by server type. Their case is that of the words in them: only
   NFS-Ganesha's own syntax has values that must keep it. */
static const struct {
    const char *key;
    bool fold;
} option_specs[] = {
    [MN_NFS_KNFS] = {"knfs:export_options", true},
    [MN_NFS_GNFS] = {"gnfs:export_options", false},
    [MN_NFS_CES] = {"ces:export_options", true},
};

/* The extra specs of the share: a new reference, None when there are none. */
static PyObject *
look_up_specs(const struct mnpy_services *s, PyObject *share, PyObject *cache)
{
    PyObject *type = cache ? mnpy_get(share, "share_type_id") : NULL;
    if (cache && !type) {
        return NULL;
    }
    PyObject *specs = type ? PyDict_GetItemWithError(cache, type) : NULL;
    Py_XINCREF(specs);
    if (!specs && !PyErr_Occurred()) {
        specs = PyObject_CallFunctionObjArgs(s->extra_specs, share, NULL);
        if (specs && type && PyDict_SetItem(cache, type, specs) < 0) {
            Py_CLEAR(specs);
        }
    }
    Py_XDECREF(type);
    return specs;
}

static int
read_options(char **options, const struct mnpy_reader *r, PyObject *share,
             PyObject *cache)
{
    if (!r->services->extra_specs) {
        return 0;
    }
    PyObject *specs = look_up_specs(r->services, share, cache);
    int rc = specs ? 0 : -1;
    if (specs && specs != Py_None) {
        rc = mnpy_get_text(specs, option_specs[r->server_type].key, options);
    }
    Py_XDECREF(specs);
    bool fold = option_specs[r->server_type].fold;
    for (char *p = *options; fold && p && *p; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        }
    }
    return rc;
}

/* The protocol, in capitals. */
static int
read_proto(PyObject *obj, char **proto)
{
    if (mnpy_get_text(obj, "share_proto", proto) < 0) {
        return -1;
    }
    for (char *p = *proto; p && *p; p++) {
        if (*p >= 'a' && *p <= 'z') {
            *p = (char)(*p - 'a' + 'A');
        }
    }
    return 0;
}

/* The pool in "host@backend#pool". */
static int
read_pool(struct mnpy_share *share, PyObject *obj)
{
    char *host;
    if (mnpy_get_text(obj, "host", &host) < 0) {
        return -1;
    }
    const char *hash = host ? strchr(host, '#') : NULL;
    bool named = hash && hash[1];
    share->pool = named ? mn_strdup(hash + 1) : NULL;
    mn_free(host);
    if (named && !share->pool) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

const char *
mnpy_location_path(const char *location)
{
    const char *colon = strstr(location, ":/");
    return colon ? colon + 1 : NULL;
}

int
mnpy_location_of(PyObject *share, char **location)
{
    *location = NULL;
    PyObject *list = mnpy_get(share, "export_locations");
    bool is_list = list && (PyList_Check(list) || PyTuple_Check(list));
    PyObject *first = is_list && PySequence_Size(list) > 0
                          ? PySequence_GetItem(list, 0)
                          : NULL;
    int rc = list && !PyErr_Occurred() ? 0 : -1;
    if (first && PyUnicode_Check(first)) {
        rc = mnpy_text(first, "export location", location);
    }
    else if (first) {
        rc = mnpy_get_text(first, "path", location);
    }
    Py_XDECREF(first);
    Py_XDECREF(list);
    return rc;
}

const struct mn_gpfs_pool *
mnpy_pool_of(const struct mnpy_reader *r, const char *name)
{
    for (size_t i = 0; name && i < r->pools_n; i++) {
        if (strcmp(r->pools[i].name, name) == 0) {
            return &r->pools[i];
        }
    }
    return r->pools_n ? &r->pools[0] : NULL;
}

/* Is path where the pool has the share anyway? */
static bool
is_usual_path(const struct mn_gpfs_pool *pool, const char *name,
              const char *path)
{
    size_t n = strlen(pool->base);
    while (n && pool->base[n - 1] == '/') {
        n--;
    }
    return strncmp(path, pool->base, n) == 0 && path[n] == '/'
           && strcmp(path + n + 1, name) == 0;
}

/* Where the share is linked, when Manila knows of a place of its own. */
static int
read_path(struct mnpy_share *share, const struct mnpy_reader *r)
{
    const struct mn_gpfs_pool *pool = mnpy_pool_of(r, share->pool);
    const char *name = share->name ? share->name : share->id;
    const char *path =
        share->location ? mnpy_location_path(share->location) : NULL;
    bool own = pool && name && path && !is_usual_path(pool, name, path);
    share->path = own ? mn_strdup(path) : NULL;
    if (own && !share->path) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

int
mnpy_share_init(struct mnpy_share *share, PyObject *obj,
                const struct mnpy_reader *r, bool want_specs,
                PyObject *specs_cache)
{
    long size;
    *share = (struct mnpy_share){0};
    if (mnpy_get_text(obj, "id", &share->id) < 0
        || mnpy_get_text(obj, "name", &share->name) < 0
        || mnpy_get_number(obj, "size", 0, MNPY_GIB_MAX, 0, &size) < 0
        || read_proto(obj, &share->proto) < 0
        || mnpy_location_of(obj, &share->location) < 0
        || (r->named_pools && read_pool(share, obj) < 0)
        || read_path(share, r) < 0) {
        return -1;
    }
    if (want_specs
        && read_options(&share->export_options, r, obj, specs_cache) < 0) {
        return -1;
    }
    share->view = (struct mn_share){
        .id = share->id ? share->id : share->name,
        .name = share->name ? share->name : share->id,
        .proto = share->proto,
        .size_gib = (uint64_t)size,
        .export_options = share->export_options,
        .pool = share->pool,
        .location = share->location,
        .path = share->path,
    };
    if (!share->view.id) {
        PyErr_SetString(PyExc_KeyError, "id");
        return -1;
    }
    return 0;
}

void
mnpy_share_dispose(struct mnpy_share *share)
{
    mn_free(share->id);
    mn_free(share->name);
    mn_free(share->proto);
    mn_free(share->export_options);
    mn_free(share->pool);
    mn_free(share->location);
    mn_free(share->path);
    *share = (struct mnpy_share){0};
}

PyObject *
mnpy_share_of_snapshot(PyObject *snapshot)
{
    PyObject *share = mnpy_get(snapshot, "share");
    if (share == Py_None) {
        Py_DECREF(share);
        share = mnpy_get(snapshot, "share_instance");
    }
    if (share == Py_None) {
        Py_DECREF(share);
        PyErr_SetString(PyExc_KeyError, "share");
        return NULL;
    }
    return share;
}

/* The back end's name of the snapshot: what a managed one was given as, else
   Manila's name of it. */
static int
read_snapshot_name(struct mnpy_snapshot *snapshot, PyObject *obj)
{
    if (mnpy_get_text(obj, "provider_location", &snapshot->name) < 0) {
        return -1;
    }
    if (snapshot->name && *snapshot->name) {
        return 0;
    }
    mn_free(snapshot->name);
    return mnpy_get_text(obj, "name", &snapshot->name);
}

/* A share that does not say leaves both possible. */
static int
read_mountable(struct mnpy_snapshot *snapshot, PyObject *share)
{
    PyObject *flag = mnpy_get(share, "mount_snapshot_support");
    int truth = flag ? PyObject_IsTrue(flag) : -1;
    snapshot->mountable = truth > 0;
    snapshot->view.not_mountable = truth == 0 && flag != Py_None;
    Py_XDECREF(flag);
    return truth < 0 ? -1 : 0;
}

int
mnpy_snapshot_init(struct mnpy_snapshot *snapshot, PyObject *obj,
                   PyObject *share, const struct mnpy_reader *r,
                   bool want_specs)
{
    long size;
    *snapshot = (struct mnpy_snapshot){0};
    if (mnpy_get_text(obj, "id", &snapshot->id) < 0
        || read_snapshot_name(snapshot, obj) < 0
        || mnpy_get_number(obj, "size", 0, MNPY_GIB_MAX, 0, &size) < 0
        || mnpy_share_init(&snapshot->share, share, r, want_specs, NULL) < 0
        || read_mountable(snapshot, share) < 0) {
        return -1;
    }
    snapshot->view.share = snapshot->share.view;
    snapshot->view.size_gib = (uint64_t)size;
    snapshot->view.id = snapshot->id ? snapshot->id : snapshot->name;
    snapshot->view.name = snapshot->name ? snapshot->name : snapshot->id;
    if (!snapshot->view.id) {
        PyErr_SetString(PyExc_KeyError, "id");
        return -1;
    }
    return 0;
}

void
mnpy_snapshot_dispose(struct mnpy_snapshot *snapshot)
{
    mnpy_share_dispose(&snapshot->share);
    mn_free(snapshot->id);
    mn_free(snapshot->name);
    *snapshot = (struct mnpy_snapshot){0};
}
