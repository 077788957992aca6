/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_ENGINE_PAUSE_H
#define MN_ENGINE_PAUSE_H

#include "engine/waiter.h"

/* Let time pass without stopping the caller's kind of concurrency. CANCELED
   when the caller gave up. [any] */
int mn_pause(const struct mn_waiter *waiter, unsigned ms,
             struct mn_error *err);

#endif
