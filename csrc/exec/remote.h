/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor that carries plans out on another host through SSH, one
 * network round trip per plan on a warm connection.
 */
#ifndef MN_EXEC_REMOTE_H
#define MN_EXEC_REMOTE_H

#include "exec/executor.h"
#include "engine/waiter.h"
#include "ssh/ssh.h"

struct mn_remote_config {
    struct mn_ssh_config ssh;   /* copied */
    bool sudo;                  /* prefix each step with "sudo -n" */
    unsigned command_timeout_s; /* of one step, unless the step says more */
    struct mn_waiter waiter;
};

int mn_remote_new(const struct mn_remote_config *config,
                  struct mn_executor **ex, struct mn_error *err);

#endif
