/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/executor.h"

#include "core/alloc.h"

void
mn_executor_free(struct mn_executor *ex)
{
    if (ex) {
        mn_free(ex->host);
        ex->host = NULL;
        ex->vtable->free(ex);
    }
}

int
mn_exec_run(struct mn_executor *ex, const struct mn_plan *plan,
            struct mn_result *result, struct mn_error *err)
{
    struct mn_pending *pending;
    if (mn_plan_failed(plan)) {
        return mn_error_nomem(err);
    }
    int rc = ex->vtable->submit(ex, plan, &pending, err);
    return rc ? rc : ex->vtable->finish(ex, pending, result, err);
}

int
mn_exec_run_many(struct mn_executor *const *exs,
                 const struct mn_plan *const *plans, struct mn_result *results,
                 int *codes, struct mn_error *errs, size_t n)
{
    int first = 0;
    struct mn_pending **pending = mn_calloc(n, sizeof *pending);
    for (size_t i = 0; i < n; i++) {
        codes[i] = 0;
        if (!pending || (plans[i] && mn_plan_failed(plans[i]))) {
            codes[i] = mn_error_nomem(&errs[i]);
        }
        else if (plans[i]) {
            codes[i] = exs[i]->vtable->submit(exs[i], plans[i], &pending[i],
                                              &errs[i]);
        }
        first = first ? first : codes[i];
    }
    for (size_t i = 0; pending && i < n; i++) {
        if (!pending[i]) {
            continue;
        }
        if (first == MN_ECANCELED) {
            exs[i]->vtable->cancel(exs[i], pending[i]);
            codes[i] = mn_error_set(&errs[i], MN_ECANCELED, "canceled");
            continue;
        }
        codes[i] =
            exs[i]->vtable->finish(exs[i], pending[i], &results[i], &errs[i]);
        if (codes[i] && (!first || codes[i] == MN_ECANCELED)) {
            first = codes[i];
        }
    }
    mn_free(pending);
    return first;
}
