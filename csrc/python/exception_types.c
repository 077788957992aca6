/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception classes of our own, for use without Manila. With Manila,
 * manila_native.exceptions has subclasses of its classes put in their place.
 */
#include "python/state.h"

#include "core/buf.h"
#include "python/conv.h"

/* A new reference: the last line of a text attribute, or the empty text. */
static PyObject *
last_line_of(PyObject *self, const char *name)
{
    struct mn_buf text = MN_BUF_INIT;
    PyObject *value = mnpy_attr(self, name);
    int rc = value ? mnpy_add_bytes(&text, value) : -1;
    struct mn_slice rest = mn_slice_trim(mn_buf_view(&text));
    struct mn_slice line = mn_slice_of("");
    while (mn_slice_next(&rest, '\n', &line)) {
    }
    PyObject *last = rc == 0 ? mnpy_str(mn_slice_trim(line)) : NULL;
    Py_XDECREF(value);
    mn_buf_dispose(&text);
    return last;
}

/* str(CommandError): the command, its status, its last words. */
static PyObject *
command_error_str(PyObject *self)
{
    PyObject *cmd = mnpy_attr(self, "cmd");
    PyObject *status = mnpy_attr(self, "exit_code");
    PyObject *why = last_line_of(self, "stderr");
    PyObject *text = NULL;
    if (cmd && status && why) {
        text = PyUnicode_FromFormat("%S failed with exit status %S: %U", cmd,
                                    status, why);
    }
    Py_XDECREF(why);
    Py_XDECREF(status);
    Py_XDECREF(cmd);
    return text;
}

static PyType_Slot command_error_slots[] = {
    {Py_tp_doc, "A command ended with an exit status that the caller does "
                "not accept. Attributes: exit_code, stdout, stderr, cmd."},
    {Py_tp_str, (void *)command_error_str},
    {0, NULL},
};

/* No size: that of Exception. */
static PyType_Spec command_error_spec = {
    .name = "manila_native._native.CommandError",
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = command_error_slots,
};

static PyObject *
new_exception(PyObject *module, struct mnpy_state *state, int i,
              const char *name, int base)
{
    PyObject *parent =
        base == i ? PyExc_Exception : state->services.exceptions[base];
    if (i == MNPY_COMMAND) {
        return mnpy_add_type(module, &command_error_spec, parent);
    }
    struct mn_buf full = MN_BUF_INIT;
    mn_buf_printf(&full, "manila_native._native.%s", name);
    PyObject *cls = PyErr_NewException(mn_buf_str(&full), parent, NULL);
    mn_buf_dispose(&full);
    if (cls && PyModule_AddObjectRef(module, name, cls) < 0) {
        Py_CLEAR(cls);
    }
    return cls;
}

int
mnpy_add_exceptions(PyObject *module, struct mnpy_state *state)
{
    static const struct {
        const char *name;
        int base;
    } table[] = {
#define ROW_(id, name, base) {name, MNPY_##base},
        MNPY_EXCEPTIONS(ROW_)
#undef ROW_
    };
    for (int i = 0; i < MNPY_EXCEPTIONS_N; i++) {
        PyObject *cls =
            new_exception(module, state, i, table[i].name, table[i].base);
        if (!cls) {
            return -1;
        }
        state->services.exceptions[i] = cls;
    }
    return 0;
}
