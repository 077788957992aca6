/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the layers above know of SSH: where to connect, as whom, and one call
 * that has a script run by a warm shell of the host.
 */
#ifndef MN_SSH_SSH_H
#define MN_SSH_SSH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "engine/op.h"

enum mn_host_key_policy {
    MN_HOST_KEY_STRICT,     /* the key must be in a known_hosts file */
    MN_HOST_KEY_ACCEPT_NEW, /* a host that no file knows is added */
};

struct mn_ssh_config {
    const char *host;
    uint16_t port;
    const char *login;
    const char *password;               /* or NULL */
    const char *private_key;            /* path, or NULL */
    const char *private_key_passphrase; /* or NULL */
    const char *known_hosts[2];         /* files; NULL where none */
    enum mn_host_key_policy host_key_policy;
    unsigned connect_timeout_s;
    unsigned max_sessions; /* connections to the host at most */
};

/* An immutable, counted copy of a configuration. */
struct mn_ssh_host;

struct mn_ssh_host *mn_ssh_host_new(const struct mn_ssh_config *config);
void mn_ssh_host_ref(struct mn_ssh_host *host);
void mn_ssh_host_unref(struct mn_ssh_host *host); /* NULL-safe */
/* Nobody will submit for this host again: close its connections once they are
   idle, not only after the idle time. Never waits. [any] */
void mn_ssh_host_release(struct mn_ssh_host *host);

/* What happened in this process so far. [any] */
struct mn_ssh_stats {
    unsigned long scripts;     /* given to a shell: one round trip each */
    unsigned long connections; /* that came as far as a login */
    unsigned long shells;      /* started */
};

void mn_ssh_stats(struct mn_ssh_stats *stats);

/*
 * An operation: a shell of the host reads script, which must print
 * "\nEND\n" on both streams as its last act; out and err then hold what it
 * printed on each. "\nLAST\n" instead says that the shell is about to die.
 * CONNECT when connection or shell ended before: the outcome is unknown;
 * unless nothing had been sent yet, then it is retried within the deadline on
 * a new connection, if one has a shell to give.
 */
struct mn_ssh_op;

int mn_ssh_op_new(struct mn_ssh_host *host, bool want_eventfd,
                  struct mn_ssh_op **op, struct mn_error *err);
struct mn_op *mn_ssh_op_base(struct mn_ssh_op *op);
struct mn_buf *mn_ssh_op_script(struct mn_ssh_op *op); /* fill before submit */
void mn_ssh_op_end_marks(struct mn_ssh_op *op, const char *end,
                         const char *last);
struct mn_buf *mn_ssh_op_out(struct mn_ssh_op *op); /* read when done */
struct mn_buf *mn_ssh_op_err(struct mn_ssh_op *op);

#endif
