/* SPDX-License-Identifier: Apache-2.0 */
/* Output of exportfs -s, and exports(5) files. */
#include "fuzz.h"
#include "nfs/exports.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mn_exports list = MN_EXPORTS_INIT;
    struct mn_error err = MN_ERROR_INIT;
    int rc = mn_exports_parse_list(text_of(data, n), &list, &err);
    must(rc == 0 || err.text[0]);
    for (size_t i = 0; rc == 0 && i < list.n; i++) {
        must(list.v[i].path.n > 0);
    }
    mn_exports_dispose(&list);
    list = (struct mn_exports)MN_EXPORTS_INIT;
    mn_exports_parse_file(text_of(data, n), &list, NULL);
    mn_exports_dispose(&list);
    return 0;
}
