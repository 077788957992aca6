/* SPDX-License-Identifier: Apache-2.0 */
/* What dbus-send prints of NFS-Ganesha's replies. */
#include "fuzz.h"
#include "nfs/ganesha_dbus.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct mn_ganesha_shown shown = {0};
    struct mn_ganesha_exports list = {text_of(data, n)};
    struct mn_slice path;
    unsigned id;
    mn_ganesha_read_display(text_of(data, n), &shown, NULL);
    mn_ganesha_shown_dispose(&shown);
    while (mn_ganesha_next_export(&list, &id, &path)) {
        must(path.n <= n);
    }
    mn_ganesha_has_errors(text_of(data, n));
    return 0;
}
