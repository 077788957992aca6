/* SPDX-License-Identifier: Apache-2.0 */
/* Writing. */
#include "nfs/ganesha.h"

#include <string.h>

#include "nfs/made_by.h"

/* What may be set for an export; the driver sets the rest itself. */
static const char *const keys[] = {
    "Squash",
    "Protocols",
    "Transports",
    "SecType",
    "Anonymous_Uid",
    "Anonymous_Gid",
    "PrivilegedPort",
    "Manage_Gids",
    "MaxRead",
    "MaxWrite",
    "PrefRead",
    "PrefWrite",
    "PrefReaddir",
    "MaxOffsetRead",
    "MaxOffsetWrite",
    "Attr_Expiration_Time",
    "Delegations",
    "NFS_Commit",
    "DisableReaddirPlus",
    "Trust_Readdir_Negative_Cache",
    "Disable_ACL",
    "Security_Label",
    "Filesystem_Id",
    "UseCookieVerifier",
};

static const char *
known_key(struct mn_slice key)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (mn_slice_eq_nocase(key, keys[i])) {
            return keys[i];
        }
    }
    return NULL;
}

/* Words and numbers, several with ':' between; nothing that needs quotes. */
static bool
is_value(struct mn_slice value)
{
    bool ok = value.n > 0 && value.n < 256;
    for (size_t i = 0; ok && i < value.n; i++) {
        char c = value.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
             || (c >= '0' && c <= '9') || (c && strchr("_.:-", c));
    }
    return ok && value.p[0] != ':' && value.p[value.n - 1] != ':';
}

int
mn_ganesha_check_options(const char *options, struct mn_buf *out,
                         struct mn_error *err)
{
    size_t start = out->n;
    struct mn_slice token;
    struct mn_slice rest = mn_slice_of(options);
    while (mn_slice_next(&rest, ',', &token)) {
        token = mn_slice_trim(token);
        struct mn_slice value = token;
        struct mn_slice key = token;
        int shown = token.n > 80 ? 80 : (int)token.n;
        mn_slice_next(&value, '=', &key);
        if (!token.n) {
            continue;
        }
        const char *known = known_key(mn_slice_trim(key));
        value = mn_slice_trim(value);
        if (!known || !is_value(value)) {
            return mn_error_set(err, MN_EINVAL,
                                "'%.*s' is not an option for an export of "
                                "NFS-Ganesha",
                                shown, token.p);
        }
        mn_buf_printf(out, "%s%s=%.*s", out->n > start ? "," : "", known,
                      MN_SLICE_ARG(value));
    }
    return out->failed ? mn_error_nomem(err) : 0;
}

const char *
mn_ganesha_pseudo(const struct mn_ganesha_spec *spec)
{
    return spec->pseudo ? spec->pseudo : spec->path;
}

void
mn_ganesha_quote(struct mn_buf *out, const char *text)
{
    mn_buf_putc(out, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\') {
            mn_buf_putc(out, '\\');
        }
        mn_buf_putc(out, *p);
    }
    mn_buf_putc(out, '"');
}

void
mn_ganesha_id_line(struct mn_buf *out, unsigned export_id)
{
    mn_buf_printf(out, "    Export_Id = %u;", export_id);
}

static void
put_string(struct mn_buf *out, const char *key, const char *value)
{
    mn_buf_printf(out, "    %s = ", key);
    mn_ganesha_quote(out, value);
    mn_buf_puts(out, ";\n");
}

void
mn_ganesha_path_line(struct mn_buf *out, const char *path)
{
    mn_buf_puts(out, "    Path = ");
    mn_ganesha_quote(out, path);
    mn_buf_putc(out, ';');
}

static void
put_options(struct mn_buf *out, const char *options)
{
    struct mn_slice option;
    struct mn_slice rest = mn_slice_of(options);
    while (mn_slice_next(&rest, ',', &option)) {
        struct mn_slice key;
        struct mn_slice value;
        mn_slice_next(&option, '=', &key);
        mn_buf_printf(out, "    %.*s =", MN_SLICE_ARG(key));
        for (const char *comma = ""; mn_slice_next(&option, ':', &value);
             comma = ",") {
            mn_buf_printf(out, "%s %.*s", comma, MN_SLICE_ARG(value));
        }
        mn_buf_puts(out, ";\n");
    }
}

/* Addresses are never quoted: Ganesha takes a quoted one for a name. */
static void
put_clients(struct mn_buf *out, const struct mn_access_set *clients)
{
    for (size_t i = 0; i < clients->n;) {
        bool rw = clients->v[i].rw;
        mn_buf_puts(out, "    CLIENT {\n        Clients =");
        for (const char *comma = ""; i < clients->n && clients->v[i].rw == rw;
             i++) {
            char text[MN_IPNET_TEXT];
            mn_ipnet_format(&clients->v[i].net, text);
            mn_buf_printf(out, "%s\n            %s", comma, text);
            comma = ",";
        }
        mn_buf_printf(out, ";\n        Access_Type = %s;\n    }\n",
                      rw ? "RW" : "RO");
    }
}

void
mn_ganesha_render(struct mn_buf *out, const struct mn_ganesha_spec *spec,
                  const struct mn_access_set *clients)
{
    mn_buf_printf(
        out, MN_MADE_BY "%s. Do not edit: it is written anew.\nEXPORT {\n",
        spec->share_id);
    mn_ganesha_id_line(out, spec->export_id);
    mn_buf_putc(out, '\n');
    mn_ganesha_path_line(out, spec->path);
    mn_buf_putc(out, '\n');
    put_string(out, "Pseudo", mn_ganesha_pseudo(spec));
    put_string(out, "Tag", spec->tag);
    mn_buf_puts(out, "    Access_Type = None;\n");
    put_options(out, spec->options);
    mn_buf_puts(out, "    FSAL {\n        Name = GPFS;\n    }\n");
    put_clients(out, clients);
    mn_buf_puts(out, "}\n");
}
