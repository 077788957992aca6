/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the array was told of access to a share and can't be asked for: Manila
 * keeps it for the driver, by access rule. A rule whose level is certain needs
 * no denial to make sure of it, which would cut its client off on some arrays;
 * one that Manila has lost can be taken away.
 *
 * Before the array is told anything of a rule but what is certain, its level
 * is marked unsure, so that an update which is cut off leaves no wrong
 * certainty, and no rule of which nobody knows.
 */
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

/* "rw ip 10.0.0.1"; the level is "??" when it is not certain. */
static const char unsure[] = "??";

static bool
read_word(const char **text, const char *const *words, const char **word)
{
    for (; *words; words++) {
        size_t n = strlen(*words);
        if (strncmp(*text, *words, n) == 0 && (*text)[n] == ' ') {
            *word = *words;
            *text += n + 1;
            return true;
        }
    }
    return false;
}

/* What is not ours, or of another time, is as good as nothing. */
static void
read_entry(struct mn_tegile_rules *known, const char *id, const char *text)
{
    static const char *const levels[] = {"rw", "ro", unsure, NULL};
    static const char *const types[] = {"ip", "user", NULL};
    struct mn_tegile_rule *rule = &known->v[known->n];
    if (read_word(&text, levels, &rule->level)
        && read_word(&text, types, &rule->type)
        && strlen(text) < sizeof rule->to) {
        memcpy(rule->to, text, strlen(text) + 1);
        rule->id = id;
        known->n++;
    }
}

int
mn_tegile__recall(struct mn_tegile_access *a, struct mn_error *err)
{
    const struct mn_private_data *data = &a->op->t->private_data;
    int rc =
        data->get ? data->get(data->ctx, a->id, &a->private_data, err) : 0;
    if (rc) {
        return rc;
    }
    a->known.v = mn_calloc(a->private_data.n / 2 + 1, sizeof *a->known.v);
    if (!a->known.v) {
        return mn_error_nomem(err);
    }
    for (size_t i = 0; i + 1 < a->private_data.n; i += 2) {
        read_entry(&a->known, a->private_data.v[i], a->private_data.v[i + 1]);
    }
    return 0;
}

void
mn_tegile__known_dispose(struct mn_tegile_access *a)
{
    mn_argv_dispose(&a->private_data);
    mn_free(a->known.v);
    a->known = (struct mn_tegile_rules){0};
}

bool
mn_tegile__may_differ(const struct mn_tegile_access *a,
                      const struct mn_tegile_rule *rule, bool otherwise)
{
    bool differs = otherwise;
    for (size_t i = 0, n = 0; i < a->known.n; i++) {
        const struct mn_tegile_rule *k = &a->known.v[i];
        if (strcmp(k->type, rule->type) == 0 && strcmp(k->to, rule->to) == 0) {
            bool same = strcmp(k->level, rule->level) == 0;
            differs = n++ ? differs || !same : !same;
        }
    }
    return differs;
}

static int
keep(struct mn_tegile_access *a, struct mn_argv *changes, struct mn_error *err)
{
    const struct mn_private_data *data = &a->op->t->private_data;
    int rc = changes->failed ? mn_error_nomem(err) : 0;
    if (rc == 0 && data->set && changes->n) {
        rc = data->set(data->ctx, a->id, changes, err);
    }
    mn_argv_dispose(changes);
    return rc;
}

static void
note(struct mn_argv *changes, const struct mn_tegile_rule *rule,
     const char *level)
{
    mn_argv_add(changes, rule->id);
    mn_argv_addf(changes, "%s %s %s", level, rule->type, rule->to);
}

static const struct mn_tegile_rule *
find_known(const struct mn_tegile_access *a, const char *id)
{
    for (size_t i = 0; i < a->known.n; i++) {
        if (strcmp(a->known.v[i].id, id) == 0) {
            return &a->known.v[i];
        }
    }
    return NULL;
}

/* Will the array be told of such a rule? */
static bool
is_due(const struct mn_tegile_access *a, const struct mn_tegile_rule *rule)
{
    return mn_tegile__concerns(a, rule)
           && (a->resync || mn_tegile__is_change(a, rule->type, rule->to));
}

/* Will it be told what is not known of the rule? */
static bool
is_touched(const struct mn_tegile_access *a, const struct mn_tegile_rule *k)
{
    const struct mn_tegile_rule *wanted =
        mn_tegile__find_rule(&a->all, k->type, k->to);
    bool same = wanted && strcmp(wanted->level, k->level) == 0;
    return !same && is_due(a, k);
}

int
mn_tegile__mark_unsure(struct mn_tegile_access *a, struct mn_error *err)
{
    struct mn_argv changes = MN_ARGV_INIT;
    for (size_t i = 0; i < a->known.n; i++) {
        const struct mn_tegile_rule *k = &a->known.v[i];
        if (is_touched(a, k) && strcmp(k->level, unsure) != 0) {
            note(&changes, k, unsure);
        }
    }
    for (size_t i = 0; i < a->all.n; i++) {
        const struct mn_tegile_rule *rule = &a->all.v[i];
        if (rule->id && !find_known(a, rule->id) && is_due(a, rule)) {
            note(&changes, rule, unsure);
        }
    }
    return keep(a, &changes, err);
}

/* Was it taken away, or is it another rule's now? */
static bool
is_past(const struct mn_tegile_access *a, const struct mn_tegile_rule *k)
{
    const struct mn_tegile_rule *wanted =
        mn_tegile__find_rule(&a->all, k->type, k->to);
    if (k->refused) {
        return false;
    }
    for (size_t i = 0; i < a->all.n; i++) {
        if (a->all.v[i].id && strcmp(a->all.v[i].id, k->id) == 0) {
            return false;
        }
    }
    return wanted ? wanted->told : is_touched(a, k);
}

static void
erase(struct mn_argv *changes, const char *id)
{
    mn_argv_add(changes, id);
    mn_argv_add(changes, "");
}

static void
note_outcome(const struct mn_tegile_access *a,
             const struct mn_tegile_rule *rule, struct mn_argv *changes)
{
    const struct mn_tegile_rule *k = find_known(a, rule->id);
    bool noted = k && strcmp(k->level, rule->level) == 0;
    if (rule->told && !noted) {
        note(changes, rule, rule->level);
    }
    else if (rule->refused && !k) {
        erase(changes, rule->id);
    }
}

int
mn_tegile__remember(struct mn_tegile_access *a, struct mn_error *err)
{
    struct mn_argv changes = MN_ARGV_INIT;
    for (size_t i = 0; i < a->known.n; i++) {
        if (is_past(a, &a->known.v[i])) {
            erase(&changes, a->known.v[i].id);
        }
    }
    for (size_t i = 0; i < a->all.n; i++) {
        if (a->all.v[i].id) {
            note_outcome(a, &a->all.v[i], &changes);
        }
    }
    return keep(a, &changes, err);
}

int
mn_tegile__forget(struct mn_tegile *t, const struct mn_share *share,
                  struct mn_error *err)
{
    const struct mn_private_data *data = &t->private_data;
    return data->forget ? data->forget(data->ctx, share->id, err) : 0;
}
