/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this directory share.
 */
#ifndef MN_REST_INTERNAL_H
#define MN_REST_INTERNAL_H

#include <stdatomic.h>

#include "engine/op.h"
#include "engine/transfer.h"
#include "rest/client.h"
#include "rest/json_reader.h"

enum { MN_REST_HEADERS_N = 3 };

struct mn_rest_call;

/* Counted: a call that its caller gave up may outlive the driver. */
struct mn_rest_client {
    struct mn_rest rest; /* first: casts both ways */
    atomic_int refs;
    struct mn_waiter waiter;
    char *server;
    char *prefix; /* "https://host:port/zebi/api/" */
    char *ca_path;
    bool ca_is_directory;
    char *hint;
    char *authorization; /* a secret: the whole header */
    bool verify;
    long connect_timeout_ms;
    struct curl_slist headers[MN_REST_HEADERS_N]; /* libcurl reads them only */
    /* [engine] of the process with this generation */
    unsigned generation;
    unsigned in_flight;
    struct mn_rest_call *waiting;
    struct mn_rest_call **waiting_tail;
};

struct mn_rest_call {
    struct mn_op op; /* first: casts both ways */
    struct mn_transfer transfer;
    struct mn_rest_client *client; /* a reference */
    char *what;                    /* "array HOST: path", for messages */
    char *url;
    char *body; /* NULL: a GET */
    size_t body_n;
    size_t body_sent;
    bool replay;
    bool queued;
    bool too_long;
    struct mn_rest_call *next; /* waiting */
    struct mn_json_reader *reader;
    struct mn_rest_reply reply; /* the caller's once done */
    char error[CURL_ERROR_SIZE];
};

void mn_rest__client_unref(struct mn_rest_client *client); /* NULL-safe */

/* How a call is carried out; see call.c. */
extern const struct mn_op_kind mn_rest__call_kind;

/* Tell libcurl what to do for the call. [engine] */
void mn_rest__set_options(struct mn_rest_call *call);
/* What came of it; err is set unless that is MN_OK. [engine] */
enum mn_code mn_rest__describe(const struct mn_rest_call *call,
                               CURLcode result, struct mn_error *err);

#endif
