/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_rest.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MISSING                                                              \
    "{\"code\":\"EZEBI_RESOURCE_NOT_FOUND\",\"message\":\"dataset does not " \
    "exist\"}"
#define TAKEN "{\"code\":\"EZEBI_GENERAL\",\"message\":\"x already exists.\"}"
#define INVALID "{\"code\":\"EZEBI_INVALID_ARGUMENT\",\"message\":\"x\"}"
#define BUSY "{\"code\":\"EZEBI_GENERAL\",\"message\":\"dataset is busy\"}"

/* One call while it is answered. */
struct answer {
    struct fake_rest *f;
    struct json_object *args;
    long status;
    char body[8192];
};

static void
say(struct answer *a, long status, const char *body)
{
    a->status = status;
    snprintf(a->body, sizeof a->body, "%s", body);
}

static const char *
arg(struct answer *a, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(a->args, i));
}

struct fake_share *
fake_share_find(struct fake_rest *f, const char *name)
{
    for (size_t i = 0; i < FAKE_SHARES; i++) {
        if (*name && strcmp(f->shares[i].name, name) == 0) {
            return &f->shares[i];
        }
    }
    return NULL;
}

struct fake_share *
fake_share_add(struct fake_rest *f, const char *name)
{
    for (size_t i = 0; i < FAKE_SHARES; i++) {
        struct fake_share *s = &f->shares[i];
        if (!*s->name) {
            *s = (struct fake_share){0};
            snprintf(s->name, sizeof s->name, "%s", name);
            return s;
        }
    }
    abort();
}

const char *
fake_share_may(struct fake_share *s, const char *to)
{
    for (size_t i = 0; i < s->rules_n; i++) {
        if (strcmp(s->rules[i].to, to) == 0) {
            return s->rules[i].level;
        }
    }
    return NULL;
}

/* The share of argument i, "p/Local/o/name" or that with "@snapshot". */
static struct fake_share *
share_of(struct answer *a, size_t i, size_t *snap)
{
    char name[128];
    const char *path = arg(a, i);
    const char *prefix = "p/Local/o/";
    if (!path || strncmp(path, prefix, strlen(prefix)) != 0) {
        say(a, 500, MISSING);
        return NULL;
    }
    snprintf(name, sizeof name, "%s", path + strlen(prefix));
    char *at = strchr(name, '@');
    if (at) {
        *at++ = '\0';
    }
    struct fake_share *s = fake_share_find(a->f, name);
    if (snap) {
        for (*snap = 0; s && *snap < FAKE_SNAPS; ++*snap) {
            if (at && strcmp(s->snaps[*snap], at) == 0) {
                return s;
            }
        }
        s = NULL;
    }
    if (!s) {
        say(a, 500, MISSING);
    }
    return s;
}

static void
tell_location(struct answer *a, const char *name)
{
    a->status = 200;
    snprintf(a->body, sizeof a->body, "\"192.0.2.20 /export/o/%s\"", name);
}

static void
create(struct answer *a)
{
    if (strcmp(arg(a, 0), "p") != 0 || strcmp(arg(a, 1), "o") != 0) {
        say(a, 400, MISSING);
    }
    else if (fake_share_find(a->f, arg(a, 2))) {
        say(a, 400, TAKEN);
    }
    else {
        fake_share_add(a->f, arg(a, 2));
        tell_location(a, arg(a, 2));
    }
}

static void
clone(struct answer *a)
{
    size_t snap;
    struct fake_share *s = share_of(a, 0, &snap);
    if (!s) {
        return;
    }
    if (fake_share_find(a->f, arg(a, 1))) {
        say(a, 400, TAKEN);
        return;
    }
    struct fake_share *made = fake_share_add(a->f, arg(a, 1));
    made->content = s->snap_content[snap];
    memcpy(made->rules, s->rules, sizeof made->rules);
    made->rules_n = s->rules_n;
    snprintf(made->origin, sizeof made->origin, "%s@%s", s->name,
             s->snaps[snap]);
    tell_location(a, made->name);
}

static bool
has_clones(struct fake_rest *f, const struct fake_share *s, size_t snap)
{
    char origin[160];
    snprintf(origin, sizeof origin, "%s@%s", s->name, s->snaps[snap]);
    for (size_t i = 0; i < FAKE_SHARES; i++) {
        if (*f->shares[i].name && strcmp(f->shares[i].origin, origin) == 0) {
            return true;
        }
    }
    return false;
}

static void
delete_share(struct answer *a)
{
    struct fake_share *s = share_of(a, 0, NULL);
    bool recursive =
        json_object_get_boolean(json_object_array_get_idx(a->args, 1));
    bool snaps = false;
    bool promote = json_object_array_length(a->args) > 3;
    a->f->destroyed = a->f->destroyed || (recursive && !promote);
    for (size_t i = 0; s && i < FAKE_SNAPS; i++) {
        snaps = snaps || *s->snaps[i];
    }
    if (s && snaps && !recursive) {
        say(a, 400, BUSY);
    }
    else if (s) {
        *s->name = '\0';
        say(a, 200, "0");
    }
}

static void
rule(struct answer *a, bool allow)
{
    struct fake_share *s = share_of(a, 0, NULL);
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->rules_n; i++) {
        if (strcmp(s->rules[i].to, arg(a, 3)) == 0) {
            s->rules[i] = s->rules[--s->rules_n];
        }
    }
    if (allow) {
        struct fake_rule *r = &s->rules[s->rules_n++];
        snprintf(r->to, sizeof r->to, "%s", arg(a, 3));
        snprintf(r->level, sizeof r->level, "%s", arg(a, 4));
        r->user = strcmp(arg(a, 2), "user") == 0;
    }
    say(a, 200, "");
}

static void
get_acl(struct answer *a)
{
    struct fake_share *s = share_of(a, 0, NULL);
    size_t n = 0;
    if (!s) {
        return;
    }
    a->status = 200;
    n += (size_t)snprintf(a->body, sizeof a->body, "[");
    for (size_t i = 0; i < s->rules_n; i++) {
        if (!s->rules[i].user) {
            n += (size_t)snprintf(a->body + n, sizeof a->body - n,
                                  "%s{\"hostType\":\"IP\",\"host\":\"%s\","
                                  "\"accessMode\":\"%s\"}",
                                  n > 1 ? "," : "", s->rules[i].to,
                                  s->rules[i].level);
        }
    }
    snprintf(a->body + n, sizeof a->body - n, "]");
}

static void
drop_hosts(struct fake_share *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->rules_n; i++) {
        if (s->rules[i].user) {
            s->rules[n++] = s->rules[i];
        }
    }
    s->rules_n = n;
}

static void
set_acl(struct answer *a)
{
    struct fake_share *s = share_of(a, 0, NULL);
    struct json_object *list = json_object_array_get_idx(a->args, 1);
    struct json_object *value;
    const char *refused = a->f->refused;
    if (!s) {
        return;
    }
    if (refused && strstr(json_object_to_json_string(list), refused)) {
        say(a, 400, INVALID);
        return;
    }
    drop_hosts(s);
    for (size_t i = 0; i < (size_t)json_object_array_length(list); i++) {
        struct json_object *e = json_object_array_get_idx(list, i);
        struct fake_rule *r = &s->rules[s->rules_n++];
        r->user = false;
        json_object_object_get_ex(e, "host", &value);
        snprintf(r->to, sizeof r->to, "%s", json_object_get_string(value));
        json_object_object_get_ex(e, "accessMode", &value);
        snprintf(r->level, sizeof r->level, "%s",
                 json_object_get_string(value));
        json_object_object_get_ex(e, "rootAccessForNFS", &value);
        r->root = json_object_get_boolean(value);
    }
    say(a, 200, "0");
}

static void
create_snapshot(struct answer *a)
{
    struct json_object *name;
    char full[96];
    json_object_object_get_ex(json_object_array_get_idx(a->args, 0), "name",
                              &name);
    struct fake_share *s = fake_share_find(a->f, json_object_get_string(name));
    snprintf(full, sizeof full, "Manual-S-%s", arg(a, 1));
    if (!s) {
        say(a, 400, MISSING);
        return;
    }
    for (size_t i = 0; i < FAKE_SNAPS; i++) {
        if (strcmp(s->snaps[i], full) == 0) {
            say(a, 400, TAKEN);
            return;
        }
        if (!*s->snaps[i]) {
            snprintf(s->snaps[i], sizeof s->snaps[i], "%.63s", full);
            s->snap_content[i] = s->content;
            say(a, 200, "");
            return;
        }
    }
    abort();
}

static void
snapshot_status(struct answer *a)
{
    char full[96];
    struct fake_share *s = share_of(a, 0, NULL);
    snprintf(full, sizeof full, "Manual-S-%s", arg(a, 1));
    if (!s) {
        return;
    }
    say(a, 200, "{\"snapshotProgressStatus\":2}");
    for (size_t i = 0; i < FAKE_SNAPS; i++) {
        if (strcmp(s->snaps[i], full) == 0) {
            say(a, 200, "[{\"snapshotProgressStatus\":0}]");
        }
    }
}

static void
list_snapshots(struct answer *a)
{
    struct fake_share *s = share_of(a, 0, NULL);
    size_t n = 0;
    if (!s) {
        return;
    }
    a->status = 200;
    n += (size_t)snprintf(a->body, sizeof a->body, "[");
    for (size_t i = 0; i < FAKE_SNAPS; i++) {
        if (*s->snaps[i]) {
            n += (size_t)snprintf(a->body + n, sizeof a->body - n, "%s\"%s\"",
                                  n > 1 ? "," : "", s->snaps[i]);
        }
    }
    snprintf(a->body + n, sizeof a->body - n, "]");
}

static void
delete_snapshot(struct answer *a)
{
    size_t snap;
    struct fake_share *s = share_of(a, 0, &snap);
    a->f->destroyed =
        a->f->destroyed
        || json_object_get_boolean(json_object_array_get_idx(a->args, 1));
    if (s && has_clones(a->f, s, snap)) {
        say(a, 400, "{\"snapshotDeletionStatus\":2}");
    }
    else if (s) {
        *s->snaps[snap] = '\0';
        say(a, 200, "{\"snapshotDeletionStatus\":0}");
    }
}

static void
list_shares(struct answer *a)
{
    size_t n = 0;
    a->status = 200;
    n += (size_t)snprintf(a->body, sizeof a->body, "[");
    for (size_t i = 0; i < FAKE_SHARES; i++) {
        struct fake_share *s = &a->f->shares[i];
        long long total = s->quota ? s->quota : 1LL << 40;
        if (*s->name) {
            n += (size_t)snprintf(
                a->body + n, sizeof a->body - n,
                "%s{\"name\":\"%s\",\"mountpoint\":\"/export/o/%s\","
                "\"totalSize\":%lld,\"availableSize\":%lld}",
                n > 1 ? "," : "", s->name, s->name, total, total - s->used);
        }
    }
    snprintf(a->body + n, sizeof a->body - n, "]");
}

static void
of_share(struct answer *a, const char *method)
{
    struct fake_share *s = share_of(a, 0, NULL);
    struct json_object *value;
    if (!s) {
        return;
    }
    a->status = 200;
    if (strcmp(method, "getShareIPAndMountPoint") == 0) {
        tell_location(a, s->name);
    }
    else if (strcmp(method, "resizeShare") == 0) {
        s->quota = atoll(arg(a, 1)) << 30;
    }
    else if (strcmp(method, "modifyShareProperties") == 0) {
        json_object_object_get_ex(json_object_array_get_idx(a->args, 1),
                                  "quotaInByte", &value);
        s->quota = json_object_get_int64(value);
        say(a, 200, "0");
    }
    else if (strcmp(method, "clearAccessRules") == 0) {
        s->rules_n = 0;
    }
    else if (strcmp(method, "getShareProperty") == 0) {
        snprintf(a->body, sizeof a->body, "{\"propertyValue\":%lld}",
                 s->quota);
    }
    else if (strcmp(method, "getDatasetSpaceInfo") == 0) {
        snprintf(a->body, sizeof a->body, "{\"usedByDataAndSnapshot\":%lld}",
                 s->used);
    }
    else if (strcmp(method, "getShare") == 0) {
        snprintf(a->body, sizeof a->body,
                 "{\"aclList\":[],\"quotaInByte\":%lld,\"sharenfs\":\"on\","
                 "\"sharesmb\":\"off\"}",
                 s->quota);
    }
    else if (strncmp(method, "isShareExposedOver", 18) == 0) {
        say(a, 200, "true");
    }
    else {
        fprintf(stderr, "no method %s\n", method);
        abort();
    }
}

static void
of_snapshot(struct answer *a, const char *method)
{
    size_t snap;
    struct fake_share *s = share_of(a, 0, &snap);
    if (!s) {
        return;
    }
    if (strcmp(method, "rollBackToShareSnapshot") == 0) {
        s->content = s->snap_content[snap];
        say(a, 200, "0");
        return;
    }
    say(a, 200,
        has_clones(a->f, s, snap)
            ? "{\"deleteableClonesWithSnapCount\":{\"x\":1}}"
            : "{\"deleteableClonesWithSnapCount\":{}}");
}

static void
work(struct answer *a, const char *method)
{
    static const struct {
        const char *method;
        void (*answer)(struct answer *a);
    } rows[] = {
        {"createShare", create},
        {"cloneShareSnapshot", clone},
        {"deleteShare", delete_share},
        {"getNFSNetworkACLsOnShare", get_acl},
        {"setNFSNetworkACLsOnShare", set_acl},
        {"createShareSnapshot", create_snapshot},
        {"getShareSnapshotCreationStatus", snapshot_status},
        {"listSnapshots", list_snapshots},
        {"deleteShareSnapshot", delete_snapshot},
        {"listShares", list_shares},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(method, rows[i].method) == 0) {
            rows[i].answer(a);
            return;
        }
    }
    if (strcmp(method, "shareAllowAccess") == 0
        || strcmp(method, "shareDenyAccess") == 0) {
        rule(a, method[5] == 'A');
    }
    else if (strcmp(method, "listSystemProperties") == 0) {
        a->status = 200;
        snprintf(a->body, sizeof a->body, "[\"%s\"]", a->f->firmware);
    }
    else if (strcmp(method, "listProjects") == 0) {
        say(a, 200, "[{\"name\":\"o\"}]");
    }
    else if (strcmp(method, "listPools") == 0) {
        say(a, 200, "[{\"name\":\"p\",\"availableSize\":1099511627776}]");
    }
    else if (strcmp(method, "getFloatingIPList") == 0) {
        say(a, 200,
            "[{\"ipAddress\":\"192.0.2.20\"},{\"ipAddress\":\"192.0.2.21\"}]");
    }
    else if (strcmp(method, "getArrayStats") == 0) {
        say(a, 200,
            "{\"pools\":[{\"pool_name\":\"p\",\"total_capacity_gb\":\"1\"}]}");
    }
    else if (strcmp(method, "rollBackToShareSnapshot") == 0
             || strncmp(method, "listDep", 7) == 0) {
        of_snapshot(a, method);
    }
    else {
        of_share(a, method);
    }
}

static struct fake_fault *
strike(struct fake_rest *f, const char *method)
{
    for (size_t i = 0; i < f->faults_n; i++) {
        struct fake_fault *fault = &f->faults[i];
        if ((*fault->method && strcmp(fault->method, method) != 0)
            || fault->times == 0) {
            continue;
        }
        if (fault->skip) {
            fault->skip--;
            continue;
        }
        fault->times -= fault->times > 0;
        return fault;
    }
    return NULL;
}

static int
call(struct mn_rest *self, const struct mn_rest_request *request,
     struct mn_rest_reply *reply, struct mn_error *err)
{
    struct fake_rest *f = (struct fake_rest *)self;
    const char *method = strchr(request->path, '/') + 1;
    struct answer a = {.f = f, .status = 200};
    struct fake_fault *fault = strike(f, method);
    size_t n = strlen(f->log);
    snprintf(f->log + n, sizeof f->log - n, "%s\n", method);
    f->calls++;
    f->given_up_ms = f->paused_ms + (long)request->timeout_ms;
    a.args = json_tokener_parse(request->body ? request->body : "[]");
    assert(a.args && json_object_is_type(a.args, json_type_array));
    if (!fault || fault->work) {
        work(&a, method);
    }
    json_object_put(a.args);
    if (fault && fault->code) {
        reply->sent = !fault->unsent;
        return mn_error_set(err, fault->code, "%s: made to fail",
                            request->path);
    }
    if (fault) {
        say(&a, fault->status, fault->body);
    }
    reply->status = a.status;
    reply->body_n = strlen(a.body);
    snprintf(reply->head, sizeof reply->head, "%.*s", MN_REST_HEAD, a.body);
    /* as rest/json.c does, but in memory that never lacks */
    reply->json = (struct mn_json *)json_tokener_parse(a.body);
    return 0;
}

static int
rest(struct mn_rest *self, unsigned ms, struct mn_error *err)
{
    struct fake_rest *f = (struct fake_rest *)self;
    f->pauses++;
    f->paused_ms += ms;
    usleep(f->oversleeps_ms * 1000);
    return f->pause_code ? mn_error_set(err, f->pause_code, "interrupted") : 0;
}

static void
mark_freed(struct mn_rest *self)
{
    ((struct fake_rest *)self)->freed = true;
}

static const struct mn_rest_vtable vtable = {call, rest, mark_freed};

void
fake_rest_init(struct fake_rest *f, const char *firmware)
{
    memset(f, 0, sizeof *f);
    f->rest.vtable = &vtable;
    f->firmware = firmware;
}

void
fake_fault_add(struct fake_rest *f, struct fake_fault fault)
{
    f->faults[f->faults_n++] = fault;
}

int
fake_rest_count(const struct fake_rest *f, const char *method)
{
    char line[128];
    int n = 0;
    snprintf(line, sizeof line, "%s\n", method);
    for (const char *p = f->log; *p; p = strchr(p, '\n') + 1) {
        n += strncmp(p, line, strlen(line)) == 0;
    }
    return n;
}

void
fake_rest_forget(struct fake_rest *f)
{
    f->faults_n = 0;
    f->calls = 0;
    f->pauses = 0;
    f->paused_ms = 0;
    f->pause_code = MN_OK;
    f->log[0] = '\0';
}
