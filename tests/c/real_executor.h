/* SPDX-License-Identifier: Apache-2.0 */
/* An executor that really runs the steps on this machine. */
#ifndef REAL_EXECUTOR_H
#define REAL_EXECUTOR_H

#include "exec/executor.h"

struct real {
    struct mn_executor base;
    int plans;
};

void real_init(struct real *r);

#endif
