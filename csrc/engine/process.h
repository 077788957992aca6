/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of this machine, fed and watched by the engine thread.
 */
#ifndef MN_ENGINE_PROCESS_H
#define MN_ENGINE_PROCESS_H

#include "core/argv.h"
#include "core/buf.h"
#include "core/error.h"

struct mn_process;

/* status: exit status, or 128 + signal. out and err hold what it printed; the
   callee may take them. */
typedef void mn_process_done(void *ctx, int status, struct mn_buf *out,
                             struct mn_buf *err);

/* Start argv in a process group of its own, with LC_ALL=C and input (copied)
   as its standard input. done is called once, when it ended; not after
   mn_process_abandon. [engine] */
struct mn_process *mn_process_start(const struct mn_argv *argv,
                                    struct mn_slice input,
                                    mn_process_done *done, void *ctx,
                                    struct mn_error *error);

/* Kill its group (which may not be allowed when a root helper changed user)
   and forget it; it is reaped when it ends. [engine] */
void mn_process_abandon(struct mn_process *process);

#endif
