/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentication: the private key if there is one, then the password, then
 * the password by keyboard-interactive (servers that offer only that refuse
 * a plain password). What was tried, and why it failed, goes into the error.
 */
#include "ssh/internal.h"

#include <string.h>

#include "core/secret.h"
#include "ssh/rsa.h"

static const struct mn_ssh_config *
config_of(const struct mn_session *s)
{
    return &s->pool->host->config;
}

static unsigned
length(const char *text)
{
    return (unsigned)strlen(text);
}

static int
try_rsa_key(struct mn_session *s)
{
    const struct mn_ssh_config *c = config_of(s);
    struct mn_error err = MN_ERROR_INIT;
    if (!s->rsa
        && mn_rsa_load(c->private_key, c->private_key_passphrase, &s->rsa,
                       &err)) {
        mn_buf_printf(&s->auth_log, "; publickey %s: %s", c->private_key,
                      err.text);
        return LIBSSH2_ERROR_METHOD_NOT_SUPPORTED; /* noted already */
    }
    return mn_rsa_userauth(s->rsa, s->ssh, c->login);
}

static int
try_key(struct mn_session *s)
{
    const struct mn_ssh_config *c = config_of(s);
    if (s->rsa || mn_rsa_needed(c->private_key)) {
        return try_rsa_key(s);
    }
    return libssh2_userauth_publickey_fromfile_ex(
        s->ssh, c->login, length(c->login), NULL, c->private_key,
        c->private_key_passphrase);
}

static int
try_password(struct mn_session *s)
{
    const struct mn_ssh_config *c = config_of(s);
    return libssh2_userauth_password_ex(s->ssh, c->login, length(c->login),
                                        c->password, length(c->password),
                                        NULL);
}

/* libssh2 frees the answers with its own heap. */
static void
answer_prompts(const char *name, int name_n, const char *instruction,
               int instruction_n, int prompts_n,
               const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompts,
               LIBSSH2_USERAUTH_KBDINT_RESPONSE *answers, void **abstract)
{
    struct mn_session *s = *abstract;
    const char *password = config_of(s)->password;
    (void)name;
    (void)name_n;
    (void)instruction;
    (void)instruction_n;
    (void)prompts;
    for (int i = 0; i < prompts_n; i++) {
        answers[i].text = mn_secret_new(mn_slice_of(password));
        answers[i].length = answers[i].text ? length(password) : 0;
    }
}

static int
try_prompts(struct mn_session *s)
{
    const struct mn_ssh_config *c = config_of(s);
    return libssh2_userauth_keyboard_interactive_ex(
        s->ssh, c->login, length(c->login), answer_prompts);
}

static bool
has_key(const struct mn_ssh_config *c)
{
    return c->private_key != NULL;
}

static bool
has_password(const struct mn_ssh_config *c)
{
    return c->password != NULL;
}

static const struct method {
    const char *name; /* as the server calls it */
    bool (*usable)(const struct mn_ssh_config *c);
    int (*attempt)(struct mn_session *s);
} methods[] = {
    {"publickey", has_key, try_key},
    {"password", has_password, try_password},
    {"keyboard-interactive", has_password, try_prompts},
};

enum { METHODS_N = sizeof methods / sizeof methods[0] };

static int
ask_methods(struct mn_session *s)
{
    const struct mn_ssh_config *c = config_of(s);
    const char *list =
        libssh2_userauth_list(s->ssh, c->login, length(c->login));
    if (!list) {
        if (libssh2_userauth_authenticated(s->ssh)) {
            return 0; /* the server wants no credentials */
        }
        int rc = libssh2_session_last_errno(s->ssh);
        return rc ? rc : LIBSSH2_ERROR_AUTHENTICATION_FAILED;
    }
    size_t n = strlen(list);
    n = n < sizeof s->auth_methods ? n : sizeof s->auth_methods - 1;
    memcpy(s->auth_methods, list, n);
    return 0;
}

static void
note_failure(struct mn_session *s, const struct method *m, int rc)
{
    const struct mn_ssh_config *c = config_of(s);
    bool key = m->attempt == try_key;
    const char *advice = "";
    if (rc == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED) {
        return;
    }
    if (key && rc == LIBSSH2_ERROR_FILE) {
        advice = " (is the file readable, and the passphrase right?)";
    }
    mn_buf_printf(&s->auth_log, "; %s%s%s: %s%s", m->name, key ? " " : "",
                  key ? c->private_key : "", mn_session__ssh_error(s), advice);
}

static int
give_up(struct mn_session *s, struct mn_error *err)
{
    const struct mn_ssh_config *c = config_of(s);
    bool nothing = !c->private_key && !c->password;
    mn_error_set(err, MN_EAUTH, "it refused login as %s (it offers %s)%s%s",
                 c->login, s->auth_methods[0] ? s->auth_methods : "nothing",
                 mn_buf_str(&s->auth_log),
                 nothing ? "; no private key and no password are configured"
                         : "");
    return LIBSSH2_ERROR_AUTHENTICATION_FAILED;
}

static bool
is_fatal(int rc)
{
    return rc == LIBSSH2_ERROR_SOCKET_DISCONNECT
           || rc == LIBSSH2_ERROR_SOCKET_RECV
           || rc == LIBSSH2_ERROR_SOCKET_SEND;
}

/* auth_step 0 asks what is offered, step i tries methods[i - 1]. */
int
mn_auth__step(struct mn_session *s, struct mn_error *err)
{
    while (s->auth_step <= METHODS_N) {
        const struct method *m =
            s->auth_step ? &methods[s->auth_step - 1] : NULL;
        bool skip =
            m
            && (!m->usable(config_of(s)) || !strstr(s->auth_methods, m->name));
        int rc = skip ? 0 : m ? m->attempt(s) : ask_methods(s);
        if (rc == LIBSSH2_ERROR_EAGAIN) {
            return rc;
        }
        if (libssh2_userauth_authenticated(s->ssh)) {
            return 0;
        }
        if (is_fatal(rc)) {
            mn_error_set(err, MN_ECONNECT,
                         "it closed the connection during login as %s",
                         config_of(s)->login);
            return rc;
        }
        if (rc && m) {
            note_failure(s, m, rc);
        }
        s->auth_step++;
    }
    return give_up(s, err);
}
