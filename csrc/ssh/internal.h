/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of ssh/ share. Except for struct mn_ssh_host's settings,
 * everything here belongs to the engine thread.
 *
 *   pool     the sessions of one host and the operations that wait for a shell
 *   session  one connection: sans-IO libssh2, connect, host key, auth
 *   shell    one channel of a session with a warm /bin/sh
 */
#ifndef MN_SSH_INTERNAL_H
#define MN_SSH_INTERNAL_H

#include <libssh2.h>
#include <stdatomic.h>

#include "engine/loop.h"
#include "ssh/ssh.h"

struct mn_pool;
struct mn_session;
struct mn_shell;
struct mn_rsa;

struct mn_ssh_host {
    atomic_int refs;
    struct mn_ssh_config config; /* strings owned */
    char *name;                  /* "host HOST", for messages */
    struct mn_pool *pool;        /* [engine] NULL until used */
    unsigned generation;         /* [engine] which engine's pool that is */
    atomic_uint used;            /* generation + 1 of the last submission */
};

struct mn_ssh_mark {
    char text[64]; /* "\nMARK\n" */
    size_t n;
};

struct mn_ssh_op {
    struct mn_op base; /* first */
    struct mn_ssh_host *host;
    struct mn_buf script;
    struct mn_buf out[2]; /* stdout, stderr */
    size_t scanned[2];    /* bytes of out[] that hold no end mark */
    bool ended[2];
    bool shell_dies; /* it said the last mark, not the end */
    struct mn_ssh_mark end;
    struct mn_ssh_mark last;
    struct mn_shell *shell;       /* which one runs it, or NULL: queued */
    struct mn_ssh_op *queue_next; /* while queued */
};

/* What mn_ssh_stats() tells. */
struct mn_ssh_counters {
    atomic_ulong scripts;
    atomic_ulong connections;
    atomic_ulong shells;
};

extern struct mn_ssh_counters mn_ssh__counters;

/* ---- pool.c ---- */

struct mn_pool {
    struct mn_ssh_host *host; /* counted */
    struct mn_session *sessions;
    unsigned sessions_n;
    struct mn_ssh_op *queue;
    struct mn_ssh_op **queue_tail;
    size_t queue_n;
    struct mn_timer housekeeping;
    bool full;     /* until housekeeping: no further connection fares well */
    bool released; /* no more operations will come */
};

/* Something changed (a session is ready, a shell is free or ended, ...): give
   waiting operations to free shells, and see to more shells if need be. */
void mn_pool__dispatch(struct mn_pool *pool);
/* The session is about to be freed. err: why, or NULL: it was not needed. An
   error before it had a shell fails those who wait, unless other sessions can
   serve them. May free the pool. */
void mn_pool__session_ended(struct mn_pool *pool, struct mn_session *s,
                            const struct mn_error *err);

/* ---- session.c ---- */

enum { MN_SHELLS_MAX = 8 }; /* of a session; OpenSSH's MaxSessions is 10 */

enum mn_session_state {
    MN_SESSION_CONNECTING,
    MN_SESSION_HANDSHAKE,
    MN_SESSION_AUTH,
    MN_SESSION_READY,
    MN_SESSION_DEAD,
};

struct mn_session {
    struct mn_session *next; /* in the pool */
    struct mn_pool *pool;
    enum mn_session_state state;
    LIBSSH2_SESSION *ssh;
    struct mn_connect *connect;
    struct mn_watch watch;
    struct mn_timer timer; /* until ready: the connect timeout */
    struct mn_task pump;
    struct mn_buf in; /* read from the socket, not yet by libssh2 */
    size_t in_used;
    struct mn_buf out; /* written by libssh2, not yet to the socket */
    bool gate_shut;    /* libssh2 sees no input: see session.c */
    bool peer_closed;
    bool retiring; /* takes no new operations, closes when idle */
    struct mn_error err;
    struct mn_shell *shells;
    struct mn_shell *opener; /* opens are serial within a session */
    unsigned shells_n;
    unsigned shells_max;
    bool had_shell;
    int64_t idle_since_ms;
    size_t auth_step;
    char auth_methods[128]; /* what the server offers */
    struct mn_buf auth_log; /* what was tried */
    struct mn_rsa *rsa;     /* see rsa.h; or NULL */
};

struct mn_session *mn_session__start(struct mn_pool *pool,
                                     struct mn_error *err);
void mn_session__pump_later(struct mn_session *s);
/* Look at the socket: is the peer still there, as far as we can know? */
bool mn_session__alive(struct mn_session *s);
/* Note why the session can't go on; it is taken down by the next pump. */
void mn_session__fail(struct mn_session *s, enum mn_code code,
                      const char *text);
void mn_session__close(struct mn_session *s); /* no errors to anybody */
/* Text of libssh2's last error. */
const char *mn_session__ssh_error(struct mn_session *s);

/* ---- shell.c ---- */

enum mn_shell_state {
    MN_SHELL_OPENING,
    MN_SHELL_STARTING,
    MN_SHELL_IDLE,
    MN_SHELL_BUSY,
    MN_SHELL_ZOMBIE, /* abandoned; its channel waits to be closed */
    MN_SHELL_GONE,
};

struct mn_shell {
    struct mn_shell *next;
    struct mn_session *session;
    enum mn_shell_state state;
    LIBSSH2_CHANNEL *channel;
    struct mn_ssh_op *op; /* counted by the engine's reference */
    size_t written;
    unsigned plans_run;
    bool stuck; /* abandoned while its script may still run */
    int64_t idle_since_ms;
};

struct mn_shell *mn_shell__open(struct mn_session *s);
void mn_shell__give(struct mn_shell *sh, struct mn_ssh_op *op);
bool mn_shell__step(struct mn_shell *sh); /* true: something moved */
/* Take it out of use; no operation runs on it. */
void mn_shell__close(struct mn_shell *sh);
/* The same for a busy one: its operation is no longer its business. */
void mn_shell__abandon(struct mn_shell *sh);
/* Send what libssh2 left in the session's packets to their channels. */
void mn_shell__drain(struct mn_session *s);

/* ---- hostkey.c ---- */

/* Before the handshake: ask for a key that the files can verify. */
int mn_hostkey__prefer(struct mn_session *s, struct mn_error *err);
/* After the handshake: is it the host that the files tell? */
int mn_hostkey__check(struct mn_session *s, struct mn_error *err);

/* A small file, whole; false when it can't be read. */
bool mn_ssh__read_file(const char *path, struct mn_buf *text);

/* ---- auth.c ---- */

/* One step of authentication: 0 when done, LIBSSH2_ERROR_EAGAIN, or another
   value after err was set. */
int mn_auth__step(struct mn_session *s, struct mn_error *err);

#endif
