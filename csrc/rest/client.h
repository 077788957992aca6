/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTPS server, called through the engine: kept-alive connections, a
 * limited number of calls at a time, TLS verified.
 */
#ifndef MN_REST_CLIENT_H
#define MN_REST_CLIENT_H

#include <stdint.h>

#include "engine/waiter.h"
#include "rest/rest.h"

/* All strings are copied. */
struct mn_rest_config {
    const char *server; /* host name, IPv4 or IPv6 address */
    uint16_t port;
    const char *prefix; /* of all paths: "/zebi/api/" */
    const char *login;
    const char *password;
    bool verify;         /* the server's certificate and its name */
    const char *ca_path; /* file or directory; NULL: the system's */
    const char *hint;    /* what to do about a certificate, for messages */
    unsigned connect_timeout_s;
    struct mn_waiter waiter;
};

/* CONFIG when the certificates can't be read. */
int mn_rest_client_new(const struct mn_rest_config *config,
                       struct mn_rest **rest, struct mn_error *err);

#endif
