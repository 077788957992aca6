/* SPDX-License-Identifier: Apache-2.0 */
#include "tegile/judge.h"

#include <string.h>

/* What the codes of the API guides mean to a caller. */
static const struct {
    const char *code;
    struct mn_tegile_verdict verdict;
} codes[] = {
    {"EZEBI_RESOURCE_NOT_FOUND", {.code = MN_ENOTFOUND}},
    {"EZEBI_RESOURCE_EXIST", {.code = MN_EEXISTS}},
    {"EZEBI_RESOURCE_INUSE", {.code = MN_EBUSY}},
    {"EZEBI_RESOURCE_BUSY", {.code = MN_EBUSY, .transient = true}},
    {"EZEBI_RESOURCE_SUSPENDED", {.code = MN_EBUSY, .transient = true}},
    {"EZEBI_REQUEST_EXIST", {.code = MN_EBUSY, .transient = true}},
    {"EZEBI_REQUEST_INTERRUPTED", {.code = MN_EBUSY, .lost = true}},
    {"EZEBI_REQUEST_TIMEOUT", {.code = MN_EBUSY, .lost = true}},
    {"EZEBI_NOMEMORY", {.code = MN_EBUSY, .transient = true}},
    {"EZEBI_NOSPACE", {.code = MN_ENOSPACE}},
    {"EZEBI_INVALID_ARGUMENT", {.code = MN_EINVAL}},
    {"EZEBI_PERMISSION_DENIED", {.code = MN_EAUTH}},
};

/* EZEBI_GENERAL is told apart by its words. */
static const struct {
    const char *words;
    struct mn_tegile_verdict verdict;
} phrases[] = {
    {"No such method found", {.code = MN_EREMOTE, .no_method = true}},
    {"does not exist", {.code = MN_ENOTFOUND}},
    {"does not belong", {.code = MN_ENOTFOUND}},
    {"already exists", {.code = MN_EEXISTS}},
    {"exists already", {.code = MN_EEXISTS}},
    {"is busy", {.code = MN_EBUSY}},
    {"out of space", {.code = MN_ENOSPACE}},
    {"less than current used", {.code = MN_ENOSPACE}},
};

static struct mn_slice
body_of(const struct mn_rest_reply *reply)
{
    return mn_slice_trim(mn_slice_of(reply->head));
}

static struct mn_tegile_verdict
verdict_of(struct mn_slice code, struct mn_slice message)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (mn_slice_eq(code, codes[i].code)) {
            return codes[i].verdict;
        }
    }
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (mn_slice_contains_nocase(message, phrases[i].words)) {
            return phrases[i].verdict;
        }
    }
    return (struct mn_tegile_verdict){.code = MN_EREMOTE};
}

/* The array's error object, or NULL. */
static const char *
error_code(const struct mn_json *json)
{
    const char *code = mn_json_field(json, "code");
    return strncmp(code, "EZEBI_", 6) == 0 ? code : NULL;
}

/* "messages" in API 2.0; "details" often say the same once more. */
static const char *
error_message(const struct mn_json *json)
{
    static const char *const keys[] = {"message", "messages", "details"};
    const char *text = "";
    for (size_t i = 0; !*text && i < sizeof keys / sizeof keys[0]; i++) {
        text = mn_json_field(json, keys[i]);
    }
    return text;
}

static struct mn_tegile_verdict
refused(const struct mn_json *json, const char *what, struct mn_error *err)
{
    const char *code = mn_json_field(json, "code");
    const char *message = error_message(json);
    const char *cause =
        mn_json_field(mn_json_get(json, "extendedData"), "EX_CAUSE_CODE_NAME");
    struct mn_tegile_verdict v =
        verdict_of(mn_slice_of(code), mn_slice_of(message));
    if (v.code == MN_EREMOTE && strcmp(cause, "EZFS_NOENT") == 0) {
        v.code = MN_ENOTFOUND;
    }
    if (v.code == MN_EREMOTE && strcmp(cause, "EZFS_BUSY") == 0) {
        v.code = MN_EBUSY;
    }
    mn_error_set(err, v.code, "%s: %.300s (%s)", what, message, code);
    return v;
}

static bool
is_denied(const struct mn_rest_reply *reply)
{
    return reply->status == 401 || reply->status == 403
           || (!reply->json
               && mn_slice_contains_nocase(body_of(reply), "Access Denied"));
}

/* The page of a web server that does not know the service at all. */
static bool
is_no_service(const struct mn_rest_reply *reply)
{
    return reply->status == 404 && !reply->json;
}

/* A proxy's or a web server's words: the array may have got the call. */
static bool
is_gateway(long status)
{
    return status == 502 || status == 503 || status == 504;
}

static struct mn_tegile_verdict
refused_in_words(const struct mn_rest_reply *reply, const char *what,
                 struct mn_error *err)
{
    struct mn_slice text = body_of(reply);
    const char *whole = mn_json_text(reply->json);
    if (whole) {
        text = mn_slice_of(whole);
    }
    struct mn_tegile_verdict v = verdict_of(mn_slice_of(""), text);
    if (v.code == MN_EREMOTE && is_no_service(reply)) {
        v = (struct mn_tegile_verdict){.code = MN_EREMOTE, .no_method = true};
    }
    if (is_gateway(reply->status)) {
        v = (struct mn_tegile_verdict){.code = MN_EBUSY, .lost = true};
    }
    if (text.n > 300) {
        text.n = 300;
    }
    mn_error_set(err, v.code, "%s: HTTP status %ld: %.*s", what, reply->status,
                 MN_SLICE_ARG(text));
    return v;
}

/* COMMAND_STATUS: 0 done, 1 not attempted, 2 failed. */
static struct mn_tegile_verdict
judge_status(const struct mn_json *json, const char *what,
             struct mn_error *err)
{
    const struct mn_json *inner = mn_json_get(json, "commandStatus");
    int64_t status = 0;
    if (!mn_json_i64(inner ? inner : json, &status) || status == 0) {
        return (struct mn_tegile_verdict){.code = MN_OK};
    }
    return (struct mn_tegile_verdict){
        .code = (enum mn_code)mn_error_set(
            err, MN_EREMOTE, "%s: the array answered with command status %lld",
            what, (long long)status)};
}

/* A reply that tells of success, if it is what was asked for. */
static struct mn_tegile_verdict
judge_answer(const struct mn_tegile_method *method,
             const struct mn_rest_reply *reply, const char *what,
             struct mn_error *err)
{
    struct mn_slice text = body_of(reply);
    bool nothing = text.n == 0 || mn_slice_eq(text, "null");
    if (!reply->json && (!nothing || method->answer != MN_TEGILE_STATUS)) {
        if (text.n > 100) {
            text.n = 100;
        }
        return (struct mn_tegile_verdict){
            .code = (enum mn_code)mn_error_set(
                err, MN_EPROTO, "%s: the reply is no JSON: \"%.*s\"", what,
                MN_SLICE_ARG(text)),
            .lost = true};
    }
    struct mn_tegile_verdict v = judge_status(reply->json, what, err);
    if (v.code == MN_OK && method->answer == MN_TEGILE_LIST
        && !mn_json_is_array(reply->json)) {
        v.code = (enum mn_code)mn_error_set(
            err, MN_EPROTO, "%s: the reply is no list: %.*s", what,
            text.n < 100 ? (int)text.n : 100, text.p);
    }
    return v;
}

struct mn_tegile_verdict
mn_tegile__judge(const struct mn_tegile_method *method,
                 const struct mn_rest_reply *reply, const char *what,
                 struct mn_error *err)
{
    if (error_code(reply->json)) {
        return refused(reply->json, what, err);
    }
    if (is_denied(reply)) {
        return (struct mn_tegile_verdict){
            .code = (enum mn_code)mn_error_set(
                err, MN_EAUTH,
                "%s: the array refused the login: check tegile_nas_login and "
                "tegile_nas_password",
                what)};
    }
    /* the outcome of a deletion comes with 400, too */
    bool outcome = mn_json_get(reply->json, "snapshotDeletionStatus") != NULL;
    if ((reply->status < 200 || reply->status > 299) && !outcome) {
        return refused_in_words(reply, what, err);
    }
    return judge_answer(method, reply, what, err);
}
