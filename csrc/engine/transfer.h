/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers of libcurl on the engine's one multi handle. All of it is for the
 * engine thread.
 */
#ifndef MN_ENGINE_TRANSFER_H
#define MN_ENGINE_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>

struct mn_transfer {
    CURL *easy; /* the owner's; its CURLOPT_PRIVATE is ours */
    /* Called once, unless it is stopped before. It has to stop this one
       (before that a connection without a request can be taken out), and may
       start another. */
    void (*done)(struct mn_transfer *transfer, CURLcode result);
    void *done_ctx;
    bool active;
};

/* False when libcurl refuses the handle. */
bool mn_transfer_start(struct mn_transfer *transfer);
void mn_transfer_stop(struct mn_transfer *transfer); /* also when over */

/* Used by loop.c: which multi handle to use (once per engine), let libcurl
   work, close a forked child's copies of its sockets. */
void mn_transfer_setup(CURLM *multi);
void mn_transfer_advance(void);
void mn_transfer_forget(void);

#endif
