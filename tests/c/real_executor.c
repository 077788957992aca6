/* SPDX-License-Identifier: Apache-2.0 */
#include "real_executor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_executor.h"

struct mn_pending {
    const struct mn_plan *plan;
};

static void
slurp(FILE *from, struct mn_buf *to)
{
    char chunk[4096];
    size_t n;
    rewind(from);
    while ((n = fread(chunk, 1, sizeof chunk, from)) > 0) {
        mn_buf_add(to, chunk, n);
    }
    fclose(from);
}

static int
run_step(void *ctx, const struct mn_step *step, struct mn_buf *out,
         struct mn_buf *err)
{
    FILE *in = tmpfile();
    FILE *o = tmpfile();
    FILE *e = tmpfile();
    int status = 0;
    (void)ctx;
    fwrite(mn_buf_str(&step->input), 1, step->input.n, in);
    fflush(in);
    lseek(fileno(in), 0, SEEK_SET);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(o), 1);
        dup2(fileno(e), 2);
        setenv("LC_ALL", "C", 1);
        execvp(step->argv.v[0], step->argv.v);
        _exit(127);
    }
    waitpid(pid, &status, 0);
    fclose(in);
    slurp(o, out);
    slurp(e, err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
submit(struct mn_executor *self, const struct mn_plan *plan,
       struct mn_pending **pending, struct mn_error *err)
{
    (void)err;
    ((struct real *)self)->plans++;
    *pending = calloc(1, sizeof **pending);
    (*pending)->plan = plan;
    return 0;
}

static int
finish(struct mn_executor *self, struct mn_pending *pending,
       struct mn_result *result, struct mn_error *err)
{
    int rc = run_steps(pending->plan, run_step, self, result, err);
    free(pending);
    return rc;
}

static void
cancel(struct mn_executor *self, struct mn_pending *pending)
{
    (void)self;
    free(pending);
}

static void
no_free(struct mn_executor *self)
{
    (void)self;
}

static const struct mn_executor_vtable vtable = {submit, finish, cancel,
                                                 no_free};

void
real_init(struct real *r)
{
    *r = (struct real){.base = {.vtable = &vtable}};
}
