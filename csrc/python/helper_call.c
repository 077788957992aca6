/* SPDX-License-Identifier: Apache-2.0 */
#include "python/helper_call.h"

#include "core/alloc.h"
#include "python/export_options.h"
#include "python/logbridge.h"
#include "python/raise.h"

void
mnpy_helper_end(struct mnpy_helper_call *call)
{
    mn_nfs_helper_free(call->nfs);
    mnpy_servers_dispose(&call->servers);
    mnpy_share_dispose(&call->share);
    mn_free(call->path);
}

static int
make_helper(struct mnpy_helper_call *call)
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
        .log = mnpy_log(&call->state->services),
    };
    int rc = mnpy_ganesha_config(&config->ganesha, s->ganesha_version,
                                 s->ganesha_config_path, s->ganesha_export_dir,
                                 s->ganesha_service_name, &call->err);
    config->export_options =
        mnpy_export_options(s->options, type, config->ganesha.syntax);
    return rc ? rc : news[type](config, &call->nfs, &call->err);
}

static int
read_share(struct mnpy_helper_call *call, PyObject *local_path,
           PyObject *share)
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

int
mnpy_helper_begin(struct mnpy_helper_call *call, PyObject *self,
                  PyObject *local_path, PyObject *share)
{
    *call = (struct mnpy_helper_call){.helper = (struct mnpy_helper *)self};
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

PyObject *
mnpy_helper_none(struct mnpy_helper_call *call, int rc)
{
    bool failed = mnpy_failed(&call->state->services, rc, &call->err);
    mnpy_helper_end(call);
    if (failed) {
        return NULL;
    }
    Py_RETURN_NONE;
}
