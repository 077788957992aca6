/* SPDX-License-Identifier: Apache-2.0 */
#include "python/setup_type.h"

#include <string.h>

#include "core/alloc.h"
#include "exec/local.h"
#include "python/export_options.h"
#include "python/logbridge.h"
#include "python/raise.h"
#include "python/wait.h"

/* While a setup is being made. */
struct maker {
    struct mnpy_setup *setup;
    struct mnpy_ssh_options ssh;
    struct mn_argv root_helper; /* empty: none */
    struct mn_argv local_hosts;
    struct mn_argv servers;
    char *cluster;
    char *server_type;
    char *export_options;
    char *snapshot_dir;
    char *ganesha_version;
    char *ganesha_config_path;
    char *ganesha_export_dir;
    char *ganesha_service_name;
    struct mn_gpfs_node *nodes; /* the servers, and last the cluster */
};

static void
maker_dispose(struct maker *m)
{
    mnpy_ssh_options_dispose(&m->ssh);
    mn_argv_dispose(&m->root_helper);
    mn_argv_dispose(&m->local_hosts);
    mn_argv_dispose(&m->servers);
    mn_free(m->cluster);
    mn_free(m->server_type);
    mn_free(m->export_options);
    mn_free(m->snapshot_dir);
    mn_free(m->ganesha_version);
    mn_free(m->ganesha_config_path);
    mn_free(m->ganesha_export_dir);
    mn_free(m->ganesha_service_name);
    mn_free(m->nodes);
}

/* The pools by name, or the one below mount_point_base. */
static int
read_pools(struct maker *m, PyObject *dict)
{
    struct mn_argv *texts = &m->setup->pool_texts;
    PyObject *list = mnpy_get(dict, "pools");
    PyObject *pairs = list ? mnpy_tuple(list) : NULL;
    Py_ssize_t n = pairs ? PyTuple_Size(pairs) : 0;
    int rc = pairs ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rc = mnpy_add_texts(texts, PyTuple_GetItem(pairs, i), "pools");
        if (rc == 0 && texts->n != 2 * (size_t)(i + 1)) {
            PyErr_SetString(PyExc_ValueError, "pools: pairs are wanted");
            rc = -1;
        }
    }
    Py_XDECREF(pairs);
    Py_XDECREF(list);
    m->setup->reader.named_pools = n > 0;
    return rc;
}

static int
read_default_pool(struct maker *m, PyObject *dict)
{
    struct mn_argv *texts = &m->setup->pool_texts;
    char *name = NULL;
    char *base = NULL;
    int rc = mnpy_get_text(dict, "backend_name", &name);
    if (rc == 0) {
        rc = mnpy_get_text(dict, "mount_point_base", &base);
    }
    if (rc == 0) {
        mn_argv_add(texts, name ? name : "gpfs");
        mn_argv_add(texts, base ? base : "");
    }
    mn_free(name);
    mn_free(base);
    return rc;
}

static int
make_pools(struct mnpy_setup *setup)
{
    size_t n = setup->pool_texts.n / 2;
    setup->pools = mn_calloc(n + 1, sizeof *setup->pools);
    if (!setup->pools || setup->pool_texts.failed) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        setup->pools[i] = (struct mn_gpfs_pool){
            .name = setup->pool_texts.v[2 * i],
            .base = setup->pool_texts.v[2 * i + 1],
        };
    }
    setup->pools_n = n;
    return 0;
}

static int
read_hosts(struct maker *m, PyObject *dict)
{
    PyObject *ssh = mnpy_get(dict, "ssh");
    PyObject *options = ssh == Py_None ? PyDict_New() : ssh;
    int rc = options ? mnpy_ssh_options_init(&m->ssh, options) : -1;
    if (options != ssh) {
        Py_XDECREF(options);
    }
    Py_XDECREF(ssh);
    if (rc < 0 || mnpy_get_list(&m->root_helper, dict, "root_helper") < 0
        || mnpy_get_list(&m->local_hosts, dict, "local_hosts") < 0
        || mnpy_get_list(&m->servers, dict, "nfs_servers") < 0
        || mnpy_get_text(dict, "cluster_host", &m->cluster) < 0) {
        return -1;
    }
    return 0;
}

static int
read_dict(struct maker *m, PyObject *dict)
{
    if (read_hosts(m, dict) < 0 || read_pools(m, dict) < 0
        || (!m->setup->reader.named_pools && read_default_pool(m, dict) < 0)
        || make_pools(m->setup) < 0
        || mnpy_get_text(dict, "export_ip", &m->setup->export_ip) < 0
        || mnpy_get_text(dict, "nfs_server_type", &m->server_type) < 0
        || mnpy_get_text(dict, "export_options", &m->export_options) < 0
        || mnpy_get_text(dict, "snapshot_dir", &m->snapshot_dir) < 0
        || mnpy_get_text(dict, "ganesha_version", &m->ganesha_version) < 0
        || mnpy_get_text(dict, "ganesha_config_path", &m->ganesha_config_path)
               < 0
        || mnpy_get_text(dict, "ganesha_export_dir", &m->ganesha_export_dir)
               < 0
        || mnpy_get_text(dict, "ganesha_service_name",
                         &m->ganesha_service_name)
               < 0
        || mnpy_get_bool(dict, "async_revert", &m->setup->async_revert) < 0) {
        return -1;
    }
    return 0;
}

static int
new_executor(struct maker *m, const char *host, struct mn_executor **ex,
             struct mn_error *err)
{
    struct mn_waiter waiter = mnpy_waiter(&m->setup->services);
    if (!mn_argv_holds(&m->local_hosts, host)) {
        return mnpy_ssh_executor(&m->ssh, host, waiter, ex, err);
    }
    const struct mn_local_config config = {
        .root_helper =
            m->root_helper.n ? (const char *const *)m->root_helper.v : NULL,
        .command_timeout_s = (unsigned)m->ssh.command_timeout,
        .waiter = waiter,
    };
    return mn_local_new(&config, ex, err);
}

/* One host has one executor, also when it is both server and cluster. */
static int
node_init(struct maker *m, size_t i, const char *host, struct mn_error *err)
{
    struct mnpy_setup *setup = m->setup;
    struct mn_gpfs_node *node = &m->nodes[i];
    node->name = host;
    for (size_t j = 0; j < i; j++) {
        if (strcmp(m->nodes[j].name, host) == 0) {
            node->ex = m->nodes[j].ex;
            return 0;
        }
    }
    int rc = new_executor(m, host, &node->ex, err);
    if (rc == 0) {
        setup->executors[setup->executors_n++] = node->ex;
    }
    return rc;
}

static int
make_nodes(struct maker *m, struct mn_error *err)
{
    size_t n = m->servers.n + 1;
    m->nodes = mn_calloc(n, sizeof *m->nodes);
    m->setup->executors = mn_calloc(n, sizeof *m->setup->executors);
    if (!m->nodes || !m->setup->executors) {
        return mn_error_nomem(err);
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->servers.n; i++) {
        rc = node_init(m, i, m->servers.v[i], err);
    }
    if (rc == 0) {
        rc = node_init(m, m->servers.n, m->cluster, err);
    }
    return rc;
}

static int
server_type(const struct maker *m, enum mn_nfs_server_type *type,
            struct mn_error *err)
{
    static const char *const names[] = {
        [MN_NFS_KNFS] = "KNFS", [MN_NFS_GNFS] = "GNFS", [MN_NFS_CES] = "CES"};
    for (int i = 0; m->server_type && i < 3; i++) {
        if (strcmp(m->server_type, names[i]) == 0) {
            *type = (enum mn_nfs_server_type)i;
            return 0;
        }
    }
    return mn_error_set(err, MN_ECONFIG,
                        "gpfs_nfs_server_type must be KNFS, GNFS or CES, "
                        "not %s",
                        m->server_type ? m->server_type : "empty");
}

static int
read_ganesha(const struct maker *m, struct mn_ganesha_config *ganesha,
             struct mn_error *err)
{
    ganesha->command_timeout_s = (unsigned)m->ssh.command_timeout;
    return mnpy_ganesha_config(ganesha, m->ganesha_version,
                               m->ganesha_config_path, m->ganesha_export_dir,
                               m->ganesha_service_name, err);
}

static int
make_gpfs(struct maker *m, struct mn_error *err)
{
    struct mnpy_setup *setup = m->setup;
    struct mn_gpfs_config config = {
        .export_ip = setup->export_ip,
        .pools = setup->pools,
        .pools_n = setup->pools_n,
        .snapshot_dir = m->snapshot_dir ? m->snapshot_dir : ".snapshots",
        .nfs_servers_n = m->servers.n,
        .log = mnpy_log(&setup->services),
    };
    if (!m->cluster) {
        return mn_error_set(err, MN_ECONFIG,
                            "gpfs_share_export_ip must be specified");
    }
    int rc = server_type(m, &config.nfs_server_type, err);
    if (rc == 0) {
        rc = read_ganesha(m, &config.ganesha, err);
    }
    if (rc == 0) {
        rc = make_nodes(m, err);
    }
    if (rc == 0) {
        config.export_options = mnpy_export_options(
            m->export_options, config.nfs_server_type, config.ganesha.syntax);
        config.nfs_servers = m->nodes;
        config.cluster = m->nodes[m->servers.n];
        setup->reader.server_type = config.nfs_server_type;
        rc = mn_gpfs_new(&config, &setup->gpfs, err);
        setup->driver = rc ? NULL : mn_gpfs_driver(setup->gpfs);
    }
    return rc;
}

struct mnpy_setup *
mnpy_gpfs_setup_new(struct mnpy_state *state, PyObject *dict)
{
    struct mn_error err = MN_ERROR_INIT;
    struct maker m = {.setup = mnpy_setup_alloc(state, dict)};
    if (!m.setup) {
        return NULL;
    }
    m.setup->reader.backend = "GPFS";
    int rc = read_dict(&m, dict);
    if (rc == 0) {
        m.setup->reader.pools = m.setup->pools;
        m.setup->reader.pools_n = m.setup->pools_n;
        rc = make_gpfs(&m, &err);
        rc = mnpy_failed(&m.setup->services, rc, &err) ? -1 : 0;
    }
    maker_dispose(&m);
    if (rc < 0) {
        Py_CLEAR(m.setup);
    }
    return m.setup;
}
