/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "tegile/internal.h"
#include "tegile/judge.h"

#define ERROR_(code, message) \
    "{\"code\":\"" code "\",\"message\":\"" message "\",\"details\":\"\"}"
#define CAUSE_(code, message, cause)                                        \
    "{\"code\":\"" code "\",\"message\":\"" message "\",\"extendedData\":{" \
    "\"EX_CAUSE_CODE_NAME\":\"" cause "\"}}"
#define MISSING "Unable to open p/Local/q : dataset does not exist"
#define TAKEN \
    "A volume/share with the same name pool1/Local/P/N already exists."
#define NO_METHOD                                                  \
    "No such method found in v2. Please check if method name and " \
    "arguments are correct."
#define HTML(words) "<html><body><h1>" words "</h1></body></html>"

enum { OK, LOST = 1, TRANSIENT = 2, NO_METHOD_ = 4 };

struct row {
    const struct mn_tegile_method *method;
    long status;
    const char *body;
    enum mn_code code;
    int flags;
    const char *words; /* of the error */
};

#define SET &mn_tegile_m_set_properties
#define ASK &mn_tegile_m_list_shares
#define VOID_ &mn_tegile_m_resize
#define DROP &mn_tegile_m_delete_snapshot

static const struct row rows[] = {
    /* success in all its forms */
    {VOID_, 200, "", MN_OK, OK, NULL},
    {VOID_, 200, " \r\n", MN_OK, OK, NULL},
    {VOID_, 200, "null", MN_OK, OK, NULL},
    {VOID_, 200, "0", MN_OK, OK, NULL},
    {VOID_, 204, "", MN_OK, OK, NULL},
    {SET, 200, "0", MN_OK, OK, NULL},
    {SET, 200, "\"0\"", MN_OK, OK, NULL},
    {SET, 200, "{\"commandStatus\":0}", MN_OK, OK, NULL},
    {ASK, 200, "[]", MN_OK, OK, NULL},
    {ASK, 201, "[]", MN_OK, OK, NULL},
    {&mn_tegile_m_create_share, 200, "\"192.0.2.1 /export/p/s\"", MN_OK, OK,
     NULL},
    {&mn_tegile_m_properties, 200, "[\"EZEBI_RESOURCE_NOT_FOUND\"]", MN_OK, OK,
     NULL},
    {DROP, 200, "{\"snapshotDeletionStatus\":0}", MN_OK, OK, NULL},
    {DROP, 200, "{\"snapshotDeletionStatus\":2}", MN_OK, OK, NULL},
    {DROP, 400, "{\"snapshotDeletionStatus\":2,\"deletedList\":[]}", MN_OK, OK,
     NULL},
    /* words and keys that are somebody's names */
    {ASK, 200, "[{\"name\":\"access denied\"}]", MN_OK, OK, NULL},
    {SET, 200, "{\"code\":\"x\"}", MN_OK, OK, NULL},
    /* failures that come with 200 */
    {SET, 200, "2", MN_EREMOTE, OK, "command status 2"},
    {SET, 200, "1", MN_EREMOTE, OK, "command status 1"},
    {SET, 200, "\"2\"", MN_EREMOTE, OK, "command status 2"},
    {SET, 200, "{\"commandStatus\":2}", MN_EREMOTE, OK, "command status 2"},
    {VOID_, 200, "2", MN_EREMOTE, OK, "command status 2"},
    {&mn_tegile_m_clone, 200, "2", MN_EREMOTE, OK, "command status 2"},
    {&mn_tegile_m_create_share, 200, "2", MN_EREMOTE, OK, "command status 2"},
    {ASK, 200, "{\"commandStatus\":2}", MN_EREMOTE, OK, "command status 2"},
    {ASK, 200, ERROR_("EZEBI_GENERAL", "no"), MN_EREMOTE, OK, "no"},
    /* nothing that is not listed counts as gone because of these */
    {ASK, 200, "0", MN_EPROTO, OK, "no list: 0"},
    {ASK, 200, "{}", MN_EPROTO, OK, "no list"},
    {ASK, 200, "\"\"", MN_EPROTO, OK, "no list"},
    {&mn_tegile_m_list_pools, 200, "{}", MN_EPROTO, OK, "no list"},
    {&mn_tegile_m_list_projects, 200, "{}", MN_EPROTO, OK, "no list"},
    {&mn_tegile_m_list_snapshots, 200, "{}", MN_EPROTO, OK, "no list"},
    {&mn_tegile_m_floating_ips, 200, "{}", MN_EPROTO, OK, "no list"},
    {ASK, 200, ERROR_("EZEBI_RESOURCE_NOT_FOUND", MISSING), MN_ENOTFOUND, OK,
     "does not exist"},
    {SET, 200, HTML("Access Denied"), MN_EAUTH, OK, "tegile_nas_password"},
    {SET, 200, "access denied", MN_EAUTH, OK, "tegile_nas_login"},
    /* one situation, several statuses and codes */
    {ASK, 500, ERROR_("EZEBI_RESOURCE_NOT_FOUND", MISSING), MN_ENOTFOUND, OK,
     "does not exist (EZEBI_RESOURCE_NOT_FOUND)"},
    {ASK, 404, ERROR_("EZEBI_RESOURCE_NOT_FOUND", MISSING), MN_ENOTFOUND, OK,
     NULL},
    {ASK, 400, ERROR_("EZEBI_GENERAL", MISSING), MN_ENOTFOUND, OK, NULL},
    {ASK, 400, CAUSE_("EZEBI_GENERAL", "oops", "EZFS_NOENT"), MN_ENOTFOUND, OK,
     NULL},
    {ASK, 400, ERROR_("EZEBI_GENERAL", "Snapshot a@b does not exist."),
     MN_ENOTFOUND, OK, NULL},
    {SET, 500, ERROR_("EZEBI_RESOURCE_NOT_FOUND", "sharing is not enabled"),
     MN_ENOTFOUND, OK, NULL},
    {SET, 400,
     ERROR_("EZEBI_GENERAL", "ACL 'x' does not belong to the dataset."),
     MN_ENOTFOUND, OK, NULL},
    {SET, 400, ERROR_("EZEBI_GENERAL", TAKEN), MN_EEXISTS, OK, NULL},
    {SET, 400, ERROR_("EZEBI_RESOURCE_EXIST", "x"), MN_EEXISTS, OK, NULL},
    {SET, 400, ERROR_("EZEBI_GENERAL", "x exists already"), MN_EEXISTS, OK,
     NULL},
    {SET, 400, CAUSE_("EZEBI_GENERAL", "x : dataset is busy", "EZFS_BUSY"),
     MN_EBUSY, OK, NULL},
    {SET, 400, CAUSE_("EZEBI_GENERAL", "x", "EZFS_BUSY"), MN_EBUSY, OK, NULL},
    {SET, 400, ERROR_("EZEBI_GENERAL", "dataset is busy"), MN_EBUSY, OK, NULL},
    {SET, 400, ERROR_("EZEBI_RESOURCE_INUSE", "x"), MN_EBUSY, OK, NULL},
    {SET, 400, ERROR_("EZEBI_INVALID_ARGUMENT", "x"), MN_EINVAL, OK, NULL},
    {SET, 404, ERROR_("EZEBI_INVALID_ARGUMENT", "x"), MN_EINVAL, OK, NULL},
    {SET, 400, ERROR_("EZEBI_NOSPACE", "x"), MN_ENOSPACE, OK, NULL},
    {SET, 400, ERROR_("EZEBI_GENERAL", "pool is out of space"), MN_ENOSPACE,
     OK, NULL},
    {SET, 400, ERROR_("EZEBI_GENERAL", "size is less than current used"),
     MN_ENOSPACE, OK, NULL},
    {SET, 400, ERROR_("EZEBI_PERMISSION_DENIED", "x"), MN_EAUTH, OK, NULL},
    {SET, 400, ERROR_("EZEBI_OPERATION_NOT_ALLOWED", "x"), MN_EREMOTE, OK,
     NULL},
    {SET, 500, ERROR_("EZEBI_RESOURCE_CORRUPTED", "x"), MN_EREMOTE, OK, NULL},
    {SET, 400, ERROR_("EZEBI_GENERAL", NO_METHOD), MN_EREMOTE, NO_METHOD_,
     NULL},
    /* API 2.0 spells the key so */
    {SET, 400, "{\"code\":\"EZEBI_GENERAL\",\"messages\":\"" TAKEN "\"}",
     MN_EEXISTS, OK, "already exists"},
    {SET, 400,
     "{\"code\":\"EZEBI_GENERAL\",\"message\":\"x\",\"extendedData\":[]}",
     MN_EREMOTE, OK, NULL},
    {SET, 400,
     "{\"code\":\"EZEBI_GENERAL\",\"message\":null,\"details\":\"" TAKEN
     "\",\"extendedData\":{\"EX_CAUSE_MESSAGE\":null}}",
     MN_EEXISTS, OK, "already exists"},
    {SET, 400, "{\"code\":\"EZEBI_GENERAL\"}", MN_EREMOTE, OK, NULL},
    /* worth another try, or a question */
    {SET, 400, ERROR_("EZEBI_RESOURCE_BUSY", "x"), MN_EBUSY, TRANSIENT, NULL},
    {SET, 500, ERROR_("EZEBI_RESOURCE_SUSPENDED", "x"), MN_EBUSY, TRANSIENT,
     NULL},
    {SET, 400, ERROR_("EZEBI_REQUEST_EXIST", "x"), MN_EBUSY, TRANSIENT, NULL},
    {SET, 400, ERROR_("EZEBI_NOMEMORY", "x"), MN_EBUSY, TRANSIENT, NULL},
    {SET, 400, ERROR_("EZEBI_REQUEST_INTERRUPTED", "x"), MN_EBUSY, LOST, NULL},
    {SET, 400, ERROR_("EZEBI_REQUEST_TIMEOUT", "x"), MN_EBUSY, LOST, NULL},
    {SET, 502, HTML("Bad Gateway"), MN_EBUSY, LOST, "HTTP status 502"},
    {SET, 503, HTML("Busy"), MN_EBUSY, LOST, "HTTP status 503"},
    {SET, 504, "", MN_EBUSY, LOST, "HTTP status 504"},
    {SET, 200, HTML("Starting"), MN_EPROTO, LOST, "no JSON"},
    {VOID_, 200, "done", MN_EPROTO, LOST, "\"done\""},
    {ASK, 200, "", MN_EPROTO, LOST, "no JSON"},
    {ASK, 200, "null", MN_EPROTO, LOST, "no JSON"},
    {ASK, 200, "[1", MN_EPROTO, LOST, "no JSON"},
    /* a code comes before a gateway's status */
    {SET, 503, ERROR_("EZEBI_RESOURCE_EXIST", "x"), MN_EEXISTS, OK, NULL},
    /* and before a cause */
    {SET, 400, CAUSE_("EZEBI_RESOURCE_EXIST", "x", "EZFS_NOENT"), MN_EEXISTS,
     OK, NULL},
    {SET, 400, CAUSE_("EZEBI_RESOURCE_EXIST", "x", "EZFS_BUSY"), MN_EEXISTS,
     OK, NULL},
    /* words alone */
    {SET, 401, HTML("Unauthorized"), MN_EAUTH, OK, "tegile_nas_password"},
    {SET, 403, "", MN_EAUTH, OK, "tegile_nas_password"},
    {SET, 500, MISSING, MN_ENOTFOUND, OK, "HTTP status 500"},
    {SET, 500, "\"" MISSING "\"", MN_ENOTFOUND, OK, NULL},
    {SET, 500, TAKEN, MN_EEXISTS, OK, NULL},
    {SET, 500, HTML("Error"), MN_EREMOTE, OK, "<h1>Error"},
    {SET, 404, HTML("Not Found"), MN_EREMOTE, NO_METHOD_, "HTTP status 404"},
    {SET, 404, MISSING, MN_ENOTFOUND, OK, NULL},
    {SET, 404, "[]", MN_EREMOTE, OK, "HTTP status 404"},
    {SET, 302, "", MN_EREMOTE, OK, "HTTP status 302"},
    {SET, 100, "", MN_EREMOTE, OK, NULL},
};

static struct mn_rest_reply
reply_of(const struct row *row)
{
    struct mn_rest_reply reply = {.status = row->status,
                                  .body_n = strlen(row->body)};
    snprintf(reply.head, sizeof reply.head, "%s", row->body);
    reply.json = mn_json_parse(mn_slice_of(row->body));
    return reply;
}

static void
table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct mn_error err = MN_ERROR_INIT;
        struct mn_rest_reply reply = reply_of(row);
        struct mn_tegile_verdict v =
            mn_tegile__judge(row->method, &reply, "array a: v2/x", &err);
        int flags = (v.lost ? LOST : 0) | (v.transient ? TRANSIENT : 0)
                    | (v.no_method ? NO_METHOD_ : 0);
        if (v.code != row->code || flags != row->flags
            || err.code != row->code) {
            fail_msg("row %zu (%ld %s): %s, flags %d: %s", i, row->status,
                     row->body, mn_code_name(v.code), flags, err.text);
        }
        if (row->code) {
            assert_contains(err.text, "array a: v2/x");
        }
        if (row->words) {
            assert_contains(err.text, row->words);
        }
        mn_rest_reply_dispose(&reply);
    }
}

static void
long_words_are_cut(void **state)
{
    char body[3000];
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    memset(body, 'x', sizeof body);
    body[sizeof body - 1] = '\0';
    const struct row row = {SET, 500, body, MN_EREMOTE, OK, NULL};
    struct mn_rest_reply reply = reply_of(&row);
    mn_tegile__judge(SET, &reply, "a", &err);
    assert_true(strlen(err.text) < 400);
    mn_rest_reply_dispose(&reply);
}

static void
levels(void **state)
{
    static const struct {
        const char *text;
        unsigned level;
    } texts[] = {
        {"3.5.1", MN_TEGILE_LEVEL(3, 5, 1)},
        {"3.7", MN_TEGILE_ACLS},
        {"3.7.0.0", MN_TEGILE_ACLS},
        {"3.7.1.0-170912", MN_TEGILE_FLOATING_IPS},
        {"3.10.0.1", MN_TEGILE_LEVEL(3, 10, 0)},
        {"IntelliFlash 3.11.6.6.230101", MN_TEGILE_LEVEL(3, 11, 6)},
        {"Release 10 v3.9", MN_TEGILE_LEVEL(3, 9, 0)},
        {"3.5.", MN_TEGILE_LEVEL(3, 5, 0)},
        {"3.5.x", MN_TEGILE_LEVEL(3, 5, 0)},
        {"3.7.112.4", MN_TEGILE_LEVEL(3, 7, 112)},
        {"3.7.20190101", MN_TEGILE_LEVEL(3, 7, 999)}, /* still below 3.10 */
        {"2.1.2.1", MN_TEGILE_LEVEL(2, 1, 2)},
        {"99999999999999999999.1", MN_TEGILE_LEVEL(999, 9, 9)},
        {"3", 0},
        {"", 0},
        {".", 0},
        {"EZEBI_RESOURCE_NOT_FOUND", 0},
        {"3. 5", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        unsigned level = mn_tegile__parse_level(texts[i].text);
        bool huge = strlen(texts[i].text) > 20 && texts[i].text[0] == '9';
        if (huge ? level < MN_TEGILE_LEAST : level != texts[i].level) {
            fail_msg("%s: %u", texts[i].text, level);
        }
    }
    assert_true(MN_TEGILE_LEVEL(3, 10, 0) > MN_TEGILE_LEVEL(3, 9, 999));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
