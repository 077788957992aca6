/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alloc.h"
#include "core/secret.h"
#include "python/logbridge.h"
#include "python/private_data.h"
#include "python/raise.h"
#include "python/setup_type.h"
#include "python/wait.h"
#include "rest/client.h"

/* While a setup is being made. */
struct maker {
    struct mnpy_setup *setup;
    char *server;
    char *login;
    char *password;
    char *project;
    char *ca_path;
    struct mn_argv pools;
    bool verify;
    long port;
    long connect_s;
    long request_s;
    long operation_s;
};

static void
maker_dispose(struct maker *m)
{
    mn_free(m->server);
    mn_free(m->login);
    mn_free_wiped(m->password);
    mn_free(m->project);
    mn_free(m->ca_path);
    mn_argv_dispose(&m->pools);
}

enum { DAY_S = 86400 };

static int
read_dict(struct maker *m, PyObject *dict)
{
    if (mnpy_get_text(dict, "server", &m->server) < 0
        || mnpy_get_text(dict, "login", &m->login) < 0
        || mnpy_get_text(dict, "password", &m->password) < 0
        || mnpy_get_text(dict, "project", &m->project) < 0
        || mnpy_get_text(dict, "ssl_cert_path", &m->ca_path) < 0
        || mnpy_get_list(&m->pools, dict, "pools") < 0
        || mnpy_get_bool(dict, "ssl_cert_verify", &m->verify) < 0
        || mnpy_get_number(dict, "port", 1, 65535, 443, &m->port) < 0
        || mnpy_get_number(dict, "connect_timeout", 1, DAY_S, 10,
                           &m->connect_s)
               < 0
        || mnpy_get_number(dict, "request_timeout", 1, DAY_S, 120,
                           &m->request_s)
               < 0
        || mnpy_get_number(dict, "operation_timeout", 1, DAY_S, 300,
                           &m->operation_s)
               < 0) {
        return -1;
    }
    return 0;
}

static int
check(const struct maker *m, struct mn_error *err)
{
    const struct {
        const char *option;
        const char *value;
    } needed[] = {{"tegile_nas_server", m->server},
                  {"tegile_nas_login", m->login},
                  {"tegile_nas_password", m->password}};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!needed[i].value || !*needed[i].value) {
            return mn_error_set(err, MN_ECONFIG, "%s must be specified",
                                needed[i].option);
        }
    }
    return 0;
}

static int
make_driver(struct maker *m, struct mn_error *err)
{
    struct mnpy_setup *setup = m->setup;
    struct mn_rest *rest;
    struct mn_tegile *tegile;
    const struct mn_rest_config rest_config = {
        .server = m->server,
        .port = (uint16_t)m->port,
        .prefix = "/zebi/api/",
        .login = m->login,
        .password = m->password,
        .verify = m->verify,
        .ca_path = m->ca_path,
        .hint = "name the file with its CA's certificate, or its own if it "
                "signed that itself, by tegile_ssl_cert_path, or set "
                "tegile_ssl_cert_verify = False",
        .connect_timeout_s = (unsigned)m->connect_s,
        .waiter = mnpy_waiter(&setup->services),
    };
    const struct mn_tegile_config config = {
        .server = m->server,
        .project = m->project ? m->project : "openstack",
        .pools = (const char *const *)m->pools.v,
        .pools_n = m->pools.n,
        .request_timeout_s = (unsigned)m->request_s,
        .operation_timeout_s = (unsigned)m->operation_s,
        .log = mnpy_log(&setup->services),
        .private_data = mnpy_private_data(&setup->services),
    };
    int rc = check(m, err);
    if (rc == 0) {
        rc = mn_rest_client_new(&rest_config, &rest, err);
        if (rc == MN_ECONFIG) {
            mn_error_prefix(err, "tegile_ssl_cert_path: ");
        }
    }
    if (rc == 0) {
        rc = mn_tegile_new(&config, rest, &tegile, err);
    }
    if (rc == 0) {
        setup->tegile = tegile;
        setup->driver = mn_tegile_driver(tegile);
    }
    return rc;
}

struct mnpy_setup *
mnpy_tegile_setup_new(struct mnpy_state *state, PyObject *dict)
{
    struct mn_error err = MN_ERROR_INIT;
    struct maker m = {.setup = mnpy_setup_alloc(state, dict)};
    if (!m.setup) {
        return NULL;
    }
    m.setup->services.family = MNPY_TEGILE;
    m.setup->reader.backend = "Tegile";
    m.setup->reader.cifs = true;
    m.setup->reader.named_pools = true;
    int rc = read_dict(&m, dict);
    if (rc == 0) {
        rc = make_driver(&m, &err);
        rc = mnpy_failed(&m.setup->services, rc, &err) ? -1 : 0;
    }
    maker_dispose(&m);
    if (rc < 0) {
        Py_CLEAR(m.setup);
    }
    return m.setup;
}
