/* SPDX-License-Identifier: Apache-2.0 */
#include "python/hosts.h"

#include <string.h>

#include "core/alloc.h"
#include "exec/remote.h"
#include "python/conv.h"

enum {
    DEFAULT_PORT = 22,
    DEFAULT_CONNECT_TIMEOUT = 60, /* s; Manila's ssh_conn_timeout */
    DEFAULT_COMMAND_TIMEOUT = 300,
    DEFAULT_SESSIONS = 10, /* Manila's ssh_max_pool_conn */
    MAX_SECONDS = 7 * 24 * 3600,
};

/* A path with ~ expanded, NULL for None. */
static int
get_path(PyObject *path, const char *what, char **text)
{
    *text = NULL;
    if (path == Py_None) {
        return 0;
    }
    PyObject *os_path = PyImport_ImportModule("os.path");
    PyObject *full =
        os_path ? PyObject_CallMethod(os_path, "expanduser", "O", path) : NULL;
    int rc = full ? mnpy_text(full, what, text) : -1;
    Py_XDECREF(full);
    Py_XDECREF(os_path);
    return rc;
}

/* Who logs in when no option says: the user of this process, as ssh(1) has it.
 */
static int
get_login(struct mnpy_ssh_options *o, PyObject *dict)
{
    if (mnpy_get_text(dict, "login", &o->login) < 0 || o->login) {
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *getpass = PyImport_ImportModule("getpass");
    PyObject *user =
        getpass ? PyObject_CallMethod(getpass, "getuser", NULL) : NULL;
    int rc = user ? mnpy_text(user, "login", &o->login) : -1;
    Py_XDECREF(user);
    Py_XDECREF(getpass);
    return rc;
}

static int
get_known_hosts(struct mnpy_ssh_options *o, PyObject *dict)
{
    PyObject *value = mnpy_get(dict, "known_hosts");
    PyObject *files = NULL;
    if (value == Py_None) {
        files = Py_BuildValue("(ss)", "~/.ssh/known_hosts",
                              "/etc/ssh/ssh_known_hosts");
    }
    else if (value && !PyUnicode_Check(value)) {
        files = PySequence_Tuple(value);
    }
    else if (value) {
        files = PyTuple_Pack(1, value);
    }
    int rc = files ? 0 : -1;
    Py_ssize_t n = files ? PyTuple_Size(files) : 0;
    if (n > 2) {
        PyErr_SetString(PyExc_ValueError, "known_hosts: two files at most");
        rc = -1;
    }
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rc = get_path(PyTuple_GetItem(files, i), "known_hosts",
                      &o->known_hosts[i]);
    }
    Py_XDECREF(files);
    Py_XDECREF(value);
    return rc;
}

static int
get_policy(struct mnpy_ssh_options *o, PyObject *dict)
{
    char *policy;
    if (mnpy_get_text(dict, "host_key_policy", &policy) < 0) {
        return -1;
    }
    int rc = 0;
    o->host_key_policy = MN_HOST_KEY_STRICT;
    if (policy && strcmp(policy, "accept-new") == 0) {
        o->host_key_policy = MN_HOST_KEY_ACCEPT_NEW;
    }
    else if (policy && strcmp(policy, "strict") != 0) {
        PyErr_Format(PyExc_ValueError,
                     "host_key_policy must be strict or accept-new, not %s",
                     policy);
        rc = -1;
    }
    mn_free(policy);
    return rc;
}

static int
get_numbers(struct mnpy_ssh_options *o, PyObject *dict)
{
    if (mnpy_get_number(dict, "port", 1, 65535, DEFAULT_PORT, &o->port) < 0
        || mnpy_get_number(dict, "connect_timeout", 1, MAX_SECONDS,
                           DEFAULT_CONNECT_TIMEOUT, &o->connect_timeout)
               < 0
        || mnpy_get_number(dict, "command_timeout", 1, MAX_SECONDS,
                           DEFAULT_COMMAND_TIMEOUT, &o->command_timeout)
               < 0
        || mnpy_get_number(dict, "max_sessions", 1, 1000, DEFAULT_SESSIONS,
                           &o->max_sessions)
               < 0) {
        return -1;
    }
    PyObject *sudo = mnpy_get(dict, "sudo");
    int truth = sudo ? PyObject_IsTrue(sudo) : -1;
    Py_XDECREF(sudo);
    o->sudo = truth > 0;
    return truth < 0 ? -1 : 0;
}

int
mnpy_ssh_options_init(struct mnpy_ssh_options *o, PyObject *dict)
{
    *o = (struct mnpy_ssh_options){0};
    PyObject *key = mnpy_get(dict, "private_key");
    int rc = key ? get_path(key, "private_key", &o->private_key) : -1;
    Py_XDECREF(key);
    if (rc < 0 || get_login(o, dict) < 0
        || mnpy_get_text(dict, "password", &o->password) < 0
        || mnpy_get_text(dict, "passphrase", &o->passphrase) < 0
        || get_known_hosts(o, dict) < 0 || get_policy(o, dict) < 0
        || get_numbers(o, dict) < 0) {
        return -1;
    }
    return 0;
}

void
mnpy_ssh_options_dispose(struct mnpy_ssh_options *o)
{
    mn_free(o->login);
    mn_free_wiped(o->password);
    mn_free(o->private_key);
    mn_free_wiped(o->passphrase);
    mn_free(o->known_hosts[0]);
    mn_free(o->known_hosts[1]);
    *o = (struct mnpy_ssh_options){0};
}

int
mnpy_ssh_executor(const struct mnpy_ssh_options *o, const char *host,
                  struct mn_waiter waiter, struct mn_executor **ex,
                  struct mn_error *err)
{
    const struct mn_remote_config config = {
        .ssh =
            {
                .host = host,
                .port = (uint16_t)o->port,
                .login = o->login,
                .password = o->password,
                .private_key = o->private_key,
                .private_key_passphrase = o->passphrase,
                .known_hosts = {o->known_hosts[0], o->known_hosts[1]},
                .host_key_policy = o->host_key_policy,
                .connect_timeout_s = (unsigned)o->connect_timeout,
                .max_sessions = (unsigned)o->max_sessions,
            },
        .sudo = o->sudo,
        .command_timeout_s = (unsigned)o->command_timeout,
        .waiter = waiter,
    };
    return mn_remote_new(&config, ex, err);
}
