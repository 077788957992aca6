/* SPDX-License-Identifier: Apache-2.0 */
#include "python/helper_servers.h"

#include <string.h>

#include "core/alloc.h"
#include "python/conv.h"
#include "python/execute_executor.h"

void
mnpy_servers_dispose(struct mnpy_servers *s)
{
    for (size_t i = 0; i < s->n; i++) {
        mn_executor_free(s->nodes[i].ex);
    }
    mn_executor_free(s->cluster.ex);
    mn_argv_dispose(&s->names);
    mn_argv_dispose(&s->local);
    mn_free(s->login);
    mn_free(s->port);
    mn_free(s->private_key);
    mn_free(s->options);
    mn_free(s->ganesha_version);
    mn_free(s->ganesha_config_path);
    mn_free(s->ganesha_export_dir);
    mn_free(s->ganesha_service_name);
    mn_free(s->nodes);
}

/* An attribute as text; anything but a text or a number counts as missing,
   for the object may be any stand-in for Manila's configuration. */
static int
config_text(PyObject *configuration, const char *name, char **text)
{
    PyObject *value = mnpy_attr(configuration, name);
    int rc = value ? 0 : -1;
    *text = NULL;
    if (value && PyLong_Check(value)) {
        PyObject *str = PyObject_Str(value);
        rc = str ? mnpy_text(str, name, text) : -1;
        Py_XDECREF(str);
    }
    else if (value && PyUnicode_Check(value)) {
        rc = mnpy_text(value, name, text);
    }
    Py_XDECREF(value);
    return rc;
}

static int
config_list(PyObject *configuration, const char *name, struct mn_argv *list)
{
    PyObject *value = mnpy_attr(configuration, name);
    int rc = value ? 0 : -1;
    if (value && (PyList_Check(value) || PyTuple_Check(value))) {
        rc = mnpy_add_texts(list, value, name);
    }
    Py_XDECREF(value);
    return rc;
}

/* This machine's IPv4 addresses, as the original driver asks for them. Through
   Python's socket module, so that eventlet's resolver is used when it is in
   charge. No name, no addresses: then every server is a remote one. */
static int
local_addresses(struct mn_argv *local)
{
    PyObject *socket = PyImport_ImportModule("socket");
    PyObject *name =
        socket ? PyObject_CallMethod(socket, "gethostname", NULL) : NULL;
    PyObject *entry =
        name ? PyObject_CallMethod(socket, "gethostbyname_ex", "O", name)
             : NULL;
    int rc = 0;
    if (entry) {
        PyObject *list = PySequence_GetItem(entry, 2);
        rc = list ? mnpy_add_texts(local, list, "addresses") : -1;
        Py_XDECREF(list);
    }
    else if (PyErr_ExceptionMatches(PyExc_OSError)) {
        PyErr_Clear();
    }
    else {
        rc = -1;
    }
    Py_XDECREF(entry);
    Py_XDECREF(name);
    Py_XDECREF(socket);
    return rc;
}

static int
read_ganesha(struct mnpy_servers *s, PyObject *configuration)
{
    if (config_text(configuration, "gpfs_ganesha_version", &s->ganesha_version)
            < 0
        || config_text(configuration, "ganesha_config_path",
                       &s->ganesha_config_path)
               < 0
        || config_text(configuration, "ganesha_export_dir",
                       &s->ganesha_export_dir)
               < 0
        || config_text(configuration, "ganesha_service_name",
                       &s->ganesha_service_name)
               < 0) {
        return -1;
    }
    return 0;
}

int
mnpy_servers_read(struct mnpy_servers *s, PyObject *configuration,
                  enum mn_nfs_server_type type)
{
    static const char *const options[] = {
        [MN_NFS_KNFS] = "knfs_export_options",
        [MN_NFS_GNFS] = "ganesha_nfs_export_options",
        [MN_NFS_CES] = NULL, /* share types alone have them */
    };
    if (config_list(configuration, "gpfs_nfs_server_list", &s->names) < 0
        || config_text(configuration, "gpfs_ssh_login", &s->login) < 0
        || config_text(configuration, "gpfs_ssh_port", &s->port) < 0
        || config_text(configuration, "gpfs_ssh_private_key", &s->private_key)
               < 0
        || (options[type]
            && config_text(configuration, options[type], &s->options) < 0)
        || (type == MN_NFS_GNFS && read_ganesha(s, configuration) < 0)
        || (s->names.n && local_addresses(&s->local) < 0)) {
        return -1;
    }
    return 0;
}

static bool
is_local(const struct mnpy_servers *s, const char *server)
{
    for (size_t i = 0; i < s->local.n; i++) {
        if (strcmp(s->local.v[i], server) == 0) {
            return true;
        }
    }
    return false;
}

/* The words that bring a command to a server. */
static void
ssh_words(const struct mnpy_servers *s, const char *server,
          struct mn_argv *words)
{
    mn_argv_add(words, "ssh");
    mn_argv_add(words, "-o");
    mn_argv_add(words, "BatchMode=yes");
    mn_argv_add(words, "-p");
    mn_argv_add(words, s->port ? s->port : "22");
    if (s->private_key) {
        mn_argv_add(words, "-i");
        mn_argv_add(words, s->private_key);
    }
    if (s->login) {
        mn_argv_addf(words, "%s@%s", s->login, server);
    }
    else {
        mn_argv_add(words, server);
    }
}

static int
server_add(struct mnpy_servers *s, PyObject *execute, const char *server,
           bool local, struct mn_error *err)
{
    struct mn_argv words = MN_ARGV_INIT;
    struct mn_gpfs_node *node = &s->nodes[s->n];
    node->name = server;
    if (!local) {
        ssh_words(s, server, &words);
    }
    int rc = mnpy_execute_new(execute, server, &words, &node->ex, err);
    mn_argv_dispose(&words);
    s->n += rc == 0;
    return rc;
}

int
mnpy_servers_make(struct mnpy_servers *s, PyObject *execute,
                  struct mn_error *err)
{
    s->nodes = mn_calloc(s->names.n + 1, sizeof *s->nodes);
    if (!s->nodes) {
        return mn_error_nomem(err);
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < s->names.n; i++) {
        const char *server = s->names.v[i];
        rc = server_add(s, execute, server, is_local(s, server), err);
    }
    if (rc == 0 && !s->names.n) {
        rc = server_add(s, execute, "localhost", true, err);
    }
    if (rc == 0) {
        s->cluster.name = "the cluster";
        rc = mnpy_execute_new(execute, s->cluster.name, NULL, &s->cluster.ex,
                              err);
    }
    return rc;
}
