/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/nfs_takeover.h"

#include "nfs/made_by.h"

static const char script[] =
    "grep -rlsZF --include=\"$2\" -e \"$3\" -- \"$1\" | "
    "xargs -0 -r grep -lsZF -e \"" MN_MADE_BY "\" -- | xargs -0 -r rm -f --";

struct mn_step *
mn_nfs__add_takeover(struct mn_plan *plan, const char *dir,
                     const char *pattern, const struct mn_buf *words)
{
    struct mn_step *step =
        mn_plan_run(plan, "sh", "-c", script, "manila-takeover", dir, pattern,
                    mn_buf_str(words), NULL);
    plan->failed |= words->failed;
    return step;
}
