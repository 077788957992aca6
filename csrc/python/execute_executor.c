/* SPDX-License-Identifier: Apache-2.0 */
#include "python/execute_executor.h"

#include "core/alloc.h"
#include "python/conv.h"
#include "python/raise.h"

struct execute_executor {
    struct mn_executor base;
    PyObject *execute;
    struct mn_argv prefix;
};

struct mn_pending {
    struct mn_result result;
};

/* New reference to the tuple of positional arguments. */
static PyObject *
args_of(const struct execute_executor *self, const struct mn_step *step)
{
    struct mn_argv argv = MN_ARGV_INIT;
    struct mn_buf line = MN_BUF_INIT;
    if (self->prefix.n) {
        mn_argv_add_all(&argv, (const char *const *)self->prefix.v);
        mn_argv_render(&line, &step->argv);
        mn_argv_add(&argv, mn_buf_str(&line));
    }
    else {
        mn_argv_add_all(&argv, (const char *const *)step->argv.v);
    }
    bool failed = argv.failed || line.failed;
    PyObject *args =
        failed ? PyErr_NoMemory() : PyTuple_New((Py_ssize_t)argv.n);
    for (size_t i = 0; args && i < argv.n; i++) {
        PyObject *arg = mnpy_str(mn_slice_of(argv.v[i]));
        if (!arg || PyTuple_SetItem(args, (Py_ssize_t)i, arg) < 0) {
            Py_CLEAR(args);
        }
    }
    mn_buf_dispose(&line);
    mn_argv_dispose(&argv);
    return args;
}

/* New reference to the dict of keyword arguments. Accepted statuses other
   than 0 are not listed: only an exception tells which one it was. */
static PyObject *
kwargs_of(const struct execute_executor *self, const struct mn_step *step)
{
    PyObject *kwargs = Py_BuildValue("{s:[i]}", "check_exit_code", 0);
    if (kwargs && !self->prefix.n
        && PyDict_SetItemString(kwargs, "run_as_root", Py_True) < 0) {
        Py_CLEAR(kwargs);
    }
    if (kwargs && step->input.n) {
        PyObject *input = mnpy_str(mn_buf_view(&step->input));
        if (!input
            || PyDict_SetItemString(kwargs, "process_input", input) < 0) {
            Py_CLEAR(kwargs);
        }
        Py_XDECREF(input);
    }
    return kwargs;
}

/* What the step printed, from the callable's answer. */
static int
take_output(struct mn_result *r, PyObject *answer)
{
    PyObject *out = PySequence_GetItem(answer, 0);
    PyObject *err = out ? PySequence_GetItem(answer, 1) : NULL;
    int rc = err ? mnpy_add_bytes(&r->out, out) : -1;
    if (rc == 0) {
        rc = mnpy_add_bytes(&r->err, err);
    }
    Py_XDECREF(err);
    Py_XDECREF(out);
    return rc;
}

/* Append the text of e.name; anything else than a text is no output. */
static int
take_attr(struct mn_buf *buf, PyObject *e, const char *name)
{
    PyObject *value = mnpy_attr(e, name);
    int rc = value ? 0 : -1;
    if (value && (PyUnicode_Check(value) || PyBytes_Check(value))) {
        rc = mnpy_add_bytes(buf, value);
    }
    Py_XDECREF(value);
    return rc;
}

/* The status in an exception, or MN_STATUS_NOT_RUN when it tells none. */
static int
status_in(PyObject *e)
{
    int status = MN_STATUS_NOT_RUN;
    PyObject *code = mnpy_attr(e, "exit_code");
    if (code && PyLong_Check(code) && !PyBool_Check(code)) {
        long n = PyLong_AsLong(code);
        if (n >= -128 && n < 0) {
            n = 128 - n; /* as Popen.returncode tells a signal */
        }
        if (n >= 0 && n <= 255) {
            status = (int)n;
        }
    }
    PyErr_Clear();
    Py_XDECREF(code);
    return status;
}

/* The pending exception is either the status of the step, and taken away, or
   stays pending (-1). */
static int
take_failure(struct mn_result *r, int *status)
{
    PyObject *type;
    PyObject *e;
    PyObject *traceback;
    if (!mnpy_swallowable()) {
        return -1;
    }
    PyErr_Fetch(&type, &e, &traceback);
    PyErr_NormalizeException(&type, &e, &traceback);
    *status = e ? status_in(e) : MN_STATUS_NOT_RUN;
    if (*status == MN_STATUS_NOT_RUN) {
        PyErr_Restore(type, e, traceback);
        return -1;
    }
    int rc = take_attr(&r->out, e, "stdout");
    if (rc == 0) {
        rc = take_attr(&r->err, e, "stderr");
    }
    Py_XDECREF(type);
    Py_XDECREF(e);
    Py_XDECREF(traceback);
    return rc;
}

/* Run one step. Lengths go into the views at once; where they start is known
   only when the buffers grow no more. */
static int
run_step(struct execute_executor *self, const struct mn_step *step,
         struct mn_result *r, struct mn_step_result *sr)
{
    size_t out = r->out.n;
    size_t err = r->err.n;
    int status = 0;
    int rc = -1;
    PyObject *args = args_of(self, step);
    PyObject *kwargs = args ? kwargs_of(self, step) : NULL;
    if (kwargs) {
        PyObject *answer = PyObject_Call(self->execute, args, kwargs);
        rc = answer ? take_output(r, answer) : take_failure(r, &status);
        Py_XDECREF(answer);
    }
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    sr->status = rc == 0 ? status : MN_STATUS_NOT_RUN;
    sr->out.n = r->out.n - out;
    sr->err.n = r->err.n - err;
    return rc;
}

static int
run_steps(struct execute_executor *self, const struct mn_plan *plan,
          struct mn_result *r)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct mn_step *step = &plan->steps[i];
        if (!mn_guard_allows(&step->guard, r)) {
            continue;
        }
        if (run_step(self, step, r, &r->steps[i]) < 0) {
            return -1;
        }
        struct mn_step_result *sr = &r->steps[i];
        sr->err.p = mn_buf_str(&r->err) + r->err.n - sr->err.n;
        if (!mn_step_accepts(step, sr->status, sr->err)) {
            r->stopped_at = (int)i;
            break;
        }
    }
    return 0;
}

static void
place_views(struct mn_result *r)
{
    const char *out = mn_buf_str(&r->out);
    const char *err = mn_buf_str(&r->err);
    for (size_t i = 0; i < r->n; i++) {
        r->steps[i].out.p = out;
        r->steps[i].err.p = err;
        out += r->steps[i].out.n;
        err += r->steps[i].err.n;
    }
}

static void
forget(struct mn_executor *self, struct mn_pending *pending)
{
    (void)self;
    mn_result_dispose(&pending->result);
    mn_free(pending);
}

static int
submit(struct mn_executor *base, const struct mn_plan *plan,
       struct mn_pending **pending, struct mn_error *err)
{
    struct execute_executor *self = (struct execute_executor *)base;
    /* After an exception, whoever cleans up runs nothing any more. */
    if (PyErr_Occurred()) {
        return mn_error_set(err, MN_ECANCELED, "the caller gave up");
    }
    struct mn_pending *p = mn_calloc(1, sizeof *p);
    if (!p) {
        return mn_error_nomem(err);
    }
    int rc = mn_result_init(&p->result, plan->n, err);
    if (rc == 0 && run_steps(self, plan, &p->result) < 0) {
        rc = mn_error_set(err, MN_ECANCELED, "execute() raised");
    }
    if (rc) {
        forget(base, p);
        return rc;
    }
    place_views(&p->result);
    *pending = p;
    return 0;
}

static int
finish(struct mn_executor *self, struct mn_pending *pending,
       struct mn_result *result, struct mn_error *err)
{
    (void)self;
    (void)err;
    *result = pending->result;
    mn_free(pending);
    return 0;
}

static void
execute_free(struct mn_executor *base)
{
    struct execute_executor *self = (struct execute_executor *)base;
    Py_DECREF(self->execute);
    mn_argv_dispose(&self->prefix);
    mn_free(self);
}

static const struct mn_executor_vtable execute_vtable = {
    .submit = submit,
    .finish = finish,
    .cancel = forget,
    .free = execute_free,
};

int
mnpy_execute_new(PyObject *execute, const char *host, struct mn_argv *prefix,
                 struct mn_executor **ex, struct mn_error *err)
{
    struct execute_executor *self = mn_calloc(1, sizeof *self);
    char *name = mn_strdup(host);
    bool failed = prefix && prefix->failed;
    *ex = NULL;
    if (!self || !name || failed) {
        mn_free(self);
        mn_free(name);
        return mn_error_nomem(err);
    }
    self->base = (struct mn_executor){&execute_vtable, name};
    Py_INCREF(execute);
    self->execute = execute;
    if (prefix) {
        self->prefix = *prefix;
        *prefix = (struct mn_argv)MN_ARGV_INIT;
    }
    *ex = &self->base;
    return 0;
}
