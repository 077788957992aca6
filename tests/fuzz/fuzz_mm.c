/* SPDX-License-Identifier: Apache-2.0 */
/* The -Y output of GPFS commands, and df. */
#include <string.h>

#include "core/buf.h"
#include "fuzz.h"
#include "gpfs/ces_rows.h"
#include "gpfs/mmparse.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mn_slice text = text_of(data, n);
    struct mn_mm_filesets filesets = {0};
    struct mn_mm_quotas quotas = {0};
    struct mn_mm_snapshots snapshots = {0};
    struct mn_ces_rows rows = {0};
    struct mn_mm_df_row df;
    struct mn_buf value = MN_BUF_INIT;
    if (mn_mm_read_filesets(text, &filesets, NULL) == 0) {
        for (size_t i = 0; i < filesets.n; i++) {
            const struct mn_mm_fileset *f =
                mn_mm_find_fileset(&filesets, filesets.v[i].name);
            must(f && strcmp(f->name, filesets.v[i].name) == 0);
        }
    }
    mn_mm_filesets_dispose(&filesets);
    mn_mm_read_quotas("mmrepquota", text, &quotas, NULL);
    mn_mm_quotas_dispose(&quotas);
    mn_mm_read_snapshots(text, &snapshots, NULL);
    mn_mm_snapshots_dispose(&snapshots);
    mn_ces_rows_parse(text, NULL, &rows, NULL);
    mn_ces_rows_dispose(&rows);
    mn_mm_read_state(text, &value, NULL);
    mn_mm_read_fs(text, "quotasEnforced", &value, NULL);
    mn_mm_read_config(text, "enforceFilesetQuotaOnRoot", &value, NULL);
    mn_mm_read_df(text, &df, NULL);
    mn_buf_dispose(&value);
    return 0;
}
