/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH settings as Python gives them, and the executors made from them.
 */
#ifndef MN_PYTHON_HOSTS_H
#define MN_PYTHON_HOSTS_H

#include <stdbool.h>

#include "exec/executor.h"
#include "engine/waiter.h"
#include "python/services.h"
#include "ssh/ssh.h"

struct mnpy_ssh_options {
    char *login;
    char *password;
    char *private_key;
    char *passphrase;
    char *known_hosts[2];
    enum mn_host_key_policy host_key_policy;
    long port;
    long connect_timeout;
    long command_timeout;
    long max_sessions;
    bool sudo;
};

/* Read the keys login, password, private_key, passphrase, known_hosts,
   host_key_policy, port, connect_timeout, command_timeout, max_sessions, sudo
   of a dict; a missing one has its default. 0, or -1 with an exception.
   Dispose also after a failure. [gil] */
int mnpy_ssh_options_init(struct mnpy_ssh_options *o, PyObject *dict);
void mnpy_ssh_options_dispose(struct mnpy_ssh_options *o); /* [any] */

/* An executor for the host with these options. [gil] */
int mnpy_ssh_executor(const struct mnpy_ssh_options *o, const char *host,
                      struct mn_waiter waiter, struct mn_executor **ex,
                      struct mn_error *err);

#endif
