/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network ACL of an NFS share, from firmware 3.7: it is read, the wanted
 * one is computed, and set in one call that the array carries out as a whole,
 * so that nobody who stays in it is without access for an instant.
 */
#include <string.h>

#include "core/alloc.h"
#include "core/ipnet.h"
#include "tegile/internal.h"

/* "NFS sharing is not enabled" comes as NOTFOUND, as a missing share does. */
static bool
is_unshared(int rc, const struct mn_error *err)
{
    return rc == MN_ENOTFOUND
           && mn_slice_contains_nocase(mn_slice_of(err->text), "not enabled");
}

static bool
wants_addresses(const struct mn_tegile_access *a)
{
    for (size_t i = 0; i < a->all.n; i++) {
        if (!mn_tegile__is_user(&a->all.v[i])) {
            return true;
        }
    }
    return false;
}

/* *acl is NULL for a share that is not shared, and need not be. */
static int
ask(struct mn_tegile_access *a, struct mn_json **acl, struct mn_error *err)
{
    int rc = mn_tegile__call(a->op, &mn_tegile_m_get_acl,
                             mn_tegile__args("s", a->path), acl, err);
    if (!is_unshared(rc, err)) {
        return rc;
    }
    *acl = NULL;
    mn_error_clear(err);
    if (!wants_addresses(a)) {
        return 0;
    }
    rc = mn_tegile__call(a->op, &mn_tegile_m_share_nfs,
                         mn_tegile__args("sb", a->path, true), NULL, err);
    return rc ? rc
              : mn_tegile__call(a->op, &mn_tegile_m_get_acl,
                                mn_tegile__args("s", a->path), acl, err);
}

/* The host of an entry as rules have it: canonical, without a prefix length
   for one address; as it is for a name. */
static void
canonical(const char *host, char text[256])
{
    struct mn_ipnet net;
    if (mn_ipnet_parse(mn_slice_of(host), &net, NULL) == 0) {
        mn_ipnet_format(&net, text);
        return;
    }
    size_t n = strnlen(host, 255);
    memcpy(text, host, n);
    text[n] = '\0';
}

/* One entry; texts borrowed from the array's list or from a rule. */
struct entry {
    const char *type;
    const char *host;
    const char *mode;
    bool root;
};

struct list {
    struct entry *v;
    size_t n;
    bool changed; /* differs from what the array has */
};

static void
write_entry(struct mn_buf *buf, const struct entry *e)
{
    mn_buf_puts(buf, buf->n > 1 ? ",{\"hostType\":" : "{\"hostType\":");
    mn_json_quote(buf, e->type);
    mn_buf_puts(buf, ",\"host\":");
    mn_json_quote(buf, e->host);
    mn_buf_puts(buf, ",\"accessMode\":");
    mn_json_quote(buf, e->mode);
    mn_buf_printf(buf, ",\"rootAccessForNFS\":%s}",
                  e->root ? "true" : "false");
}

static int
set(struct mn_tegile_access *a, const struct list *list, struct mn_error *err)
{
    struct mn_buf text = MN_BUF_INIT;
    mn_buf_putc(&text, '[');
    for (size_t i = 0; i < list->n; i++) {
        write_entry(&text, &list->v[i]);
    }
    mn_buf_putc(&text, ']');
    char *body = mn_buf_failed(&text)
                     ? NULL
                     : mn_tegile__args("sj", a->path, mn_buf_str(&text));
    mn_buf_dispose(&text);
    return mn_tegile__call(a->op, &mn_tegile_m_set_acl, body, NULL, err);
}

/* Is a rule's host in the list already? */
static bool
holds(const struct list *list, const char *to)
{
    char host[256];
    for (size_t i = 0; i < list->n; i++) {
        canonical(list->v[i].host, host);
        if (strcmp(host, to) == 0) {
            return true;
        }
    }
    return false;
}

/* An entry that is there stays as it is, unless a rule gives it another mode
   or it has to go. What Manila never knew of, the storage's administrator
   does; only a resync makes the list exactly Manila's. */
static void
keep(struct list *list, struct mn_tegile_access *a,
     const struct mn_json *entry)
{
    char host[256];
    const char *type = mn_json_field(entry, "hostType");
    struct entry e = {
        .type = *type ? type : "IP",
        .host = mn_json_field(entry, "host"),
        .mode = mn_json_field(entry, "accessMode"),
        .root = true,
    };
    mn_json_bool(mn_json_get(entry, "rootAccessForNFS"), &e.root);
    canonical(e.host, host);
    const struct mn_tegile_rule *rule =
        mn_tegile__find_rule(&a->all, "ip", host);
    bool goes =
        a->resync || mn_tegile__find_rule(&a->drop, "ip", host) != NULL;
    if ((!rule && goes) || (rule && holds(list, host))) {
        list->changed = true;
        return;
    }
    if (rule && strcmp(e.mode, rule->level) != 0) {
        e.mode = rule->level;
        list->changed = true;
    }
    list->v[list->n++] = e;
}

/* Root stays root, as with the exports of other drivers: Manila's users are
   the administrators of their clients. */
static struct entry
entry_of(const struct mn_tegile_rule *rule)
{
    return (struct entry){
        .type = "IP", .host = rule->to, .mode = rule->level, .root = true};
}

static size_t
add_fresh(struct list *list, const struct mn_tegile_rules *all)
{
    size_t before = list->n;
    for (size_t i = 0; i < all->n; i++) {
        const struct mn_tegile_rule *rule = &all->v[i];
        if (strcmp(rule->type, "ip") == 0 && !holds(list, rule->to)) {
            list->v[list->n++] = entry_of(rule);
        }
    }
    return list->n - before;
}

/* The array refuses a list because of one entry: find out whose, by adding
   the new rules one at a time. kept: how many of the list are not new. */
static int
add_one_by_one(struct mn_tegile_access *a, struct list *list, size_t kept,
               struct mn_error *err)
{
    int rc = 0;
    bool done = !list->changed;
    list->n = kept;
    for (size_t i = 0; rc == 0 && i < a->all.n; i++) {
        const struct mn_tegile_rule *rule = &a->all.v[i];
        struct mn_error why = MN_ERROR_INIT;
        if (strcmp(rule->type, "ip") != 0 || holds(list, rule->to)) {
            continue;
        }
        list->v[list->n++] = entry_of(rule);
        rc = set(a, list, &why);
        if (mn_tegile__is_refusal(rc)) {
            mn_tegile__refuse(rule, &why);
            list->n--;
            rc = 0;
        }
        else if (rc) {
            *err = why;
        }
        else {
            done = true;
        }
    }
    return rc == 0 && !done ? set(a, list, err) : rc;
}

/* Is that a list that can be changed and written back? */
static bool
makes_sense(const struct mn_json *acl)
{
    for (size_t i = 0; i < mn_json_count(acl); i++) {
        const struct mn_json *entry = mn_json_at(acl, i);
        if (!*mn_json_field(entry, "host")
            || !*mn_json_field(entry, "accessMode")) {
            return false;
        }
    }
    return true;
}

static int
apply(struct mn_tegile_access *a, const struct mn_json *acl, struct list *list,
      struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    for (size_t i = 0; i < mn_json_count(acl); i++) {
        keep(list, a, mn_json_at(acl, i));
    }
    size_t kept = list->n;
    size_t fresh = add_fresh(list, &a->all);
    if (!list->changed && !fresh) {
        return 0;
    }
    int rc = set(a, list, &why);
    if (fresh && mn_tegile__is_refusal(rc)) {
        return add_one_by_one(a, list, kept, err);
    }
    if (rc) {
        *err = why;
    }
    return rc;
}

int
mn_tegile__apply_acl(struct mn_tegile_access *a, struct mn_error *err)
{
    struct mn_json *acl = NULL;
    struct list list = {0};
    int rc = ask(a, &acl, err);
    if (rc == 0 && !acl) {
        return 0;
    }
    if (rc == 0 && !makes_sense(acl)) {
        rc = mn_error_set(err, MN_EPROTO,
                          "array %s: %s: the reply is no list of hosts with "
                          "their access",
                          a->op->t->server, mn_tegile_m_get_acl.path);
    }
    if (rc == 0) {
        list.v = mn_calloc(mn_json_count(acl) + a->all.n + 1, sizeof *list.v);
        rc = list.v ? apply(a, acl, &list, err) : mn_error_nomem(err);
    }
    mn_free(list.v);
    mn_json_free(acl);
    return rc;
}

int
mn_tegile__ask_users(struct mn_tegile_access *a, struct mn_json **share,
                     const struct mn_json **acl, struct mn_error *err)
{
    int rc = mn_tegile__call(a->op, &mn_tegile_m_get_share,
                             mn_tegile__args("s", a->path), share, err);
    *acl = rc ? NULL : mn_json_get(*share, "aclList");
    return rc;
}
