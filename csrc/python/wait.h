/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a Python caller waits for the engine. The Python side hands in a
 * chooser, wait() -> callable or None. None: the caller is a plain thread and
 * waits here, without the GIL. Else callable(fd) suspends the caller's
 * greenthread until the fd can be read.
 */
#ifndef MN_PYTHON_WAIT_H
#define MN_PYTHON_WAIT_H

#include "engine/waiter.h"
#include "python/services.h"

/* A waiter that asks s->wait. s must outlive every executor that got the
   waiter. [gil], and so are the waiter's functions. */
struct mn_waiter mnpy_waiter(struct mnpy_services *s);

#endif
