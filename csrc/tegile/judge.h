/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reply of the array says. Its HTTP status alone does not: failures
 * come with 200, 400, 404 and 500, and the same failure comes with several of
 * them, so that the code in the body decides, and its words where the code is
 * EZEBI_GENERAL.
 */
#ifndef MN_TEGILE_JUDGE_H
#define MN_TEGILE_JUDGE_H

#include "rest/rest.h"
#include "tegile/methods.h"

struct mn_tegile_verdict {
    enum mn_code code; /* 0: done */
    bool lost;         /* not to be told whether it was done */
    bool transient;    /* not done, but may be when tried again */
    bool hopeless;     /* trying again would bring the same */
    bool no_method;    /* not done: the firmware does not have it */
};

/* what: for err, "array 10.0.0.1: v2/createShare". [any] */
struct mn_tegile_verdict
mn_tegile__judge(const struct mn_tegile_method *method,
                 const struct mn_rest_reply *reply, const char *what,
                 struct mn_error *err);

#endif
