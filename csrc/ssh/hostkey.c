/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host keys and known_hosts files, sshd(8) "SSH_KNOWN_HOSTS FILE FORMAT":
 * plain, hashed and [host]:port names, patterns, several keys per host,
 * @revoked. (@cert-authority lines are passed over: libssh2 knows no host
 * certificates.) libssh2's own collection ignores @revoked and patterns, so
 * it is asked only about hashed names.
 */
#include "ssh/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base64.h"

struct line {
    struct mn_slice text;
    bool revoked;
    struct mn_slice names;
    struct mn_slice type;
    struct mn_slice key; /* base64 */
};

/* What the files say about one key, or about the host when key is empty. */
struct findings {
    struct mn_slice key; /* the server's, raw; may be empty */
    bool known;          /* there is a line for this host */
    bool match;
    bool revoked;
    struct mn_buf types; /* "ssh-ed25519,..." of the host's lines */
};

bool
mn_ssh__read_file(const char *path, struct mn_buf *text)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return false;
    }
    ssize_t n;
    do {
        if (!mn_buf_reserve(text, 65536)) {
            break;
        }
        n = read(fd, text->p + text->n, 65536);
        text->n += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
    return !mn_buf_failed(text);
}

static struct mn_slice
next_word(struct mn_slice *rest)
{
    struct mn_slice word = {rest->p, 0};
    *rest = mn_slice_trim(*rest);
    word.p = rest->p;
    while (word.n < rest->n && !strchr(" \t", rest->p[word.n])) {
        word.n++;
    }
    rest->p += word.n;
    rest->n -= word.n;
    return word;
}

static bool
parse_line(struct mn_slice text, struct line *line)
{
    *line = (struct line){.text = mn_slice_trim(text)};
    struct mn_slice rest = line->text;
    if (!rest.n || rest.p[0] == '#') {
        return false;
    }
    line->names = next_word(&rest);
    if (line->names.n && line->names.p[0] == '@') {
        if (!mn_slice_eq(line->names, "@revoked")) {
            return false;
        }
        line->revoked = true;
        line->names = next_word(&rest);
        /* what libssh2 reads must not have the marker */
        line->text = (struct mn_slice){
            line->names.p, (size_t)(text.p + text.n - line->names.p)};
    }
    line->type = next_word(&rest);
    line->key = next_word(&rest);
    return line->key.n > 0;
}

/* '*' and '?' as in ssh_config(5) PATTERNS; names are case-insensitive. */
static bool
glob(struct mn_slice pattern, struct mn_slice name)
{
    while (pattern.n) {
        char c = pattern.p[0];
        struct mn_slice rest = {pattern.p + 1, pattern.n - 1};
        if (c == '*') {
            for (size_t i = 0; i <= name.n; i++) {
                if (glob(rest, (struct mn_slice){name.p + i, name.n - i})) {
                    return true;
                }
            }
            return false;
        }
        if (!name.n || (c != '?' && strncasecmp(&c, name.p, 1) != 0)) {
            return false;
        }
        pattern = rest;
        name.p++;
        name.n--;
    }
    return name.n == 0;
}

/* Hashes are of names in small letters, as ssh(1) has them. */
static void
put_small(struct mn_buf *out, const char *name)
{
    for (; *name; name++) {
        bool capital = *name >= 'A' && *name <= 'Z';
        mn_buf_putc(out, (char)(capital ? *name - 'A' + 'a' : *name));
    }
}

static bool
hashed_matches(LIBSSH2_SESSION *ssh, const struct line *line,
               const struct mn_ssh_config *c)
{
    bool match = false;
    struct mn_buf key = MN_BUF_INIT;
    struct mn_buf text = MN_BUF_INIT; /* libssh2 looks behind its end */
    struct mn_buf host = MN_BUF_INIT;
    LIBSSH2_KNOWNHOSTS *hosts = libssh2_knownhost_init(ssh);
    mn_buf_slice(&key, line->key);
    mn_buf_slice(&text, line->text);
    put_small(&host, c->host);
    if (hosts
        && libssh2_knownhost_readline(hosts, mn_buf_str(&text), text.n,
                                      LIBSSH2_KNOWNHOST_FILE_OPENSSH)
               == 0) {
        match = libssh2_knownhost_checkp(hosts, mn_buf_str(&host), c->port,
                                         mn_buf_str(&key), key.n,
                                         LIBSSH2_KNOWNHOST_TYPE_PLAIN
                                             | LIBSSH2_KNOWNHOST_KEYENC_BASE64,
                                         NULL)
                == LIBSSH2_KNOWNHOST_CHECK_MATCH;
    }
    if (hosts) {
        libssh2_knownhost_free(hosts);
    }
    mn_buf_dispose(&host);
    mn_buf_dispose(&text);
    mn_buf_dispose(&key);
    return match;
}

static bool
names_match(struct mn_slice names, const struct mn_ssh_config *c)
{
    char with_port[300];
    snprintf(with_port, sizeof with_port, "[%s]:%u", c->host, c->port);
    bool match = false;
    struct mn_slice pattern;
    while (mn_slice_next(&names, ',', &pattern)) {
        bool negated = pattern.n && pattern.p[0] == '!';
        if (negated) {
            pattern.p++;
            pattern.n--;
        }
        /* like ssh(1), a name without a port serves any port */
        if (glob(pattern, mn_slice_of(with_port))
            || glob(pattern, mn_slice_of(c->host))) {
            if (negated) {
                return false;
            }
            match = true;
        }
    }
    return match;
}

static bool
same_key(struct mn_slice base64, struct mn_slice raw)
{
    struct mn_buf bytes = MN_BUF_INIT;
    bool same = mn_base64_decode(&bytes, base64)
                && mn_slice_same(mn_buf_view(&bytes), raw);
    mn_buf_dispose(&bytes);
    return same;
}

static void
note_line(struct findings *f, const struct line *line)
{
    bool same = f->key.n && same_key(line->key, f->key);
    if (line->revoked) {
        f->revoked |= same;
        return;
    }
    f->known = true;
    f->match |= same;
    if (f->types.n) {
        mn_buf_putc(&f->types, ',');
    }
    if (mn_slice_eq(line->type, "ssh-rsa")) {
        mn_buf_puts(&f->types, "rsa-sha2-512,rsa-sha2-256,");
    }
    mn_buf_slice(&f->types, line->type);
}

static void
search_file(struct mn_session *s, const char *path, struct findings *f)
{
    const struct mn_ssh_config *c = &s->pool->host->config;
    struct mn_buf text = MN_BUF_INIT;
    if (mn_ssh__read_file(path, &text)) {
        struct mn_slice rest = mn_buf_view(&text);
        struct mn_slice part;
        while (mn_slice_next(&rest, '\n', &part)) {
            struct line line;
            if (!parse_line(part, &line)) {
                continue;
            }
            bool hashed = mn_slice_starts(line.names, "|1|");
            if (hashed ? hashed_matches(s->ssh, &line, c)
                       : names_match(line.names, c)) {
                note_line(f, &line);
            }
        }
    }
    mn_buf_dispose(&text);
}

static void
search(struct mn_session *s, struct findings *f)
{
    search_file(s, s->pool->host->config.known_hosts[0], f);
    search_file(s, s->pool->host->config.known_hosts[1], f);
}

static const char *
first_file(const struct mn_ssh_config *c)
{
    return c->known_hosts[0] ? c->known_hosts[0] : "(no known_hosts file)";
}

static int
unknown(const struct mn_ssh_config *c, struct mn_error *err)
{
    return mn_error_set(
        err, MN_EHOSTKEY,
        "its host key is not in %s%s%s: verify it and add it, for example "
        "with ssh-keyscan -p %u %s",
        first_file(c), c->known_hosts[1] ? " or " : "",
        c->known_hosts[1] ? c->known_hosts[1] : "", c->port, c->host);
}

int
mn_hostkey__prefer(struct mn_session *s, struct mn_error *err)
{
    const struct mn_ssh_config *c = &s->pool->host->config;
    const char *types = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,"
                        "ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256";
    struct findings f = {.types = MN_BUF_INIT};
    int rc = 0;
    search(s, &f);
    if (f.known) {
        types = mn_buf_str(&f.types);
    }
    else if (c->host_key_policy == MN_HOST_KEY_STRICT) {
        rc = unknown(c, err);
    }
    if (!rc
        && libssh2_session_method_pref(s->ssh, LIBSSH2_METHOD_HOSTKEY,
                                       types)) {
        rc = mn_error_set(err, MN_EHOSTKEY,
                          "libssh2 can't verify any of the host key types "
                          "known for it (%s)",
                          types);
    }
    mn_buf_dispose(&f.types);
    return rc;
}

/* Somebody edited it, and left its last line open. */
static bool
last_line_is_open(int fd)
{
    char last;
    off_t end = lseek(fd, 0, SEEK_END);
    return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* line begins with a newline, for a file that needs it. */
static int
append_line(const char *path, struct mn_slice line, struct mn_error *err)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && flock(fd, LOCK_EX) == 0;
    if (ok && !last_line_is_open(fd)) {
        line.p++;
        line.n--;
    }
    ok = ok && write(fd, line.p, line.n) == (ssize_t)line.n;
    int why = errno;
    if (fd >= 0) {
        ok &= close(fd) == 0;
    }
    if (!ok) {
        return mn_error_set(err, MN_EHOSTKEY,
                            "its new host key can't be added to %s: %s", path,
                            strerror(why));
    }
    return 0;
}

/* The name of the key's type stands at its start, behind its length. */
static int
accept_new(const struct mn_ssh_config *c, struct mn_slice key,
           struct mn_error *err)
{
    struct mn_buf line = MN_BUF_INIT;
    size_t type_n = key.n > 4 ? (unsigned char)key.p[3] : 0;
    if (!c->known_hosts[0] || type_n + 4 > key.n) {
        return unknown(c, err);
    }
    if (c->port == 22) {
        mn_buf_printf(&line, "\n%s ", c->host);
    }
    else {
        mn_buf_printf(&line, "\n[%s]:%u ", c->host, c->port);
    }
    mn_buf_add(&line, key.p + 4, type_n);
    mn_buf_putc(&line, ' ');
    mn_base64_encode(&line, key, true);
    mn_buf_putc(&line, '\n');
    int rc = mn_buf_failed(&line)
                 ? mn_error_nomem(err)
                 : append_line(c->known_hosts[0], mn_buf_view(&line), err);
    mn_buf_dispose(&line);
    return rc;
}

static void
put_fingerprint(struct mn_session *s, struct mn_buf *out)
{
    const char *hash =
        libssh2_hostkey_hash(s->ssh, LIBSSH2_HOSTKEY_HASH_SHA256);
    if (hash) {
        mn_buf_puts(out, "SHA256:");
        mn_base64_encode(out, (struct mn_slice){hash, 32}, false);
    }
}

int
mn_hostkey__check(struct mn_session *s, struct mn_error *err)
{
    const struct mn_ssh_config *c = &s->pool->host->config;
    struct findings f = {.types = MN_BUF_INIT};
    struct mn_buf print = MN_BUF_INIT;
    int type;
    int rc = 0;
    f.key.p = libssh2_session_hostkey(s->ssh, &f.key.n, &type);
    if (!f.key.p) {
        f.key.n = 0;
    }
    search(s, &f);
    put_fingerprint(s, &print);
    if (f.revoked) {
        rc = mn_error_set(err, MN_EHOSTKEY,
                          "its host key %s is marked @revoked in known_hosts",
                          mn_buf_str(&print));
    }
    else if (!f.match && f.known) {
        rc = mn_error_set(err, MN_EHOSTKEY,
                          "its host key changed to %s: someone may be "
                          "listening in, or the host was reinstalled; if so, "
                          "replace its key in %s",
                          mn_buf_str(&print), first_file(c));
    }
    else if (!f.match) {
        rc = c->host_key_policy == MN_HOST_KEY_ACCEPT_NEW
                 ? accept_new(c, f.key, err)
                 : unknown(c, err);
    }
    mn_buf_dispose(&f.types);
    mn_buf_dispose(&print);
    return rc;
}
