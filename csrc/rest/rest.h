/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of a REST service. Drivers see only this vtable; behind it stands the
 * HTTPS client (client.h) or a test's fake.
 */
#ifndef MN_REST_REST_H
#define MN_REST_REST_H

#include "core/error.h"
#include "rest/json.h"

struct mn_rest_request {
    const char *path; /* below the service's prefix: "openstack/createShare" */
    const char *body; /* JSON for a POST; NULL: a GET */
    bool replay;      /* harmless when it reaches the server twice */
    int64_t timeout_ms;
};

enum { MN_REST_HEAD = 512 }; /* bytes of a body that are kept for messages */

struct mn_rest_reply {
    long status;                 /* of HTTP; 0: there was no reply */
    struct mn_json *json;        /* NULL: the body is empty or no JSON */
    size_t body_n;               /* its bytes */
    char head[MN_REST_HEAD + 1]; /* its beginning, control bytes blanked */
    bool sent; /* after a failure: the server may have got the request */
};

struct mn_rest;

struct mn_rest_vtable {
    /* 0 for any complete HTTP reply. Failures: CONNECT, TIMEDOUT, HOSTKEY
       (the server's certificate), PROTO (too long), CANCELED. The caller
       disposes reply, also after a failure. */
    int (*call)(struct mn_rest *self, const struct mn_rest_request *request,
                struct mn_rest_reply *reply, struct mn_error *err);
    /* Let time pass; CANCELED. */
    int (*pause)(struct mn_rest *self, unsigned ms, struct mn_error *err);
    void (*free)(struct mn_rest *self);
};

struct mn_rest {
    const struct mn_rest_vtable *vtable;
};

void mn_rest_free(struct mn_rest *rest); /* NULL-safe */
void mn_rest_reply_dispose(struct mn_rest_reply *reply);

#endif
