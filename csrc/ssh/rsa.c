/* SPDX-License-Identifier: Apache-2.0 */
#include "ssh/rsa.h"

/* RSA_set0_key() and its like are the only way that both OpenSSL 1.1.1 and 3
   have to make a key of its numbers. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "core/secret.h"
#include "ssh/internal.h"

#define OPENSSH_MAGIC "openssh-key-v1"

struct mn_rsa {
    EVP_PKEY *key;
    struct mn_buf blob; /* RFC 8332's name, e and n: the public key */
    void *self;         /* what the signing callback is given */
};

/* ---- the file ---- */

/* The bytes between the BEGIN and END lines. */
static bool
unarmour(struct mn_slice file, struct mn_buf *bytes)
{
    struct mn_buf text = MN_BUF_INIT;
    struct mn_slice line;
    while (mn_slice_next(&file, '\n', &line)) {
        if (!mn_slice_starts(line, "-----")) {
            mn_buf_slice(&text, mn_slice_trim(line));
        }
    }
    bool ok = mn_base64_decode(bytes, mn_buf_view(&text));
    if (text.p) {
        explicit_bzero(text.p, text.n);
    }
    mn_buf_dispose(&text);
    return ok;
}

static void
wipe(struct mn_buf *b)
{
    if (b->p) {
        explicit_bzero(b->p, b->n);
    }
    mn_buf_dispose(b);
}

bool
mn_rsa_needed(const char *path)
{
    struct mn_buf file = MN_BUF_INIT;
    struct mn_buf bytes = MN_BUF_INIT;
    bool rsa = false;
    if (libssh2_version(0x010b00) == NULL && mn_ssh__read_file(path, &file)) {
        struct mn_slice text = mn_buf_view(&file);
        rsa = mn_slice_contains(text, "BEGIN RSA PRIVATE KEY");
        /* the public part of OpenSSH's format is never encrypted */
        rsa = rsa
              || (unarmour(text, &bytes)
                  && mn_slice_contains(mn_buf_view(&bytes), "\7ssh-rsa"));
    }
    wipe(&file);
    wipe(&bytes);
    return rsa;
}

/* Cut a string (RFC 4251: length, bytes) off *rest. */
static bool
take_string(struct mn_slice *rest, struct mn_slice *s)
{
    if (rest->n < 4) {
        return false;
    }
    const unsigned char *p = (const unsigned char *)rest->p;
    size_t n =
        (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > rest->n - 4) {
        return false;
    }
    *s = (struct mn_slice){rest->p + 4, n};
    rest->p += 4 + n;
    rest->n -= 4 + n;
    return true;
}

static BIGNUM *
number(struct mn_slice s)
{
    return BN_bin2bn((const unsigned char *)s.p, (int)s.n, NULL);
}

/* In the file's order: n e d iqmp p q. */
static EVP_PKEY *
key_of_numbers(const struct mn_slice v[6])
{
    RSA *rsa = RSA_new();
    EVP_PKEY *key = EVP_PKEY_new();
    if (!rsa || !key
        || !RSA_set0_key(rsa, number(v[0]), number(v[1]), number(v[2]))
        || !RSA_set0_factors(rsa, number(v[4]), number(v[5]))
        || !EVP_PKEY_assign_RSA(key, rsa)) {
        RSA_free(rsa);
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *
parse_openssh(struct mn_slice rest, struct mn_error *err)
{
    struct mn_slice cipher;
    struct mn_slice skip;
    struct mn_slice secret;
    struct mn_slice v[7];
    size_t magic = sizeof OPENSSH_MAGIC; /* with its NUL */
    rest.p += magic;
    rest.n -= magic;
    bool ok = take_string(&rest, &cipher) && take_string(&rest, &skip)
              && take_string(&rest, &skip);
    if (ok && !mn_slice_eq(cipher, "none")) {
        mn_error_set(err, MN_EAUTH,
                     "with libssh2 before 1.11 an RSA key with a passphrase "
                     "must be in PEM format (ssh-keygen -p -m PEM), or use "
                     "an ed25519 key (ssh-keygen -t ed25519)");
        return NULL;
    }
    ok = ok && rest.n >= 4;
    rest.p += ok ? 4 : 0; /* the number of keys */
    rest.n -= ok ? 4 : 0;
    ok = ok && take_string(&rest, &skip) && take_string(&rest, &secret)
         && secret.n > 8;
    secret.p += ok ? 8 : 0; /* two check words */
    secret.n -= ok ? 8 : 0;
    for (int i = 0; ok && i < 7; i++) {
        ok = take_string(&secret, &v[i]);
    }
    return ok ? key_of_numbers(v + 1) : NULL;
}

static EVP_PKEY *
parse(struct mn_slice file, const char *passphrase, struct mn_error *err)
{
    struct mn_buf bytes = MN_BUF_INIT;
    EVP_PKEY *key = NULL;
    if (unarmour(file, &bytes)
        && mn_slice_starts(mn_buf_view(&bytes), OPENSSH_MAGIC)) {
        key = parse_openssh(mn_buf_view(&bytes), err);
    }
    else {
        BIO *bio = BIO_new_mem_buf(file.p, (int)file.n);
        /* with an empty passphrase libcrypto never asks the terminal */
        key = PEM_read_bio_PrivateKey(bio, NULL, NULL,
                                      (void *)(passphrase ? passphrase : ""));
        BIO_free(bio);
    }
    wipe(&bytes);
    return key;
}

/* ---- the public key ---- */

static void
put_u32(struct mn_buf *b, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        mn_buf_putc(b, (char)(n >> shift & 0xff));
    }
}

static void
put_mpint(struct mn_buf *b, const BIGNUM *number_)
{
    size_t n = (size_t)BN_num_bytes(number_);
    size_t pad = BN_num_bits(number_) % 8 == 0; /* keeps it positive */
    put_u32(b, n + pad);
    if (pad) {
        mn_buf_putc(b, '\0');
    }
    if (mn_buf_reserve(b, n)) {
        BN_bn2bin(number_, (unsigned char *)b->p + b->n);
        b->n += n;
    }
}

static void
put_blob(struct mn_buf *b, EVP_PKEY *key)
{
    static const char name[] = "rsa-sha2-512";
    const BIGNUM *n;
    const BIGNUM *e;
    RSA_get0_key(EVP_PKEY_get0_RSA(key), &n, &e, NULL);
    /* libssh2 names the signature's algorithm by the blob's first string */
    put_u32(b, sizeof name - 1);
    mn_buf_puts(b, name);
    put_mpint(b, e);
    put_mpint(b, n);
}

int
mn_rsa_load(const char *path, const char *passphrase, struct mn_rsa **rsa,
            struct mn_error *err)
{
    struct mn_buf file = MN_BUF_INIT;
    struct mn_rsa *r = mn_calloc(1, sizeof *r);
    if (r && mn_ssh__read_file(path, &file)) {
        r->key = parse(mn_buf_view(&file), passphrase, err);
    }
    wipe(&file);
    if (r && r->key && EVP_PKEY_base_id(r->key) == EVP_PKEY_RSA) {
        put_blob(&r->blob, r->key);
        r->self = r;
        *rsa = r;
        return 0;
    }
    mn_rsa_free(r);
    return mn_error_set(err, MN_EAUTH,
                        "the key can't be used (is the passphrase right?)");
}

void
mn_rsa_free(struct mn_rsa *r)
{
    if (r) {
        EVP_PKEY_free(r->key);
        mn_buf_dispose(&r->blob);
        mn_free(r);
    }
}

/* ---- signing ---- */

/* libssh2 frees *sig with the session's heap. */
static int
sign(LIBSSH2_SESSION *ssh, unsigned char **sig, size_t *sig_n,
     const unsigned char *data, size_t data_n, void **abstract)
{
    struct mn_rsa *r = *abstract;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = (size_t)EVP_PKEY_size(r->key);
    unsigned char *out = mn_secret_alloc(n);
    (void)ssh;
    bool ok = ctx && out
              && EVP_DigestSignInit(ctx, NULL, EVP_sha512(), NULL, r->key) == 1
              && EVP_DigestSign(ctx, out, &n, data, data_n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok) {
        mn_secret_free(out);
        return -1;
    }
    *sig = out;
    *sig_n = n;
    return 0;
}

int
mn_rsa_userauth(struct mn_rsa *r, LIBSSH2_SESSION *ssh, const char *login)
{
    return libssh2_userauth_publickey(ssh, login,
                                      (const unsigned char *)r->blob.p,
                                      r->blob.n, sign, &r->self);
}
