/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IntelliFlash array in the test's memory: pool "p" with project "o", a few
 * shares, snapshots, clones and rules, as little of them as the driver asks
 * for. Nothing here is allocated by mn_*().
 */
#ifndef FAKE_REST_H
#define FAKE_REST_H

#include "rest/rest.h"

enum { FAKE_SHARES = 4, FAKE_SNAPS = 4, FAKE_RULES = 8 };

struct fake_rule {
    char to[64];
    char level[4];
    bool user;
    bool root; /* as the ACL was told */
};

struct fake_share {
    char name[64]; /* "": not there */
    long long quota;
    long long used;
    long long content;
    char snaps[FAKE_SNAPS][64]; /* with their prefix */
    long long snap_content[FAKE_SNAPS];
    char origin[160]; /* "share@snapshot" of a clone */
    struct fake_rule rules[FAKE_RULES];
    size_t rules_n;
};

/* What happens to the calls of a method, from `skip` on, `times` times. */
struct fake_fault {
    const char *method; /* the end of its path; "": any */
    int skip;
    int times;         /* -1: always */
    bool work;         /* it is done before */
    enum mn_code code; /* of the call; then no reply comes */
    bool unsent;
    long status; /* else the reply */
    const char *body;
};

struct fake_rest {
    struct mn_rest rest; /* first: casts both ways */
    const char *firmware;
    struct fake_share shares[FAKE_SHARES];
    struct fake_fault faults[4];
    size_t faults_n;
    const char *refused; /* a host that no ACL may have */
    int calls;
    int pauses;
    long paused_ms;
    long given_up_ms; /* paused_ms at which a call is given up at the latest */
    enum mn_code pause_code; /* of a pause that is cut short */
    unsigned oversleeps_ms;  /* really, in each pause */
    bool destroyed; /* a call would take clones with what it deletes */
    bool freed;
    char log[16384]; /* the methods that were called, each ends in LF */
};

void fake_rest_init(struct fake_rest *f, const char *firmware);
struct fake_share *fake_share_add(struct fake_rest *f, const char *name);
struct fake_share *fake_share_find(struct fake_rest *f, const char *name);
/* "rw", "ro" or NULL */
const char *fake_share_may(struct fake_share *s, const char *to);
void fake_fault_add(struct fake_rest *f, struct fake_fault fault);
int fake_rest_count(const struct fake_rest *f, const char *method);
void fake_rest_forget(struct fake_rest *f); /* counts, log and faults */

#endif
