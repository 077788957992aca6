/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor that carries plans out on this machine, each step behind a
 * root helper (Manila's rootwrap).
 */
#ifndef MN_EXEC_LOCAL_H
#define MN_EXEC_LOCAL_H

#include "exec/executor.h"
#include "engine/waiter.h"

struct mn_local_config {
    const char *const *root_helper; /* NULL-ended prefix, or NULL; copied */
    unsigned command_timeout_s;
    struct mn_waiter waiter;
};

int mn_local_new(const struct mn_local_config *config, struct mn_executor **ex,
                 struct mn_error *err);

#endif
