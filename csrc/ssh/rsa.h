/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA user keys for libssh2 before 1.11, which signs with SHA-1 only, while
 * servers want rsa-sha2-512 (RFC 8332): the signature is made here with
 * libcrypto, and handed to libssh2 by its signing callback.
 */
#ifndef MN_SSH_RSA_H
#define MN_SSH_RSA_H

#include <libssh2.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

struct mn_rsa;

/* Does this library need us for RSA keys, and is the file one? */
bool mn_rsa_needed(const char *path);

/* Read a private key file, PEM or OpenSSH's format; of the latter only
   without a passphrase, because libcrypto has no bcrypt_pbkdf. */
int mn_rsa_load(const char *path, const char *passphrase, struct mn_rsa **rsa,
                struct mn_error *err);
void mn_rsa_free(struct mn_rsa *rsa); /* NULL-safe */

/* As libssh2_userauth_publickey(). */
int mn_rsa_userauth(struct mn_rsa *rsa, LIBSSH2_SESSION *ssh,
                    const char *login);

#endif
