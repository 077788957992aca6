/* SPDX-License-Identifier: Apache-2.0 */
/* NFS-Ganesha's configuration files, and the edited ones of old releases:
   what is edited stays readable, and is not edited twice. */
#include "core/buf.h"
#include "fuzz.h"
#include "nfs/ganesha_old.h"

static void
edit(struct mn_slice text, const struct mn_access_set *clients,
     struct mn_buf *out, int *rc)
{
    const struct mn_ganesha_spec spec = {
        .export_id = 7, .path = "/fs/s", .share_id = "s", .options = ""};
    *rc = mn_ganesha_old_edit(text, &spec, true, clients, out, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mn_ganesha_blocks blocks = {0};
    struct mn_access_set clients = MN_ACCESS_SET_INIT;
    struct mn_access access = {.rw = true};
    struct mn_buf once = MN_BUF_INIT;
    struct mn_buf twice = MN_BUF_INIT;
    int rc;
    mn_ganesha_parse(text_of(data, n), &blocks, NULL);
    mn_ganesha_blocks_dispose(&blocks);
    must(mn_ipnet_parse(mn_slice_of("192.0.2.1"), &access.net, NULL) == 0);
    must(mn_access_set_put(&clients, &access, NULL) == 0);
    edit(text_of(data, n), &clients, &once, &rc);
    if (rc == 0) {
        edit(mn_buf_view(&once), &clients, &twice, &rc);
        must(rc == 0);
        must(mn_slice_same(mn_buf_view(&once), mn_buf_view(&twice)));
    }
    mn_buf_dispose(&once);
    mn_buf_dispose(&twice);
    mn_access_set_dispose(&clients);
    return 0;
}
