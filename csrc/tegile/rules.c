/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manila's access rules as the array can serve them.
 */
#include <string.h>

#include "core/alloc.h"
#include "core/ipnet.h"
#include "tegile/internal.h"

static int
set_address(struct mn_tegile_rule *out, const char *to, struct mn_error *err)
{
    struct mn_ipnet net;
    char text[MN_IPNET_TEXT];
    int rc = mn_ipnet_parse(mn_slice_of(to), &net, err);
    if (rc) {
        return rc;
    }
    if (net.family != 4) {
        return mn_error_set(err, MN_EINVAL,
                            "%s: the array takes IPv4 addresses alone", to);
    }
    mn_ipnet_format(&net, text);
    memcpy(out->to, text, sizeof text);
    out->form = strcmp(text, to) == 0 ? NULL : to;
    return 0;
}

static int
set_user(struct mn_tegile_rule *out, const char *to, struct mn_error *err)
{
    size_t n = strlen(to);
    if (n == 0 || n >= sizeof out->to) {
        return mn_error_set(err, MN_EINVAL, "%.100s can't be a user's name",
                            to);
    }
    memcpy(out->to, to, n + 1);
    return 0;
}

static int
rule_init(struct mn_tegile_rule *out, const struct mn_access_rule *rule,
          const char *proto, struct mn_error *err)
{
    bool nfs = strcmp(proto, "NFS") == 0;
    out->level = strcmp(rule->access_level, "ro") == 0 ? "ro" : "rw";
    if (strcmp(rule->access_level, out->level) != 0) {
        return mn_error_set(err, MN_EINVAL, "there is no access level %s",
                            rule->access_level);
    }
    if (strcmp(rule->access_type, "user") == 0) {
        out->type = "user";
        return set_user(out, rule->access_to, err);
    }
    if (nfs && strcmp(rule->access_type, "ip") == 0) {
        out->type = "ip";
        return set_address(out, rule->access_to, err);
    }
    return mn_error_set(err, MN_EINVAL, "%s",
                        nfs ? "Only IP or USER access types are allowed for "
                              "NFS shares."
                            : "Only USER access type is allowed for CIFS "
                              "shares.");
}

void
mn_tegile__refuse(const struct mn_tegile_rule *rule,
                  const struct mn_error *why)
{
    struct mn_rule_state *s = rule->state;
    if (s && s->code == MN_OK) {
        size_t n = strnlen(why->text, sizeof s->text - 1);
        s->code = why->code;
        memcpy(s->text, why->text, n);
        s->text[n] = '\0';
    }
}

bool
mn_tegile__is_refusal(int rc)
{
    return rc == MN_EINVAL || rc == MN_EREMOTE || rc == MN_EEXISTS;
}

const struct mn_tegile_rule *
mn_tegile__find_rule(const struct mn_tegile_rules *rules, const char *type,
                     const char *to)
{
    for (size_t i = 0; i < rules->n; i++) {
        if (strcmp(rules->v[i].type, type) == 0
            && strcmp(rules->v[i].to, to) == 0) {
            return &rules->v[i];
        }
    }
    return NULL;
}

int
mn_tegile__rules_init(struct mn_tegile_rules *out, struct mn_rules in,
                      const char *proto, struct mn_rule_state *states,
                      struct mn_error *err)
{
    out->v = mn_calloc(in.n + 1, sizeof *out->v);
    if (!out->v) {
        return mn_error_nomem(err);
    }
    for (size_t i = 0; i < in.n; i++) {
        struct mn_error why = MN_ERROR_INIT;
        struct mn_tegile_rule *rule = &out->v[out->n];
        *rule = (struct mn_tegile_rule){
            .id = in.v[i].access_id,
            .state = states ? &states[i] : NULL,
        };
        if (rule_init(rule, &in.v[i], proto, &why) == 0) {
            out->n++;
        }
        else {
            mn_tegile__refuse(rule, &why);
        }
    }
    return 0;
}

bool
mn_tegile__is_user(const struct mn_tegile_rule *rule)
{
    return strcmp(rule->type, "user") == 0;
}

const char *
mn_tegile__other_level(const char *level)
{
    return strcmp(level, "rw") == 0 ? "ro" : "rw";
}
