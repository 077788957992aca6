/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An executor over a Python callable of Manila's kind,
 * execute(*cmd, process_input=, run_as_root=, check_exit_code=) ->
 * (stdout, stderr), which raises an exception with an integer exit_code when
 * the status is not accepted.
 */
#ifndef MN_PYTHON_EXECUTE_EXECUTOR_H
#define MN_PYTHON_EXECUTE_EXECUTOR_H

#include "exec/executor.h"
#include "python/api.h"

/* prefix: the arguments that bring a command to another host (ssh ... host;
   the command is then one quoted argument and runs as the login there), taken
   over; empty: the command runs here, as root. It has no background: submit
   does everything, one step after the other. [gil], and so is all of it */
int mnpy_execute_new(PyObject *execute, const char *host,
                     struct mn_argv *prefix, struct mn_executor **ex,
                     struct mn_error *err);

#endif
