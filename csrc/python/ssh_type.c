/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _native.SSHExecutor: commands on another host, for Python callers. Its
 * execute() can stand in for Manila's execute callable.
 */
#include <string.h>

#include "core/alloc.h"
#include "python/conv.h"
#include "python/hosts.h"
#include "python/raise.h"
#include "python/state.h"
#include "python/wait.h"

struct ssh_executor {
    PyObject ob_base;
    struct mnpy_services services;
    struct mn_executor *ex; /* NULL before __init__() */
};

static struct mn_executor *
executor_of(PyObject *self)
{
    struct ssh_executor *ssh = (struct ssh_executor *)self;
    if (!ssh->ex) {
        PyErr_SetString(PyExc_RuntimeError, "__init__() was not called");
    }
    return ssh->ex;
}

/* The keyword arguments that are options, as a dict. New reference. */
static PyObject *
options_of(PyObject *args, PyObject *kwargs, char **host, PyObject **wait)
{
    static char *names[] = {"host",
                            "port",
                            "login",
                            "password",
                            "private_key",
                            "passphrase",
                            "known_hosts",
                            "host_key_policy",
                            "connect_timeout",
                            "command_timeout",
                            "max_sessions",
                            "sudo",
                            "wait",
                            NULL};
    enum { OPTIONS = 11 };
    PyObject *v[OPTIONS] = {NULL};
    PyObject *name;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "U|OOOOOOOOOOOO:SSHExecutor", names, &name, &v[0],
            &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8], &v[9],
            &v[10], wait)
        || mnpy_text(name, "host", host) < 0) {
        return NULL;
    }
    PyObject *options = PyDict_New();
    for (int i = 0; options && i < OPTIONS; i++) {
        if (v[i] && PyDict_SetItemString(options, names[i + 1], v[i]) < 0) {
            Py_CLEAR(options);
        }
    }
    return options;
}

static int
set_services(struct ssh_executor *ssh, PyObject *wait)
{
    struct mnpy_state *state = mnpy_state_of(Py_TYPE((PyObject *)ssh));
    if (!state) {
        return -1;
    }
    mnpy_services_copy(&ssh->services, &state->services);
    PyObject *dict =
        wait ? Py_BuildValue("{s:O}", "wait", wait) : PyDict_New();
    int rc = dict ? mnpy_services_update(&ssh->services, dict) : -1;
    Py_XDECREF(dict);
    return rc;
}

static int
ssh_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct ssh_executor *ssh = (struct ssh_executor *)self;
    struct mnpy_ssh_options o = {0};
    struct mn_error err = MN_ERROR_INIT;
    char *host = NULL;
    PyObject *wait = NULL;
    if (ssh->ex) {
        PyErr_SetString(PyExc_RuntimeError, "__init__() was called twice");
        return -1;
    }
    PyObject *options = options_of(args, kwargs, &host, &wait);
    int rc = options ? mnpy_ssh_options_init(&o, options) : -1;
    if (rc == 0) {
        rc = set_services(ssh, wait);
    }
    if (rc == 0) {
        rc = mnpy_ssh_executor(&o, host, mnpy_waiter(&ssh->services), &ssh->ex,
                               &err);
        rc = mnpy_failed(&ssh->services, rc, &err) ? -1 : 0;
    }
    mnpy_ssh_options_dispose(&o);
    mn_free(host);
    Py_XDECREF(options);
    return rc;
}

/* Which exit statuses of a command are fine. */
struct check {
    bool any;
    bool status[256];
};

static int
check_add(struct check *check, PyObject *number)
{
    long status = PyLong_AsLong(number);
    if (status == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (status >= 0 && status < 256) {
        check->status[status] = true;
    }
    return 0;
}

/* True: 0 alone. False: any. Else a number or a list of numbers. */
static int
check_init(struct check *check, PyObject *o)
{
    *check = (struct check){.any = o == Py_False};
    if (!o || o == Py_None || PyBool_Check(o)) {
        check->status[0] = true;
        return 0;
    }
    if (PyLong_Check(o)) {
        return check_add(check, o);
    }
    PyObject *list = mnpy_tuple(o);
    Py_ssize_t n = list ? PyTuple_Size(list) : 0;
    int rc = list ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rc = check_add(check, PyTuple_GetItem(list, i));
    }
    Py_XDECREF(list);
    return rc;
}

/* CommandError(stdout, stderr, exit_code, cmd): the order of oslo's
   ProcessExecutionError, with the same attributes. */
static void
raise_command_error(struct ssh_executor *ssh, const struct mn_step *step,
                    const struct mn_step_result *r)
{
    PyObject *cls = ssh->services.exceptions[MNPY_COMMAND];
    struct mn_buf line = MN_BUF_INIT;
    mn_argv_render(&line, &step->argv);
    PyObject *v[] = {mnpy_str(r->out), mnpy_str(r->err),
                     PyLong_FromLong(r->status), mnpy_str(mn_buf_view(&line))};
    static const char *const names[] = {"stdout", "stderr", "exit_code",
                                        "cmd"};
    PyObject *e = NULL;
    if (v[0] && v[1] && v[2] && v[3]) {
        e = PyObject_CallFunctionObjArgs(cls, v[0], v[1], v[2], v[3], NULL);
    }
    for (int i = 0; i < 4; i++) {
        if (e && PyObject_SetAttrString(e, names[i], v[i]) < 0) {
            Py_CLEAR(e);
        }
        Py_XDECREF(v[i]);
    }
    if (e) {
        PyErr_SetObject(cls, e);
    }
    Py_XDECREF(e);
    mn_buf_dispose(&line);
}

/* Keyword arguments of execute() that mean something here; the others are
   Manila's (run_as_root, root_helper, loglevel ...). */
static int
read_keywords(PyObject *kwargs, struct mn_step *step, struct check *check)
{
    long timeout;
    PyObject *none = kwargs ? NULL : PyDict_New();
    PyObject *dict = kwargs ? kwargs : none;
    PyObject *accept = dict ? mnpy_get(dict, "check_exit_code") : NULL;
    PyObject *input = accept ? mnpy_get(dict, "process_input") : NULL;
    int rc = input ? check_init(check, accept) : -1;
    if (rc == 0) {
        rc = mnpy_add_bytes(&step->input, input);
    }
    if (rc == 0) {
        rc = mnpy_get_number(dict, "timeout", 1, 7L * 24 * 3600, 0, &timeout);
    }
    if (rc == 0) {
        step->timeout_s = (unsigned)timeout;
    }
    Py_XDECREF(input);
    Py_XDECREF(accept);
    Py_XDECREF(none);
    return rc;
}

PyDoc_STRVAR(execute_doc,
             "execute($self, /, *cmd, process_input=None,\n"
             "        check_exit_code=True, timeout=None, **kwargs)\n"
             "--\n"
             "\n"
             "Run a command and return (stdout, stderr). timeout is in\n"
             "seconds. Raises CommandError for an exit status that\n"
             "check_exit_code does not accept.");

static PyObject *
run_one(struct ssh_executor *ssh, const struct mn_plan *plan,
        const struct check *check)
{
    struct mn_result result = MN_RESULT_INIT;
    struct mn_error err = MN_ERROR_INIT;
    PyObject *answer = NULL;
    int rc = mn_exec_run(ssh->ex, plan, &result, &err);
    if (!mnpy_failed(&ssh->services, rc, &err)) {
        const struct mn_step_result *r = &result.steps[0];
        bool fits =
            r->status >= 0 && r->status < 256 && check->status[r->status];
        if (fits || check->any) {
            PyObject *out = mnpy_str(r->out);
            PyObject *errors = mnpy_str(r->err);
            answer = out && errors ? PyTuple_Pack(2, out, errors) : NULL;
            Py_XDECREF(out);
            Py_XDECREF(errors);
        }
        else {
            raise_command_error(ssh, &plan->steps[0], r);
        }
    }
    mn_result_dispose(&result);
    return answer;
}

static PyObject *
ssh_execute(PyObject *self, PyObject *args, PyObject *kwargs)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_step *step = mn_plan_add(&plan);
    struct check check;
    PyObject *answer = NULL;
    step->accept_any = true;
    if (executor_of(self) && PyTuple_Size(args) == 0) {
        PyErr_SetString(PyExc_TypeError, "execute() needs a command");
    }
    else if (!PyErr_Occurred()
             && mnpy_add_texts(&step->argv, args, "a word of the command") == 0
             && read_keywords(kwargs, step, &check) == 0) {
        answer = run_one((struct ssh_executor *)self, &plan, &check);
    }
    mn_plan_dispose(&plan);
    return answer;
}

static int
add_steps(struct mn_plan *plan, PyObject *commands)
{
    PyObject *list = mnpy_tuple(commands);
    Py_ssize_t n = list ? PyTuple_Size(list) : 0;
    int rc = list ? 0 : -1;
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        struct mn_step *step = mn_plan_add(plan);
        step->accept_any = true;
        rc =
            mnpy_add_texts(&step->argv, PyTuple_GetItem(list, i), "a command");
        if (rc == 0 && step->argv.n == 0) {
            PyErr_SetString(PyExc_ValueError, "an empty command");
            rc = -1;
        }
    }
    Py_XDECREF(list);
    return rc;
}

static PyObject *
steps_told(const struct mn_result *r)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < r->n; i++) {
        const struct mn_step_result *s = &r->steps[i];
        PyObject *told =
            Py_BuildValue("(iy#y#)", s->status, s->out.p ? s->out.p : "",
                          (Py_ssize_t)s->out.n, s->err.p ? s->err.p : "",
                          (Py_ssize_t)s->err.n);
        if (!told || PyList_Append(list, told) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(told);
    }
    return list;
}

PyDoc_STRVAR(run_plan_doc,
             "run_plan($self, /, commands)\n"
             "--\n"
             "\n"
             "Run commands one after the other in one round trip, whatever\n"
             "their exit statuses. Returns [(status, stdout, stderr)], the\n"
             "outputs as bytes.");

static PyObject *
ssh_run_plan(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"commands", NULL};
    struct ssh_executor *ssh = (struct ssh_executor *)self;
    PyObject *commands;
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_error err = MN_ERROR_INIT;
    PyObject *answer = NULL;
    if (!executor_of(self)
        || !PyArg_ParseTupleAndKeywords(args, kwargs, "O:run_plan", names,
                                        &commands)) {
        return NULL;
    }
    if (add_steps(&plan, commands) == 0 && plan.n == 0) {
        answer = PyList_New(0);
    }
    else if (!PyErr_Occurred()) {
        int rc = mn_exec_run(ssh->ex, &plan, &result, &err);
        answer =
            mnpy_failed(&ssh->services, rc, &err) ? NULL : steps_told(&result);
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return answer;
}

static int
ssh_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return mnpy_services_traverse(&((struct ssh_executor *)self)->services,
                                  visit, arg);
}

static int
ssh_clear(PyObject *self)
{
    mnpy_services_clear(&((struct ssh_executor *)self)->services);
    return 0;
}

static void
ssh_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    mn_executor_free(((struct ssh_executor *)self)->ex);
    ssh_clear(self);
    mnpy_free_object(self);
}

static PyMethodDef ssh_methods[] = {
    {"execute", MNPY_METHOD(ssh_execute), METH_VARARGS | METH_KEYWORDS,
     execute_doc},
    {"run_plan", MNPY_METHOD(ssh_run_plan), METH_VARARGS | METH_KEYWORDS,
     run_plan_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot ssh_slots[] = {
    {Py_tp_doc,
     "SSHExecutor(host, port=22, login=None, password=None,\n"
     "            private_key=None, passphrase=None, known_hosts=None,\n"
     "            host_key_policy='strict', connect_timeout=60,\n"
     "            command_timeout=300, max_sessions=10, sudo=False,\n"
     "            wait=None)\n"
     "--\n"
     "\n"
     "Run commands on a host through SSH, on connections that stay open.\n"
     "known_hosts: up to two files; None: the user's and the system's."},
    {Py_tp_init, (void *)ssh_init},
    {Py_tp_traverse, (void *)ssh_traverse},
    {Py_tp_clear, (void *)ssh_clear},
    {Py_tp_dealloc, (void *)ssh_dealloc},
    {Py_tp_methods, ssh_methods},
    {0, NULL},
};

static PyType_Spec ssh_spec = {
    .name = "manila_native._native.SSHExecutor",
    .basicsize = sizeof(struct ssh_executor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = ssh_slots,
};

int
mnpy_add_ssh_type(PyObject *module)
{
    PyObject *type = mnpy_add_type(module, &ssh_spec, NULL);
    Py_XDECREF(type);
    return type ? 0 : -1;
}
